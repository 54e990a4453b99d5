"""The fake vendor's data, recorded and invented, and its life as a process."""

import asyncio
import gzip
import json
import signal
import socket
import subprocess
import sys
from contextlib import aclosing
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from chain.clock import SystemClock
from chain.pipeline.frame import ReceivedFrame
from publisher.massive.stream.massive_stream import MassiveStream
from publisher.massive.stream.session import Session
from tests.fake_massive import (
    ChainBook,
    FakeMassive,
    Fault,
    expirations,
    faults,
    generate,
    generate_count,
    load_capture,
)
from tests.fake_massive.__main__ import parse_arguments
from tests.fake_massive.capture import NEW_YORK, Record
from tests.support.builders import golden_snapshot
from tests.support.places import CAPTURES, ROOT
from tests.support.waiting import wait_until, wait_until_async

SPX = "/v3/snapshot/options/I:SPX"
BEARER = {"Authorization": "Bearer demo"}
MONDAY = datetime(2026, 7, 13, 10, 30, tzinfo=NEW_YORK)
DATES = expirations(MONDAY.date(), 10)
CHAIN = generate("SPX", as_of=MONDAY.timestamp(), spot=6853.25, dates=DATES, strikes=20, step=2.5)
BOOK = ChainBook.of(CHAIN)


def test_third_fridays_list_both_roots_and_no_other_date_does() -> None:
    roots: dict[str, set[str]] = {}
    for ticker in CHAIN.at:
        roots.setdefault(ticker[-15:-9], set()).add(ticker[2:-15])
    both = {day for day, names in roots.items() if names == {"SPX", "SPXW"}}
    assert both == {"260717"}
    assert all(names == {"SPXW"} for day, names in roots.items() if day not in both)


def test_a_count_is_met_exactly() -> None:
    made = generate_count("SPX", 3001, MONDAY.timestamp())
    assert len(made.at) == len(made.items) == 3001
    assert len(made.expirations) == 50
    again = generate_count("SPX", 3001, MONDAY.timestamp())
    assert again.items == made.items


def test_a_capture_moves_as_a_whole_to_another_day() -> None:
    path = CAPTURES / "SPX-2026-07-12.jsonl.gz"
    recorded, moved = load_capture(path), load_capture(path, day=date(2027, 1, 4))
    assert (moved.symbol, moved.spot, len(moved.at)) == ("I:SPX", recorded.spot, len(recorded.at))
    assert load_capture(path, day=date(2026, 7, 12)).items == recorded.items
    days = timedelta(days=176)
    item = next(item for item in recorded.items if "last_quote" in item and "last_updated" in item["day"])
    there = f"{date.fromisoformat(item['details']['expiration_date']) + days:%y%m%d}"
    ticker = item["details"]["ticker"]
    twin = moved.items[moved.at[f"{ticker[:-15]}{there}{ticker[-9:]}"]]
    # An hour more than whole days: the clocks went back in between, and the time of day stays.
    shift = (176 * 24 + 1) * 3_600 * 10**9
    stamps = ("day", "last_updated"), ("last_trade", "sip_timestamp"), ("last_quote", "last_updated")
    for block, stamp in stamps:
        assert abs(twin[block][stamp] - item[block][stamp] - shift) < 1_000
    assert twin["last_quote"]["bid"] == item["last_quote"]["bid"]


def test_a_record_before_midnight_keeps_its_date() -> None:
    late = datetime(2026, 7, 14, 23, 59, 59, tzinfo=NEW_YORK)
    details = {"ticker": "O:F260717C00012500", "expiration_date": "2026-07-17"}
    item: dict[str, Any] = {"details": details, "day": {"close": 2}}
    moved = Record(late.timestamp(), "F", 12.0, [item]).moved_to(late.timestamp() + 2)
    assert moved.items[0]["details"]["ticker"] == "O:F260718C00012500"
    assert details["expiration_date"] == "2026-07-17"


def test_connections_are_kept_and_counted() -> None:
    with FakeMassive(BOOK) as fake, httpx.Client(base_url=fake.url, headers=BEARER) as client:
        for _ in range(5):
            client.get(SPX)
        wait_until(lambda: fake.ledger.in_flight == 0, what="the last answer to be booked")
        assert (fake.count(), fake.count(SPX, status=200), fake.ledger.connections_opened) == (5, 5, 1)
        assert all(record.bytes > 500 and record.took is not None for record in fake.requests)
        fake.reset_counts()
        assert (fake.count(), fake.ledger.connections_opened, fake.ledger.max_in_flight) == (0, 1, 0)
        fake.drop_connections()
        wait_until(lambda: fake.ledger.connections_open == 0)
        assert client.get(SPX).status_code == 200


async def test_requests_in_flight_are_counted() -> None:
    with FakeMassive(BOOK) as fake:
        fake.inject(Fault(faults.black_hole(), path=SPX))
        async with httpx.AsyncClient(base_url=fake.url, headers=BEARER) as session:
            tasks = [asyncio.create_task(session.get(SPX)) for _ in range(8)]
            await wait_until_async(lambda: fake.ledger.in_flight == 8)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await wait_until_async(lambda: fake.ledger.in_flight == 0)
        assert fake.ledger.max_in_flight == 8


def test_a_taken_port_is_an_error_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(OSError, match=str(port)), FakeMassive(BOOK, port=port):
            pass


def test_it_comes_back_on_its_port() -> None:
    with FakeMassive(BOOK) as first:
        pass
    with pytest.raises(httpx.ConnectError):
        httpx.get(first.url)
    with FakeMassive(BOOK, port=first.port) as second:
        assert httpx.get(second.url + SPX, headers=BEARER).status_code == 200


def test_its_own_mistakes_are_not_hidden() -> None:
    def fail(_: dict[str, Any]) -> None:
        raise ZeroDivisionError("in an edit")

    with pytest.raises(ZeroDivisionError, match="in an edit"), FakeMassive(BOOK) as server:
        server.inject(Fault(faults.rewrite(fail)))
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(server.url + SPX, headers=BEARER)


@pytest.mark.parametrize("argv", [[], ["--capture", "/nowhere.gz"], ["--generate", "SPX:many"]])
def test_settings_that_cannot_work_are_refused_with_a_line(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse_arguments(argv)
    assert "error: " in capsys.readouterr().err


def test_it_runs_in_the_foreground_and_rolls_through_a_file(tmp_path: Path) -> None:
    capture = tmp_path / "two.jsonl.gz"
    records = [
        {"ts": MONDAY.timestamp(), "underlying": "SPX", "spot": spot, "results": CHAIN.items[:50]}
        for spot in (6853.25, 6858.75)
    ]
    capture.write_bytes(gzip.compress("\n".join(map(json.dumps, records)).encode()))
    before = today()
    command = [sys.executable, "-m", "tests.fake_massive", "--capture", str(capture), "--every", "0.05"]
    with subprocess.Popen([*command, "--key", "k1"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            url = line.split()[0]
            assert line.split()[1:] == [f"MASSIVE_BASE_URL={url}", "MASSIVE_API_KEY=k1"]
            with httpx.Client(base_url=url, headers={"Authorization": "Bearer k1"}) as session:
                ticker: str = session.get(SPX).json()["results"][0]["details"]["ticker"]
                # Recorded on a Monday, the third Friday four days ahead.
                assert ticker[-15:-9] in {f"{day + timedelta(days=4):%y%m%d}" for day in (before, today())}
                for level in (6858.75, 6853.25, 6858.75):
                    wait_until(partial(_spx_is, session, level))
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_in_the_foreground_it_has_a_stream_where_a_port_is_given() -> None:
    command = [sys.executable, "-m", "tests.fake_massive", "--generate", "SPX:60", "--stream-port", "0"]
    with subprocess.Popen([*command, "--key", "k1"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            environ = dict(word.split("=", 1) for word in process.stdout.readline().split()[1:])
            assert asyncio.run(_first_frame(environ["MASSIVE_WS_URL"])).events == 1
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


async def _first_frame(url: str) -> ReceivedFrame:
    stream = MassiveStream("k1", SystemClock(), Session(), url=url)
    stream.on_published([golden_snapshot()])
    async with asyncio.timeout(10), aclosing(stream.frames()) as frames:
        return await anext(frames)


def today() -> date:
    return datetime.now(NEW_YORK).date()


def _spx_is(session: httpx.Client, level: float) -> bool:
    rows = session.get("/v3/snapshot/indices", params={"ticker": "I:SPX"}).json()["results"]
    return bool(rows[0]["value"] == level)

"""The vendor's client alone: named faults, bounds of time and memory, one limiter, a key kept in its header."""

import asyncio
import gc
import logging
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpcore
import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.clock import ManualClock, SystemClock
from chain.errors import ConfigError
from chaindeck.process.logs import quiet_libraries
from publisher.massive.api import reply as vendor_reply
from publisher.massive.api import vendor as module
from publisher.massive.api.address import base_url
from publisher.massive.api.faults import RETRIED, FaultKind, VendorError, by_status
from publisher.massive.api.reply import RETRY_AFTER_MAX_S, read_page, retry_after
from publisher.massive.api.vendor import ATTEMPTS, BURST, CONNECTIONS, PER_SECOND, Vendor
from tests.fake_massive import FakeMassive, Fault, faults
from tests.fake_massive.faults import Effect
from tests.fake_massive.reply import Reply, json_reply
from tests.support.live_scene import hurried, small_book, small_chain
from tests.support.waiting import wait_until_async

KEY = "canary-9a41c77e"
SPX = "/v3/snapshot/options/I:SPX"
NOW_S = datetime(2026, 7, 13, 14, 30, tzinfo=UTC).timestamp()
MEGABYTE = 1 << 20


@pytest.fixture
def fake() -> Iterator[FakeMassive]:
    with FakeMassive(small_book(), key=KEY) as server:
        yield server


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(round(NOW_S * 1e9), 500.0)


@pytest.fixture
async def client(fake: FakeMassive, clock: ManualClock) -> AsyncIterator[Vendor]:
    here = Vendor(KEY, clock, base=fake.url)
    with hurried():
        yield here
    await here.aclose()


async def fault_of(client: Vendor, path: str = SPX) -> VendorError:
    with pytest.raises(VendorError) as caught:
        await client.get(path, {"limit": 250})
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (400, FaultKind.BAD_REQUEST),
        (401, FaultKind.BAD_KEY),
        (403, FaultKind.PLAN),
        (404, FaultKind.NOT_FOUND),
        (413, FaultKind.TOO_LARGE),
        (429, FaultKind.RATE_LIMITED),
        (499, FaultKind.SERVER),
        (500, FaultKind.SERVER),
        (503, FaultKind.SERVER),
        (301, FaultKind.REDIRECTED),
        (308, FaultKind.REDIRECTED),
        (418, FaultKind.ERROR_STATUS),
    ],
)
@pytest.mark.parametrize("body", ["json", "html", "empty"])
async def test_every_status_has_a_name(
    fake: FakeMassive, client: Vendor, code: int, kind: FaultKind, body: Any
) -> None:
    assert by_status(code) is kind
    fake.inject(Fault(faults.status(code, body)))
    assert (await fault_of(client)).kind is kind
    assert fake.count() == (ATTEMPTS if kind in RETRIED else 1)


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        (faults.garbage(), FaultKind.GARBAGE),
        (faults.truncated_json(0.99), FaultKind.GARBAGE),
        (faults.corrupt_gzip(), FaultKind.GARBAGE),
        (Effect(instead=lambda: Reply(200, b"null")), FaultKind.GARBAGE),
        (Effect(instead=lambda: Reply(200, b"")), FaultKind.GARBAGE),
        (Effect(instead=lambda: Reply(200, b'{"results":[' + b"[" * 9_000)), FaultKind.GARBAGE),
        (Effect(instead=lambda: Reply(200, b"[" * 5_000 + b"]" * 5_000)), FaultKind.GARBAGE),
        (faults.error_with_200(), FaultKind.ERROR_STATUS),
        (Effect(instead=lambda: json_reply(200, {"status": "NOT_AUTHORIZED", "message": "no"})), FaultKind.PLAN),
        (faults.gzip_bomb(3), FaultKind.TOO_LARGE),
        (Effect(instead=lambda: Reply(200, b'["' + b"x" * 3 * MEGABYTE + b'"]')), FaultKind.TOO_LARGE),
        (Effect(instead=lambda: Reply(500, b"x" * 3 * MEGABYTE)), FaultKind.TOO_LARGE),
        (faults.reset(), FaultKind.BROKEN),
        (faults.reset(graceful=True), FaultKind.BROKEN),
        (faults.not_http(), FaultKind.BROKEN),
    ],
)  # fmt: skip
async def test_every_broken_answer_has_a_name(
    fake: FakeMassive, client: Vendor, effect: Effect, kind: FaultKind
) -> None:
    fake.inject(Fault(effect))
    assert (await fault_of(client)).kind is kind
    fake.clear()
    client._clock.advance(30)  # type: ignore[attr-defined]
    assert isinstance(await client.get(SPX), dict)


async def test_a_gzip_that_ends_early_is_no_answer(fake: FakeMassive, client: Vendor) -> None:
    whole = fake.api.answer(_call(SPX)).encoded(accepts_gzip=True)[0]
    fake.inject(Fault(Effect(instead=lambda: Reply(200, whole[:-9], encoding="gzip"))))
    assert str(await fault_of(client)) == "the vendor's answer is not JSON (the body ends early)"


def _call(path: str) -> Any:
    from tests.fake_massive.api import Call  # noqa: PLC0415

    return Call.of("GET", path, {"authorization": f"Bearer {KEY}"})


async def test_both_names_of_an_error_are_read(fake: FakeMassive, client: Vendor) -> None:
    for name in ("error", "message"):
        fake.inject(fault := Fault(Effect(instead=partial(json_reply, 403, {name: f"no\n{name}"}))))
        assert str(await fault_of(client)).endswith(f"(no\ufffd{name})")
        fake.clear(fault)
        client._clock.advance(30)  # type: ignore[attr-defined]


async def test_a_passing_failure_is_asked_again(fake: FakeMassive, client: Vendor) -> None:
    fake.inject(Fault(faults.status(503), times=2))
    assert isinstance(await client.get(SPX), dict)
    assert fake.count() == 3
    assert client.counters["requests"] == 3
    assert client.counters["fault_server"] == 2


async def test_connections_that_died_unnoticed_cost_no_failure(fake: FakeMassive, client: Vendor) -> None:
    for _ in range(5):
        fake.inject(fault := Fault(faults.status(401), times=1))
        await fault_of(client)
        fake.clear(fault)
        client._clock.advance(30)  # type: ignore[attr-defined]
        fake.inject(fault := Fault(faults.reset(), times=1))
        assert isinstance(await client.get(SPX), dict)  # a probe, and its only chance
        fake.clear(fault)
    assert client.counters["fault_broken"] == 5
    fake.reset_counts()
    fake.inject(Fault(faults.reset()))
    assert (await fault_of(client)).kind is FaultKind.BROKEN
    assert fake.count() == 2


async def test_silence_and_drips_end_in_time(
    fake: FakeMassive, client: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REQUEST_S", 0.2)
    for effect in (faults.black_hole(), faults.slow_loris(0.01)):
        fake.inject(fault := Fault(effect))
        assert (await fault_of(client)).kind is FaultKind.TIMEOUT
        fake.clear(fault)
    assert fake.count() == 2  # a timeout is not asked again at once: it has cost enough already
    assert isinstance(await client.get(SPX), dict)


async def test_silence_alone_ends_sooner(
    fake: FakeMassive, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SILENCE_S", 0.1)
    client = Vendor(KEY, clock, base=fake.url)
    fake.inject(Fault(faults.black_hole()))
    assert str(await fault_of(client)) == "the vendor did not answer in time (127.0.0.1: connected, then silent)"
    await client.aclose()


async def test_a_name_that_does_not_resolve(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    client = Vendor(KEY, clock, base="https://vendor.invalid")
    fault = await fault_of(client)
    assert str(fault) == "the vendor's host name does not resolve (vendor.invalid)"
    assert fault.kind is FaultKind.DNS
    await client.aclose()


async def test_a_port_where_nobody_listens(clock: ManualClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
    client = Vendor(KEY, clock, base=f"http://127.0.0.1:{port}")
    assert str(await fault_of(client)) == "the vendor's host refuses connections (127.0.0.1)"
    await client.aclose()


async def test_a_host_that_speaks_no_tls_is_a_broken_connection(clock: ManualClock) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        client = Vendor(KEY, clock, base=f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with hurried():
            assert (await fault_of(client)).kind is FaultKind.BROKEN
        await client.aclose()


async def test_no_key_and_no_possible_key_are_told_before_any_request(clock: ManualClock) -> None:
    with pytest.raises(VendorError, match="set MASSIVE_API_KEY") as none:
        Vendor("", clock)
    assert none.value.kind is FaultKind.NO_KEY
    for key in ("two words", "line\nbreak", "ключ"):
        with pytest.raises(VendorError) as odd:
            Vendor(key, clock)
        assert key not in str(odd.value)


async def test_the_key_goes_in_a_header_of_every_page_and_nowhere_else(fake: FakeMassive, client: Vendor) -> None:
    day = "2026-07-13"
    listed = [item["details"]["ticker"] for item in small_chain().items if item["details"]["expiration_date"] == day]
    pages = [page async for page in client.pages(SPX, {"limit": len(listed) - 1, "expiration_date": day})]
    assert [row["details"]["ticker"] for page in pages for row in page.rows] == listed
    assert [record.key_in for record in fake.requests] == [("header",)] * 2
    assert not any(KEY in str(record.query) for record in fake.requests)


async def test_a_cursor_that_comes_again_ends_the_listing(fake: FakeMassive, client: Vendor) -> None:
    fake.inject(Fault(faults.next_link_repeats(), page=2))
    with pytest.raises(VendorError, match="a page's cursor repeats itself"):
        _ = [page async for page in client.pages(SPX, {"limit": 100})]
    assert fake.count() == 2


async def test_a_next_link_with_a_key_gives_none_to_the_query(fake: FakeMassive, client: Vendor) -> None:
    fake.inject(Fault(faults.rewrite(_add_key), path=SPX))
    assert len([page async for page in client.pages(SPX, {"limit": 50, "expiration_date": "2026-07-13"})]) == 2
    assert {record.key_in for record in fake.requests} == {("header",)}


def _add_key(body: dict[str, Any]) -> None:
    if "next_url" in body:
        body["next_url"] += "&apiKey=of-someone-else"


async def test_the_key_never_leaves_for_another_host(fake: FakeMassive, client: Vendor) -> None:
    with FakeMassive(small_book(), key=KEY) as evil:
        fake.inject(Fault(faults.next_link_elsewhere(evil.url), path=SPX))
        rows = [row async for page in client.pages(SPX, {"limit": 250}) for row in page.rows]
        assert [row["details"]["ticker"] for row in rows] == small_chain().tickers
        fake.clear()
        moved = Reply(302, headers={"Location": evil.url + SPX})
        fake.inject(Fault(Effect(instead=lambda: moved)))
        told = str(await fault_of(client))
        assert told == "the vendor redirected us (302 to 127.0.0.1, not followed: check MASSIVE_BASE_URL)"
        assert (evil.count(), evil.ledger.connections_opened) == (0, 0)


async def test_the_key_is_in_no_log_line_and_no_fault(
    fake: FakeMassive, client: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("httpx", "httpcore", ""):
        caplog.set_level(logging.DEBUG, logger=name)
    fake.inject(Fault(faults.status(503), times=1))
    await client.get(SPX, {"limit": 1})
    echo = json_reply(401, {"status": "ERROR", "error": f"Unknown API Key {KEY}"})
    for effect in (Effect(instead=lambda: echo), faults.status(503), faults.not_http(), faults.garbage()):
        fake.inject(fault := Fault(effect))
        await fault_of(client)
        fake.clear(fault)
        client._clock.advance(30)  # type: ignore[attr-defined]
    assert {record.name.partition(".")[0] for record in caplog.records} >= {"httpx", "httpcore"}
    assert KEY not in caplog.text
    assert not any(KEY in str(vars(record)) for record in caplog.records)


async def test_a_vendor_that_echoes_the_key_is_not_quoted_with_it(fake: FakeMassive, client: Vendor) -> None:
    echo = json_reply(401, {"status": "ERROR", "error": f"Unknown API Key {KEY}!"})
    fake.inject(Fault(Effect(instead=lambda: echo)))
    assert str(await fault_of(client)).endswith("(Unknown API Key ********!)")


async def test_no_request_is_a_log_line_at_the_product_s_level(
    fake: FakeMassive, client: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for library in ("httpx", "httpcore", "asyncio"):
        caplog.set_level(logging.NOTSET, logger=library)  # and back to what it was, after the test
    quiet_libraries()
    fake.inject(Fault(faults.status(503), times=2))
    await client.get(SPX, {"limit": 1})
    assert not caplog.records


# What decodes to far more memory than it takes on the wire: objects, numbers, names.
CLUSTERS = (b"{},", b"[[]],", b'{"n":1.5},', b'{"abc":"de"},')


@pytest.mark.slow
async def test_a_bomb_costs_little_memory_even_eight_at_once(fake: FakeMassive, client: Vendor) -> None:
    bombs = [
        faults.gzip_bomb(200),
        *(Effect(instead=partial(Reply, 200, b'{"results":[' + part * 100_000 + b"{}]}")) for part in CLUSTERS),
    ]
    grown = []
    for effect in bombs:
        fake.inject(fault := Fault(effect))
        await asyncio.gather(*(client.get(SPX) for _ in range(2)), return_exceptions=True)  # the fake renders it once
        gc.collect()
        with peak_memory() as peak:
            ended = await asyncio.gather(*(client.get(SPX) for _ in range(CONNECTIONS)), return_exceptions=True)
        assert len(ended) == CONNECTIONS
        grown.append(peak.megabytes)
        fake.clear(fault)
        client._clock.advance(30)  # type: ignore[attr-defined]
    assert max(grown) < 64, grown


@contextmanager
def peak_memory() -> Iterator[SimpleNamespace]:
    """Give a value that will hold by how many MB this process's resident memory rose at most."""
    status = Path("/proc/self/status")
    if not status.is_file() or not Path("/proc/self/clear_refs").is_file():
        pytest.skip("no /proc on this system: peak memory cannot be read")

    def read(name: str) -> float:
        line = next(line for line in status.read_text().splitlines() if line.startswith(name))
        return int(line.split()[1]) / 1024

    Path("/proc/self/clear_refs").write_text("5")  # begins the peak anew
    before = read("VmRSS")
    found = SimpleNamespace(megabytes=0.0)
    yield found
    found.megabytes = read("VmHWM") - before


def all_sent(fake: FakeMassive, clock: ManualClock, count: int) -> bool:
    """Return whether so many requests were answered, and all connections wait for their turn to ask again."""
    return fake.count(status=200) == count and clock.waiting == CONNECTIONS


async def test_requests_go_out_in_a_burst_and_then_at_a_steady_rate(fake: FakeMassive, clock: ManualClock) -> None:
    client, count = Vendor(KEY, clock, base=fake.url), BURST + 40
    asking = asyncio.gather(*(client.get("/v1/marketstatus/now") for _ in range(count)))
    for late in range(20):  # one more request each fiftieth of a second, and none sooner
        await wait_until_async(partial(all_sent, fake, clock, BURST + late))
        clock.advance(0.99 / PER_SECOND)
        await asyncio.sleep(0.002)
        assert client.counters["requests"] == BURST + late
        clock.advance(0.01 / PER_SECOND + 1e-9)
    while not asking.done():
        clock.advance(1 / PER_SECOND)
        await asyncio.sleep(0.001)
    assert BURST + PER_SECOND < 100  # what the vendor asks for
    assert fake.count(status=200) == count
    assert fake.ledger.max_in_flight <= CONNECTIONS
    assert fake.ledger.connections_opened <= CONNECTIONS
    await client.aclose()


async def test_a_short_wait_that_the_vendor_names_holds_every_caller(fake: FakeMassive, clock: ManualClock) -> None:
    client = Vendor(KEY, clock, base=fake.url)
    fake.inject(Fault(faults.status(429, retry_after="0.3"), path=SPX, times=1))
    refused = asyncio.create_task(client.get(SPX, {"limit": 1}))
    await wait_until_async(lambda: client.counters["fault_rate_limited"] == 1)
    other = asyncio.create_task(client.get("/v1/marketstatus/now"))
    await wait_until_async(lambda: clock.waiting == 2)
    clock.advance(0.299)
    await asyncio.sleep(0.01)
    assert fake.count() == 1
    await clock.run(0.05)
    assert all(isinstance(answer, dict) for answer in await asyncio.gather(refused, other))
    assert fake.count() == 3
    await client.aclose()


async def test_a_long_wait_is_left_to_the_breaker(fake: FakeMassive, client: Vendor, clock: ManualClock) -> None:
    fake.inject(Fault(faults.status(429, retry_after=30), times=1))
    assert (await fault_of(client)).retry_after == 30
    assert fake.count() == 1
    for seconds in (1, 28):
        clock.advance(seconds)
        assert not (await fault_of(client)).asked
    assert fake.count() == 1
    clock.advance(1.5)
    assert isinstance(await client.get(SPX), dict)


@pytest.mark.parametrize(
    ("named", "kept_s"), [("3600", 60), ("9" * 30, 60), ("inf", 60), (timedelta(hours=1), 60), ("40", 40)]
)
async def test_a_wait_named_by_a_failing_server_is_kept_and_the_failure_told(
    fake: FakeMassive, client: Vendor, clock: ManualClock, named: Any, kept_s: int
) -> None:
    fake.inject(Fault(faults.status(503, retry_after=named), times=1))
    assert str(await fault_of(client)).startswith("the vendor's server failed (HTTP 503")
    clock.advance(kept_s - 2)
    again = await fault_of(client)
    assert not again.asked
    assert "HTTP 503" in str(again) and "asked again in 2 s" in str(again)
    assert "HTTP 503" in client.breaker.words()
    assert fake.count() == 1
    clock.advance(2.5)
    assert isinstance(await client.get(SPX), dict)


@pytest.mark.parametrize("named", ["-5", "nan", "soon", "", "Mon, 13 Jul 2026 13:00:00 GMT"])
async def test_a_wait_that_makes_no_sense_from_a_failing_server_is_none(
    fake: FakeMassive, client: Vendor, named: Any
) -> None:
    fake.inject(Fault(faults.status(503, retry_after=named), times=1))
    assert isinstance(await client.get(SPX), dict)
    assert fake.count() == 2


@pytest.mark.parametrize(
    ("location", "to"),
    [
        ("https://elsewhere.example:8443/login?key=canary#f", "elsewhere.example"),
        ("https://user:canary@elsewhere.example/", "elsewhere.example"),
        ("/login?next=canary", "another path"),
        (None, "another path"),
    ],
)
async def test_a_redirect_is_told_with_its_host_alone(
    fake: FakeMassive, client: Vendor, location: str | None, to: str
) -> None:
    reply = Reply(301, headers={} if location is None else {"Location": location})
    fake.inject(Fault(Effect(instead=lambda: reply)))
    fault = await fault_of(client)
    assert str(fault) == f"the vendor redirected us (301 to {to}, not followed: check MASSIVE_BASE_URL)"
    assert fake.count() == 1


async def test_what_waits_for_a_connection_is_not_sent_once_the_key_is_refused(
    fake: FakeMassive, client: Vendor
) -> None:
    fake.inject(Fault(faults.status(401)))
    ended = await asyncio.gather(*(client.get(SPX) for _ in range(60)), return_exceptions=True)
    assert {type(end) for end in ended} == {VendorError}
    assert fake.count() <= CONNECTIONS


async def test_a_refused_path_leaves_other_paths_open(fake: FakeMassive, client: Vendor) -> None:
    fake.inject(Fault(faults.status(403), path="/v3/snapshot/indices"))
    for _ in range(3):
        assert (await fault_of(client, "/v3/snapshot/indices")).kind is FaultKind.PLAN
        assert isinstance(await client.get(SPX), dict)
    assert fake.count("/v3/snapshot/indices") == 1
    assert client.breaker.closed


async def test_a_request_given_up_lets_others_go_on(fake: FakeMassive, client: Vendor) -> None:
    fake.inject(hole := Fault(faults.black_hole()))
    given_up = [asyncio.create_task(client.get(SPX)) for _ in range(CONNECTIONS + 4)]
    await wait_until_async(lambda: fake.ledger.in_flight == CONNECTIONS)
    for task in given_up:
        task.cancel()
    await asyncio.gather(*given_up, return_exceptions=True)
    fake.clear(hole)
    assert isinstance(await client.get(SPX), dict)
    assert client.breaker.closed


async def test_connections_outlast_a_publishing_interval(
    fake: FakeMassive, client: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = 0.0
    shifted = SimpleNamespace(monotonic=lambda: time.monotonic() + shift)
    monkeypatch.setattr(httpcore._async.http11, "time", shifted)
    for _ in range(4):
        await client.get(SPX, {"limit": 1})
        shift += 18.0
    assert fake.ledger.connections_opened == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("7", 7),
        ("2.5", 2.5),
        ("0", 0),
        ("-5", 0),
        ("86400", RETRY_AFTER_MAX_S),
        ("9" * 400, RETRY_AFTER_MAX_S),
        ("inf", RETRY_AFTER_MAX_S),
        ("nan", None),
        ("", None),
        ("soon", None),
        (format_datetime(datetime.fromtimestamp(NOW_S + 20, UTC), usegmt=True), 20),
        (format_datetime(datetime.fromtimestamp(NOW_S - 20, UTC), usegmt=True), 0),
        (format_datetime(datetime.fromtimestamp(NOW_S, UTC) + timedelta(days=400), usegmt=True), RETRY_AFTER_MAX_S),
        ("Mon, 13 Jul 2026 10:30:12 -0400", 12),
        ("Mon, 13 Jul 2026 14:30:12 -0000", 12),
        ("Mon, 13 Jul 99999 14:30:12 GMT", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0),
    ],
)
def test_retry_after_in_seconds_or_as_a_date_within_bounds(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, NOW_S) == seconds


DATE_LIKE = st.builds(
    "{}, {} {} {} {}:{}:{} {}".format,
    st.sampled_from(["Mon", "Sun", "Xyz"]),
    st.integers(-1, 40),
    st.sampled_from(["Jan", "Feb", "Dec", "Foo"]),
    st.integers(0, 10**9),
    *[st.integers(-1, 99)] * 3,
    st.sampled_from(["GMT", "-0000", "+2359", "+9999", "-999999999", "EST", ""]),
)


@given(st.text(max_size=40) | st.floats().map(str) | DATE_LIKE)
@settings(max_examples=200, deadline=None)
def test_retry_after_is_within_bounds_whatever_it_says(text: str) -> None:
    wait = retry_after(text, NOW_S)
    assert wait is None or 0 <= wait <= RETRY_AFTER_MAX_S


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.sampled_from(["https://h" + SPX + "?cursor=x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["results", "next_url", "status"]) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(JSON)
@settings(max_examples=300, deadline=None)
def test_a_page_is_rows_and_a_link_or_a_named_fault(body: Any) -> None:
    try:
        page = read_page(body, SPX)
    except VendorError as fault:
        assert fault.kind is FaultKind.INCOMPLETE
    else:
        assert all(isinstance(row, dict) for row in page.rows)
        assert page.next_query is None or "cursor" in page.next_query


@pytest.mark.parametrize(
    "link",
    [
        f"https://api.massive.com{SPX}?cursor=ab%3D",
        "https://api.massive.com/v3/snapshot/options/I%3ASPX?cursor=ab%3D",
        f"{SPX}?cursor=ab%3D",
        f"http://proxy.example/prefix{SPX}?cursor=ab%3D&apiKey=k&apikey=k",
    ],
)
def test_a_next_link_in_any_form_gives_its_cursor(link: str) -> None:
    assert read_page({"results": [], "next_url": link}, SPX).next_query == {"cursor": "ab="}


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("https://api.massive.com", "https://api.massive.com"),
        ("https://api.massive.com/", "https://api.massive.com"),
        ("https://api.massive.com/v3/snapshot", "https://api.massive.com"),
        (" https://api.massive.com/v3/snapshot/ ", "https://api.massive.com"),
        ("api.massive.com", "https://api.massive.com"),
        ("api.massive.com/v3/snapshot", "https://api.massive.com"),
        ("localhost:8080", "https://localhost:8080"),
        ("http://127.0.0.1:8080/v3/snapshot", "http://127.0.0.1:8080"),
        ("http://proxy:81/massive/v3/snapshot", "http://proxy:81/massive"),
        ("http://user:secret@proxy:81", "http://proxy:81"),
        ("https://api.massive.com/v3/snapshot?apiKey=secret", "https://api.massive.com"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_base_url_is_taken_in_every_form_people_write(text: str, base: str) -> None:
    assert base_url(text) == base
    assert base_url(base) == base


@pytest.mark.parametrize(
    "text", ["", "https://", "ftp://host", "http://host:port", "http://host:99999", "http://[::1", "two words",
             "redis://user:secret@host", "http://user:secret@host:port?apiKey=secret", "http://user:secret/x@host",
             "http://user:secret?x@host", "http://user:secret#x@host", "http://4711/secret@host", "http://u:secret@[::1"],
)  # fmt: skip
def test_a_base_url_that_cannot_work_is_refused_without_its_secrets(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is not a host|port must be a number from 1 to 65535") as refused:
        base_url(text)
    assert "secret" not in str(refused.value)


async def test_a_base_with_a_path_is_asked_under_it(clock: ManualClock) -> None:
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, stream=httpx.ByteStream(b'{"results":[]}'))

    client = Vendor(KEY, clock, base="https://proxy.example/massive/v3/snapshot")
    client._http._mounts = {}
    client._http._transport = httpx.MockTransport(answer)
    await client.get(SPX, {"limit": 1})
    assert [str(url) for url in asked] == [f"https://proxy.example/massive{SPX}?limit=1"]
    await client.aclose()


async def test_a_real_clock_reads_a_date_too(fake: FakeMassive) -> None:
    client = Vendor(KEY, SystemClock(), base=fake.url)
    fake.inject(Fault(faults.status(429, retry_after=timedelta(seconds=40))))
    waits = (await fault_of(client)).retry_after
    assert waits is not None
    assert 30 < waits <= 40
    await client.aclose()


def test_a_page_of_the_vendor_s_fits_the_limit_many_times() -> None:
    rows = [small_chain().items[n % 900] for n in range(250)]
    assert len(orjson.dumps({"results": rows})) * 5 < vendor_reply.MAX_BODY_BYTES

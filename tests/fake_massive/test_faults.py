"""Each fault of the fake vendor does what it says, once struck and not before."""

import gzip
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson
import pytest

from tests.fake_massive import ChainBook, FakeMassive, Fault, faults, generate
from tests.fake_massive.faults import Effect
from tests.support.waiting import wait_until

SPX = "/v3/snapshot/options/I:SPX"
DAYS = [date(2026, 7, 14), date(2026, 7, 15)]
CHAIN = generate("SPX", as_of=1_783_953_000.0, spot=6853.25, dates=DAYS, strikes=10, step=5)  # 40 contracts
PUBLIC = "https://api.massive.com"


@pytest.fixture
def fake() -> Iterator[FakeMassive]:
    with FakeMassive(ChainBook.of(CHAIN)) as server:
        yield server


@pytest.fixture
def client(fake: FakeMassive) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer demo"}
    # verify=False: plain HTTP needs no certificates, and loading them costs more than the test.
    with httpx.Client(base_url=fake.url, headers=headers, timeout=5, verify=False) as session:
        yield session


def page_one(session: httpx.Client, **params: str) -> httpx.Response:
    return session.get(SPX, params={"limit": "15", **params})


def follow(session: httpx.Client, body: dict[str, Any]) -> httpx.Response:
    return session.get(httpx.URL(body["next_url"]).raw_path.decode())


def tickers(body: dict[str, Any]) -> list[str]:
    return [row["details"]["ticker"] for row in body["results"]]


def test_a_fault_strikes_its_path_so_often_after_so_many(fake: FakeMassive, client: httpx.Client) -> None:
    fault = Fault(faults.status(503), path="/v3/snapshot/options/*", times=2, skip=1)
    fake.inject(fault)
    assert [page_one(client).status_code for _ in range(5)] == [200, 503, 503, 200, 200]
    assert client.get("/v1/marketstatus/now").status_code == 200
    fake.inject(Fault(faults.status(500)))
    assert page_one(client).status_code == 500
    fake.clear()
    assert page_one(client).status_code == 200
    assert fake.count(SPX, status=503) == 2


def test_a_fault_strikes_one_page(fake: FakeMassive, client: httpx.Client) -> None:
    fake.inject(Fault(faults.status(503), page=2, times=1))
    first = page_one(client).json()
    assert follow(client, first).status_code == 503
    second = follow(client, first).json()
    assert tickers(second) == CHAIN.tickers[15:30]
    assert [fake.count(SPX, page=2, status=status) for status in (503, 200)] == [1, 1]


def test_a_fault_strikes_one_expiry_on_every_page(fake: FakeMassive, client: httpx.Client) -> None:
    fake.inject(Fault(faults.missing_results(), expiry=DAYS[1]))
    first, second = (page_one(client, **{"expiration_date": day.isoformat()}).json() for day in DAYS)
    assert "results" in first
    assert "results" not in second
    assert "results" not in follow(client, second).json()
    one_day = {"expiration_date.gte": "2026-07-15", "expiration_date.lte": "2026-07-15"}
    assert "results" not in page_one(client, **one_day).json()
    assert "results" in page_one(client, **{"expiration_date.gte": "2026-07-15"}).json()


def test_one_fault_of_several_can_be_ended(fake: FakeMassive, client: httpx.Client) -> None:
    null, link = Fault(faults.nulls("greeks")), Fault(faults.next_link(""))
    fake.inject(null, link)
    body = page_one(client).json()
    assert (body["next_url"], body["results"][0]["greeks"]) == ("", None)
    fake.clear(null)
    body = page_one(client).json()
    assert (body["next_url"], type(body["results"][0]["greeks"])) == ("", dict)


def test_latency_delays_and_jitters(fake: FakeMassive, client: httpx.Client) -> None:
    fake.inject(Fault(faults.latency(0.05, jitter=0.02)))
    started = time.monotonic()
    assert page_one(client).status_code == 200
    assert time.monotonic() - started >= 0.05
    delay = faults.latency(1.0, jitter=0.5).delay
    assert delay is not None
    drawn = [delay() for _ in range(50)]
    assert 1.0 <= min(drawn) < 1.1
    assert 1.4 < max(drawn) <= 1.5


@pytest.mark.parametrize("code", [401, 403, 413, 429, 499, 500, 503])
def test_statuses_come_with_json_html_or_nothing(fake: FakeMassive, client: httpx.Client, code: int) -> None:
    word, key = ("NOT_AUTHORIZED", "message") if code == 403 else ("ERROR", "error")
    fake.inject(
        Fault(faults.status(code), times=1),
        Fault(faults.status(code, "html"), skip=1, times=1),
        Fault(faults.status(code, "empty"), skip=2),
    )
    as_json, as_html, empty = (page_one(client) for _ in range(3))
    assert {reply.status_code for reply in (as_json, as_html, empty)} == {code}
    assert as_json.json()["status"] == word
    assert as_json.json()[key]
    assert as_html.headers["content-type"] == "text/html"
    assert str(code) in as_html.text
    assert empty.content == b""
    assert "retry-after" not in as_json.headers


@pytest.mark.parametrize("value", [1, "-5", "soon", "99999999999999999999"])
def test_retry_after_is_sent_as_given(fake: FakeMassive, client: httpx.Client, value: int | str) -> None:
    fake.inject(Fault(faults.status(429, retry_after=value)))
    assert page_one(client).headers["retry-after"] == str(value)


def test_retry_after_may_be_a_date(fake: FakeMassive, client: httpx.Client) -> None:
    fake.inject(Fault(faults.status(429, retry_after=timedelta(seconds=90))))
    said = parsedate_to_datetime(page_one(client).headers["retry-after"])
    assert 80 < (said - datetime.now(UTC)).total_seconds() <= 90


@pytest.mark.parametrize("effect", [faults.truncated_json(), faults.truncated_json(0.99), faults.garbage()])
def test_a_whole_answer_may_hold_broken_json(fake: FakeMassive, client: httpx.Client, effect: Effect) -> None:
    fake.inject(Fault(effect, page=2))
    first = page_one(client).json()
    reply = follow(client, first)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    assert reply.content
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(reply.content)


def test_an_error_may_come_with_200(fake: FakeMassive, client: httpx.Client) -> None:
    fake.inject(Fault(faults.error_with_200(), page=2))
    reply = follow(client, page_one(client).json())
    body = reply.json()
    assert (reply.status_code, body["status"], bool(body["error"])) == (200, "ERROR", True)
    assert body.keys() == {"status", "error", "request_id"}


def test_the_next_link_may_be_anything(fake: FakeMassive, client: httpx.Client) -> None:
    last = {"strike_price": "6850"}
    assert "next_url" not in page_one(client, **last).json()
    for value in (None, ""):
        fake.inject(fault := Fault(faults.next_link(value)))
        assert page_one(client, **last).json()["next_url"] == value
        fake.clear(fault)
    fake.inject(fault := Fault(faults.next_link_elsewhere("http://evil.example:81")))
    assert httpx.URL(page_one(client).json()["next_url"]).netloc == b"evil.example:81"
    fake.clear(fault)
    fake.inject(Fault(faults.next_link_repeats()))
    first = page_one(client).json()
    again = follow(client, first).json()
    assert (first["next_url"], tickers(first)) == (again["next_url"], tickers(again))


def test_a_page_behind_the_first_may_name_itself(fake: FakeMassive, client: httpx.Client) -> None:
    fake.inject(Fault(faults.next_link_repeats(), page=2))
    second = follow(client, page_one(client).json()).json()
    for _ in range(3):
        again = follow(client, second).json()
        assert (again["next_url"], tickers(again)) == (second["next_url"], CHAIN.tickers[15:30])


def test_pages_may_have_no_end_and_never_repeat_a_cursor(fake: FakeMassive, client: httpx.Client) -> None:
    fake.inject(Fault(faults.endless_pages()))
    body = page_one(client).json()
    seen, rows = {body["next_url"]}, tickers(body)
    for _ in range(8):
        body = follow(client, body).json()
        seen.add(body["next_url"])
        rows += tickers(body)
    assert len(seen) == 9
    assert rows == CHAIN.tickers * 3


@pytest.mark.parametrize("params", [{}, {"sort": "strike_price", "order": "desc"}, {"sort": "expiration_date"}])
def test_rows_may_come_again_on_the_next_page(fake: FakeMassive, client: httpx.Client, params: dict[str, str]) -> None:
    fake.inject(Fault(faults.repeated_rows(4)))
    body = page_one(client, **params).json()
    rows = tickers(body)
    while "next_url" in body:
        before, body = body, follow(client, body).json()
        assert tickers(body)[:4] == tickers(before)[-4:]
        rows += tickers(body)
    assert len(rows) > len(set(rows))
    assert set(rows) == set(CHAIN.tickers)


def test_rows_of_another_expiry_may_stray_in(fake: FakeMassive, client: httpx.Client) -> None:
    fake.inject(Fault(faults.stray_expiry(2)))
    fake.api.plan = "starter"
    params = {"expiration_date": "2026-07-14", "limit": "250"}
    rows = page_one(client, **params).json()["results"]
    dates = [row["details"]["expiration_date"] for row in rows]
    assert dates == ["2026-07-14"] * 20 + ["2026-07-15"] * 2
    assert not any("last_quote" in row for row in rows)


def test_fields_may_be_null_or_absent(fake: FakeMassive, client: httpx.Client) -> None:
    fake.inject(
        Fault(faults.nulls("greeks", "last_quote.bid", every=2)),
        Fault(faults.without("underlying_asset.value", "implied_volatility")),
    )
    rows = page_one(client).json()["results"]
    assert all(row["greeks"] is None and row["last_quote"]["bid"] is None for row in rows[::2])
    assert all(row["greeks"] and row["last_quote"]["bid"] is not None for row in rows[1::2])
    assert not any("value" in row["underlying_asset"] or "implied_volatility" in row for row in rows)
    one = client.get(f"{SPX}/{CHAIN.tickers[7]}").json()["results"]
    assert one["greeks"] is None


def test_faults_of_listings_leave_other_answers_alone(fake: FakeMassive, client: httpx.Client) -> None:
    fake.inject(
        Fault(faults.nulls("greeks")), Fault(faults.endless_pages()), Fault(faults.stray_expiry()),
        Fault(faults.repeated_rows()),
    )  # fmt: skip
    assert client.get("/v1/marketstatus/now").json()["market"] == "open"
    assert len(client.get("/v1/marketstatus/upcoming").json()) == 5


def test_a_body_may_claim_to_be_gzip(fake: FakeMassive, client: httpx.Client) -> None:
    fake.inject(Fault(faults.corrupt_gzip()))
    with pytest.raises(httpx.DecodingError):
        page_one(client)


def test_a_gzip_bomb_is_small_on_the_wire_and_valid_inside(fake: FakeMassive, client: httpx.Client) -> None:
    fake.inject(Fault(faults.gzip_bomb(), times=1), Fault(faults.gzip_bomb(1), skip=1))
    with client.stream("GET", SPX) as reply:
        wire = b"".join(reply.iter_raw())
    unpacker, decoded = zlib.decompressobj(zlib.MAX_WBITS | 16), 0
    chunk = unpacker.decompress(wire, 1 << 20)
    while chunk:
        decoded += len(chunk)
        chunk = unpacker.decompress(unpacker.unconsumed_tail, 1 << 20)
    assert len(wire) < 200_000
    assert decoded > 100_000_000
    with client.stream("GET", SPX) as reply:
        assert orjson.loads(gzip.decompress(b"".join(reply.iter_raw())))["results"] == []


def test_a_slow_loris_sends_headers_and_drips(fake: FakeMassive, client: httpx.Client) -> None:
    fake.inject(Fault(faults.slow_loris(0.005)))
    with client.stream("GET", SPX, headers={"Accept-Encoding": "identity"}) as reply:
        assert reply.status_code == 200
        chunks = reply.iter_raw()
        sizes = [len(next(chunks)) for _ in range(5)]
    assert sum(sizes) < int(reply.headers["content-length"]) / 10
    wait_until(lambda: fake.ledger.in_flight == 0, what="the drip to end with its client")


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        (faults.reset(), httpx.ReadError),
        (faults.reset(graceful=True), httpx.RemoteProtocolError),
        (faults.not_http(), httpx.RemoteProtocolError),
    ],
)
def test_a_connection_may_break(
    fake: FakeMassive, client: httpx.Client, effect: Effect, error: type[Exception]
) -> None:
    fake.inject(Fault(effect, times=1))
    with pytest.raises(error):
        page_one(client)
    assert page_one(client).status_code == 200
    assert [record.status for record in fake.requests] == [0, 200]


def test_a_black_hole_takes_the_request_and_stays_silent(fake: FakeMassive, client: httpx.Client) -> None:
    fake.inject(Fault(faults.black_hole()))
    with pytest.raises(httpx.ReadTimeout):
        client.get(SPX, timeout=0.1)
    assert (fake.count(SPX), fake.count(status=0)) == (1, 1)
    wait_until(lambda: fake.ledger.connections_open == 0, what="the client to let go")


def test_it_ends_at_once_though_clients_hang() -> None:
    with FakeMassive(ChainBook.of(CHAIN)) as server, httpx.Client() as session:
        server.inject(Fault(faults.black_hole()))
        with pytest.raises(httpx.ReadTimeout):
            session.get(server.url + SPX, timeout=0.05)
    assert server.ledger.connections_open == 0

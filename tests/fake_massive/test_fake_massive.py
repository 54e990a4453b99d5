"""The fake vendor, asked over its socket by httpx: its listings, plans and endpoints."""

from collections.abc import Iterator
from datetime import UTC, datetime
from operator import eq, ge, gt, le, lt
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fake_massive import Chain, ChainBook, FakeMassive, IndexQuote, expirations, generate
from tests.fake_massive.capture import NEW_YORK

SPX = "/v3/snapshot/options/I:SPX"
REFERENCE = "/v3/reference/options/contracts"
BEARER = {"Authorization": "Bearer demo"}
MONDAY = datetime(2026, 7, 13, 10, 30, tzinfo=NEW_YORK)
DATES = expirations(MONDAY.date(), 10)
THIRD_FRIDAY = "2026-07-17"


def chain(spot: float = 6853.25, seed: int = 1) -> Chain:
    return generate(
        "SPX",
        as_of=MONDAY.timestamp(),
        spot=spot,
        dates=DATES,
        strikes=30,
        step=2.5,
        centre=6850,
        seed=seed,
    )


CHAIN = chain()
VIX = IndexQuote(17.31, 16.52, 1_783_953_000_123_456_789, "CBOE Volatility Index")
BOOK = ChainBook.of(CHAIN, indices={"I:VIX": VIX})


@pytest.fixture
def fake() -> Iterator[FakeMassive]:
    with FakeMassive(BOOK) as server:
        yield server


@pytest.fixture
def client(fake: FakeMassive) -> Iterator[httpx.Client]:
    # verify=False: plain HTTP needs no certificates, and loading them costs more than the test.
    with httpx.Client(base_url=fake.url, headers=BEARER, timeout=5, verify=False) as session:
        yield session


def walk(session: httpx.Client, path: str, **params: str | int) -> Iterator[dict[str, Any]]:
    """Yield the bodies of a listing, page by page, rebased on the client's own host."""
    body = session.get(path, params=params).raise_for_status().json()
    yield body
    while "next_url" in body:
        address = httpx.URL(body["next_url"])
        assert (address.scheme, address.host) == ("https", "api.massive.com")
        assert set(address.params) == {"cursor"}
        body = session.get(address.raw_path.decode()).raise_for_status().json()
        yield body


def listed(session: httpx.Client, path: str, **params: str | int) -> list[str]:
    pages = walk(session, path, **params)
    return [row["details"]["ticker"] for body in pages for row in body["results"]]


def test_the_whole_chain_is_paged_once_in_ticker_order(client: httpx.Client, fake: FakeMassive) -> None:
    bodies = list(walk(client, SPX, limit=250))
    rows = [row for body in bodies for row in body["results"]]
    assert rows == CHAIN.items
    assert [row["details"]["ticker"] for row in rows] == sorted(CHAIN.at)
    assert [len(body["results"]) for body in bodies] == [250, 250, 160]  # 10 dates and one root more, 30, 2
    assert len({body["request_id"] for body in bodies}) == 3
    assert [fake.count(SPX, page=page) for page in (1, 2, 3, 4)] == [1, 1, 1, 0]


BOUNDS: dict[str, Any] = {"gt": gt, "gte": ge, "lt": lt, "lte": le, "": eq}


def passes(item: dict[str, Any], field: str, suffix: str, bound: str) -> bool:
    limit = bound if field == "expiration_date" else float(bound)
    return bool(BOUNDS[suffix](item["details"][field], limit))


@st.composite
def listings(draw: st.DrawFn) -> dict[str, str]:
    strikes = st.sampled_from(["6800", "6812.5", "6850", "6851", "6877.5", "9000"])
    dates = st.sampled_from(["2026-07-12", "2026-07-14", "2026-07-17", "2026-07-18", "2026-07-24"])
    params = {"limit": str(draw(st.sampled_from([7, 100, 250])))}
    for field, values in (("strike_price", strikes), ("expiration_date", dates)):
        for suffix in draw(st.lists(st.sampled_from(sorted(BOUNDS)), max_size=2, unique=True)):
            params[f"{field}.{suffix}" if suffix else field] = draw(values)
    for name, values in (
        ("contract_type", st.sampled_from(["call", "put"])),
        ("sort", st.sampled_from(["ticker", "expiration_date", "strike_price"])),
        ("order", st.sampled_from(["asc", "desc"])),
    ):
        if draw(st.booleans()):
            params[name] = draw(values)
    return params


@pytest.fixture(scope="module")
def shared_client() -> Iterator[httpx.Client]:
    with (
        FakeMassive(BOOK) as server,
        httpx.Client(base_url=server.url, headers=BEARER, timeout=5) as session,
    ):
        yield session


@given(params=listings())
@settings(max_examples=40, deadline=None)
def test_any_listing_equals_a_plain_filter_and_sort(shared_client: httpx.Client, params: dict[str, str]) -> None:
    wanted = CHAIN.items
    for name, bound in params.items():
        field, _, suffix = name.partition(".")
        if field in ("strike_price", "expiration_date"):
            wanted = [item for item in wanted if passes(item, field, suffix, bound)]
    side, sort = params.get("contract_type"), params.get("sort", "ticker")
    details = [item["details"] for item in wanted if side in (None, item["details"]["contract_type"])]
    details.sort(key=lambda row: (row[sort], row["ticker"]), reverse=params.get("order") == "desc")
    assert listed(shared_client, SPX, **params) == [row["ticker"] for row in details]


def test_limit_is_ten_unless_given(client: httpx.Client) -> None:
    assert len(client.get(SPX).json()["results"]) == 10
    assert len(client.get(REFERENCE).json()["results"]) == 10


def test_one_strike_lists_every_expiration_and_root(client: httpx.Client) -> None:
    params = {"contract_type": "call", "strike_price": "6850", "sort": "expiration_date", "limit": "250"}
    body = client.get(SPX, params={**params, "expiration_date.gte": "2026-07-14"}).json()
    dates = [row["details"]["expiration_date"] for row in body["results"]]
    assert dates == sorted([day.isoformat() for day in DATES[1:]] + [THIRD_FRIDAY])
    assert "next_url" not in body


BAD = """limit=0 limit=251 limit=many strike_price.gte=x strike_price=nan expiration_date=2026-7-1
    expiration_date.lt=2026-02-30 contract_type=calls order=up sort=delta cursor=!! cursor=YWJj"""


@pytest.mark.parametrize("query", BAD.split())
def test_bad_parameters_are_refused(client: httpx.Client, query: str) -> None:
    reply = client.get(f"{SPX}?{query}")
    assert reply.status_code == 400
    body = reply.json()
    assert body["status"] == "ERROR"
    assert body["error"]
    assert len(body["request_id"]) == 32


def test_unknown_parameters_are_ignored_as_the_vendor_does(client: httpx.Client) -> None:
    assert listed(client, SPX, limit=250, strike_price_gte=6850) == sorted(CHAIN.at)


def test_a_key_is_taken_from_header_or_query_and_never_recorded(fake: FakeMassive) -> None:
    with httpx.Client(base_url=fake.url) as session:
        assert session.get(SPX).json()["error"] == "API Key was not provided"
        wrong = session.get(SPX, headers={"Authorization": "Bearer hunter2"})
        assert (wrong.status_code, wrong.json()["error"]) == (401, "Unknown API Key")
        assert session.get(SPX, headers=BEARER).status_code == 200
        by_query = session.get(SPX, params={"apiKey": "demo"})
        assert by_query.status_code == 200
        assert "apiKey" not in by_query.json()["next_url"]
        assert httpx.URL(by_query.json()["next_url"]).params.keys() == {"cursor"}
    assert [record.key_in for record in fake.requests] == [(), ("header",), ("header",), ("query",)]
    assert [record.status for record in fake.requests] == [401, 401, 200, 200]
    assert "demo" not in repr(fake.requests)
    assert "hunter2" not in repr(fake.requests)


@pytest.mark.parametrize(
    ("plan", "quotes", "trades", "timeframe", "status"),
    [
        ("starter", False, False, "DELAYED", "DELAYED"),
        ("developer", False, True, "DELAYED", "DELAYED"),
        ("advanced", True, True, "REAL-TIME", "OK"),
    ],
)
def test_plans_see_what_they_pay_for(
    fake: FakeMassive,
    client: httpx.Client,
    plan: str,
    quotes: bool,
    trades: bool,
    timeframe: str,
    status: str,
) -> None:
    fake.api.plan, fake.api.delayed_status = plan, "DELAYED"
    body = client.get(SPX, params={"limit": 250}).json()
    assert body["status"] == status
    assert all(("last_quote" in row) is quotes for row in body["results"])
    assert any("last_trade" in row for row in body["results"]) is trades
    blocks = [row[name] for row in body["results"] for name in ("last_quote", "last_trade") if name in row]
    blocks += [row["underlying_asset"] for row in body["results"]]
    assert {block["timeframe"] for block in blocks} == {timeframe}


def test_the_basic_plan_has_the_reference_listing_but_no_snapshots(fake: FakeMassive, client: httpx.Client) -> None:
    fake.api.plan = "basic"
    for path in (SPX, f"{SPX}/{CHAIN.tickers[0]}", "/v3/snapshot"):
        reply = client.get(path)
        assert (reply.status_code, reply.json()["status"]) == (403, "NOT_AUTHORIZED")
        assert "upgrade" in reply.json()["message"]
    assert client.get(REFERENCE).status_code == 200


def test_names_the_vendor_does_not_serve(client: httpx.Client) -> None:
    assert client.get("/v3/snapshot/options/SPX").status_code == 403
    unknown = client.get("/v3/snapshot/options/NOPE").json()
    assert (unknown["status"], unknown["results"]) == ("OK", [])
    assert "next_url" not in unknown
    for path in (f"{SPX}/O:NOPE260717C00001000", "/v3/snapshot/v3/snapshot", "/v2/last", SPX + "/"):
        reply = client.get(path)
        assert (reply.status_code, reply.json()["status"]) == (404, "NOT_FOUND")


def test_one_contract_is_an_object(client: httpx.Client) -> None:
    item = CHAIN.items[321]
    assert client.get(f"{SPX}/{item['details']['ticker']}").json()["results"] == item


def test_indices_need_their_own_subscription(fake: FakeMassive, client: httpx.Client) -> None:
    params = {"ticker.any_of": "I:VIX,I:SPX,I:NOPE"}
    rows = {row["ticker"]: row for row in client.get("/v3/snapshot/indices", params=params).json()["results"]}
    assert (rows["I:VIX"]["value"], rows["I:VIX"]["session"]["previous_close"]) == (17.31, 16.52)
    assert rows["I:VIX"]["last_updated"] == 1_783_953_000_123_456_789
    assert rows["I:SPX"]["value"] == 6853.25
    assert rows["I:NOPE"]["error"] == "NOT_FOUND"
    fake.api.indices = False
    assert client.get("/v3/snapshot/indices", params=params).status_code == 403
    assert client.get(SPX).json()["results"][0]["underlying_asset"]["value"] == 6853.25


def test_the_universal_snapshot_takes_250_tickers_and_answers_for_bad_ones(
    fake: FakeMassive, client: httpx.Client
) -> None:
    fake.api.indices = False
    asked = [*CHAIN.tickers[:20], "O:NOPE", "I:VIX"]
    params = {"ticker.any_of": ",".join(asked)}
    assert len(client.get("/v3/snapshot", params=params).json()["results"]) == 10
    bodies = list(walk(client, "/v3/snapshot", limit=9, **params))
    rows = {row["ticker"]: row for body in bodies for row in body["results"]}
    assert sorted(rows) == sorted(asked)
    assert rows["O:NOPE"]["error"] == "NOT_FOUND"
    assert rows["I:VIX"]["error"] == "NOT_ENTITLED"
    assert rows[asked[3]]["greeks"] == CHAIN.items[3]["greeks"]
    many = ",".join(f"X{n}" for n in range(251))
    assert client.get("/v3/snapshot", params={"ticker.any_of": many}).status_code == 400
    assert client.get("/v3/snapshot", params={"ticker.any_of": "O:X" * 3000}).status_code == 414


def test_the_reference_listing_takes_bare_names_and_a_thousand_rows(client: httpx.Client) -> None:
    rows = client.get(REFERENCE, params={"underlying_ticker": "SPX", "limit": 1000}).json()["results"]
    assert [row["ticker"] for row in rows] == CHAIN.tickers
    assert {row["underlying_ticker"] for row in rows} == {"SPX"}
    prefixed = client.get(REFERENCE, params={"underlying_ticker": "I:SPX"}).json()
    assert (prefixed["status"], prefixed["results"]) == ("OK", [])
    assert client.get(REFERENCE, params={"limit": 1001}).status_code == 400


def test_the_market_clock_can_be_wrong_on_purpose(fake: FakeMassive, client: httpx.Client) -> None:
    fake.api.market, fake.api.clock_skew_s = "closed", -7200
    body = client.get("/v1/marketstatus/now").json()
    assert body["market"] == "closed"
    said = datetime.fromisoformat(body["serverTime"])
    assert said.utcoffset() == datetime.now(NEW_YORK).utcoffset()
    assert 7190 < (datetime.now(UTC) - said).total_seconds() < 7260
    assert isinstance(client.get("/v1/marketstatus/upcoming").json(), list)


def test_prices_may_move_between_two_pages_and_no_row_is_lost(fake: FakeMassive, client: httpx.Client) -> None:
    pages = walk(client, SPX, limit=250)
    first = next(pages)
    fake.book = fake.book.with_chains(chain(spot=6861.5, seed=2))
    rest = list(pages)
    rows = [row for body in (first, *rest) for row in body["results"]]
    assert [row["details"]["ticker"] for row in rows] == CHAIN.tickers
    assert {row["underlying_asset"]["value"] for row in first["results"]} == {6853.25}
    assert {row["underlying_asset"]["value"] for body in rest for row in body["results"]} == {6861.5}
    assert fake.book.indices["I:SPX"].value == 6861.5
    assert fake.book.indices["I:VIX"] is VIX

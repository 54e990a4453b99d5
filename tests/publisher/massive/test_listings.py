"""Listings of every kind: what the vendor lists is what is published, with few requests, whatever its strikes."""

import gzip
from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from chain.clock import ManualClock
from chain.model.keys import vendor_symbol
from publisher.capture import CaptureSource
from publisher.massive.api.vendor import Vendor
from publisher.massive.rows import flaw
from publisher.massive.source import MassiveSource
from tests.fake_massive import Chain, ChainBook, FakeMassive, Fault, faults, generate, load_capture
from tests.support.live_scene import (
    CHAINS,
    DEPTH,
    MONDAY,
    SPX_DATES,
    desk,
    is_whole,
    payload,
)
from tests.support.places import CAPTURES

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick")]


def ladder(underlying: str, spot: float, strikes: Sequence[float], dates: Sequence[date] = SPX_DATES) -> Chain:
    """Return a chain that lists just these strikes on these dates."""
    whole: list[dict[str, Any]] = []
    for strike in strikes:
        one = generate(underlying, as_of=MONDAY, spot=spot, dates=dates, strikes=1, step=strike, centre=strike)
        whole += one.items
    symbol = whole[0]["underlying_asset"]["ticker"]
    return Chain(symbol, spot, whole)


MONTHLIES = [
    date(2026, 7, 17),
    date(2026, 8, 21),
    date(2026, 9, 18),
    date(2026, 12, 18),
    date(2027, 1, 15),
    date(2028, 1, 21),
]
CROWD = [*range(300, 900), 950, 1000, 1050, *range(1100, 1500)]
LISTINGS = {
    "strikes every 20": ladder("ROUND", 313.0, [20.0 * n for n in range(5, 31)]),
    "strikes from 27.32 every 20": ladder("ODD", 251.30, [round(27.32 + 20 * n, 2) for n in range(25)]),
    "half dollars at 4.37": ladder("CHEAP", 4.37, [0.5 * n for n in range(1, 24)]),
    "split, 2.5 apart and shifted": ladder("SPLIT", 133.4, [round(1.67 + 2.5 * n, 2) for n in range(10, 110)]),
    "class shares": ladder("BRK.B", 490.0, [2.5 * n for n in range(150, 250)]),
    "monthlies and leaps alone": ladder("RARE", 61.0, [2.5 * n for n in range(4, 60)], MONTHLIES),
    "one strike": ladder("LONE", 100.0, [95.0]),
    "spot above all strikes": ladder("ABOVE", 500.0, [5.0 * n for n in range(10, 60)]),
    "spot below all strikes": ladder("BELOW", 20.0, [5.0 * n for n in range(10, 60)]),
    "a crowd far from the money": ladder("CROWD", 1000.0, CROWD, SPX_DATES[:2]),
}  # fmt: skip


@pytest.mark.parametrize("chain", LISTINGS.values(), ids=LISTINGS)
async def test_what_is_listed_is_published_from_few_requests(redis: Redis, chain: Chain) -> None:
    depth = min(DEPTH, len(chain.expirations))
    with FakeMassive(ChainBook.of(chain)) as fake:
        async with desk(fake, redis, underlyings=[chain.symbol], depth=depth) as here:
            for number in range(3):
                cycle = await here.cycle()
                assert cycle.whole, (cycle.failures, cycle.surveys)
                windows = [record for record in fake.requests if "expiration_date" in record.params]
                pages = [record.page for record in windows]
                assert len({record.params["expiration_date"] for record in windows}) == depth
                if number and len(chain.items) < 10_000 and chain.symbol != "CROWD":
                    assert (len(windows), set(pages)) == (depth, {1})
                assert len(fake.requests) <= 31
            assert [chain_id.expiry.isoformat() for chain_id in here.expected()] == chain.expirations[:depth]
            for chain_id in here.expected():
                is_whole(chain, await payload(redis, chain_id))


async def test_an_expiration_of_adjusted_contracts_alone_is_not_counted(redis: Redis) -> None:
    strikes = [5.0 * n for n in range(30, 60)]
    items = []
    for item in ladder("SPUN", 220.0, strikes).items:
        details = item["details"]
        if details["expiration_date"] == SPX_DATES[1].isoformat():
            ticker = details["ticker"].replace("SPUN", "SPUN1")
            item = item | {"details": details | {"shares_per_contract": 25, "ticker": ticker}}  # noqa: PLW2901
        items.append(item)
    with FakeMassive(ChainBook.of(Chain("SPUN", 220.0, items))) as fake:
        async with desk(fake, redis, underlyings=["SPUN"]) as here:
            for _ in range(3):
                assert (await here.cycle()).whole
            assert [c.expiry for c in here.expected()] == [SPX_DATES[0], *SPX_DATES[2 : DEPTH + 1]]


async def test_an_underlying_of_adjusted_contracts_alone_is_told(redis: Redis) -> None:
    items = [
        i | {"details": i["details"] | {"shares_per_contract": 25}} for i in ladder("SPUN", 22.0, [20.0, 25.0]).items
    ]
    with FakeMassive(ChainBook.of(Chain("SPUN", 22.0, items))) as fake:
        async with desk(fake, redis, underlyings=["SPUN"]) as here:
            assert (await here.cycle()).surveys == {"SPUN": "SPUN: the vendor lists adjusted contracts alone"}


async def test_a_prefix_given_is_kept(redis: Redis) -> None:
    assert [vendor_symbol(name) for name in ("I:NQX", "NQX", "SPX", "I:SPX", "TSLA")] == [
        "I:NQX", "NQX", "I:SPX", "I:SPX", "TSLA",
    ]  # fmt: skip
    chain = Chain("I:NQX", 5050.0, _named("I:NQX", ladder("NQX", 5050.0, [25.0 * n for n in range(170, 240)])))
    with FakeMassive(ChainBook.of(chain)) as fake:
        async with desk(fake, redis, underlyings=["I:NQX"]) as here:
            assert (await here.cycle()).whole
            assert {c.underlying for c in here.expected()} == {"NQX"}
            assert {record.path for record in fake.requests} == {"/v3/snapshot/options/I:NQX"}


def _named(ticker: str, chain: Chain) -> list[dict[str, Any]]:
    return [item | {"underlying_asset": item["underlying_asset"] | {"ticker": ticker}} for item in chain.items]


@pytest.mark.parametrize(
    ("symbol", "root", "belongs"),
    [
        ("I:SPX", "SPX", True),
        ("I:SPX", "SPXW", True),
        ("I:SPX", "NDXP", False),
        ("I:SPX", "SP", False),
        ("I:NDX", "NDXP", True),
        ("I:VIX", "VIXW", True),
        ("I:DJI", "DJX", True),
        ("I:NDX", "DJX", False),
        ("TSLA", "TSLA", True),
        ("TSLA", "TSLA1", True),
        ("A", "AAL", False),
        ("A", "A", True),
        ("BRK.B", "BRKB", True),
        ("BRK.B", "BRKA", False),
    ],
)
def test_a_root_belongs_to_its_underlying(symbol: str, root: str, belongs: bool) -> None:
    details = {
        "ticker": f"O:{root}260717C00100000",
        "contract_type": "call",
        "expiration_date": "2026-07-17",
        "strike_price": 100,
    }
    unnamed: dict[str, Any] = {"details": details, "underlying_asset": {}}
    said = flaw(unnamed, symbol, lambda _: True)
    assert said == ("" if belongs else f"of the root {root}")
    assert flaw({"details": details | {"shares_per_contract": 25}}, symbol, lambda _: True) == ""  # adjusted: any root


@pytest.mark.parametrize("kind", ["call", "put", "other", "CALL", "", "c", None, 1, []])
def test_a_contract_type_that_the_vendor_does_not_document_is_a_flaw(kind: object) -> None:
    details = {
        "ticker": "O:SPXW260717C00100000",
        "contract_type": kind,
        "expiration_date": "2026-07-17",
        "strike_price": 100,
    }
    known = kind in ("call", "put", "other")
    said = flaw({"details": details}, "I:SPX", lambda _: True)
    assert (said == "no contract_type that is known") is not known


async def test_a_volatility_index_lists_two_roots(redis: Redis) -> None:
    chain = generate("VIX", as_of=MONDAY, spot=17.3, dates=SPX_DATES, strikes=60, step=0.5, iv=0.9)
    assert {item["details"]["ticker"][2:-15] for item in chain.items} == {"VIX", "VIXW"}
    with FakeMassive(ChainBook.of(chain)) as fake:
        async with desk(fake, redis, underlyings=["VIX"]) as here:
            assert (await here.cycle()).whole
            for chain_id in here.expected():
                is_whole(chain, await payload(redis, chain_id))


async def test_an_empty_page_that_leads_on_is_no_whole_listing(redis: Redis) -> None:
    def emptied(body: dict[str, Any]) -> None:
        body["results"] = []
        body["next_url"] = "https://api.massive.com/v3/snapshot/options/ROUND?cursor=abc"

    with FakeMassive(ChainBook.of(LISTINGS["strikes every 20"])) as fake:
        async with desk(fake, redis, underlyings=["ROUND"]) as here:
            assert (await here.cycle()).whole
            fake.inject(Fault(faults.rewrite(emptied), path=CHAINS))
            cycle = await here.cycle()
            assert not cycle.outcomes
            assert set(cycle.failures) == set(here.expected())


async def test_rows_that_stand_on_two_pages_count_once(redis: Redis) -> None:
    chain = LISTINGS["a crowd far from the money"]
    with FakeMassive(ChainBook.of(chain)) as fake:
        fake.inject(Fault(faults.repeated_rows(3), path=CHAINS))
        async with desk(fake, redis, underlyings=["CROWD"], depth=2) as here:
            assert (await here.cycle()).whole
            assert max(record.page for record in fake.requests) > 1
            for chain_id in here.expected():
                is_whole(chain, await payload(redis, chain_id))


async def test_a_split_changes_the_grid_under_way(redis: Redis) -> None:
    before, after = ladder("SPLIT", 400.0, [10.0 * n for n in range(20, 70)]), LISTINGS["split, 2.5 apart and shifted"]
    with FakeMassive(ChainBook.of(before)) as fake:
        async with desk(fake, redis, underlyings=["SPLIT"]) as here:
            assert (await here.cycle()).whole
            fake.book = ChainBook.of(after)
            for _ in range(3):
                assert (await here.cycle()).whole
                assert len(fake.requests) <= 31
            for chain_id in here.expected():
                is_whole(after, await payload(redis, chain_id))


RECORDS = [
    ("SPX-2026-07-12.jsonl.gz", 0),
    ("SPY-2026-07-14.jsonl.gz", 0),
    ("QQQ-2026-07-14.jsonl.gz", 0),
    *((f"{name}-2026-07-15.jsonl.gz", record) for name in ("TSLA", "NVDA") for record in range(4)),
]


@pytest.mark.parametrize(("name", "record"), RECORDS)
async def test_capture_and_live_cut_the_same_windows_of_the_same_record(name: str, record: int) -> None:
    path = CAPTURES / name
    played = CaptureSource([path])
    for _ in range(record + 1):
        await played.begin_cycle()
    underlying = played.underlyings[0]
    survey = await played.survey(underlying)
    clock = ManualClock(round(survey.as_of * 1e9), 1_000.0)
    with FakeMassive(ChainBook.of(load_capture(path, record)), indices=False) as fake:
        live = MassiveSource(Vendor("demo", clock, base=fake.url), clock, [underlying], depth=len(survey.expirations))
        asked = await live.survey(underlying)
        assert set(asked.expirations) == {day for day in survey.expirations if _has_both_sides(path, record, day)}
        for expiry in asked.expirations[:12]:
            recorded, fetched = await played.fetch_window(survey, expiry), await live.fetch_window(asked, expiry)
            assert (fetched.atm, fetched.range_points) == (recorded.atm, recorded.range_points), expiry
            tickers = [item["details"]["ticker"] for item in recorded.contracts]
            assert [item["details"]["ticker"] for item in fetched.contracts] == tickers
        await live.aclose()


def _has_both_sides(path: Any, record: int, expiry: date) -> bool:
    with gzip.open(path) as lines:
        rows = orjson.loads(lines.readlines()[record])["results"]
    found = {row["details"]["contract_type"] for row in rows if row["details"]["expiration_date"] == expiry.isoformat()}
    return found == {"call", "put"}

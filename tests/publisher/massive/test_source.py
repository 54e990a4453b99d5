"""The live source against the fake vendor: whole windows from few requests, by a real publisher on a real Redis."""

import math
from collections import Counter
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from statistics import median_low
from typing import Any

import pytest
from redis.asyncio import Redis

from chain.clock import ManualClock
from chain.model.keys import ChainId
from chain.model.session import days_to_expiry
from chain.monitor.heartbeat import parse_heartbeat
from chain.monitor.states import Flag, State
from chain.redis.contract.publish.draft import PublishVerdict
from chain.thresholds import OLD_SOURCE_S
from publisher.massive.api.faults import FaultKind, VendorError
from publisher.massive.api.vendor import CONNECTIONS, Vendor
from publisher.massive.profile import Band, Profile
from publisher.massive.source import MassiveSource
from publisher.source import SourceError
from publisher.window import cut, index_expiry, range_points
from tests.fake_massive import (
    Chain,
    ChainBook,
    FakeMassive,
    Fault,
    faults,
    generate,
    generate_count,
)
from tests.fake_massive.capture import NEW_YORK, Record, parse_record, read_capture
from tests.support.live_scene import (
    CHAINS,
    DEPTH,
    INDICES,
    MONDAY,
    SPX_DATES,
    STATUS,
    UPCOMING,
    Desk,
    as_seen,
    desk,
    is_whole,
    payload,
    small_book,
    small_chain,
    tickers,
)
from tests.support.places import CAPTURES

pytestmark = pytest.mark.usefixtures("quick")


def record_of(name: str, number: int = 0) -> Record:
    """Return one record of a capture."""
    return parse_record(read_capture(CAPTURES / name)[number])


async def published(here: Desk) -> list[dict[str, Any]]:
    """Return the payloads of all expected chains, all of them published and FRESH."""
    report = await here.report()
    assert len(report.statuses) == here.publisher.heartbeat().chain.depth
    assert {chain_status.state for chain_status in report.statuses} == {State.FRESH}
    return [await payload(here.redis, chain) for chain in here.expected()]


def paths(fake: FakeMassive) -> Counter[str]:
    return Counter(record.path for record in fake.requests)


def assert_few(fake: FakeMassive, cycle: int, chain_path: str, splits: int = 0) -> None:
    """Fail unless a cycle took what it may: at first a request for each date and a second try for its window.

    Later one request a window, and one beside them for the market's state.
    """
    found = paths(fake)
    windows = [record for record in fake.requests if "expiration_date" in record.params]
    beside = sum(found.values()) - len(windows)
    assert set(found) <= {chain_path, STATUS, UPCOMING}
    if cycle == 0:
        assert len({(r.params["expiration_date"], r.query.get("cursor"), *r.params.items()) for r in windows}) == len(
            windows
        )
        assert len(windows) <= 3 * DEPTH
        assert beside <= DEPTH + 1
    else:
        assert len(windows) == DEPTH + splits
        assert beside <= 1, found
        assert all(record.page == 1 for record in fake.requests)


def as_cut_whole(chain: Chain, body: dict[str, Any], as_of: float) -> tuple[int, int, list[str]]:
    """Return ATM, range and tickers of the window that the whole chain gives by the rules."""
    expiry = date.fromisoformat(body["expiration"])
    rows = [item for item in chain.items if item["details"]["expiration_date"] == body["expiration"]]
    dte = days_to_expiry(expiry, as_of)
    piece = cut(ChainId(body["underlying"], expiry), index_expiry(rows), spot=chain.spot, dte=dte)
    return piece.atm, piece.range_points, tickers(piece.contracts)


async def test_the_recorded_spy_chain_is_published_whole_from_few_requests(redis: Redis) -> None:
    record = record_of("SPY-2026-07-14.jsonl.gz")
    chain, ts = record.chain(), record.ts
    assert len(chain.items) > 250 * DEPTH  # more rows than a page a date
    with FakeMassive(ChainBook.of(chain)) as fake:
        async with desk(fake, redis, ts=ts, underlyings=["SPY"]) as here:
            opened = 0
            for number in range(10):
                assert (await here.cycle()).whole
                assert_few(fake, number, "/v3/snapshot/options/SPY")
                opened = max(opened, fake.ledger.connections_opened)
            bodies = await published(here)
        chain = as_seen(fake, chain)
    assert opened <= CONNECTIONS
    for body in bodies:
        is_whole(chain, body)
        assert as_cut_whole(chain, body, ts) == (body["atm"], body["range_points"], tickers(body["contracts"]))


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("QQQ-2026-07-14.jsonl.gz", 0),
        ("SPX-2026-07-12.jsonl.gz", 0),
        ("NVDA-2026-07-15.jsonl.gz", 0),
        ("NVDA-2026-07-15.jsonl.gz", 2),
        ("TSLA-2026-07-15.jsonl.gz", 0),
        ("TSLA-2026-07-15.jsonl.gz", 3),
    ],
)
async def test_other_recorded_chains_are_published_whole(redis: Redis, name: str, record: int) -> None:
    recorded = record_of(name, record)
    chain = recorded.chain()
    with FakeMassive(ChainBook.of(chain)) as fake:
        async with desk(fake, redis, ts=recorded.ts, underlyings=[recorded.underlying]) as here:
            for number in range(3):
                assert (await here.cycle()).whole
                assert_few(fake, number, f"/v3/snapshot/options/{chain.symbol}")
            for body in await published(here):
                is_whole(as_seen(fake, chain), body)


@pytest.mark.slow
async def test_a_chain_of_30_000_with_third_fridays_is_split_by_side_where_it_must_be(redis: Redis) -> None:
    chain = generate_count("SPX", 30_000, MONDAY)
    with FakeMassive(ChainBook.of(chain)) as fake:
        async with desk(fake, redis, ts=MONDAY) as here:
            for number in range(10):
                assert (await here.cycle()).whole
                # The third Friday, two roots of it, and the one after pass 250 rows: a request for each side.
                assert_few(fake, number, "/v3/snapshot/options/I:SPX", splits=2)
            split = [record.params for record in fake.requests if "contract_type" in record.params]
            bodies = await published(here)
            assert fake.ledger.connections_opened <= CONNECTIONS
    sides = Counter((params["expiration_date"], params["contract_type"]) for params in split)
    assert sides == {(day, side): 1 for day in ("2026-07-17", "2026-07-20") for side in ("call", "put")}
    for body in bodies:
        is_whole(chain, body)
    friday = next(body for body in bodies if body["expiration"] == "2026-07-17")
    roots = Counter(ticker[2:-15] for ticker in tickers(friday["contracts"]))
    assert roots["SPX"] == roots["SPXW"] > 100


async def test_expirations_and_spot_come_from_a_walk_from_date_to_date(spx: Desk) -> None:
    await spx.cycle()
    walk = [record for record in spx.fake.requests if "expiration_date" not in record.params]
    assert [record.params["expiration_date.gt"] for record in walk] == [
        day.isoformat() for day in (SPX_DATES[0] - timedelta(days=1), *SPX_DATES[:DEPTH])
    ]
    assert not any(name.startswith("strike_price") for record in walk for name in record.params)
    windows = [record for record in spx.fake.requests if "expiration_date" in record.params]
    assert {record.params["expiration_date"] for record in windows} == {d.isoformat() for d in SPX_DATES[:6]}
    assert INDICES not in paths(spx.fake)
    bodies = await published(spx)
    assert [b["range_points"] for b in bodies] == [as_cut_whole(small_chain(), b, MONDAY)[1] for b in bodies]


async def test_a_survey_comes_every_five_minutes_and_the_market_s_state_in_its_turn(spx: Desk) -> None:
    turns: list[set[str]] = []
    for _ in range(33):
        assert (await spx.cycle()).whole
        beside = [record for record in spx.fake.requests if "expiration_date" not in record.params]
        turns.append({record.path.rsplit("/", 1)[-1] for record in beside})
        assert len(beside) <= (DEPTH + 1 if "I:SPX" in turns[-1] else 1)
    assert [at for at, found in enumerate(turns) if "I:SPX" in found] == [0, 30]
    status = [at for at, found in enumerate(turns) if "now" in found]
    assert status[:3] == [1, 7, 13]
    assert max(b - a for a, b in pairwise(status)) <= 7
    assert [at for at, found in enumerate(turns) if "upcoming" in found] == [2]


async def test_a_date_listed_in_between_is_found_by_the_next_survey(spx: Desk) -> None:
    gap = SPX_DATES[:3] + SPX_DATES[4:]
    spx.fake.book = ChainBook.of(small_chain(dates=tuple(gap)))
    await spx.cycle()
    assert [chain.expiry for chain in spx.expected()] == gap[:DEPTH]
    spx.fake.book = small_book()
    spx.clock.advance(290)
    assert (await spx.cycle()).whole
    assert [chain.expiry for chain in spx.expected()] == SPX_DATES[:DEPTH]


async def test_spot_moves_and_prices_follow(spx: Desk) -> None:
    for seed, spot in enumerate((6853.25, 6858.0, 6849.5, 6852.51), start=1):
        spx.fake.book = small_book(spot, seed=seed)
        assert (await spx.cycle()).whole
        assert len(spx.fake.requests) <= (3 * DEPTH + 1 if seed == 1 else DEPTH + 1)
        for body in await published(spx):
            assert body["atm"] == round(spot / 5) * 5
            is_whole(spx.fake.book.chains["I:SPX"], body)


async def test_a_leap_of_spot_costs_requests_and_no_contracts(redis: Redis) -> None:
    def wide(spot: float) -> Chain:
        return generate("SPX", as_of=MONDAY, spot=spot, dates=SPX_DATES[:6], strikes=160, step=5, centre=6850, iv=0.08)

    with FakeMassive(ChainBook.of(wide(6853.25))) as fake:
        async with desk(fake, redis) as here:
            await here.cycle()
            fake.book = ChainBook.of(wide(7103.25))
            assert (await here.cycle()).whole
            assert len(fake.requests) > DEPTH + 2
            for body in await published(here):
                assert body["atm"] == 7105
                is_whole(wide(7103.25), body)
            assert (await here.cycle()).whole
            assert len(fake.requests) <= DEPTH + 1


async def test_a_chain_of_few_strikes_is_published_and_soon_asked_for_once(redis: Redis) -> None:
    thin = generate("PENNY", as_of=MONDAY, spot=3.1, dates=SPX_DATES, strikes=9, step=0.5, centre=3.0)
    with FakeMassive(ChainBook.of(thin)) as fake:
        async with desk(fake, redis, underlyings=["PENNY"]) as here:
            for number in range(3):
                assert (await here.cycle()).whole
                if number:
                    assert_few(fake, number, "/v3/snapshot/options/PENNY")
            for body in await published(here):
                is_whole(thin, body)
                assert len(body["contracts"]) == 18


async def test_adjusted_and_odd_contracts_stay_out(redis: Redis) -> None:
    items = small_chain().items
    odd = [i for i in items if i["details"]["strike_price"] == 6855]
    changed: dict[int, dict[str, Any]] = {
        id(odd[0]): {"shares_per_contract": 10},
        id(odd[1]): {"contract_type": "other"},
    }
    book = ChainBook.of(
        Chain("I:SPX", 6853.25, [{**i, "details": {**i["details"], **changed.get(id(i), {})}} for i in items])
    )
    with FakeMassive(book) as fake:
        async with desk(fake, redis) as here:
            assert (await here.cycle()).whole
            bodies = await published(here)
    for body in bodies:
        is_whole(book.chains["I:SPX"], body)
    seen = {ticker for body in bodies for ticker in tickers(body["contracts"])}
    assert not {i["details"]["ticker"] for i in odd[:2]} & seen


async def test_two_underlyings_share_a_vendor(redis: Redis) -> None:
    ndx = generate("NDX", as_of=MONDAY, spot=25_310.5, dates=SPX_DATES, strikes=61, step=25, iv=0.08)
    with FakeMassive(ChainBook.of(small_chain(), ndx)) as fake:
        async with desk(fake, redis, underlyings=["SPX", "NDX"]) as here:
            for number in range(3):
                assert (await here.cycle()).whole
                assert len(fake.requests) <= 2 * (3 * DEPTH + 1 if number == 0 else DEPTH) + 1
            for chain in here.expected():
                book = small_chain() if chain.underlying == "SPX" else ndx
                is_whole(book, await payload(redis, chain))


async def test_an_unknown_symbol_is_named_and_leaves_the_others_alone(redis: Redis) -> None:
    with FakeMassive(small_book()) as fake:
        async with desk(fake, redis, underlyings=["NOSUCH", "SPX"]) as here:
            for _ in range(12):
                cycle = await here.cycle()
                assert cycle.surveys == {"NOSUCH": "the vendor lists no options for this symbol (NOSUCH)"}
                assert {o.verdict for o in cycle.outcomes} == {PublishVerdict.PUBLISHED}
                assert not cycle.failures
                assert fake.count("/v3/snapshot/options/NOSUCH") == 1
            assert here.heartbeat().source.last_error == (
                "NOSUCH: the vendor lists no options for this symbol (NOSUCH)"
            )
            assert len(await published(here)) == DEPTH


async def test_a_symbol_out_of_plan_leaves_the_others_alone(redis: Redis) -> None:
    with FakeMassive(small_book()) as fake:
        fake.inject(Fault(faults.status(403), path="/v3/snapshot/options/QQQ"))
        async with desk(fake, redis, underlyings=["QQQ", "SPX"]) as here:
            for _ in range(8):
                cycle = await here.cycle()
                assert len(cycle.outcomes) == DEPTH
                assert not cycle.failures
                assert fake.count("/v3/snapshot/options/QQQ") == 1
            assert "plan of this API key does not include" in here.heartbeat().source.last_error


async def test_today_counts_until_the_close(redis: Redis) -> None:
    with FakeMassive(small_book()) as fake:
        close = datetime(2026, 7, 13, 16, 0, tzinfo=NEW_YORK).timestamp()
        async with desk(fake, redis, ts=close - 5) as here:
            await here.cycle()
            assert [c.expiry for c in here.expected()] == SPX_DATES[:6]
            await here.cycle()
            assert [c.expiry for c in here.expected()] == SPX_DATES[1:7]
            for chain in here.expected():
                is_whole(small_chain(), await payload(redis, chain))


async def test_more_holidays_than_a_heartbeat_may_carry_are_left_out(spx: Desk) -> None:
    days = (date(2026, 8, 1) + timedelta(days=n) for n in range(5_000))
    spx.fake.api.holidays = [{"date": day.isoformat(), "exchange": "NYSE", "status": "closed"} for day in days]
    for _ in range(3):
        await spx.cycle()
    assert len(spx.source.status().calendar.told) == 60
    assert parse_heartbeat(spx.publisher.heartbeat().encode(), "massive")


@pytest.mark.parametrize(
    ("holidays", "clock", "first"),
    [
        ([], (12, 59), date(2026, 11, 27)),
        ([], (13, 1), date(2026, 11, 30)),
        ([("2026-11-27", "early-close", "2026-11-27T19:00:00Z")], (13, 59), date(2026, 11, 27)),  # not by our rule
        ([("2026-11-27", "early-close", "2026-11-27T19:00:00Z")], (14, 1), date(2026, 11, 30)),
    ],
)
async def test_a_half_day_ends_as_the_vendor_says_else_by_rule(
    redis: Redis, holidays: list[tuple[str, str, str]], clock: tuple[int, int], first: date
) -> None:
    at = datetime(2026, 11, 27, *clock, tzinfo=NEW_YORK).timestamp()
    dates = [date(2026, 11, 27), date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 2)]
    book = ChainBook.of(generate("SPX", as_of=at, spot=6853.25, dates=dates, strikes=61, step=5, centre=6850, iv=0.08))
    with FakeMassive(book) as fake:
        fake.api.holidays = [
            {"date": day, "exchange": "NYSE", "status": status, "close": close} for day, status, close in holidays
        ]
        async with desk(fake, redis, ts=at - 30, depth=3) as here:
            for _ in range(3):  # the market's state comes after the first survey, its holidays after that
                await here.cycle()
            here.clock.advance(10)
            await here.cycle()
            assert here.expected()[0].expiry == first
            assert len(here.expected()) == 3


async def test_a_walk_that_takes_too_long_goes_on_where_it_came_to(fake: FakeMassive) -> None:
    clock = ManualClock(round(MONDAY * 1e9))
    source = MassiveSource(Vendor("demo", clock, base=fake.url), clock, ["SPX"], depth=DEPTH)
    fake.inject(Fault(faults.status(404), path=CHAINS, skip=4))
    with pytest.raises(SourceError):
        await source.survey("SPX")
    fake.clear()
    clock.advance(60)
    fake.reset_counts()
    assert list((await source.survey("SPX")).expirations) == SPX_DATES[: DEPTH + 1]
    assert fake.count() == DEPTH + 1
    await source.aclose()


async def test_a_failed_survey_leaves_what_is_known_and_says_so(spx: Desk) -> None:
    await spx.cycle()
    survey = Fault(faults.missing_results())
    spx.clock.advance(290)
    # Strikes whatever names no single expiration: the survey, and the market's state, which has no `results`.
    original = spx.fake._strike
    spx.fake._strike = lambda call: [survey.effect] if not call.expiry else original(call)  # type: ignore[method-assign]
    for _ in range(3):
        cycle = await spx.cycle()
        assert cycle.whole
        assert DEPTH + 1 <= len(spx.fake.requests) <= 2 * DEPTH + 1
        assert "SPX: the vendor's listing is incomplete" in spx.heartbeat().source.last_error
    spx.fake._strike = original  # type: ignore[method-assign]
    await spx.cycle()
    assert spx.heartbeat().source.last_error == ""


async def test_market_closed_is_flagged_and_open_is_not(spx: Desk) -> None:
    for word, flagged in (("closed", True), ("open", False), ("extended-hours", False)):
        spx.fake.api.market = word
        for _ in range(7):
            await spx.cycle()
        report = await spx.report()
        assert spx.heartbeat().source.market == word
        assert {Flag.OFF_HOURS in chain_status.flags for chain_status in report.statuses} == {flagged}


async def test_holidays_are_asked_for_once_a_day(spx: Desk) -> None:
    asked = 0
    for _ in range(40):
        spx.clock.advance(2_400)
        spx.fake.reset_counts()
        await spx.source.begin_cycle()
        await spx.source.survey("SPX")
        spx.clock.advance(5)
        await spx.source.begin_cycle()
        spx.clock.advance(5)
        await spx.source.begin_cycle()
        asked += spx.fake.count(UPCOMING)
    assert asked == 2  # 27 hours on from a morning: one midnight in New York
    told = dict(spx.source.status().calendar.told)
    closed, half = sorted(told)
    assert told == {closed: None, half: time(13)}
    assert (await spx.source.survey("SPX")).calendar.told == told
    beat = parse_heartbeat(spx.publisher.heartbeat().encode(), "massive")
    assert beat
    assert beat.source.calendar.told == told


async def test_a_list_of_holidays_is_taken_as_far_as_it_makes_sense(spx: Desk) -> None:
    spx.fake.api.holidays = [
        {"date": "2026-11-27", "exchange": "NYSE", "status": "early-close", "close": "2026-11-27T19:00:00.000Z"},
        {"date": "2026-12-24", "exchange": "NASDAQ", "status": "early-close"},
        {"date": "2026-12-01", "exchange": "OTC", "status": "closed"},
        {"date": "2026-12-02", "exchange": "NYSE", "status": "open"},
        {"date": "never", "exchange": "NYSE", "status": "closed"},
        {"date": "2026-12-03", "exchange": "NYSE", "status": "early-close", "close": "x"},
        {"date": "2026-12-04", "exchange": "NYSE", "status": "early-close", "close": "2026-12-03T18:00:00.000Z"},
        {"date": "2026-12-07", "exchange": "NYSE", "status": "early-close", "close": "2026-12-07T12:00:00.000Z"},
        {"date": None, "exchange": "NYSE", "status": "closed"},
    ]
    for _ in range(3):
        await spx.cycle()
    assert spx.source.status().calendar.told == {date(2026, 11, 27): time(14), date(2026, 12, 24): time(13)}


async def test_holidays_that_failed_are_asked_for_a_minute_later(spx: Desk) -> None:
    spx.fake.inject(Fault(faults.status(404), path=UPCOMING))
    counts = []
    for _ in range(14):
        assert (await spx.cycle()).whole
        counts.append(spx.fake.count(UPCOMING))
    assert sum(counts) == 2
    spx.fake.clear()
    for _ in range(7):
        await spx.cycle()
    assert spx.source.status().calendar.told


@pytest.mark.parametrize("plan", ["starter", "developer"])
async def test_plans_without_quotes_or_trades_still_work(redis: Redis, plan: str) -> None:
    with FakeMassive(small_book(), plan=plan) as fake:
        fake.api.delayed_status = "DELAYED"
        async with desk(fake, redis) as here:
            assert (await here.cycle()).whole
            for body in await published(here):
                assert body["contracts"]
                assert not any("last_quote" in row for row in body["contracts"])
                assert any("last_trade" in row for row in body["contracts"]) == (plan == "developer")


@pytest.mark.parametrize("plan", ["starter", "developer"])
async def test_delayed_plans_are_flagged_delayed(redis: Redis, plan: str) -> None:
    with FakeMassive(small_book(), plan=plan) as fake:
        async with desk(fake, redis) as here:
            await here.cycle()
            assert all(Flag.DELAYED in chain_status.flags for chain_status in (await here.report()).statuses)
            fake.api.plan = "advanced"
            await here.cycle()
            assert not any(Flag.DELAYED in chain_status.flags for chain_status in (await here.report()).statuses)


async def test_a_plan_without_snapshots_is_told_by_name(redis: Redis) -> None:
    with FakeMassive(small_book(), plan="basic") as fake:
        async with desk(fake, redis) as here:
            for _ in range(5):
                cycle = await here.cycle()
                assert "the plan of this API key does not include this data" in cycle.surveys["SPX"]
                assert len(fake.requests) == 1


async def test_quotes_that_freeze_are_old_source_from_the_threshold_on(spx: Desk) -> None:
    await spx.cycle()
    stamps: dict[ChainId, int] = {}
    for chain in spx.expected():
        rows = (await payload(spx.redis, chain))["contracts"]
        stamps[chain] = median_low(row["last_quote"]["last_updated"] for row in rows)
    said: list[bool] = []
    for _ in range(16):
        assert (await spx.cycle()).whole
        for chain_status in (await spx.report()).statuses:
            assert chain_status.state is State.FRESH
            ours = (await payload(spx.redis, chain_status.record.chain))["ts"]
            late = ours - stamps[chain_status.record.chain] / 1e9 > OLD_SOURCE_S
            assert (Flag.OLD_SOURCE in chain_status.flags) == late
            said.append(late)
    assert said == sorted(said)
    assert (said[0], said[-1]) == (False, True)
    spx.fake.book = small_book(as_of=spx.clock.wall_ns() / 1e9)
    await spx.cycle()
    assert not any(Flag.OLD_SOURCE in chain_status.flags for chain_status in (await spx.report()).statuses)


async def test_without_any_iv_the_volatility_index_is_asked_once_a_minute(spx: Desk) -> None:
    spx.fake.inject(Fault(faults.without("implied_volatility", "greeks"), path=CHAINS))
    asked = []
    for _ in range(14):
        assert (await spx.cycle()).whole
        asked.append(spx.fake.count(INDICES))
    assert [at for at, count in enumerate(asked) if count] == [0, 7]
    assert max(asked) == 1
    for body in await published(spx):
        days = days_to_expiry(date.fromisoformat(body["expiration"]), MONDAY)
        assert body["range_points"] == max(50, range_points(6853.25, 0.1731, days))


async def test_without_an_index_subscription_the_chain_goes_on_wider(redis: Redis) -> None:
    with FakeMassive(small_book(), indices=False) as fake:
        fake.inject(Fault(faults.without("implied_volatility", "greeks"), path=CHAINS))
        async with desk(fake, redis) as here:
            for _ in range(3):
                assert (await here.cycle()).whole
            assert here.heartbeat().source.last_error == ""
            for body in await published(here):
                days = days_to_expiry(date.fromisoformat(body["expiration"]), MONDAY)
                assert body["range_points"] == range_points(6853.25, None, days)


async def test_a_plan_without_the_underlying_s_price_is_told(redis: Redis) -> None:
    with FakeMassive(small_book()) as fake:
        fake.inject(Fault(faults.without("underlying_asset"), path=CHAINS))
        async with desk(fake, redis) as here:
            cycle = await here.cycle()
    assert cycle.surveys == {"SPX": "SPX: the plan of this API key gives no price of the underlying"}


async def test_a_price_that_goes_missing_later_leaves_the_last_one(spx: Desk) -> None:
    await spx.cycle()
    spx.fake.inject(Fault(faults.without("underlying_asset"), path=CHAINS))
    for _ in range(7):
        assert (await spx.cycle()).whole
    assert {body["atm"] for body in await published(spx)} == {6855}


async def test_one_window_alone_says_what_it_lacks(fake: FakeMassive) -> None:
    clock = ManualClock(round(MONDAY * 1e9))
    source = MassiveSource(Vendor("demo", clock, base=fake.url), clock, ["SPX"], depth=DEPTH)
    survey = await source.survey("SPX")
    with pytest.raises(VendorError, match="no contracts in the slice") as empty:
        await source.fetch_window(survey, SPX_DATES[0] + timedelta(days=400))
    assert empty.value.kind is FaultKind.INCOMPLETE
    fake.book = ChainBook.of(
        Chain("I:SPX", 6853.25, [i for i in small_chain().items if i["details"]["contract_type"] == "put"])
    )
    with pytest.raises(SourceError, match=r"contracts, of 1 side"):
        await source.fetch_window(survey, SPX_DATES[0])
    await source.aclose()


@pytest.mark.parametrize("rows", [1, 242, 243, 492, 493, 1_800, 9_991])
@pytest.mark.parametrize("band", [Band(6512.25, 7194.75), Band(0.0, 7194.75), Band(6512.25), Band()])
def test_parts_meet_without_gap_or_overlap(rows: int, band: Band) -> None:
    listed = (6512.25, 7194.75)
    profile = Profile(100, 5.0, False, False, rows / (listed[1] - listed[0]), listed[:1], listed[1:])
    filters = profile.parts(band)
    assert len(filters) == (1 if rows + 8 <= 250 else 2 * -(-(rows + 8) // 500))
    for strike in [*listed, *(listed[0] + n * 0.25 for n in range(2_731))]:
        for side in ("call", "put"):
            assert sum(admits(one, strike, side) for one in filters) == 1
    for strike, inside in ((1.0, band.low == 0), (90_000.0, math.isinf(band.high))):
        for side in ("call", "put"):
            assert sum(admits(one, strike, side) for one in filters) == inside


def admits(one: dict[str, str | float], strike: float, side: str) -> bool:
    return (
        one.get("contract_type", side) == side
        and strike >= float(one.get("strike_price.gte", strike))
        and strike <= float(one.get("strike_price.lte", strike))
        and ("strike_price.lt" not in one or strike < float(one["strike_price.lt"]))
    )

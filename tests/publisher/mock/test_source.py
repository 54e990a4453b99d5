"""The mock market: deterministic, free of arbitrage, complete in the vendor's shape, and on the exchange's calendar."""

import asyncio
import math
from collections import defaultdict
from datetime import date, datetime
from itertools import pairwise
from statistics import correlation, mean
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.analytics.black_scholes import black_scholes
from chain.clock import ManualClock
from chain.errors import ConfigError
from chain.model.calendar import RULE
from chain.model.session import NEW_YORK, years_to_expiry
from publisher.mock import listing, market
from publisher.mock.listing import PRODUCTS
from publisher.mock.market import Smile
from publisher.mock.source import MockSource
from publisher.source import ChainWindow, SourceError

ITEM = {"details", "day", "last_quote", "open_interest", "break_even_price", "underlying_asset", "implied_volatility"}
BLOCKS = {
    "details": "ticker contract_type exercise_style expiration_date shares_per_contract strike_price",
    "day": "open high low close previous_close change change_percent volume vwap last_updated",
    "greeks": "delta gamma theta vega",
    "last_quote": "bid bid_size bid_exchange ask ask_size ask_exchange midpoint last_updated timeframe",
    "last_trade": "price size exchange conditions sip_timestamp timeframe",
}
WEDNESDAY = (2025, 12, 17)  # two days before a third Friday
MONTHLY = date(2025, 12, 19)


def clock_at(*parts: int, microsecond: int = 0) -> ManualClock:
    """Return a clock at a New York wall time."""
    moment = datetime(*parts, microsecond=microsecond, tzinfo=NEW_YORK)  # type: ignore[misc,arg-type]
    return ManualClock(round(moment.timestamp() * 1000) * 1_000_000)


async def opened(clock: ManualClock, **settings_: Any) -> MockSource:
    """Return a source in its first cycle."""
    source = MockSource(clock, **settings_)
    await source.begin_cycle()
    return source


async def windows(source: MockSource, underlying: str, count: int = 6) -> list[ChainWindow]:
    """Return the windows of the next expirations."""
    survey = await source.survey(underlying)
    return [await source.fetch_window(survey, expiry) for expiry in survey.expirations[:count]]


def by_strike(piece: ChainWindow, root: str) -> dict[int, dict[str, Any]]:
    """Return a root's items by strike and side."""
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for item in piece.contracts:
        details = item["details"]
        if details["ticker"][2:-15] == root:
            found[details["strike_price"]][details["contract_type"]] = item
    return found


def dollars_on(price: float, tick: float) -> bool:
    return math.isclose(price / tick, round(price / tick), abs_tol=1e-6)


# The model


def test_values_and_greeks_match_the_published_vector() -> None:
    worth = black_scholes(6930, 6930, 0.136, 7 / 365)
    assert worth.call + worth.put == pytest.approx(104.14, abs=0.005)
    assert worth.gamma == pytest.approx(0.00305644, abs=5e-9)


@given(strike=st.integers(6300, 7600), vol=st.floats(0.08, 0.6), days=st.floats(0.5, 60))
def test_greeks_are_derivatives_in_the_vendor_units(strike: int, vol: float, days: float) -> None:
    def call(spot: float = 6930.0, vol: float = vol, days: float = days) -> float:
        return black_scholes(spot, strike, vol, days / 365).call

    worth = black_scholes(6930, strike, vol, days / 365)
    assert worth.call_delta == pytest.approx((call(6930.01) - call(6929.99)) / 0.02, abs=1e-5)
    assert worth.gamma == pytest.approx((call(6930.5) - 2 * call() + call(6929.5)) / 0.25, rel=1e-2, abs=1e-6)
    assert worth.vega == pytest.approx((call(vol=vol + 1e-4) - call(vol=vol - 1e-4)) / 0.02, rel=1e-3, abs=1e-6)
    assert worth.theta == pytest.approx((call(days=days - 1e-3) - call(days=days + 1e-3)) / 2e-3, rel=1e-3, abs=1e-5)


@given(name=st.sampled_from(list(PRODUCTS)), moved=st.floats(-0.05, 0.05), days=st.floats(0, 45))
def test_no_strike_offers_an_arbitrage_within_an_expiry(name: str, moved: float, days: float) -> None:
    regime = PRODUCTS[name].regime
    smile = Smile.of(regime, regime.spot * (1 + moved), days / 365)
    even = [k for k in listing.ladder(PRODUCTS[name]) if k % PRODUCTS[name].steps[-1][1] == 0]
    calls = [smile.value(strike).call for strike in even]
    slopes = [low - high for low, high in pairwise(calls)]
    width = even[1] - even[0]
    assert all(-1e-8 <= slope <= width + 1e-8 for slope in slopes)  # falls with the strike, never faster than it
    assert all(near >= far - 1e-7 for near, far in pairwise(slopes))  # butterflies cost something
    assert all(smile.value(strike).put >= 0 for strike in even)


@given(moved=st.floats(-0.05, 0.05))
def test_the_term_structure_leaves_no_negative_forward_variance(moved: float) -> None:
    regime = PRODUCTS["SPX"].regime
    variances = [Smile.of(regime, regime.spot * (1 + moved), days / 365).deviation ** 2 for days in range(1, 60)]
    assert all(near < far for near, far in pairwise(variances))


def test_the_surface_looks_like_an_index() -> None:
    regime = PRODUCTS["SPX"].regime
    week, month = (Smile.of(regime, 6930, days / 365) for days in (7, 30))
    assert 0.13 <= week.atm < month.atm <= 0.145
    assert Smile.of(regime, 6930 * 0.98, 7 / 365).atm > week.atm * 1.1

    def skew(smile: Smile) -> float:
        return smile.vol(smile.deviations(6930 * 0.97)) - smile.vol(smile.deviations(6930 * 1.03))

    assert skew(week) > skew(month) > 0.02


@given(at=st.floats(0.001, 0.999))
def test_volume_accrues_at_the_pace_of_activity(at: float) -> None:
    step = 1e-4
    pace = (market.volume_done(at + step) - market.volume_done(at - step)) / (2 * step)
    inside = min(at + step, 1.0) - max(at - step, 0.0)
    assert pace * 2 * step / inside == pytest.approx(market.activity(at), abs=1e-3)
    assert market.volume_done(-1) == 0
    assert market.volume_done(2) == pytest.approx(1)
    assert market.activity(0.5) < market.activity(at) * 1.001


@given(
    value=st.floats(0, 900),
    away=st.floats(-9, 9),
    ticks=st.sampled_from([(5, 10), (1, 1)]),
    slope=st.floats(0, 0.05),
)
def test_quotes_hold_their_value_and_stay_on_tick(
    value: float, away: float, ticks: tuple[int, int], slope: float
) -> None:
    bid, ask = market.two_sided(value, market.widening(away), ticks, slope)
    assert 0 <= bid < ask
    assert bid <= 100 * value + 1e-6
    assert ask >= 100 * value - 1e-6
    assert all(price % (ticks[0] if price < 300 else ticks[1]) == 0 for price in (bid, ask))


# The calendar


async def test_the_mock_closes_at_one_on_a_half_day() -> None:
    for hour, minute, listed in ((12, 59, True), (13, 0, False)):
        survey = await (await opened(clock_at(2026, 11, 27, hour, minute))).survey("SPX")
        assert (survey.expirations[0] == date(2026, 11, 27)) is listed
    closed = clock_at(2026, 11, 27, 13).wall / 1e9
    assert listing.session_at(closed + 3600).progress(closed) == 1


async def test_expirations_are_the_trading_days_ahead() -> None:
    source = await opened(clock_at(2026, 6, 17, 12))
    survey = await source.survey("SPX")
    assert survey.expirations[:4] == (date(2026, 6, 17), date(2026, 6, 18), date(2026, 6, 22), date(2026, 6, 23))
    assert len(survey.expirations) > 12
    assert all(RULE.is_trading_day(day) for day in survey.expirations)
    assert date(2026, 8, 21) in survey.expirations  # a monthly beyond the dailies


async def test_today_is_listed_until_the_close() -> None:
    last = clock_at(*WEDNESDAY, 15, 59, 59, microsecond=999_000)
    source = await opened(last)
    before = await source.survey("SPX")
    assert before.expirations[0] == date(*WEDNESDAY)
    body = orjson.dumps((await source.fetch_window(before, before.expirations[0])).contracts)
    assert b"null" not in body  # neither infinite nor undefined in the last millisecond
    last.advance(0.001)
    assert (await source.survey("SPX")).expirations[0] == date(2025, 12, 18)


@pytest.mark.parametrize(
    ("now", "expiry", "roots"),
    [
        ((2025, 12, 18, 15, 0), MONTHLY, {"SPX", "SPXW"}),
        ((2025, 12, 19, 9, 29), MONTHLY, {"SPX", "SPXW"}),
        ((2025, 12, 19, 9, 30), MONTHLY, {"SPXW"}),
        ((2025, 12, 18, 15, 0), date(2025, 12, 18), {"SPXW"}),
        ((2026, 6, 17, 12, 0), date(2026, 6, 18), {"SPX", "SPXW"}),  # the third Friday is Juneteenth
    ],
)
async def test_the_morning_root_lives_beside_the_daily_until_it_settles(
    now: tuple[int, ...], expiry: date, roots: set[str]
) -> None:
    source = await opened(clock_at(*now))
    piece = await source.fetch_window(await source.survey("SPX"), expiry)
    found = {item["details"]["ticker"][2:-15] for item in piece.contracts}
    assert found == roots
    strikes = [set(by_strike(piece, root)) for root in roots]
    assert all(each == strikes[0] for each in strikes)


# Windows


async def script(seed: int, order: int = 1, underlyings: tuple[str, ...] = ("SPX", "NDX", "SPY")) -> dict[str, bytes]:
    """Return the bytes of a few cycles through an open, by underlying, expiry and cycle."""
    clock = clock_at(2025, 12, 18, 9, 29, 45)
    source = MockSource(clock, seed=seed, underlyings=underlyings)
    out = {}
    for cycle in range(4):
        await source.begin_cycle()
        for underlying in underlyings[::order]:
            survey = await source.survey(underlying)
            for expiry in survey.expirations[:3][::order]:
                piece = await source.fetch_window(survey, expiry)
                body = orjson.dumps([piece.spot, piece.atm, piece.range_points, piece.contracts])
                out[f"{underlying} {expiry} {cycle}"] = body
        clock.advance(10)
    return out


async def test_seed_and_clock_decide_every_byte() -> None:
    first = await script(7)
    assert await script(7) == first
    assert await script(7, order=-1) == first  # whatever the order of asking
    alone = await script(7, underlyings=("SPX",))
    assert alone == {key: body for key, body in first.items() if key.startswith("SPX")}
    other = await script(8)
    assert all(other[key] != body for key, body in first.items())
    assert len(set(first.values())) == len(first)  # every cycle moves


@pytest.mark.parametrize("underlying", list(PRODUCTS))
async def test_items_carry_exactly_the_vendor_fields(underlying: str) -> None:
    source = await opened(clock_at(*WEDNESDAY, 11, 30))
    spot_field = "price" if underlying == "SPY" else "value"
    blocks = {name: set(fields.split()) for name, fields in BLOCKS.items()}
    blocks["underlying_asset"] = {"ticker", spot_field, "change_to_break_even", "last_updated", "timeframe"}
    for piece in await windows(source, underlying):
        for item in piece.contracts:
            assert set(item) - {"greeks", "last_trade"} == ITEM
            assert all(set(item[name]) == fields for name, fields in blocks.items() if name in item)
            assert ("last_trade" in item) == (item["day"]["volume"] > 0)
            assert type(item["details"]["strike_price"]) is int
            assert item["underlying_asset"][spot_field] == piece.spot
    assert b"null" not in orjson.dumps(piece.contracts)


async def test_the_ticker_spells_the_details() -> None:
    source = await opened(clock_at(*WEDNESDAY, 11, 30))
    survey = await source.survey("SPX")
    piece = await source.fetch_window(survey, MONTHLY)
    assert by_strike(piece, "SPX")[6900]["put"]["details"] == {
        "ticker": "O:SPX251219P06900000",
        "contract_type": "put",
        "exercise_style": "european",
        "expiration_date": "2025-12-19",
        "shares_per_contract": 100,
        "strike_price": 6900,
    }
    assert piece.contracts[0]["underlying_asset"]["ticker"] == "I:SPX"
    spy = (await windows(source, "SPY", 1))[0].contracts[0]
    assert (spy["details"]["exercise_style"], spy["underlying_asset"]["ticker"]) == ("american", "SPY")


@pytest.mark.parametrize("underlying", list(PRODUCTS))
@pytest.mark.parametrize("hour", [10, 15])
async def test_quotes_obey_parity_ticks_and_the_clock(underlying: str, hour: int) -> None:
    clock = clock_at(*WEDNESDAY, hour, 58)
    source = await opened(clock)
    fine, coarse = (cents / 100 for cents in PRODUCTS[underlying].ticks)
    for piece in await windows(source, underlying):
        for root in listing.roots(PRODUCTS[underlying], piece.chain.expiry, clock.wall_ns() / 1e9):
            for strike, sides in by_strike(piece, root).items():
                call, put = (sides[side]["last_quote"] for side in ("call", "put"))
                half = (call["ask"] - call["bid"] + put["ask"] - put["bid"]) / 2
                assert abs(call["midpoint"] - put["midpoint"] - (piece.spot - strike)) <= half + 1e-9
        for item in piece.contracts:
            quote = item["last_quote"]
            prices = [quote["bid"], quote["ask"]]
            prices += [item["last_trade"]["price"]] if "last_trade" in item else []
            assert 0 <= quote["bid"] < quote["ask"]
            assert quote["midpoint"] == pytest.approx((quote["bid"] + quote["ask"]) / 2)
            assert (quote["bid_size"] > 0) == (quote["bid"] > 0)
            assert all(dollars_on(price, fine if price < 3 else coarse) for price in prices)
            stamps = [quote["last_updated"], item["underlying_asset"]["last_updated"]]
            assert all(0 <= clock.wall_ns() - stamp < 2e9 for stamp in stamps)
            assert item["day"]["last_updated"] == clock_at(*WEDNESDAY).wall_ns()


async def test_far_strikes_of_the_last_hour_are_worthless_but_offered() -> None:
    source = await opened(clock_at(*WEDNESDAY, 15, 50))
    rows = by_strike((await windows(source, "SPX", 1))[0], "SPXW")
    lowest, highest = rows[min(rows)]["put"]["last_quote"], rows[max(rows)]["call"]["last_quote"]
    assert [lowest["bid"], highest["bid"]] == [0, 0]
    assert [lowest["ask"], highest["ask"]] == [0.05, 0.05]


async def test_spreads_widen_with_price_and_distance() -> None:
    rows = by_strike((await windows(await opened(clock_at(*WEDNESDAY, 12)), "SPX"))[5], "SPXW")

    def width(strike: int, side: str) -> float:
        quote = rows[strike][side]["last_quote"]
        return float(quote["ask"] - quote["bid"])

    deep, near, far = width(min(rows), "call"), width(6930, "call"), width(max(rows), "call")
    assert deep > 3 * near > 3 * far > 0


@pytest.mark.parametrize("mult", [0.5, 2.0, 4.0])
@pytest.mark.parametrize("hour", [10, 15])
async def test_a_window_equals_the_cut_of_the_whole_ladder(
    mult: float, hour: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = clock_at(*WEDNESDAY, hour, 59)
    economical = {name: await windows(await opened(clock, mult=mult), name, 4) for name in PRODUCTS}
    monkeypatch.setattr(listing, "around", lambda strikes, *_: strikes)
    whole = {name: await windows(await opened(clock, mult=mult), name, 4) for name in PRODUCTS}
    assert economical == whole


@pytest.mark.parametrize(
    ("name", "away", "step"),
    [("SPX", 0, 5), ("SPX", 0.08, 25), ("NDX", 0, 10), ("NDX", 0.04, 25), ("NDX", 0.08, 50), ("SPY", 0.08, 1)],
)
def test_ladders_are_fine_near_the_money_and_coarse_beyond(name: str, away: float, step: int) -> None:
    strikes = listing.ladder(PRODUCTS[name])
    for side in (1, -1):
        middle = PRODUCTS[name].regime.spot * (1 + side * away)
        around = [strike for strike in strikes if abs(strike - middle) <= 3 * step]
        assert {high - low for low, high in pairwise(around)} == {step}


async def test_every_strike_has_both_sides() -> None:
    source = await opened(clock_at(*WEDNESDAY, 12))
    survey = await source.survey("SPX")
    for expiry in (MONTHLY, survey.expirations[-1]):
        piece = await source.fetch_window(survey, expiry)
        for root in ("SPX", "SPXW"):
            assert all(set(sides) == {"call", "put"} for sides in by_strike(piece, root).values())


async def test_greeks_follow_from_the_volatility_and_the_settlement_of_each_root() -> None:
    source = await opened(clock_at(*WEDNESDAY, 12))
    survey = await source.survey("SPX")
    piece = await source.fetch_window(survey, MONTHLY)
    for item in piece.contracts:
        details = item["details"]
        years = years_to_expiry(MONTHLY, survey.as_of, "AM" if details["ticker"].startswith("O:SPX2") else "PM")
        worth = black_scholes(piece.spot, details["strike_price"], item["implied_volatility"], years)
        delta = worth.call_delta - (details["contract_type"] == "put")
        if "greeks" in item:
            expected = {"delta": delta, "gamma": worth.gamma, "theta": worth.theta, "vega": worth.vega}
            assert item["greeks"] == pytest.approx(expected, rel=1e-3, abs=3e-4)


async def test_open_interest_holds_all_day_and_gathers_at_round_strikes() -> None:
    clock = clock_at(*WEDNESDAY, 9, 31)
    source = await opened(clock)
    morning = await windows(source, "SPX", 12)
    clock.advance(3600)
    await source.begin_cycle()
    later = await windows(source, "SPX", 12) + await windows(await opened(clock), "SPX", 12)
    held: dict[str, set[int]] = defaultdict(set)
    for item in [item for piece in morning + later for item in piece.contracts]:
        held[item["details"]["ticker"]].add(item["open_interest"])
    assert all(len(values) == 1 for values in held.values())

    def held_by(piece: ChainWindow) -> Any:
        return sum(sides["call"]["open_interest"] for sides in by_strike(piece, "SPXW").values())

    assert held_by(morning[2]) > 2 * held_by(morning[1])  # the monthly draws more than a daily

    rows = by_strike(morning[6], "SPXW")
    total = {strike: sum(item["open_interest"] for item in sides.values()) for strike, sides in rows.items()}
    round_, plain = ([n for k, n in total.items() if (k % 100 == 0) is wanted] for wanted in (True, False))
    assert mean(round_) > 2 * mean(plain)

    def heavier(side: str, other: str, below: bool) -> Any:
        picked = [sides for strike, sides in rows.items() if (strike < morning[6].spot) is below]
        return sum(row[side]["open_interest"] for row in picked) > 1.5 * sum(
            row[other]["open_interest"] for row in picked
        )

    assert heavier("put", "call", below=True)
    assert heavier("call", "put", below=False)


async def test_volume_grows_through_the_day_and_is_largest_in_the_nearest_expiry() -> None:
    clock = clock_at(*WEDNESDAY, 9, 45)
    source = await opened(clock)
    first = await windows(source, "SPX")
    for _ in range(5):
        clock.advance(3600)
        await source.begin_cycle()
        last = await windows(source, "SPX")

    def volumes(pieces: list[ChainWindow]) -> list[int]:
        return [sum(item["day"]["volume"] for item in piece.contracts) for piece in pieces]

    assert all(early * 3 < late for early, late in zip(volumes(first), volumes(last), strict=True))
    assert volumes(last)[0] == max(volumes(last))
    near = by_strike(last[0], "SPXW")
    outer = mean(near[strike]["call"]["day"]["volume"] for strike in sorted(near)[-6:])
    assert mean(near[strike]["call"]["day"]["volume"] for strike in range(6915, 6945, 5)) > 3 * outer


async def test_the_day_block_adds_up_over_many_cycles() -> None:
    clock = clock_at(*WEDNESDAY, 9, 30, 20)
    source = MockSource(clock)
    traded: dict[str, int] = {}
    for _ in range(20):
        await source.begin_cycle()
        piece = (await windows(source, "SPX", 2))[1]
        for item in piece.contracts:
            day, trade = item["day"], item.get("last_trade")
            assert day["low"] <= min(day["open"], day["close"], day["vwap"])
            assert max(day["open"], day["close"], day["vwap"]) <= day["high"]
            assert day["change"] == pytest.approx(day["close"] - day["previous_close"])
            assert day["change_percent"] == pytest.approx(100 * day["change"] / day["previous_close"], abs=1e-3)
            if trade:
                assert trade["price"] == day["close"]
                ticker = item["details"]["ticker"]
                opens = clock_at(*WEDNESDAY, 9, 30).wall_ns()
                assert traded.get(ticker, opens) <= trade["sip_timestamp"] <= clock.wall_ns()
                traded[ticker] = trade["sip_timestamp"]
        clock.advance(97)
    assert len(traded) > 50


async def test_the_next_session_starts_a_new_day() -> None:
    clock = clock_at(*WEDNESDAY, 16, 30)
    source = await opened(clock)
    evening = by_strike((await windows(source, "SPX", 1))[0], "SPXW")[6900]["call"]
    assert evening["last_trade"]["sip_timestamp"] <= clock_at(*WEDNESDAY, 16).wall_ns()
    clock.advance(17.1 * 3600)  # to 09:36
    await source.begin_cycle()
    survey = await source.survey("SPX")
    morning = by_strike(await source.fetch_window(survey, survey.expirations[0]), "SPXW")[6900]["call"]
    assert morning["details"]["ticker"] == evening["details"]["ticker"]
    assert morning["day"]["last_updated"] == clock_at(2025, 12, 18).wall_ns()
    assert morning["day"]["volume"] < evening["day"]["volume"]
    assert morning["day"]["previous_close"] == pytest.approx(evening["last_quote"]["midpoint"], rel=0.05)


async def test_few_deep_contracts_lack_greeks_and_always_the_same() -> None:
    clock = clock_at(*WEDNESDAY, 11)
    source = await opened(clock)
    solved: dict[str, set[bool]] = defaultdict(set)
    for _ in range(3):
        for item in [item for piece in await windows(source, "SPX") for item in piece.contracts]:
            details, greeks = item["details"], item.get("greeks")
            solved[details["ticker"]].add(greeks is not None)
            sign = 1 if details["contract_type"] == "call" else -1
            if greeks is None:
                assert sign * (item["underlying_asset"]["value"] - details["strike_price"]) > 30
            else:
                assert 0 <= sign * greeks["delta"] <= 1
        clock.advance(10)
        await source.begin_cycle()
    assert all(len(answers) == 1 for answers in solved.values())
    assert 0 < sum(False in answers for answers in solved.values()) < 0.1 * len(solved)


# The walk


@pytest.mark.parametrize("seed", [1, 7, 42])
async def test_a_day_wanders_little_and_together(seed: int) -> None:
    clock = clock_at(*WEDNESDAY, 9, 30)
    source = MockSource(clock, seed=seed)
    paths: dict[str, list[float]] = {name: [] for name in PRODUCTS}
    for _ in range(2340):
        await source.begin_cycle()
        for name in PRODUCTS:
            paths[name].append((await source.survey(name)).spot)
        clock.advance(10)
    for name, path in paths.items():
        home = PRODUCTS[name].regime.spot
        assert 0.95 * home < min(path) < max(path) < 1.05 * home
        assert max(path) / min(path) > 1.002
    moves = {name: [after / before - 1 for before, after in pairwise(path)] for name, path in paths.items()}
    assert correlation(moves["SPX"], moves["NDX"]) > 0.8
    assert all(abs(spy * 10.029 / spx - 1) < 0.005 for spx, spy in zip(paths["SPX"], paths["SPY"], strict=True))
    quiet, busy = (mean(abs(move) for move in moves["SPX"][span]) for span in (slice(1000, 1340), slice(0, 170)))
    assert busy > 1.2 * quiet


async def test_the_market_moves_even_where_the_clock_stands_still() -> None:
    source = await opened(clock_at(*WEDNESDAY, 12))
    spots, sizes = set(), set()
    for _ in range(10):
        await source.begin_cycle()
        piece = (await windows(source, "SPX", 1))[0]
        spots.add(piece.spot)
        sizes.add(by_strike(piece, "SPXW")[6930]["call"]["last_quote"]["bid_size"])
    assert len(spots) > 5
    assert len(sizes) > 5


@settings(deadline=None, max_examples=20)
@given(hours=st.floats(-60, 60))
async def test_a_stepped_wall_clock_leaves_a_whole_market(hours: float) -> None:
    clock = clock_at(*WEDNESDAY, 12)
    source = await opened(clock)
    await windows(source, "SPY", 1)
    clock.step_wall(hours * 3600)
    await source.begin_cycle()
    for item in (await windows(source, "SPY", 1))[0].contracts:
        assert 0 <= item["day"]["last_updated"] <= item["last_quote"]["last_updated"] <= clock.wall_ns()


# The source's manners


async def test_other_tasks_run_between_expiries() -> None:
    source = await opened(clock_at(*WEDNESDAY, 12))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    pieces = await windows(source, "SPY")
    task.cancel()
    assert turns >= len(pieces)


def test_status_and_symbols() -> None:
    source = MockSource(clock_at(*WEDNESDAY), seed=11, underlyings=["I:SPX", "SPY", "SPX"])
    assert source.underlyings == ("SPX", "SPY")
    assert (source.status().kind, source.status().detail) == ("mock", "seed 11")


async def test_what_the_mock_lacks_is_said_in_a_line() -> None:
    with pytest.raises(ConfigError, match=r"^mock market has no QQQ: choose among SPX, NDX, SPY$"):
        MockSource(clock_at(*WEDNESDAY), underlyings=["QQQ"])
    source = MockSource(clock_at(*WEDNESDAY), underlyings=["SPX"])
    with pytest.raises(SourceError, match="begin a cycle first"):
        await source.survey("SPX")
    await source.begin_cycle()
    with pytest.raises(SourceError, match=r"it runs SPX$"):
        await source.survey("NDX")
    with pytest.raises(SourceError, match="lists no SPX 2025-12-20"):
        await source.fetch_window(await source.survey("SPX"), date(2025, 12, 20))

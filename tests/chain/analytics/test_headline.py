"""The figures over a grid, against vectors computed by hand from Black-Scholes with r = q = 0."""

import math
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.analytics.headline import Headline, headline
from chain.analytics.measures.atm import expected_move
from chain.model.calendar import Calendar
from chain.model.grid import StrikeGrid, build_grid
from chain.model.keys import ChainId
from chain.model.session import NEW_YORK
from chain.model.snapshot import Contract
from tests.support.scenes import SPX_MONTHLY, item, law, received, snapshot

CLOSE = datetime(2026, 1, 16, 16, tzinfo=NEW_YORK).timestamp()
WEEK_BEFORE = CLOSE - 7 * 86_400
SPOT, SIGMA = 6930.0, 0.136
STRADDLE, MOVE = 104.14, 130.52  # of S = K = 6930, 13.6 %, seven days


def leg(side: str, mid: float, strike: float = SPOT, root: str = "SPXW", iv: float | None = SIGMA) -> Contract:
    quote = {"bid": mid - 0.1, "ask": mid + 0.1}
    return item(strike, side, chain=SPX_MONTHLY, root=root, spot=SPOT, last_quote=quote, implied_volatility=iv)


def grid(*items: Contract, chain: ChainId = SPX_MONTHLY) -> StrikeGrid:
    return build_grid(received(snapshot(chain, contracts=items)))


def week(*items: Contract) -> Headline:
    return headline(grid(*items), WEEK_BEFORE)


def test_the_expected_move_is_one_standard_deviation() -> None:
    assert expected_move(SPOT, SIGMA, 7 / 365) == pytest.approx(MOVE, abs=0.005)


def test_the_vector_of_straddle_and_expected_move() -> None:
    top = week(leg("call", STRADDLE / 2), leg("put", STRADDLE / 2))
    straddle, move = top.straddle.value, top.move.value
    assert straddle is not None and move is not None
    assert straddle == pytest.approx(STRADDLE)
    assert move == pytest.approx(MOVE, abs=0.005)
    assert top.atm_iv.value == pytest.approx(SIGMA)
    assert straddle / move == pytest.approx(math.sqrt(2 / math.pi), abs=5e-5)
    assert 1.2533 * straddle == pytest.approx(MOVE, abs=0.005)
    assert [(m.used, m.of) for m in (top.atm_iv, top.straddle, top.move)] == [(2, 2)] * 3


def test_a_morning_root_expires_on_the_open() -> None:
    top = week(leg("call", 50, root="SPX"), leg("put", 50, root="SPX"))
    years = (7 - 6.5 / 24) / 365
    assert top.move.value == pytest.approx(SPOT * SIGMA * math.sqrt(years))


def test_the_atm_volatility_is_the_mean_of_both_sides() -> None:
    top = week(leg("call", 50, iv=0.10), leg("put", 50, iv=0.20))
    assert top.atm_iv.value == pytest.approx(0.15)
    assert top.move.value == pytest.approx(SPOT * 0.15 * math.sqrt(7 / 365))


def test_what_is_missing_is_said_and_not_made_up() -> None:
    one = week(leg("call", 50, iv=0.10), leg("put", 50, iv=None))
    assert (one.atm_iv.value, one.atm_iv.used, one.move.used) == (0.10, 1, 1)
    lone = week(leg("call", 50))
    assert (lone.straddle.value, lone.straddle.used) == (None, 1)
    assert lone.move.value is not None
    blind = week(leg("call", 50, iv=None), leg("put", 50, iv=1e-5))
    assert (blind.atm_iv.value, blind.move.value, blind.atm_iv.used) == (None, None, 0)
    assert blind.straddle.value == pytest.approx(100)
    unknown = week(leg("call", 50) | {"underlying_asset": {}}, leg("put", 50) | {"underlying_asset": {}})
    assert unknown.move.value is None
    assert unknown.atm_iv.value == pytest.approx(SIGMA)
    nothing = week()
    assert [m.value for m in (nothing.atm_iv, nothing.straddle, nothing.move)] == [None] * 3


def test_other_strikes_say_nothing_about_the_atm() -> None:
    wings = [leg(side, 999.0, strike, iv=0.9) for strike in (6900, 6960) for side in ("call", "put")]
    top = week(*wings, leg("call", STRADDLE / 2), leg("put", STRADDLE / 2))
    assert top.straddle.value == pytest.approx(STRADDLE)
    assert top.atm_iv.value == pytest.approx(SIGMA)


@law
@given(seconds=st.floats(-86_400, 86_400))
def test_the_move_stays_finite_and_positive_through_the_expiry(seconds: float) -> None:
    move = headline(grid(leg("call", 50), leg("put", 50)), CLOSE + seconds).move.value
    assert move is not None
    assert math.isfinite(move) and move > 0


@law
@given(spot=st.floats(1, 1e5), sigma=st.floats(0.01, 5), days=st.floats(0.01, 365), times=st.floats(1, 50))
def test_the_move_scales_with_the_root_of_time(spot: float, sigma: float, days: float, times: float) -> None:
    near, far = (expected_move(spot, sigma, d / 365) for d in (days, days * times))
    assert far == pytest.approx(near * math.sqrt(times))
    assert expected_move(spot, sigma, 1.0) == pytest.approx(spot * sigma)


def test_a_chain_without_recorded_time_uses_its_own_date() -> None:
    friday = ChainId("SPX", date(2026, 1, 2))
    items = [item(6930, side, chain=friday, spot=SPOT, implied_volatility=SIGMA) for side in ("call", "put")]
    at = datetime(2026, 1, 1, 16, tzinfo=NEW_YORK).timestamp()
    move = headline(grid(*items, chain=friday), at).move.value
    assert move == pytest.approx(SPOT * SIGMA * math.sqrt(1 / 365))


def test_an_hour_before_a_half_days_close_an_hour_is_left() -> None:
    chain = ChainId("SPX", date(2026, 11, 27))
    rows = [item(SPOT, side, chain=chain, root="SPXW", spot=SPOT, implied_volatility=SIGMA) for side in ("call", "put")]
    at_noon = datetime(2026, 11, 27, 12, tzinfo=NEW_YORK).timestamp()
    by_rule = headline(grid(*rows, chain=chain), at_noon).move.value
    assert by_rule == pytest.approx(SPOT * SIGMA * math.sqrt(1 / 8760))
    told = headline(grid(*rows, chain=chain), at_noon, Calendar({date(2026, 11, 27): time(16)})).move.value
    assert told == pytest.approx(SPOT * SIGMA * math.sqrt(4 / 8760))

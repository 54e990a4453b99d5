"""The measures against vectors worked out apart: S = 6930, 13.6 %, seven days, no rate and no dividend."""

import math

import pytest

from chain.analytics.black_scholes import black_scholes
from chain.analytics.measures.atm import MoveRule, expected_move_straddle, straddle
from chain.analytics.measures.chain import ChainMeasures, measures_of
from chain.analytics.measures.gamma import GexConvention, GexSigns, GexUnit, exposure, gex_net, told_in
from tests.support.measured import HELD, SIGMA, SPOT, WEEK_BEFORE, grid, held_chain, measured, priced, sliced

YEARS = 7 / 365


@pytest.fixture(scope="module")
def week() -> ChainMeasures:
    return measured(*held_chain())


def value(measures: ChainMeasures, name: str) -> float:
    found = measures[name].value
    assert found is not None, measures[name].note
    return found


def test_straddle_and_expected_moves(week: ChainMeasures) -> None:
    assert value(week, "straddle") == pytest.approx(104.14, abs=0.005)
    assert value(week, "expected_move_iv") == pytest.approx(130.52, abs=0.005)
    assert value(week, "straddle") / value(week, "expected_move_iv") == pytest.approx(0.7979, abs=5e-5)
    assert value(week, "expected_move_straddle") == pytest.approx(88.52, abs=0.005)
    assert week["expected_move_straddle"].inputs["one_sd"] == pytest.approx(130.52, abs=0.01)
    assert value(week, "atm_iv") == pytest.approx(SIGMA)


def test_each_rule_of_the_straddle_is_named() -> None:
    chain = sliced(*held_chain())
    found = {rule: expected_move_straddle(chain, straddle(chain), rule) for rule in MoveRule}
    assert [found[rule].value for rule in MoveRule] == pytest.approx([88.52, 104.14, 130.52], abs=0.01)
    assert ["0.85" in found[MoveRule.COMMON].convention, "mean" in found[MoveRule.MEAN].convention] == [True, True]
    assert "standard deviation" in found[MoveRule.ONE_SD].convention


def test_gamma_at_the_money_and_its_exposure_in_each_unit() -> None:
    assert black_scholes(SPOT, SPOT, SIGMA, YEARS).gamma == pytest.approx(0.00305644, abs=5e-9)
    chain = sliced(priced(SPOT, "call", open_interest=1000))
    found = {unit: gex_net(exposure(chain, GexConvention(unit))) for unit in GexUnit}
    assert found[GexUnit.PERCENT].value == pytest.approx(146_785_294, abs=0.5)
    assert found[GexUnit.SHARES].value == pytest.approx(305.64, abs=0.005)
    assert found[GexUnit.POINT].value == pytest.approx(305.644 * SPOT, rel=1e-5)
    assert [found[unit].unit for unit in GexUnit] == ["dollars per 1 % move", "dollars per point", "shares per point"]


def test_interest_of_the_seven_strikes(week: ChainMeasures) -> None:
    assert value(week, "max_pain") == 6930
    assert week["max_pain"].inputs["payout"] == pytest.approx(7.8e6, abs=5e4)
    assert value(week, "put_call_oi") == pytest.approx(0.9076, abs=5e-5)
    assert week["max_pain"].used == 2 * len(HELD)


def test_exposure_of_the_seven_strikes(week: ChainMeasures) -> None:
    assert value(week, "gex_net") == pytest.approx(161.68e6, abs=5e3)
    assert value(week, "put_wall") == 6900
    assert week["put_wall"].inputs["net"] == pytest.approx(-285.26e6, abs=5e3)
    assert value(week, "call_wall") == 6960
    assert week["call_wall"].inputs["net"] == pytest.approx(315.22e6, abs=5e3)


def test_zero_gamma_by_both_methods_lies_far_apart(week: ChainMeasures) -> None:
    assert value(week, "zero_gamma_profile") == pytest.approx(6827.4, abs=0.05)
    assert "outside the strikes" in week["zero_gamma_profile"].note
    cumulative = week["zero_gamma_cumulative"]
    assert (cumulative.inputs["below"], cumulative.inputs["above"]) == (6950, 6960)
    assert 6950 < value(week, "zero_gamma_cumulative") < 6960
    assert 120 < value(week, "zero_gamma_cumulative") - value(week, "zero_gamma_profile") < 135


def test_the_profile_at_spot_is_the_net_where_the_vendors_gammas_are_those_of_its_volatilities(
    week: ChainMeasures,
) -> None:
    assert week["zero_gamma_profile"].inputs["gex_at_spot"] == pytest.approx(value(week, "gex_net"), rel=1e-9)
    assert week.profile.gex(value(week, "zero_gamma_profile")) == pytest.approx(0, abs=1e-3 * value(week, "gex_net"))


def test_signs_can_be_switched_off_and_walls_stay() -> None:
    both = measures_of(grid(*held_chain()), WEEK_BEFORE, convention=GexConvention(GexUnit.SHARES, GexSigns.UNSIGNED))
    calls, puts = both["gex_net"].inputs["calls"], both["gex_net"].inputs["puts"]
    assert calls is not None and puts is not None
    assert value(both, "gex_net") == pytest.approx(calls + puts) and puts > 0
    assert "calls +, puts +" in both["gex_net"].convention
    assert (value(both, "call_wall"), value(both, "put_wall")) == (6960, 6900)


def test_deviations_by_strike(week: ChainMeasures) -> None:
    move = SPOT * SIGMA * math.sqrt(YEARS)
    assert [check.deviations for check in week.contracts if check.side == "call"] == pytest.approx(
        [(strike - SPOT) / move for strike in HELD]
    )


@pytest.mark.parametrize("unit", GexUnit)
@pytest.mark.parametrize("signs", GexSigns)
def test_told_by_another_convention_it_is_what_that_gives(week: ChainMeasures, unit: GexUnit, signs: GexSigns) -> None:
    convention = GexConvention(unit, signs)
    meant, told = measures_of(grid(*held_chain()), WEEK_BEFORE, convention=convention), week.told_in(convention)
    assert told.gex.convention == convention
    assert value(told, "gex_net") == pytest.approx(value(meant, "gex_net"), rel=1e-12)
    assert [each.put for each in told.gex.strikes] == pytest.approx([each.put for each in meant.gex.strikes])
    assert told["gex_net"].unit == unit.words and told["gex_net"].convention == meant["gex_net"].convention
    for name in ("call_wall", "put_wall", "zero_gamma_profile", "zero_gamma_cumulative"):
        assert told[name] is week[name]  # what stands for itself in any convention


def test_without_a_spot_there_is_nothing_to_tell_otherwise() -> None:
    bare = exposure(sliced(*held_chain(spot=None, forward=SPOT)))
    assert told_in(bare, GexConvention(GexUnit.SHARES)) is bare and not bare.strikes


def test_the_straddle_of_every_strike(week: ChainMeasures) -> None:
    assert [each.strike for each in week.straddles] == sorted(HELD)
    at_the_money = next(each for each in week.straddles if each.strike == 6930)
    assert at_the_money.value == pytest.approx(104.14, abs=0.005) == week["straddle"].value
    assert at_the_money.iv == pytest.approx(SIGMA)
    worth = black_scholes(SPOT, 6900, SIGMA, YEARS)
    assert week.straddles[0].call == pytest.approx(worth.call) and week.straddles[0].put == pytest.approx(worth.put)


def test_a_straddle_lacks_its_value_where_one_side_has_no_sound_quote() -> None:
    call, put = priced(6930, "call"), priced(6930, "put", last_quote={"bid": 0.0, "ask": 4.0}, implied_volatility=0.2)
    [found] = measured(call, put).straddles
    assert found.value is None and found.put is None and found.call is not None
    assert found.iv == pytest.approx((SIGMA + 0.2) / 2)
    [alone] = measured(call).straddles
    assert alone.put is None and alone.iv == pytest.approx(SIGMA)

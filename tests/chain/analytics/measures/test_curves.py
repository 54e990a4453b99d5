"""What charts are made of: total GEX over levels of the underlying, and contracts by strike."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.analytics.measures.flip import curve
from chain.analytics.measures.interest import StrikeInterest, summed_by_strike
from chain.analytics.measures.underlying import underlying_measures
from chain.model.keys import ChainId
from chain.model.snapshot import Contract
from tests.chain.analytics.measures.test_laws import any_chain
from tests.support.measured import HELD, SPOT, held_chain, measured
from tests.support.scenes import SPX_MONTHLY, law

LATER = ChainId("SPX", SPX_MONTHLY.expiry.replace(day=23))
WIDE = {**HELD, 6500.0: (0, 4000), 7300.0: (4000, 0)}
Counts = st.none() | st.integers(0, 10_000).map(float)


def test_a_curve_goes_from_the_lowest_strike_to_the_highest_through_spot_and_the_root() -> None:
    one = measured(*held_chain(WIDE))
    root, at_spot = one["zero_gamma_profile"].value, one["zero_gamma_profile"].inputs["gex_at_spot"]
    found = curve(one.profile, 9, root)
    levels = [level for level, _ in found]
    assert levels == sorted(levels) and (levels[0], levels[-1], len(levels)) == (6500.0, 7300.0, 11)
    assert dict(found)[SPOT] == at_spot
    assert root is not None and dict(found)[root] == pytest.approx(
        0.0, abs=1e-3 * abs(max(total for _, total in found))
    )


def test_a_root_beyond_the_slice_is_no_point_of_its_curve() -> None:
    one = measured(*held_chain())
    assert one["zero_gamma_profile"].value == pytest.approx(6827.4, abs=0.05)
    assert len(curve(one.profile, 9, one["zero_gamma_profile"].value)) == 9  # spot is one of nine even levels


def test_the_total_is_the_sum_of_all_expirations_at_every_level() -> None:
    chains = [measured(*held_chain(WIDE, chain=chain), chain=chain) for chain in (SPX_MONTHLY, LATER)]
    across = underlying_measures(chains)
    for level, total in across.curve:
        assert total == pytest.approx(sum(one.profile.gex(level) for one in chains), rel=1e-9)
    assert [found[0][0] for found in across.curves] == [6500.0, 6500.0]


@pytest.mark.parametrize("held", [{}, {6930.0: (0, 0)}, {6930.0: (5, 5)}])
def test_without_any_exposure_there_is_no_curve(held: dict[float, tuple[float, float]]) -> None:
    assert curve(measured(*held_chain(held)).profile, 9) == ()


@law
@given(any_chain())
def test_no_chain_makes_a_curve_or_a_strike_fail(made: list[Contract]) -> None:
    across = underlying_measures([measured(*made)])
    strikes = [each.strike for each in across.interest]
    assert strikes == sorted(set(strikes))
    assert all(level > 0 for level, _ in across.curve)


@law
@given(st.lists(st.builds(StrikeInterest, st.sampled_from([6900.0, 6910.0, 6920.0]), Counts, Counts, Counts, Counts)))
def test_contracts_add_up_by_strike_and_what_nobody_knows_stays_unknown(parts: list[StrikeInterest]) -> None:
    found = {each.strike: each for each in summed_by_strike(parts)}
    for strike, each in found.items():
        for field in ("call_oi", "put_oi", "call_volume", "put_volume"):
            known = [value for part in parts if part.strike == strike and (value := getattr(part, field)) is not None]
            assert getattr(each, field) == (sum(known) if known else None)
    assert set(found) == {part.strike for part in parts}


def test_strikes_of_both_roots_and_all_expirations_are_one() -> None:
    across = underlying_measures([measured(*held_chain(chain=each), chain=each) for each in (SPX_MONTHLY, LATER)])
    one = across.chains[0]
    assert math.fsum(each.call_oi or 0 for each in one.interest) == one["put_call_oi"].inputs["calls"]
    assert math.fsum(each.put_oi or 0 for each in across.interest) == across.totals["put_call_oi"].inputs["puts"]

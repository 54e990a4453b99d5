"""What holds of measures whatever the chain: parity, sums, ties, and no number without its inputs."""

import math
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.analytics.measures.chain import ChainMeasures, measures_of
from chain.analytics.measures.contracts import DELTA_APART
from chain.analytics.measures.gamma import crossings
from chain.analytics.measures.interest import payouts
from chain.analytics.measures.underlying import forward_vol, underlying_measures
from chain.clock import ManualClock
from chain.model.grid import build_grid
from chain.model.keys import ChainId, SnapshotId
from chain.model.session import settlement
from chain.model.snapshot import Contract, Snapshot
from publisher.mock.source import MockSource
from tests.support.builders import AS_OF, TS_NS
from tests.support.measured import CLOSE, HELD, SIGMA, SPOT, WEEK_BEFORE, grid, held_chain, measured, priced, sliced
from tests.support.scenes import NDX, SPX_MONTHLY, item, law, received, snapshot

STRIKES = tuple(HELD)
Held = st.none() | st.integers(0, 50_000)


@st.composite
def any_chain(draw: st.DrawFn) -> list[Contract]:
    """A chain in which anything may be absent, absurd or contradictory."""
    figure = st.none() | st.floats(allow_nan=True) | st.integers(-5, 10**20) | st.sampled_from(["7", [], True, 1e308])
    made = []
    for strike in STRIKES:
        for side in ("call", "put"):
            if not draw(st.booleans()):
                continue
            parts: dict[str, Any] = {}
            for block, names in {
                "last_quote": ("bid", "ask"),
                "greeks": ("delta", "gamma"),
                "day": ("volume",),
            }.items():
                if draw(st.booleans()):
                    parts[block] = {name: draw(figure) for name in names}
            for name in ("implied_volatility", "open_interest"):
                if draw(st.booleans()):
                    parts[name] = draw(figure)
            made.append(priced(strike, side, **parts))
    return made


def by_definition(strikes: list[float], calls: dict[float, float], puts: dict[float, float]) -> list[float]:
    return [
        sum(calls.get(k, 0) * max(0.0, at - k) + puts.get(k, 0) * max(0.0, k - at) for k in strikes) for at in strikes
    ]


@law
@given(any_chain(), st.floats(-86_400, 30 * 86_400))
def test_no_chain_makes_a_measure_fail_and_each_accounts_for_itself(made: list[Contract], before: float) -> None:
    chain = measures_of(build_grid(received(snapshot(SPX_MONTHLY, contracts=made))), CLOSE - before)
    for measure in (*chain.measures.values(), *underlying_measures([chain]).totals.values()):
        assert measure.convention and measure.unit
        assert measure.snapshots == (chain.snapshot,)
        assert measure.used + sum(measure.skipped.values()) <= len(chain.contracts) + 2
        assert all(reason and count > 0 for reason, count in measure.skipped.items())
        assert measure.note if measure.value is None else measure.value == measure.value
        assert all(each is None or math.isfinite(each) for each in measure.inputs.values()), measure
        if measure.value is not None:
            assert measure.used > 0, measure


def test_no_strike_is_chosen_by_sums_beyond_every_number() -> None:
    made = wide_chain(open_interest=1e308, greeks={"delta": 0.5, "gamma": 1e308})
    chain = measures_of(build_grid(received(snapshot(SPX_MONTHLY, contracts=made))), CLOSE - 86_400)
    for measures in (chain.measures, underlying_measures([chain]).totals):
        for name in ("call_wall", "put_wall", "zero_gamma_cumulative", "gex_net"):
            assert measures[name].value is None and measures[name].note == "its contracts carry absurd figures", name
    assert chain.measures["max_pain"].value is None


def test_of_nothing_nothing_is_said() -> None:
    chain = measured()
    assert {measure.value for measure in chain.measures.values()} == {None}
    assert all(measure.note and measure.used == 0 for measure in chain.measures.values())
    across = underlying_measures([chain])
    assert {measure.value for measure in across.totals.values()} == {None}
    assert underlying_measures([]).totals == {}


NEEDS = {
    "last_quote": {"straddle", "expected_move_straddle", "implied_forward"},
    "implied_volatility": {"atm_iv", "expected_move_iv", "rr25", "bf25", "zero_gamma_profile", "greeks_apart"},
    "open_interest": {
        "put_call_oi",
        "max_pain",
        "gex_net",
        "call_wall",
        "put_wall",
        "zero_gamma_profile",
        "zero_gamma_cumulative",
    },
    "greeks": {"rr25", "bf25", "gex_net", "call_wall", "put_wall", "zero_gamma_cumulative", "greeks_apart"},
    "day": {"put_call_volume"},
}


def wide_chain(**parts: Any) -> list[Contract]:
    """A chain that reaches 25 delta on both sides, with open interest as in the vectors at its middle."""
    return [
        priced(strike, side, **({"open_interest": HELD.get(strike, (90, 80))[side == "put"]} | parts))
        for strike in range(6780, 7090, 10)
        for side in ("call", "put")
    ]


@pytest.mark.parametrize("block", NEEDS)
def test_a_measure_without_its_input_has_no_value_and_others_stay(block: str) -> None:
    whole, lacking = measured(*wide_chain()), measured(*wide_chain(**{block: None}, last_trade=None))
    assert {name for name, measure in whole.measures.items() if measure.value is None} == set()
    assert {name for name, measure in lacking.measures.items() if measure.value is None} == NEEDS[block]


@given(st.dictionaries(st.sampled_from([k / 2 for k in range(20, 60)]), st.tuples(Held, Held), min_size=1))
def test_max_pain_is_the_lowest_of_the_strikes_that_pay_least(held: dict[float, tuple[int | None, int | None]]) -> None:
    strikes = sorted(held)
    calls, puts = ({strike: float(both[at] or 0) for strike, both in held.items()} for at in (0, 1))
    expected = by_definition(strikes, calls, puts)
    assert payouts(strikes, calls, puts) == expected
    items = [
        item(strike, side, chain=SPX_MONTHLY, spot=20.0, open_interest=count)
        for strike, both in held.items()
        for side, count in zip(("call", "put"), both, strict=True)
    ]
    found = measures_of(build_grid(received(snapshot(SPX_MONTHLY, contracts=items, atm=20))), WEEK_BEFORE)["max_pain"]
    if not any(calls.values()) and not any(puts.values()):
        assert (found.value, found.note) == (None, "no open interest")
        return
    least = min(expected)
    assert found.value == strikes[expected.index(least)]
    assert ("tie" in found.note) is (expected.count(least) > 1)


@given(st.lists(st.tuples(Held, Held), min_size=7, max_size=7))
def test_gex_is_the_sum_of_its_strikes_and_walls_are_its_ends(counts: list[tuple[int | None, int | None]]) -> None:
    chain = measured(*held_chain(dict(zip(STRIKES, counts, strict=True))))  # type: ignore[arg-type]
    net, nets = chain["gex_net"], [each.net for each in chain.gex.strikes]
    if net.value is None:
        assert not nets
        return
    assert net.value == pytest.approx(sum(nets))
    assert net.value == pytest.approx((net.inputs["calls"] or 0) + (net.inputs["puts"] or 0), abs=1e-3)
    walls = {name: chain[name] for name in ("call_wall", "put_wall")}
    assert walls["call_wall"].inputs["net"] == (max(nets) if max(nets) > 0 else None)
    assert walls["put_wall"].inputs["net"] == (min(nets) if min(nets) < 0 else None)
    together = underlying_measures([chain, chain])
    assert together.profile is not None
    assert together.profile.gex(SPOT) == pytest.approx(2 * chain.profile.gex(SPOT))
    doubled = together.totals["gex_net"]
    assert doubled.value == pytest.approx(2 * net.value)
    assert doubled.used == 2 * net.used


def test_where_calls_and_puts_cancel_out_no_level_is_the_flip() -> None:
    even = measured(*held_chain(dict.fromkeys(STRIKES, (900, 900))))
    assert even["gex_net"].value == pytest.approx(0, abs=1e-3)
    assert even["zero_gamma_profile"].value is None
    assert even["zero_gamma_profile"].note == "calls and puts cancel out at every strike"


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=12))
def test_a_running_sum_crosses_once_for_each_change_of_its_sign(sums: list[int]) -> None:
    strikes = [float(at) for at in range(len(sums))]
    signs = [total > 0 for total in sums if total]
    found = crossings(strikes, map(float, sums))
    assert len(found) == sum(one != other for one, other in pairwise(signs))
    assert all(low <= place <= high for low, place, high in found)


@given(forward=st.floats(6890, 6970), spot=st.floats(6890, 6970))
def test_the_implied_forward_is_that_by_which_the_chain_was_priced(forward: float, spot: float) -> None:
    found = measured(*[priced(k, s, forward=forward, spot=spot) for k in STRIKES for s in ("call", "put")])
    measure = found["implied_forward"]
    assert measure.value == pytest.approx(forward, abs=1e-6)
    assert bool(measure.note) is (abs(forward - spot) > 0.1 + 1e-6) or abs(abs(forward - spot) - 0.1) < 1e-5
    ivs = [check.iv_mid for check in found.contracts]
    assert ivs == pytest.approx([SIGMA] * len(ivs), abs=1e-7)


async def mock_chains(underlying: str) -> list[ChainMeasures]:
    source = MockSource(ManualClock(TS_NS), underlyings=[underlying])
    await source.begin_cycle()
    survey = await source.survey(underlying)
    found = []
    for expiry in survey.expirations[:6]:
        piece = await source.fetch_window(survey, expiry)
        at = SnapshotId(ChainId(underlying, expiry), TS_NS // 1_000_000)
        made = Snapshot.at(at, TS_NS, atm=piece.atm, range_points=piece.range_points, contracts=piece.contracts)
        found.append(measures_of(build_grid(received(made)), AS_OF))
    return found


@pytest.mark.parametrize("underlying", ["SPX", "NDX", "SPY"])
async def test_parity_holds_on_the_mock(underlying: str) -> None:
    """Its basis is less than its quotes are wide, and the volatility of each mid is near the one that made it."""
    for chain in await mock_chains(underlying):
        forward = chain["implied_forward"]
        assert forward.note == ""
        basis, width = forward.inputs["basis"], forward.inputs["width"]
        assert basis is not None and width is not None
        assert abs(basis) <= width
        assert chain["greeks_apart"].value == 0.0
        sigma = chain["atm_iv"].value
        near = [check for check in chain.contracts if check.deviations is not None and abs(check.deviations) < 0.3]
        assert near and sigma is not None
        assert [check.iv_mid for check in near] == pytest.approx([sigma] * len(near), rel=0.12)


def test_what_keeps_a_strike_out_of_parity_is_said() -> None:
    whole = held_chain()
    crossed = whole[0] | {"last_quote": {"bid": 9.0, "ask": 8.0}}
    found = measured(crossed, *whole[1:-1])["implied_forward"]
    assert found.skipped == {
        "crossed quote": 1,
        "other side has no sound quote": 1,
        "other side not listed": 1,
    }
    assert found.used == 10


def test_stale_greeks_are_marked() -> None:
    moved = [
        item_ | {"greeks": item_["greeks"] | {"delta": item_["greeks"]["delta"] - 2 * DELTA_APART}}
        for item_ in held_chain()
    ]
    found = measured(*moved)
    assert found["greeks_apart"].value == 1.0
    assert {check.disagrees for check in found.contracts} == {True}


def test_wings_are_not_extrapolated() -> None:
    near = measured(*held_chain())
    assert (near["rr25"].value, near["bf25"].value) == (None, None)
    assert "no 25-delta call in the slice, whose deltas are 0.4" in near["rr25"].note
    skewed = [
        priced(strike, side, vol=SIGMA - (strike - SPOT) * 1e-4)
        for strike in range(6780, 7090, 10)
        for side in ("call", "put")
    ]
    wide = measured(*skewed)
    assert wide["rr25"].value is not None and wide["rr25"].value < 0
    assert wide["rr25"].used == 4
    call, put = wide["rr25"].inputs["iv_call_25"], wide["rr25"].inputs["iv_put_25"]
    assert call is not None and put is not None
    assert wide["bf25"].value == pytest.approx((call + put) / 2 - SIGMA)
    assert [point.iv for point in wide.smile] == pytest.approx([SIGMA - (p.strike - SPOT) * 1e-4 for p in wide.smile])


def test_each_root_of_the_last_day_runs_to_the_open_or_the_close() -> None:
    both = [item(SPOT, "call", chain=SPX_MONTHLY, root=root) for root in ("SPX", "SPXW")]
    chain = sliced(*both, at=CLOSE - 7.25 * 3600)
    left = {root: (maturity.settles, round(maturity.seconds)) for root, maturity in chain.maturities.items()}
    assert left == {"SPX": ("AM", 45 * 60), "SPXW": ("PM", 7 * 3600 + 15 * 60)}
    assert chain.atm is not None and settlement(chain.atm.root) == "PM"
    assert sliced(*both, at=CLOSE + 9).maturities["SPXW"].seconds == 0


def test_a_forward_volatility_joins_two_expiries_and_knows_both() -> None:
    assert forward_vol((0.2, 0.1), (0.2, 0.3)) == pytest.approx(0.2)
    assert forward_vol((0.3, 0.1), (0.1, 0.11)) is None
    later = ChainId("SPX", SPX_MONTHLY.expiry + timedelta(days=7))
    near = measured(*held_chain())
    steep = [priced(strike, side, chain=later, vol=0.05) for strike in STRIKES for side in ("call", "put")]
    far = measures_of(build_grid(received(snapshot(later, TS_NS, steep))), WEEK_BEFORE)
    across = underlying_measures([far, near])
    first, second = across.forward_vols
    assert (first.value, first.note) == (None, "no earlier expiry")
    assert (second.value, second.note) == (None, "negative forward variance")
    assert second.snapshots == (near.snapshot, far.snapshot)
    assert second.oldest == far.snapshot
    assert [point.atm_iv.value for point in across.term] == pytest.approx([SIGMA, 0.05])
    assert across.totals["put_call_oi"].oldest == far.snapshot


def test_the_exercise_is_named() -> None:
    share = ChainId("SPY", date(2026, 1, 16))
    for chain, words in ((SPX_MONTHLY, "European"), (NDX, "European"), (share, "American, early exercise left out")):
        found = measures_of(grid(chain=chain), WEEK_BEFORE)
        assert found["implied_forward"].convention.endswith(f"; {words}")

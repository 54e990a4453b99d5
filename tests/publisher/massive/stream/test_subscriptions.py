"""Which contracts are subscribed to: those of the snapshots, the nearest first, anew only when structure changes."""

from collections.abc import Iterable
from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chain.model.keys import ChainId
from publisher.massive.stream.subscriptions import ATM_STEPS, LINGER_MS, Layout, Planner
from tests.support.builders import TS_MS, golden_snapshot, law

NEAR, FAR = ChainId("SPX", date(2026, 1, 2)), ChainId("SPX", date(2026, 1, 5))
NDX = ChainId("NDX", date(2026, 1, 2))


def ticker(chain: ChainId, strike: float, letter: str) -> str:
    return f"O:{chain.underlying}{chain.expiry:%y%m%d}{letter}{round(strike * 1000):08d}"


def layout(chain: ChainId, strikes: Iterable[float], atm: float = 6930, ts_ms: int = TS_MS) -> Layout:
    return Layout(chain, ts_ms, atm, {ticker(chain, k, letter): k for k in strikes for letter in "CP"})


def strikes_of(tickers: Iterable[str]) -> list[float]:
    """Return the strikes of tickers, each once, in order."""
    return [*dict.fromkeys(int(each[-8:]) / 1000 for each in tickers)]


def test_a_published_snapshot_gives_its_tickers_and_strikes() -> None:
    snapshot = golden_snapshot()
    found = Layout.of(snapshot)
    assert (found.chain, found.ts_ms, found.atm) == (snapshot.id.chain, snapshot.id.ts_ms, 6930)
    assert len(found.strikes) == 10
    assert found.strikes["O:SPXW260102C06910000"] == 6910


def test_quotes_and_trades_of_every_contract_where_all_fit() -> None:
    planner = Planner()
    assert planner.on_layouts([layout(NEAR, [6920, 6930, 6940])])
    plan = planner.plan
    assert (plan.epoch, plan.contracts, plan.left_out) == (1, 6, 0)
    assert set(plan.quotes) == set(plan.trades) == set(layout(NEAR, [6920, 6930, 6940]).strikes)
    assert set(plan.topics) == {f"{kind}{each}" for kind in ("Q.", "T.") for each in plan.quotes}


def test_the_nearest_strikes_of_every_chain_come_before_any_farther_one_whatever_its_grid() -> None:
    planner = Planner(max_quotes=8)
    wide = layout(NDX, [25_000, 25_100, 25_200, 25_300, 25_400], atm=25_210)
    planner.on_layouts([layout(NEAR, [6910, 6920, 6930, 6940, 6950], atm=6932), wide])
    assert set(planner.plan.quotes) == {
        *(ticker(NEAR, k, letter) for k in (6930, 6940) for letter in "CP"),
        *(ticker(NDX, k, letter) for k in (25_200, 25_300) for letter in "CP"),
    }
    assert (planner.plan.left_out, len(planner.plan.trades)) == (12, 20)


def test_the_calls_and_puts_of_a_strike_are_taken_together_or_not_at_all() -> None:
    for most in range(9):
        planner = Planner(max_quotes=most)
        planner.on_layouts([layout(NEAR, [6920, 6930, 6940])])
        assert len(planner.plan.quotes) == min(6, most - most % 2)


def test_two_roots_of_one_date_are_both_taken() -> None:
    both = layout(NEAR, [6930])
    am = Layout(NEAR, TS_MS, 6930, {**both.strikes, "O:SPXW260102C06930000": 6930, "O:SPXW260102P06930000": 6930})
    planner = Planner()
    planner.on_layouts([am])
    assert len(planner.plan.quotes) == 4


def test_a_snapshot_of_the_same_structure_begins_no_epoch() -> None:
    planner = Planner()
    planner.on_layouts([layout(NEAR, [6920, 6930, 6940])])
    for step in range(1, 50):
        moved = layout(NEAR, [6920, 6930, 6940], atm=6920 + step % 3 * 10, ts_ms=TS_MS + step * 10_000)
        assert not planner.on_layouts([moved])
    assert planner.plan.epoch == 1


def test_a_strike_that_enters_begins_an_epoch_and_one_that_leaves_lingers_to_the_millisecond() -> None:
    planner = Planner()
    planner.on_layouts([layout(NEAR, [6910, 6920, 6930])])
    assert planner.on_layouts([layout(NEAR, [6920, 6930, 6940], ts_ms=TS_MS + 10_000)])
    assert strikes_of(sorted(planner.plan.quotes)) == [6910, 6920, 6930, 6940]
    assert not planner.on_layouts([layout(NEAR, [6920, 6930, 6940], ts_ms=TS_MS + LINGER_MS)])
    assert planner.on_layouts([layout(NEAR, [6920, 6930, 6940], ts_ms=TS_MS + LINGER_MS + 1)])
    assert strikes_of(sorted(planner.plan.quotes)) == [6920, 6930, 6940]
    assert planner.plan.epoch == 3


def test_an_expiration_that_is_over_is_let_go_when_others_of_its_underlying_go_on() -> None:
    planner = Planner()
    planner.on_layouts([layout(NEAR, [6930]), layout(FAR, [6930])])
    planner.on_layouts([layout(NDX, [6930], ts_ms=TS_MS + 10 * LINGER_MS)])
    assert planner.plan.contracts == 6, "another underlying says nothing of this one"
    planner.on_layouts([layout(FAR, [6930], ts_ms=TS_MS + LINGER_MS + 1)])
    assert set(planner.plan.quotes) == {*layout(FAR, [6930]).strikes, *layout(NDX, [6930]).strikes}


def test_where_no_snapshots_come_any_more_nothing_is_let_go() -> None:
    planner = Planner()
    planner.on_layouts([layout(NEAR, [6930])])
    assert not planner.on_layouts([])
    assert planner.plan.contracts == 2


def test_an_older_snapshot_changes_nothing() -> None:
    planner = Planner()
    planner.on_layouts([layout(NEAR, [6930])])
    assert not planner.on_layouts([layout(NEAR, [6900], ts_ms=TS_MS - 1)])


def test_where_contracts_are_left_out_the_plan_follows_the_atm_by_whole_steps() -> None:
    strikes = [6800 + 10 * at for at in range(30)]
    planner = Planner(max_quotes=6)
    planner.on_layouts([layout(NEAR, strikes, atm=6930)])
    assert strikes_of(sorted(planner.plan.quotes)) == [6920, 6930, 6940]
    one = 10 * (ATM_STEPS - 1)
    assert not planner.on_layouts([layout(NEAR, strikes, atm=6930 + one, ts_ms=TS_MS + 1)])
    assert not planner.on_layouts([layout(NEAR, strikes, atm=6930 - one, ts_ms=TS_MS + 2)])
    assert planner.on_layouts([layout(NEAR, strikes, atm=6930 + one + 10, ts_ms=TS_MS + 3)])
    assert strikes_of(sorted(planner.plan.quotes)) == [6940, 6950, 6960]
    assert planner.plan.left_out == 60 - 6


def test_contracts_that_enter_beyond_the_cap_are_counted_and_begin_no_epoch() -> None:
    planner = Planner(max_quotes=2, max_trades=2)
    planner.on_layouts([layout(NEAR, [6930, 6940])])
    assert not planner.on_layouts([layout(NEAR, [6930, 6940, 6950], ts_ms=TS_MS + 1)])
    assert (planner.plan.epoch, planner.plan.left_out) == (1, 4)


@law
@given(
    st.dictionaries(
        st.sampled_from([NEAR, FAR, NDX]),
        st.tuples(st.sets(st.integers(1, 400), min_size=1, max_size=40), st.integers(1, 400)),
        min_size=1,
    ),
    st.integers(0, 60),
)
def test_whatever_is_taken_is_at_least_as_near_as_all_that_is_left_out(
    chains: dict[ChainId, tuple[set[int], int]], most: int
) -> None:
    planner = Planner(max_quotes=most)
    layouts = [layout(chain, strikes, atm) for chain, (strikes, atm) in chains.items()]
    planner.on_layouts(layouts)
    chosen, ranks = set(planner.plan.quotes), dict[str, int]()
    assert len(chosen) <= most
    for each in layouts:
        order = sorted({*each.strikes.values()}, key=lambda k: (abs(k - each.atm), k))
        ranks |= {name: order.index(k) for name, k in each.strikes.items()}
    taken = [ranks[name] for name in planner.plan.quotes]
    assert all(a <= b for a, b in pairwise(taken))
    left = [rank for name, rank in ranks.items() if name not in chosen]
    assert not taken or not left or taken[-1] <= min(left)
    assert len(left) == 0 or len(chosen) + 2 > most

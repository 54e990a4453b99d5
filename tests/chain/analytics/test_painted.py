"""The stream's values over a snapshot's grid: only newer ones, only of its own contracts, and every one named."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chain.analytics.painted import PaintedGrid, painted, stands_on
from chain.model.grid import Condition, StrikeGrid, build_grid
from chain.model.keys import KeySchema, SnapshotId
from chain.model.placement import Place
from chain.pipeline.staging import Origin, StagedContract, StagingMeta, Value
from tests.support.scenes import SPX, START_NS, law, received, snapshot

MADE_MS = START_NS // 1_000_000
GRID = build_grid(received(snapshot()))
CALL = Place(6930.0, "SPXW", "call")


def meta(ts_ms: int = MADE_MS) -> StagingMeta:
    key = KeySchema().snapshot(SnapshotId(SPX, ts_ms))
    return StagingMeta(snapshot=key, ts=ts_ms / 1000, atm=6930, position="1-0", flushed=ts_ms / 1000)


def staged(strike: float = 6930.0, origin: Origin = "stream", **values: float) -> StagedContract:
    return holding(values, strike, origin)


def holding(values: Mapping[str, float], strike: float = 6930.0, origin: Origin = "stream") -> StagedContract:
    held: dict[str, Any] = {name: Value(value, MADE_MS + 500, origin) for name, value in values.items()}
    return StagedContract(side="call", strike=strike, root="SPXW", **held)


def paint(*contracts: StagedContract, on: StagingMeta | None = None) -> PaintedGrid:
    return painted(GRID, on or meta(), {str(number): each for number, each in enumerate(contracts)})


def leg(grid: StrikeGrid, at: Place = CALL) -> Any:
    [row] = [row for row in grid.rows if row.strike == at.strike]
    return getattr(row, at.side)


def test_a_quote_of_the_stream_is_painted_over_with_all_that_is_made_of_it() -> None:
    found = paint(staged(bid=12.0, ask=12.4))
    assert (leg(found.grid).bid, leg(found.grid).ask, leg(found.grid).mid) == (12.0, 12.4, 12.2)
    assert leg(found.grid).last == leg(GRID).last
    assert set(found.streamed[CALL]) == {"Bid", "Ask", "Mid", "Spr%", "Spr", "BSz", "ASz", "Quote", "Lag"}
    assert found.newest_ms == MADE_MS + 500
    assert [row for row in found.grid.rows if row.strike != 6930.0] == [r for r in GRID.rows if r.strike != 6930.0]


def test_a_trade_is_painted_over_alone() -> None:
    found = paint(staged(last=12.3))
    assert (leg(found.grid).last, leg(found.grid).bid) == (12.3, leg(GRID).bid)
    assert found.streamed == {CALL: ("Last", "Traded")}


def test_a_crossed_quote_of_the_stream_is_shown_as_what_it_is() -> None:
    found = paint(staged(bid=12.6, ask=12.4))
    assert leg(found.grid).condition is Condition.CROSSED and leg(found.grid).mid is None


def test_values_of_the_snapshot_are_not_the_streams() -> None:
    assert paint(staged(origin="snapshot", bid=12.0, ask=12.4)) == PaintedGrid(GRID)


def test_the_stream_adds_no_contract() -> None:
    found = paint(staged(strike=9_999.0, bid=1.0, ask=1.2))
    assert found == PaintedGrid(GRID)


def test_staging_on_an_older_snapshot_is_not_painted_and_on_a_newer_one_is() -> None:
    assert paint(staged(bid=12.0, ask=12.4), on=meta(MADE_MS - 1)) == PaintedGrid(GRID)
    assert paint(staged(bid=12.0, ask=12.4), on=meta(MADE_MS + 10_000)).streamed
    assert not stands_on(StagingMeta(snapshot="", ts=1.0, atm=1, position="0-0", flushed=1.0), GRID.snapshot.id)


def test_a_side_that_the_stream_takes_away_is_not_the_snapshots_any_more() -> None:
    found = paint(staged(ask=12.4, bid_size=0.0))
    assert (leg(found.grid).bid, leg(found.grid).ask, leg(found.grid).mid) == (None, 12.4, None)
    gone = paint(staged(bid_size=0.0, ask_size=0.0))
    assert (leg(gone.grid).bid, leg(gone.grid).ask, leg(gone.grid).condition) == (None, None, Condition.NONE)


@law
@given(st.dictionaries(st.sampled_from(["bid", "ask", "last"]), st.floats(0.0, 500.0), min_size=1))
def test_what_is_named_is_the_streams_and_the_rest_is_the_snapshots(values: dict[str, float]) -> None:
    found = paint(holding(values))
    shown, was = leg(found.grid), leg(GRID)
    quoted = bool(values.keys() & {"bid", "ask"})
    assert ("Bid" in found.streamed[CALL], "Last" in found.streamed[CALL]) == (quoted, "last" in values)
    if not quoted:
        assert (shown.bid, shown.ask) == (was.bid, was.ask)
    if "last" not in values:
        assert shown.last == was.last
    assert (shown.iv, shown.delta, shown.open_interest) == (was.iv, was.delta, was.open_interest)

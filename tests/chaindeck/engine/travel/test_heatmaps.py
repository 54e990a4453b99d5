"""The heatmap of an instant of the past: of the snapshots that were there, whatever has come since."""

from chain.clock import Instant
from chain.model.keys import KeySchema, SnapshotId
from chain.monitor.board import Board
from chain.monitor.states import State
from chaindeck.engine.travel.heatmaps import PastHeatmaps
from tests.support.past import contracts_at, look_at
from tests.support.scenes import NDX, SPX, START_NS, board, in_state, item, record
from tui.ports.board_source import HeatmapView


def instant(seconds: int) -> Instant:
    return Instant(START_NS + seconds * 10**9, 5_000.0 + seconds)


def board_at(seconds: int) -> tuple[Board, Instant]:
    return look_at(seconds, instant(seconds)), instant(seconds)


def debit(view: HeatmapView | None, name: str) -> float:
    assert view is not None and view.model is not None
    tile = view.model.tiles[name]
    assert tile.debit is not None
    return tile.debit


SINGLE = f"single:{SPX.expiry.isoformat()}:0:6930:call"


def test_the_model_is_of_the_snapshots_that_were_there() -> None:
    heatmaps = PastHeatmaps()
    then = heatmaps.view(*board_at(0), "SPX")
    later = heatmaps.view(*board_at(100), "SPX")
    assert (debit(then, SINGLE), debit(later, SINGLE)) == (10.2, 11.2)
    back = heatmaps.view(*board_at(0), "SPX")
    assert back == then and back is not None and back.model is not None
    [made] = [one for one in back.model.expirations if one.expiration == SPX.expiry.isoformat()]
    assert made.position == "0-0" and made.state == "FRESH"


def test_only_what_is_looked_at_is_made() -> None:
    heatmaps = PastHeatmaps()
    assert heatmaps.view(*board_at(0), None) is None
    found = heatmaps.view(*board_at(0), "NDX")
    assert found is not None and found.model is not None and found.underlying == "NDX"
    assert {one.expiration for one in found.model.expirations} == {NDX.expiry.isoformat()}


def test_the_axes_are_kept_where_no_tile_came_or_went() -> None:
    heatmaps = PastHeatmaps()
    first, second = heatmaps.view(*board_at(0), "SPX"), heatmaps.view(*board_at(20), "SPX")
    assert first is not None and second is not None and first.index is second.index
    listed = heatmaps.view(*board_at(90), "SPX")  # with the monthly chain
    assert listed is not None and len(listed.index.expirations) == 3


def test_where_nothing_had_been_read_it_says_so() -> None:
    now = instant(0)
    nothing = board([in_state(SPX, State.MISSING, now)], now)
    assert PastHeatmaps().view(nothing, now, "NDX") == HeatmapView("NDX", fault="no snapshot of it had been read then")


def test_chains_of_a_replay_are_of_its_keys() -> None:
    now = instant(0)
    made = record(SPX, now, contracts=[*contracts_at(SPX, 0), item(7_000, "call")])
    played = board([made], now, prefix="massive:replay")
    found = PastHeatmaps().view(played, now, "SPX")
    assert found is not None and found.model is not None
    stamp = made.last_good.snapshot.id.ts_ms if made.last_good else 0
    expected = KeySchema("massive:replay").snapshot(SnapshotId(SPX, stamp))
    assert found.model.expirations[0].snapshot == expected

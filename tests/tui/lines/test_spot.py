"""The price that leads strip and board: the newest there is, and its age where no fresh one is left."""

import pytest

from chain.clock import Instant
from chain.model.keys import ChainId
from chain.monitor.board import ChainRecord
from chain.monitor.evaluate.report import Spot
from chain.monitor.states import State
from tests.support.scenes import NDX, SPX, SPX_MON, START_NS, at_fault, record, report, surface
from tui.lines.board.table import board_table
from tui.lines.line import plain
from tui.lines.strip import identity

NOW = Instant(START_NS, 5_000.0)


SPOTS = [("front lost", State.MISSING), ("front stale", State.STALE), ("front broken", State.INVALID)]


def carrying(chain: ChainId, spot: float | None, age_s: float, state: State | None = None) -> ChainRecord:
    """Return a chain whose snapshot carries a price, so old, and what has come over it since."""
    made = record(chain, NOW, age_ms=round(age_s * 1000), contracts=surface(chain=chain, spot=spot))
    return at_fault(made, state, NOW) if state in (State.MISSING, State.INVALID) else made


@pytest.mark.parametrize("state", [state for _, state in SPOTS], ids=[name for name, _ in SPOTS])
def test_strip_and_board_lead_with_the_newest_price(state: State) -> None:
    front, second = carrying(SPX, 6_900.0, 107, state), carrying(SPX_MON, 6_931.42, 3)
    judged = report([front, second, carrying(NDX, 24_000.0, 1)], NOW)
    head = plain(identity(judged, "SPX", 0, 200))
    heading = plain(board_table(judged, None, 120, 60).body[0])
    for shown in (head, heading):
        assert "6,931.42" in shown and "6,900" not in shown and "old" not in shown
    assert judged.spot("SPX") == Spot(6_931.42, 3.0, State.FRESH)


def test_where_every_price_is_old_its_age_stands_beside_it() -> None:
    judged = report([carrying(SPX, 6_900.0, 107, State.MISSING), carrying(SPX_MON, 6_890.0, 130)], NOW)
    assert "6,900.00 (1:47 old)" in plain(identity(judged, "SPX", 0, 200))
    future = report([carrying(SPX, 6_900.0, -50), carrying(SPX_MON, 6_890.0, 20)], NOW)
    assert "6,890.00  " in plain(identity(future, "SPX", 0, 200))
    assert "6,900.00 (FUTURE)" in plain(identity(report([carrying(SPX, 6_900.0, -50)], NOW), "SPX", 0, 200))


def test_a_chain_without_a_price_lends_none() -> None:
    judged = report([carrying(SPX, None, 1), carrying(SPX_MON, 6_931.42, 20)], NOW)
    assert judged.spot("SPX") == Spot(6_931.42, 20.0, State.FRESH)
    assert report([carrying(SPX, None, 1)], NOW).spot("SPX") is None
    assert plain(identity(report([carrying(SPX, None, 1)], NOW), "SPX", 0, 200)).split("SPX", 1)[1].split()[0] == "-"

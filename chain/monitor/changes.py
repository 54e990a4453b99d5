"""State changes from Board to Board, searched for only when a new answer, or time, can have caused one."""

from collections.abc import Mapping
from types import MappingProxyType

from chain.clock import Instant
from chain.model.keys import ChainId
from chain.monitor.board import Board, ChainRecord
from chain.monitor.evaluate.freshness import Steady, state_of, steady
from chain.monitor.evaluate.rules.rule import blind_since
from chain.monitor.states import State

Change = tuple[State, State]  # before, after


class StateChanges:
    """The states of all chains when last evaluated, and until when time alone cannot change one."""

    def __init__(self, states: Mapping[ChainId, State] = MappingProxyType({})) -> None:
        """`states` are those found so far, by the watcher that this one continues."""
        self._states: dict[ChainId, State] = dict(states)
        self._records: tuple[ChainRecord, ...] = ()
        self._steady = Steady()

    @property
    def states(self) -> Mapping[ChainId, State]:
        """Each chain's state when it was last evaluated."""
        return self._states

    def on_board(self, board: Board, now: Instant) -> dict[Change, list[ChainId]]:
        """Return the chains whose state changed, grouped by change, in the Board's order.

        Nothing while Redis or the poll loop is lost: that is a change of its own.
        """
        if blind_since(board, now) is not None:
            return {}
        wall_ms, mono = now.wall_ms, now.mono
        if board.chains.records == self._records and self._steady.holds(wall_ms, mono):
            self._records = board.chains.records  # usually the same tuple, so the comparison is cheap
            return {}
        changes: dict[Change, list[ChainId]] = {}
        states = {record.chain: state_of(record, wall_ms, mono)[0] for record in board.chains.records}
        for chain, state in states.items():
            before = self._states.get(chain, state)
            if before is not state:
                changes.setdefault((before, state), []).append(chain)
        self._states, self._records = states, board.chains.records
        self._steady = Steady.of_all(steady(record, states[record.chain], mono) for record in board.chains.records)
        return changes

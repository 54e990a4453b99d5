"""Which snapshots a compositor may build on, as a Board shows them. Pure."""

from collections.abc import Mapping

from msgspec import Struct

from chain.clock import Instant
from chain.model.keys import ChainId
from chain.model.session import days_to_expiry
from chain.model.snapshot import EncodedSnapshot
from chain.monitor.board import Board, ChainRecord
from chain.monitor.evaluate.flags import is_over
from chain.monitor.evaluate.freshness import limits_of, reason_of, state_of
from chain.monitor.states import State

USABLE = (State.FRESH, State.AGING)


class ChainInput(Struct, frozen=True):
    """The last good snapshot of a chain, and whether anything may be derived of it: `reason` says why not.

    `since_ms`: since when its chain has been of its kind of source, epoch ms; 0 where it was never seen to change.
    `dte`: calendar days to expiry by the time its data are judged by; `over`: its last session has closed by then.
    """

    chain: ChainId
    state: State
    snapshot: EncodedSnapshot | None = None
    kind: str = ""
    spot: float | None = None
    life_ms: int = 0
    since_ms: int = 0
    reason: str = ""
    dte: int = 0
    over: bool = False


def inputs_of(board: Board, now: Instant) -> dict[ChainId, ChainInput]:
    """Return the input of each chain that is expected."""
    return {record.chain: _input(record, now) for record in board.chains.records}


def usable(inputs: Mapping[ChainId, ChainInput]) -> dict[ChainId, ChainInput]:
    """Return the inputs of which something may be derived."""
    return {chain: each for chain, each in inputs.items() if not each.reason}


def _input(record: ChainRecord, now: Instant) -> ChainInput:
    state, age_ms = state_of(record, now.wall_ms, now.mono)
    good, dte = record.last_good, days_to_expiry(record.chain.expiry, record.source.now_s(now))
    if good is None:
        return ChainInput(record.chain, state, reason=reason_of(record, state, age_ms, now)[1] or state.value, dte=dte)
    change = record.change
    return ChainInput(
        record.chain,
        state,
        snapshot=good.snapshot,
        kind=good.kind,
        spot=good.summary.spot,
        life_ms=good.life_ms,
        since_ms=round(change.at * 1000) if change is not None and change.after == good.kind else 0,
        reason="" if state in USABLE else _reason(record, state, age_ms, now),
        dte=dte,
        over=is_over(record, now),
    )


def _reason(record: ChainRecord, state: State, age_ms: int | None, now: Instant) -> str:
    if state is State.STALE and age_ms is not None:
        limit_s = limits_of(record).stale_ms / 1000
        return f"its snapshot is {age_ms / 1000:.0f} s old, stale beyond {limit_s:.0f} s"
    return reason_of(record, state, age_ms, now)[1] or state.value

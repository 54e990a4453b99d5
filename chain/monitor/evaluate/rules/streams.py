"""Rules about the vendor's stream, by its activity in Redis."""

from collections.abc import Iterable

from chain.monitor.evaluate.report import stream_active
from chain.monitor.evaluate.rules.rule import Notice, RuleInput, earliest, listed, oldest_s
from chain.monitor.states import State
from chain.thresholds import FUTURE_TOLERANCE_S


def stream_over_stale(inputs: RuleInput) -> Iterable[Notice]:
    """The stream is active while the snapshot beneath it is too old."""
    stale = [status for group in inputs.in_state(State.STALE).values() for status in group]
    if stale and stream_active(inputs.board, inputs.now):
        verb = "is" if len(stale) == 1 else "are"
        yield Notice(f"stream active while {listed(stale)} {verb} STALE, {oldest_s(stale)} s", earliest(stale))


def stream_clock(inputs: RuleInput) -> Iterable[Notice]:
    """The stream's activity mark is not a time, or in the future: it says nothing about now."""
    streams = inputs.board.streams
    if streams.misread:
        yield Notice("the stream's last frame has a stamp that is no time in epoch seconds: not counted")
    for what, at in (("last frame", streams.last_frame), ("newest entry", streams.newest_entry)):
        ahead = 0.0 if at is None else at - inputs.now.wall_s
        if ahead > FUTURE_TOLERANCE_S:
            yield Notice(f"the stream's {what} is stamped {ahead:.0f} s ahead of us: not counted")

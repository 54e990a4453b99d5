"""Rules about the vendor's stream, by its activity in Redis."""

from collections.abc import Iterable

from chain.monitor.evaluate.provenance import span_words
from chain.monitor.evaluate.report import stream_active, stream_age_s, stream_state
from chain.monitor.evaluate.rules.rule import Notice, RuleInput, earliest, listed, oldest_s
from chain.monitor.states import State, StreamState
from chain.thresholds import FUTURE_TOLERANCE_S


def stream_over_stale(inputs: RuleInput) -> Iterable[Notice]:
    """The stream is active while the snapshot beneath it is too old."""
    stale = [status for group in inputs.in_state(State.STALE).values() for status in group]
    if stale and stream_active(inputs.board, inputs.now):
        verb = "is" if len(stale) == 1 else "are"
        yield Notice(f"stream active while {listed(stale)} {verb} STALE, {oldest_s(stale)} s", earliest(stale))


def stream_quiet(inputs: RuleInput) -> Iterable[Notice]:
    """The stream was there and has gone quiet: no fault of the snapshots, which carry on without it."""
    state, age = stream_state(inputs.board, inputs.now, inputs.statuses), stream_age_s(inputs.board, inputs.now)
    if age is not None and state in (StreamState.QUIET, StreamState.CLOSED):
        why = "market closed, " if state is StreamState.CLOSED else ""
        yield Notice(f"{why}stream quiet for {span_words(age)}", inputs.now.wall_s - age)


def stream_clock(inputs: RuleInput) -> Iterable[Notice]:
    """The stream's activity mark is not a time, or in the future: it says nothing about now."""
    streams = inputs.board.streams
    if streams.misread:
        yield Notice("the stream's last frame has a stamp that is no time in epoch seconds: not counted")
    for what, at in (("last frame", streams.last_frame), ("newest entry", streams.newest_entry)):
        ahead = 0.0 if at is None else at - inputs.now.wall_s
        if ahead > FUTURE_TOLERANCE_S:
            yield Notice(f"the stream's {what} is stamped {ahead:.0f} s ahead of us: not counted")


def stream_failing(inputs: RuleInput) -> Iterable[Notice]:
    """A publisher that feeds the stream cannot: the vendor refuses, Redis does not take it, or another feeds it."""
    for publisher in inputs.board.publishers.known:
        feed = publisher.heartbeat.feed
        if publisher.alive and feed is not None and feed.error:
            yield Notice(f"the stream is not fed as it should be: {feed.error}", feed.since, concerns=())

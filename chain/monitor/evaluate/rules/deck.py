"""Rules about what carries the chains: the poll loop, Redis, this machine's clock, the stream."""

import math
from collections.abc import Iterable

from chain.monitor.board import Board
from chain.monitor.evaluate.report import Signal
from chain.monitor.evaluate.rules.context import Context, apart, blind_since, poll_overdue_s
from chain.monitor.evaluate.rules.severity import signal
from chain.thresholds import CLOCK_JUMP_S, EVICTION_SHOWN_S, FUTURE_TOLERANCE_S

_SAFE_POLICIES = ("volatile-ttl", "noeviction")


def poll_silent(context: Context) -> Iterable[Signal]:
    """The poll loop itself has stopped: what is shown is not being refreshed."""
    overdue = poll_overdue_s(context.board, context.now)
    if overdue is not None:
        text = f"the poll loop has been silent for {math.floor(overdue)} s: nothing on this screen is being refreshed"
        yield signal("poll-silent", text, blind_since(context.board, context.now))


def redis_unreachable(context: Context) -> Iterable[Signal]:
    """Redis did not answer the last poll."""
    contact = context.board.redis.health
    if contact.asked is not None and not contact.ok and poll_overdue_s(context.board, context.now) is None:
        yield signal("redis-unreachable", f"Redis unreachable: {contact.error}", contact.since)


def starting(context: Context) -> Iterable[Signal]:
    """Nothing is published, and we have only begun to look."""
    if context.starting:
        yield signal("starting", "waiting for a publisher")
    elif not context.board.chains.records and context.board.redis.health.ok and _searching(context.board):
        yield signal("starting", "nothing is announced: looking for chains among all keys of this Redis")


def _searching(board: Board) -> bool:
    """Whether not all keys have been looked at once, and nothing hinders that."""
    return not board.chains.search.over and not board.chains.search.error


def discovery(context: Context) -> Iterable[Signal]:
    """Redis answers, and does not let us look for chains that nobody announces."""
    board = context.board
    if board.redis.health.ok and board.chains.search.error:
        yield signal("discovery", f"chains that no publisher announces cannot be found: {board.chains.search.error}")


def nothing_published(context: Context) -> Iterable[Signal]:
    """Redis answers, and holds no chain."""
    board = context.board
    if not board.chains.records and board.redis.health.ok and not context.starting and not _searching(board):
        known = (
            "none is announced, and others cannot be looked for"
            if board.chains.search.error
            else "nothing is published"
        )
        yield signal("nothing-published", f"no chains under {board.prefix}: {known}")


def clock_step(context: Context) -> Iterable[Signal]:
    """This machine's wall clock was set."""
    board, now = context.board, context.now
    if abs(board.clock.step_s) > CLOCK_JUMP_S:
        text = f"this machine's clock stepped by {board.clock.step_s:+.1f} s: ages by wall clock may be off"
        yield signal("clock-step", text, now.wall_s - (now.mono - board.clock.step_at))


def clock_skew(context: Context) -> Iterable[Signal]:
    """This machine's clock and Redis's lie apart by more than clocks that are kept do."""
    skew = context.board.redis.skew_s
    if skew is not None and abs(skew) > FUTURE_TOLERANCE_S:
        yield signal(
            "clock-skew", f"this machine's clock is {apart(skew)} Redis's: what it stamps and judges is off by that"
        )


def stream_clock(context: Context) -> Iterable[Signal]:
    """A sign of the stream's life is no time, or stamped in our future: it says nothing about now."""
    board = context.board
    if board.streams.misread:
        yield signal(
            "stream-clock", "the stream's last frame has a stamp that is no time in epoch seconds: not counted"
        )
    for what, at in (("last frame", board.streams.last_frame), ("newest entry", board.streams.newest_entry)):
        ahead = 0.0 if at is None else at - context.now.wall_s
        if ahead > FUTURE_TOLERANCE_S:
            yield signal("stream-clock", f"the stream's {what} is stamped {ahead:.0f} s ahead of us: not counted")


def eviction(context: Context) -> Iterable[Signal]:
    """Redis is full, and takes keys away."""
    server = context.board.redis.server
    if server.evicted_at is not None and context.now.wall_s - server.evicted_at < EVICTION_SHOWN_S:
        text = f"Redis is full: {server.evicted} keys evicted since this watcher began; raise maxmemory"
        yield signal("eviction", text, server.evicted_at)


def eviction_policy(context: Context) -> Iterable[Signal]:
    """When full, Redis would not take the oldest snapshots first."""
    policy = context.board.redis.server.policy
    if policy not in ("", *_SAFE_POLICIES):
        text = f"Redis would evict by {policy}, pointers too: set maxmemory-policy volatile-ttl"
        yield signal("eviction-policy", text)

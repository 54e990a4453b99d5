"""Rules about time: the poll loop, this machine's clock, and Redis's clock."""

import math
from collections.abc import Iterable

from chain.monitor.evaluate.rules.rule import Notice, RuleInput, apart, blind_since, poll_overdue_s
from chain.thresholds import CLOCK_JUMP_S, FUTURE_TOLERANCE_S


def poll_silent(inputs: RuleInput) -> Iterable[Notice]:
    """The poll loop itself has stopped: what is shown is not being refreshed."""
    overdue = poll_overdue_s(inputs.board, inputs.now)
    if overdue is not None:
        text = f"the poll loop has been silent for {math.floor(overdue)} s: nothing on this screen is being refreshed"
        yield Notice(text, blind_since(inputs.board, inputs.now))


def clock_step(inputs: RuleInput) -> Iterable[Notice]:
    """This machine's wall clock stepped."""
    clock, now = inputs.board.clock, inputs.now
    if abs(clock.step_s) > CLOCK_JUMP_S:
        text = f"this machine's clock stepped by {clock.step_s:+.1f} s: ages by wall clock may be off"
        yield Notice(text, now.wall_s - (now.mono - clock.step_at))


def clock_skew(inputs: RuleInput) -> Iterable[Notice]:
    """This machine's clock and Redis's differ by more than synchronised clocks do."""
    skew = inputs.board.redis.skew_s
    if skew is not None and abs(skew) > FUTURE_TOLERANCE_S:
        yield Notice(f"this machine's clock is {apart(skew)} Redis's: what it stamps and judges is off by that")

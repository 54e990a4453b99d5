"""Rules about the compositor, by its heartbeat: whether staging and models are kept."""

from collections.abc import Iterable

from chain.monitor.evaluate.rules.rule import Notice, RuleInput
from chain.monitor.heartbeat import STOPPED


def compositor_silent(inputs: RuleInput) -> Iterable[Notice]:
    """A compositor that was heard sends no heartbeat, and has not said that it stops."""
    compositor = inputs.board.compositor
    if compositor is not None and not compositor.alive and compositor.beat.status != STOPPED:
        yield Notice("the compositor is silent: staging and models are not kept", compositor.gone_since)

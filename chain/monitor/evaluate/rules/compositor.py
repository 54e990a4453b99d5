"""Rules about the compositor, by its heartbeat: whether staging and models are kept, and keep up with the stream."""

from collections.abc import Iterable

from chain.monitor.board import CompositorStatus
from chain.monitor.evaluate.rules.rule import Notice, RuleInput
from chain.monitor.states import CompositorState
from chain.thresholds import COMPOSITOR_BEHIND


def compositor_failing(inputs: RuleInput) -> Iterable[Notice]:
    """A compositor lives and cannot write: staging and models stand still."""
    compositor = _in_state(inputs, CompositorState.FAILING)
    if compositor is not None:
        yield Notice(f"staging and models stand still: {compositor.beat.error}")


def compositor_behind(inputs: RuleInput) -> Iterable[Notice]:
    """A compositor lives and has much of the stream still to read: what it shows is older than it looks."""
    compositor, counted = inputs.board.compositor, inputs.board.streams.group_lag
    if compositor is None or not compositor.alive:
        return
    lag = compositor.beat.lag if counted is None else counted
    if lag is not None and lag > COMPOSITOR_BEHIND:
        yield Notice(f"the compositor is {lag:,} entries of the stream behind")


def compositor_silent(inputs: RuleInput) -> Iterable[Notice]:
    """A compositor that was heard sends no heartbeat, and has not said that it stops."""
    compositor = _in_state(inputs, CompositorState.SILENT)
    if compositor is not None:
        yield Notice("the compositor is silent: staging and models are not kept", compositor.gone_since)


def model_withheld(inputs: RuleInput) -> Iterable[Notice]:
    """A compositor publishes no model of an underlying, since what it would be made of is not fit."""
    compositor = inputs.board.compositor
    if compositor is not None and compositor.alive:
        for model in compositor.beat.models:
            if model.reason:
                yield Notice(f"no heatmap of {model.underlying}: {model.reason}", subject=model.underlying)


def _in_state(inputs: RuleInput, state: CompositorState) -> CompositorStatus | None:
    compositor = inputs.board.compositor
    return compositor if compositor is not None and compositor.state is state else None

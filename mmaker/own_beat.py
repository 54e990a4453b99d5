"""A compositor's report about itself."""

from collections.abc import Callable

from chain.context import Context
from chain.model.keys import STREAM, standby_service
from chain.monitor.heartbeat import STOPPED
from chain.monitor.messages.compositor import CompositorBeat, ModelStatus
from chain.pipeline.staging import Dropped
from mmaker.compositor import Compositor


class OwnBeat:
    """Makes the beats of one compositor; `models` returns how the heatmap models stand."""

    def __init__(
        self, compositor: Compositor, context: Context, models: Callable[[], tuple[ModelStatus, ...]] = tuple
    ) -> None:
        self._compositor = compositor
        self._context = context
        self._models = models
        self._since = context.clock.wall_ns() / 1e9
        self._counted, self._counted_at = 0, context.clock.monotonic()
        self._rate = 0.0

    def beat(self, status: str) -> CompositorBeat:
        """Return the beat of now; `status` is `running` or `stopped`. A standby beats under a name of its own.

        Who holds the lease leads, also where it cannot write: the others stand by for it.
        """
        compositor, context = self._compositor, self._context
        term, service = compositor.term, context.keys.compositor
        leading = term is not None or compositor.lease.holds(STREAM)
        told = status if status == STOPPED else "leading" if leading else "standby"
        inputs = sorted(compositor.inputs().values(), key=lambda each: each.chain)
        return CompositorBeat(
            service=service if leading or status == STOPPED else standby_service(service),
            ts=context.clock.wall_ns() / 1e9,
            pid=context.identity.pid,
            status=told,
            since=self._since,
            interval_s=compositor.every_s,
            position=str(compositor.acknowledged) if leading else "",
            lag=compositor.lag,
            pending=compositor.pending,
            events=compositor.events,
            events_s=self._events_s(),
            chains=term.stager.status(inputs) if term is not None else (),
            models=self._models(),
            notice=compositor.notice,
            error=compositor.error,
            dropped=term.market.dropped if term is not None else Dropped(),
        )

    def _events_s(self) -> float:
        """Return the events a second since the last beat."""
        events, now = self._compositor.events, self._context.clock.monotonic()
        past_s = now - self._counted_at
        if past_s > 0:
            self._rate = max(0, events - self._counted) / past_s
            self._counted, self._counted_at = events, now
        return round(self._rate, 1)

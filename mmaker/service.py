"""A compositor put together: the parts that a supervisor runs, and how it ends."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from redis.asyncio import Redis

from chain.context import Context
from chain.model.keys import STREAM, ChainId
from chain.monitor.board import Board
from chain.monitor.heartbeat import STOPPED
from chain.monitor.heartbeat_loop import HeartbeatLoop
from chain.monitor.messages.compositor import ModelStatus
from chain.supervisor import Part
from mmaker.compositor import Compositor
from mmaker.flush import WRITES_A_SECOND, ChainFlush
from mmaker.inputs import ChainInput
from mmaker.own_beat import OwnBeat

_FAREWELL_S = 3.0


class CompositorService:
    """A compositor with its lease and its heartbeat. It hears of snapshots by `on_board`."""

    def __init__(
        self,
        redis: Redis,
        context: Context,
        *,
        writes_s: float = WRITES_A_SECOND,
        on_flush: Callable[[ChainFlush], object] = lambda flush: None,
        on_end: Callable[[], object] = lambda: None,
        wanted: Callable[[], bool] = lambda: True,
        models: Callable[[], tuple[ModelStatus, ...]] = tuple,
        system_redis: Redis | None = None,
    ) -> None:
        """`writes_s`: writes of a chain a second, at most; `on_flush` hears of each, `on_end` when no more come of us.

        `models` returns what was made of them. While it is not `wanted`, it leaves the lead to others.
        """
        self.compositor = Compositor(
            redis,
            context,
            every_s=1 / writes_s,
            on_flush=on_flush,
            on_lead=self._announce,
            on_end=on_end,
            wanted=wanted,
        )
        self._own = OwnBeat(self.compositor, context, models)
        self._clock = context.clock
        self._beats = HeartbeatLoop(
            redis,
            system_redis,
            context.clock,
            self._own.beat,
            silent=lambda: False,
            before=self.compositor.measure,
        )

    @property
    def leading(self) -> bool:
        """Whether it leads, and so writes."""
        return self.compositor.leading

    def inputs(self) -> Mapping[ChainId, ChainInput]:
        """Return every chain that is expected, and whether anything may be derived of it now."""
        return self.compositor.inputs()

    def on_board(self, board: Board) -> None:
        """Hear which snapshots there are."""
        self.compositor.on_board(board)

    def parts(self) -> tuple[Part, ...]:
        """Return what is to be run."""
        return (
            Part("compositor", self.compositor.run),
            Part("compositor lease", self.compositor.keep_lease),
            *self._beats.parts("compositor "),
        )

    async def _announce(self) -> None:
        await self._beats.beat("running")

    async def leave(self) -> None:
        """Let another lead, and say that this one has stopped; for not longer than a few seconds."""
        with suppress(TimeoutError):
            async with self._clock.timeout(_FAREWELL_S):
                led = self.compositor.lease.holds(STREAM)
                await self.compositor.leave()
                if led:
                    await self._beats.beat_everywhere(STOPPED)

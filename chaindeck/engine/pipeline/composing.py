"""The compositor and the heatmap's publisher put together: they share one process, one Redis and one lease."""

from collections.abc import Callable

from msgspec import Struct
from redis.asyncio import Redis

from chain.context import Context
from chain.monitor.board import Board
from chain.redis.connect.connection import is_cluster
from chain.redis.contract.models import LeaseHeld
from chain.supervisor import Part, Supervisor
from chaindeck.config.settings import Settings
from mmaker.heatmap.publisher import HeatmapPublisher
from mmaker.service import CompositorService


class Composing(Struct, frozen=True):
    """A compositor with its models. It hears of snapshots by `on_board`, from any watcher of its Redis."""

    compositor: CompositorService
    heatmap: HeatmapPublisher

    def on_board(self, board: Board) -> None:
        """Hear which snapshots there are."""
        self.compositor.on_board(board)

    def parts(self) -> tuple[Part, ...]:
        """Return what is to be run."""
        return (*self.compositor.parts(), Part("heatmap", self.heatmap.run))

    async def leave(self) -> None:
        """Let another lead, and say that this one has stopped."""
        await self.compositor.leave()


def make_composing(
    redis: Redis,
    context: Context,
    settings: Settings,
    supervisor: Supervisor,
    *,
    system_redis: Redis | None = None,
    wanted: Callable[[], bool] = lambda: True,
) -> Composing:
    """Return a compositor under the context's prefix; its heartbeat goes to `system_redis`, too.

    While it is not `wanted`, it leaves the lead to others.
    """
    lease = None if is_cluster(redis) else LeaseHeld(context.keys.compositor_lease(), str(context.identity))
    heatmap = HeatmapPublisher(
        redis,
        context,
        lambda: compositor.leading,
        lambda: compositor.inputs(),  # noqa: PLW0108 - it is made below
        lease=lease,
        options=settings.heatmap,
        pace=settings.heatmap_pace,
        legacy=settings.legacy_models,
    )
    compositor = CompositorService(
        redis,
        context,
        writes_s=settings.staging_writes,
        on_flush=supervisor.guarded("heatmap of a flush", heatmap.on_flush),
        on_end=heatmap.forget,
        wanted=wanted,
        models=heatmap.status,
        system_redis=system_redis,
    )
    return Composing(compositor, heatmap)

"""A cluster whose nodes are all down, for a while or from the first: told, nothing dies, and all goes on by itself."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from chain.clock import Instant, SystemClock
from chain.monitor.board import Board
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.states import State
from chain.redis.connect.connection import RedisTarget
from chain.supervisor import PartState
from chaindeck.config.file import resolve
from chaindeck.config.redis_location import RedisLocation
from chaindeck.engine.compose import publishing_services
from chaindeck.engine.services import Services
from chaindeck.engine.sources import make_source
from chaindeck.engine.watching import watching_services
from tests.support.contexts import context_for, context_of
from tests.support.servers import Server, Servers, cluster_ok, cluster_url
from tests.support.waiting import wait_until, wait_until_async

CLOCK = SystemClock()
WORDS_S = 4.0  # from the loss to the word for it, on a busy machine
BACK_S = 20.0


@pytest.fixture
def nodes() -> Iterator[list[Server]]:
    with Servers() as servers:
        yield servers.cluster(3)


def raise_again(nodes: list[Server]) -> None:
    for node in nodes:
        node.start()
    wait_until(lambda: all(cluster_ok(node, 3) for node in nodes), BACK_S, "the cluster to be whole")


class Life:
    """Services that run, and what its watcher saw last."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.board: Board | None = None
        self.task = asyncio.create_task(services.run(self._take))

    def _take(self, board: Board) -> None:
        self.board = board

    @property
    def report(self) -> HealthReport | None:
        return evaluate(self.board, Instant.now(CLOCK)) if self.board else None

    def signals(self) -> set[str]:
        return {signal.name for signal in self.report.signals} if self.report else set()

    def unreachable(self) -> bool:
        return "redis-unreachable" in self.signals()

    def fresh(self) -> bool:
        statuses = self.report.statuses if self.report else ()
        return bool(statuses) and all(chain_status.state is State.FRESH for chain_status in statuses)

    def assert_no_part_failed(self) -> None:
        assert not self.task.done()
        assert all(part.state is PartState.RUNNING for part in self.services.supervisor.status())

    async def end(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


@pytest.mark.parametrize("away_s", [0.0, 4.0, None], ids=["at once", "4 s", "from the first"])
async def test_publisher_and_watchers_outlive_a_cluster_that_is_away(nodes: list[Server], away_s: float | None) -> None:
    target = RedisTarget(cluster_url(nodes))
    settings = resolve(
        {"interval": 0.5, "ttl": 9.0, "underlyings": "SPX", "expirations": 2, "stream": False}, None, {}
    ).settings
    source = make_source("mock", settings, (), CLOCK)
    if away_s is None:
        for node in nodes:
            node.kill()
    async with (
        publishing_services(RedisLocation(target), source, settings, context_for(settings, CLOCK)) as ours,
        watching_services(target, context_of(CLOCK)) as eyes,
    ):
        lives = [Life(ours), Life(eyes)]
        if away_s is not None:
            for life in lives:
                await wait_until_async(life.fresh, BACK_S, "fresh chains")
            for node in nodes:
                node.kill()
        killed = time.monotonic()
        for life in lives:
            await wait_until_async(life.unreachable, WORDS_S, "the word for it")
            life.assert_no_part_failed()
        await asyncio.sleep(max(0.0, (away_s or 0.0) - (time.monotonic() - killed)))
        await asyncio.to_thread(raise_again, nodes)
        for life in lives:
            await wait_until_async(life.fresh, BACK_S, "fresh chains again")
            life.assert_no_part_failed()
            await life.end()

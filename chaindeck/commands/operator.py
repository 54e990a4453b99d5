"""What an operator decides: to acknowledge a change of source, to publish again, to record."""

import asyncio
from collections.abc import Collection
from concurrent.futures import Future

from chain.context import Context
from chain.errors import ConfigError, RedisUnavailableError
from chain.monitor.alerts.book import AlertKey
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.publish.records import KindRecords
from chain.redis.contract.store import Store
from chaindeck.config.redis_location import running_place
from chaindeck.engine.engine import Engine


class DeckOperator:
    """The deck's decisions, done on the engine's loop."""

    def __init__(self, engine: Engine, context: Context) -> None:
        self._engine = engine
        self._keys = context.keys

    def acknowledge(self) -> "Future[str]":
        """Acknowledge every change of source; a deck that only watches does so for its own screen."""
        return self._engine.submit(self._acknowledge())

    def acknowledge_alerts(self, keys: Collection[AlertKey] | None = None) -> "Future[str]":
        """Acknowledge raised alerts, all of them without `keys`; they stay listed until they are over."""
        return self._engine.submit(self._acknowledge_alerts(keys))

    def publish_again(self) -> "Future[str]":
        """Let a withdrawn publisher check whether it may publish again."""
        return self._engine.submit(self._publish_again())

    def record(self) -> "Future[str]":
        """Begin to record what is shown, or end it."""
        return self._engine.submit(self._record())

    async def _record(self) -> str:
        if self._engine.recording is None:
            raise ConfigError("nothing is recorded from here")
        return await self._engine.recording.toggle()

    async def _acknowledge(self) -> str:
        watcher, publishing = self._engine.watcher, self._engine.publishing
        chains = watcher.acknowledge() if watcher is not None else []
        if not chains:
            return "no change of source is told"
        if publishing is None:
            return f"{len(chains)} changes of source acknowledged, on this screen alone"
        await KindRecords(publishing.redis, self._keys).acknowledge(chains)
        return f"{len(chains)} changes of source acknowledged"

    async def _acknowledge_alerts(self, keys: Collection[AlertKey] | None) -> str:
        alerts = self._engine.alerts
        if alerts is None:
            raise ConfigError("no alerts are configured: write [[alerts]] in the config file")
        count = alerts.acknowledge(keys)
        if not count:
            return "no alert waits to be acknowledged"
        return f"{count} alert{'s' if count > 1 else ''} acknowledged: listed until over"

    async def _publish_again(self) -> str:
        publishing = self._engine.publishing
        if publishing is None:
            raise ConfigError("this deck only watches: nothing is published from here")
        if not publishing.publisher.withdrawn:
            return "publishing already"
        publishing.publisher.publish_now(asked=True)
        return "asked to publish again"


def acknowledge(context: Context, url: str | None) -> int:
    """Take every change of source in a Redis as known to its operators, and say how many; return the exit code.

    Raises RedisUnavailableError.
    """
    target = running_place(url).target
    changed = asyncio.run(_acknowledge_at(target, context))
    print(f"{changed} changes of source acknowledged at {target.shown}")
    return 0


async def _acknowledge_at(target: RedisTarget, context: Context) -> int:
    redis = target.connect(name="chaindeck-acknowledge")
    try:
        chains = await Store(redis, context.keys).discover()
        return await KindRecords(redis, context.keys).acknowledge(chains)
    except RedisUnavailableError as error:
        raise RedisUnavailableError(f"redis {target.label}: {error}", error.code) from None
    finally:
        await redis.aclose()

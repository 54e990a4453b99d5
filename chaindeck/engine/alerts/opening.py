"""Services with their alerts beside them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from msgspec.structs import replace

from chain.context import Context
from chain.monitor.alerts.rule import AlertRule
from chain.monitor.alerts.words import Place
from chain.redis.connect.connection import RedisTarget
from chaindeck.engine.alerts.kept import kept_file
from chaindeck.engine.alerts.service import AlertService, Hearer
from chaindeck.engine.services import Services


@asynccontextmanager
async def with_alerts(
    opened: AbstractAsyncContextManager[Services],
    rules: Sequence[AlertRule],
    target: RedisTarget,
    context: Context,
    hearer: Hearer,
    program: str = "deck",
) -> AsyncIterator[Services]:
    """Give services whose watcher's Boards also judge alerts, where there are any."""
    async with opened as services:
        if not rules:
            yield services
            return
        place = Place(target.shown, context.keys.prefix)
        alerts = AlertService(rules, context.clock, place, hearer, kept_file(place, program))
        yield replace(services, alerts=alerts)

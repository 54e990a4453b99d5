"""Both readers for the screen, and what they look at: as the reader of the deck turns, so do they."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager

from msgspec.structs import replace

from chain.context import Context
from chain.redis.connect.connection import RedisTarget
from chain.supervisor import Part
from chaindeck.engine.board_slot import BoardSlot, Look
from chaindeck.engine.looking.model import ModelReader
from chaindeck.engine.services import Services


@asynccontextmanager
async def with_readers(
    opened: AbstractAsyncContextManager[Services], target: RedisTarget, context: Context, slot: BoardSlot
) -> AsyncIterator[Services]:
    """Give services with the readers for the screen beside them, on a connection of their own."""
    async with opened as services, aclosing(target.connect(name="chaindeck-look")) as redis:
        models = ModelReader(redis, context.keys, context.clock, slot.put_heatmap)

        def look(at: Look) -> None:
            models.look_at(at.heatmap_of)

        slot.on_look(look)
        yield replace(services, others=(*services.others, Part("heatmap reader", models.run)))

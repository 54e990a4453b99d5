"""Both readers for the screen, and what they look at: as the reader of the deck turns, so do they."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager

from msgspec.structs import replace

from chain.context import Context
from chain.redis.connect.connection import RedisTarget
from chain.supervisor import Part
from chaindeck.engine.board_slot import BoardSlot, Look
from chaindeck.engine.looking.model import ModelReader
from chaindeck.engine.looking.staging import StagingReader
from chaindeck.engine.services import Services


@asynccontextmanager
async def with_readers(
    opened: AbstractAsyncContextManager[Services], target: RedisTarget, context: Context, slot: BoardSlot
) -> AsyncIterator[Services]:
    """Give services with the readers for the screen beside them, on a connection of their own."""
    async with opened as services, aclosing(target.connect(name="chaindeck-look")) as redis:
        models = ModelReader(redis, context.keys, context.clock, slot.put_heatmap)
        staging = StagingReader(redis, context.keys, context.clock, slot.put_staged)

        def look(at: Look) -> None:
            models.look_at(at.heatmap_of)
            staging.look_at(at.staged_of)

        slot.on_look(look)
        readers = (Part("heatmap reader", models.run), Part("staging reader", staging.run))
        yield replace(services, others=(*services.others, *readers))

"""A compositor's writes as a test makes them, and a reader for the screen that runs meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from chain.pipeline.heatmap import ENCODER, HeatmapDiff, HeatmapModel, Tile
from chain.redis.contract.models import ModelWriter
from chain.tasks import end
from chaindeck.engine.looking.reader import Reader
from tests.support.heatmaps import versioned


@asynccontextmanager
async def running(reader: Reader[Any]) -> AsyncIterator[None]:
    """Run a reader meanwhile; what it raises fails the test."""
    task = asyncio.create_task(reader.run())
    try:
        yield
        if task.done():
            task.result()
    finally:
        await end([task])


async def publish_whole(writer: ModelWriter, model: HeatmapModel) -> None:
    """Write a model and announce it, as the first of a compositor."""
    diff = ENCODER.encode(HeatmapDiff.to(model))
    await writer.publish(model.underlying, ttl_ms=60_000, whole=ENCODER.encode(model), diff=diff)


async def publish_change(writer: ModelWriter, before: HeatmapModel, name: str, tile: Tile) -> HeatmapModel:
    """Announce that one tile changed, without writing the whole; return the model that is then."""
    after = versioned(before, tiles={**before.tiles, name: tile}, ts=before.ts + 0.2, version="")
    diff = HeatmapDiff.to(after, before=before.version, changed={name: tile})
    await writer.publish(before.underlying, ttl_ms=60_000, diff=ENCODER.encode(diff))
    return after

"""A pipeline recorded with its stream, replayed under names of its own, and composed again from what is replayed."""

import asyncio
import os
from pathlib import Path

import pytest
from redis.asyncio import Redis

from chain.clock import SystemClock
from chain.model.keys import LIVE_PREFIX, REPLAY_PREFIX, KeySchema
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.models import fetch_model
from chain.supervisor import Part, Supervisor
from chain.tasks import end
from chaindeck.config.file import resolve
from chaindeck.engine.pipeline.composing import make_composing
from chaindeck.engine.replay.compose import ReplayOptions, replaying
from chaindeck.engine.replay.tape_recording import TapeRecording
from tests.scenarios.test_pipeline import painted, running, staged
from tests.support.builders import eventually
from tests.support.contexts import context_of
from tests.support.product import run

pytestmark = pytest.mark.slow

REPLAY = KeySchema(REPLAY_PREFIX)


async def recorded(redis: Redis, url: str, folder: Path) -> Path:
    """Run a mock's pipeline for some seconds and record it; leave Redis empty."""
    async with running(url) as process:
        await eventually(lambda: process.composes and process.board.streams.last_frame, "the pipeline")
        command = ("record", url, "--out", str(folder / "tapes"), "--for", "4")
        ended = await asyncio.to_thread(run, folder, *command)
        assert ended.returncode == 0, ended.stderr
    await redis.flushall()
    [tape] = (folder / "tapes").glob("*.tape")
    return tape


async def test_what_was_recorded_is_staged_and_modelled_again_under_the_replays_names(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    tape = await recorded(redis, redis_url, short_dir)
    clock, settings = SystemClock(), resolve({}, None, {}).settings
    context = context_of(clock, keys=REPLAY)
    supervisor = Supervisor(clock)
    watcher = Watcher(RedisReader(redis, REPLAY, clock), clock)
    composing = make_composing(redis, context, settings, supervisor)
    with TapeRecording(tape) as recording:
        turns = [*recording.turns(0, recording.last_ns)]
        chain = next(snapshot.id.chain for turn in turns for snapshot in turn.snapshots)
        target = RedisTarget(redis_url)
        async with replaying(target, recording, context, ReplayOptions(speed=1.0, loop=True)) as replay:
            parts = [
                *replay.parts(),
                *composing.parts(),
                Part("watcher", lambda: watcher.run(composing.on_board)),
            ]
            task = asyncio.ensure_future(supervisor.run(parts))
            try:

                async def alive() -> bool:
                    return bool(painted(await staged(redis, chain, REPLAY)))

                await eventually(alive, "values of the recorded stream")
                await eventually(lambda: fetch_model(redis, REPLAY, "SPX"), "the model")
                names = {os.fsdecode(key) for key in await redis.keys("*")}
            finally:
                await end([task])
                await composing.leave()
    assert {name for name in names if name.startswith(f"{LIVE_PREFIX}:")} == {
        name for name in names if name.startswith(f"{REPLAY_PREFIX}:")
    }
    assert not {name for name in names if name.startswith("mmaker:") and not name.startswith("mmaker:replay:")}
    assert not await redis.exists(REPLAY.stream())
    assert not [part for part in supervisor.status() if part.error]

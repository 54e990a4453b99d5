"""Replay into Redis: how fast a tape is played there at most, and whether every snapshot comes as it was recorded.

`CHAINDECK_BENCHMARK_TAPE` names a tape to play, such as a whole day that `chaindeck record --mock --day` made, in place
of ten minutes of a mock.
"""

import asyncio
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from redis.asyncio import Redis

from benchmarks.rows import Row, exactly
from benchmarks.server import embedded_client
from benchmarks.time_travel import recorded_mock, snapshots_on
from chain.clock import SystemClock
from chain.context import Context, Identity
from chain.model.keys import LIVE_PREFIX, REPLAY_PREFIX, KeySchema
from chain.supervisor import Supervisor
from chain.tasks import end
from chain.thresholds import DEFAULT_INTERVAL_S, DEFAULT_TTL_S, Thresholds
from chaindeck.engine.replay.tape_recording import TapeRecording
from publisher.replay.player import Span
from publisher.replay.replay import Replay
from tape.store.file import TapeFile
from tape.tools.looks import looks
from tape.tools.scan import Damage

SPEED = 1_000.0


def run() -> list[Row]:
    """Play a tape, or ten minutes of a mock, at 1,000 times its speed."""
    with TemporaryDirectory(prefix="cd-") as folder:
        given = os.environ.get("CHAINDECK_BENCHMARK_TAPE")
        return asyncio.run(_played(Path(given) if given else recorded_mock(Path(folder))))


async def _played(path: Path) -> list[Row]:
    async with embedded_client() as redis:
        with TapeRecording(path) as recording:
            clock = SystemClock()
            limits = Thresholds(DEFAULT_INTERVAL_S, DEFAULT_TTL_S)
            context = Context(clock, KeySchema(REPLAY_PREFIX), limits, Identity.of_this_process())
            span = Span(recording.first_ns, recording.last_ns)
            replay = Replay(redis, recording, span, context, speed=SPEED)
            await replay.begin()
            began, cpu = time.perf_counter(), time.process_time()
            playing = asyncio.ensure_future(Supervisor(clock).run(replay.parts()))
            await replay.player.finished.wait()
            took, spent = time.perf_counter() - began, time.process_time() - cpu
            same, other = await _compared(redis, path)
            await end([playing])
            await replay.leave()
    recorded, counts = snapshots_on(path), replay.counters
    speed = (span.end_ns - span.begin_ns) / 1e9 / took
    each_ms = 1000 * spent / recorded
    note = f"{recorded} snapshots, {counts['bytes'] / 1e6:.0f} MB in {took:.1f} s, {each_ms:.2f} ms of CPU each"
    return [
        Row("replay into Redis", "x", speed, aim=f">= {0.9 * SPEED:g}x", met=speed >= 0.9 * SPEED, note=note),
        exactly(recorded, "snapshots replayed", "count", counts["published"], recorded),
        exactly(same + other, "of those still there, as recorded", "count", same, same + other),
    ]


async def _compared(redis: Redis, path: Path) -> tuple[int, int]:
    """Return how many of a tape's payloads are in Redis byte for byte, and how many with other bytes."""
    same = other = 0
    with TapeFile(path) as tape:
        for look in looks(tape, 0, _on_damage):
            for led in look.led.values():
                found = await redis.get(led.key.replace(LIVE_PREFIX, REPLAY_PREFIX, 1))
                same += found == led.value
                other += found not in (None, led.value)
    return same, other


def _on_damage(damage: Damage) -> None:
    raise AssertionError(damage.what)

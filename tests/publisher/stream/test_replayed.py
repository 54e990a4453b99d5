"""The recorded stream, replayed: every entry under its own id, in order with the snapshots, and taken away after."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from chain.model.keys import REPLAY_PREFIX, KeySchema
from chain.pipeline.frame import StreamEntry
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.stream.writer import StreamWriter
from chaindeck.engine.replay.compose import ReplayOptions
from publisher.stream.replayed import ReplayedFrames
from tape.frames import frames_moments
from tape.store.facts import Moment
from tests.support.replay_stage import REPLAY, replay_stage
from tests.support.replays import looks, tape_of
from tests.support.scenes import START_S
from tests.support.servers import HOST, Servers
from tests.support.streams import counts, frame, quote
from tests.support.tapes import instant

LONG_S = 40
LIVE = KeySchema()


def entry(seconds: float, number: int = 0) -> StreamEntry:
    """Return an entry of two quotes so many seconds after the tape's beginning."""
    ms = round((START_S + seconds) * 1000)
    one = frame(START_S + seconds, quote(ms, 7.5 + number), quote(ms, 7.6 + number))
    return StreamEntry(f"{ms}-{number}", one.ts, one.payload)


def streamed(*, seconds: int = LONG_S) -> Iterator[Moment]:
    """Yield a recorder's moments, two entries between every two looks."""
    for moment in looks(seconds):
        yield moment
        at = (moment.asked.wall_ns // 10**9) - START_S
        if moment.begins:
            yield from frames_moments([entry(at + 0.2), entry(at + 0.2, 1)], instant(at + 0.5))


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tape_of(tmp_path_factory.mktemp("frames") / "day.tape", streamed())


async def stands(redis: Redis, keys: KeySchema = REPLAY) -> list[tuple[str, bytes, bytes]]:
    found: Any = await redis.xrange(keys.stream())
    return [(one.decode(), fields[b"ts"], fields[b"payload"]) for one, fields in found]


def expected(*seconds: int) -> list[tuple[str, bytes, bytes]]:
    held = [entry(at + 0.2, number) for at in seconds for number in (0, 1)]
    return [(each.id, repr(each.ts).encode(), each.payload) for each in held]


async def test_entries_stand_under_their_own_ids_in_their_time_and_are_counted(
    redis: Redis, redis_url: str, tape: Path
) -> None:
    async with replay_stage(redis, redis_url, tape, ReplayOptions(speed=1.0)) as stage:
        await stage.run(10.9)
        first = await stands(redis)
        assert first == expected(*range(1, len(first) // 2 + 1))
        assert 9 <= len(first) // 2 <= 11
        found = await counts(redis, REPLAY)
        assert (int(found["frames"]), int(found["messages_processed"])) == (len(first), 2 * len(first))
        assert float(found["last_ts"]) == float(first[-1][1])
        assert found["writer"].startswith("replay ")
        assert 0 < await redis.pttl(REPLAY.stream()) <= 3_600_000
        await stage.run(20.0)
        assert (await stands(redis))[: len(first)] == first
    assert not await redis.exists(REPLAY.stream(), REPLAY.stream_analytics())
    assert not await redis.exists(LIVE.stream(), LIVE.stream_analytics())


async def test_who_goes_back_finds_the_stream_as_it_was_then(redis: Redis, redis_url: str, tape: Path) -> None:
    async with replay_stage(redis, redis_url, tape, ReplayOptions(speed=1.0)) as stage:
        await stage.run(30.0)
        assert len(await stands(redis)) > 50
        stage.player.seek(stage.player.at_ns - 20 * 10**9)
        await stage.run(5.0)
        found = await stands(redis)
        assert found
        assert float(found[-1][1]) < START_S + 20
        assert [one for one, _, _ in found] == sorted(one for one, _, _ in found)


async def test_what_a_killed_replay_left_is_no_obstacle(redis: Redis, redis_url: str, tape: Path) -> None:
    await redis.xadd(REPLAY.stream(), {"ts": "1", "payload": "left"}, id=f"{10**15}-0")
    async with replay_stage(redis, redis_url, tape, ReplayOptions(speed=1.0)) as stage:
        await stage.run(5.0)
        assert (await stands(redis))[:2] == expected(1)[:2]


async def test_stamped_anew_there_is_no_stream(redis: Redis, redis_url: str, tape: Path) -> None:
    options = ReplayOptions(speed=1.0, restamp=True)
    async with replay_stage(redis, redis_url, tape, options, keys=LIVE) as stage:
        await stage.run(10.0)
        assert await stage.held() is not None
    assert not await redis.exists(LIVE.stream())


async def test_ids_that_do_not_rise_or_are_none_are_left_out(redis: Redis) -> None:
    frames = ReplayedFrames(StreamWriter(redis, REPLAY, kind="replay", who="a:1:b"))
    good, later = entry(1), entry(2)
    forged = [StreamEntry(name, 1e9, b"[]") for name in ("", "x", "-1-0", "0-0", good.id, "*")]
    await frames.put([good, *forged, later])
    assert [one for one, _, _ in await stands(redis)] == [good.id, later.id]


async def test_without_the_right_to_add_it_is_said_once_and_snapshots_are_replayed(
    tape: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Servers() as servers:
        server = servers.alone()
        server.admin.execute_command("ACL", "SETUSER", "poor", "reset", "on", ">pw", "~*", "&*", "+@all", "-xadd")
        url = f"redis://poor:pw@{HOST}:{server.port}"
        async with RedisTarget(server.url).connect() as owner:
            with caplog.at_level(logging.WARNING):
                async with replay_stage(owner, url, tape, ReplayOptions(speed=1.0)) as stage:
                    await stage.run(15.0)
                    assert await stage.at_s() == 10.0
    said = [line for line in caplog.messages if "stream" in line]
    assert said == ["the stream is not replayed: this Redis user has no right to run XADD"]
    assert REPLAY_PREFIX in REPLAY.stream()

"""The stream publisher: it writes while it leads, never beside another feeder, and keeps what Redis cannot take yet."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.clock import ManualClock
from chain.model.keys import KeySchema
from chain.model.kinds import SourceKind
from chain.pipeline.frame import ReceivedFrame
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.stream.writer import LastWriter, StreamWriter
from chain.tasks import end
from publisher.stream.source import StreamState
from publisher.stream.stream_publisher import Backlog, StreamPublisher, other_feeder
from tests.support.builders import eventually
from tests.support.fault_proxy import Fate, FaultProxy, always, deliver
from tests.support.servers import HOST, Servers
from tests.support.streams import ScriptedStream, counts, entries, frame

NAMES = KeySchema()
NOW_S = 1_766_437_800.25


@dataclass(slots=True)
class Feed:
    """A stream publisher at work."""

    publisher: StreamPublisher
    source: ScriptedStream
    clock: ManualClock
    leading: bool = True
    task: "asyncio.Task[None] | None" = field(default=None, repr=False)

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition, plain or awaitable, while this feed's clock goes on."""

        async def met() -> object:
            found = condition()
            found = await found if isinstance(found, Awaitable) else found
            if not found:
                self.clock.advance(0.25)
            return found

        await eventually(met, what)

    @property
    def state(self) -> StreamState:
        return self.publisher.status().state


@asynccontextmanager
async def feeding(redis: Redis, kind: SourceKind = "mock", *, among_live: bool = False) -> AsyncIterator[Feed]:
    """Give a stream publisher that runs, and stop it after."""
    source, clock = ScriptedStream(), ManualClock(time.time_ns())
    feed: Feed

    def leads() -> bool:
        return feed.leading

    publisher = StreamPublisher(
        StreamWriter(redis, NAMES, kind=kind, who="desk:1:abc"),
        source,
        clock,
        kind=kind,
        leads=leads,
        among_live=among_live,
    )
    feed = Feed(publisher, source, clock)
    feed.task = asyncio.create_task(publisher.run())
    try:
        yield feed
    finally:
        await end([feed.task])


@asynccontextmanager
async def broken(redis_url: str, folder: Path) -> AsyncIterator[tuple[FaultProxy, Feed]]:
    """Give a stream publisher that reaches Redis through a proxy, which passes all on until told otherwise."""
    async with (
        FaultProxy(redis_url, folder) as proxy,
        RedisTarget(proxy.url).connect() as redis,
        feeding(redis) as feed,
    ):
        yield proxy, feed


async def written(redis: Redis) -> int:
    return int(await redis.xlen(NAMES.stream()))


def reached(redis: Redis, number: int) -> Callable[[], object]:
    async def look() -> bool:
        return await written(redis) == number

    return look


# Who may write


@pytest.mark.parametrize(
    ("last", "kind", "allowed"),
    [
        (None, "mock", True),
        (LastWriter(NOW_S, "unknown"), "mock", False),
        (LastWriter(NOW_S, "unknown"), "massive", False),
        (LastWriter(NOW_S, "massive"), "mock", False),
        (LastWriter(NOW_S, "massive"), "capture", False),
        (LastWriter(NOW_S, "massive"), "massive", True),
        (LastWriter(NOW_S, "mock"), "massive", True),
        (LastWriter(NOW_S, "mock"), "mock", True),
        (LastWriter(NOW_S, "replay"), "mock", True),
    ],
)
def test_live_and_unknown_feeders_are_protected_and_our_own_take_turns(
    last: LastWriter | None, kind: str, allowed: bool
) -> None:
    assert (other_feeder(last, kind, NOW_S + 1) == "") is allowed


@pytest.mark.parametrize(("age_s", "allowed"), [(59.999, False), (60.0, True), (-59.999, False), (-60.0, True)])
def test_a_foreign_frame_protects_the_stream_for_a_minute(age_s: float, allowed: bool) -> None:
    assert (other_feeder(LastWriter(NOW_S - age_s), "mock", NOW_S) == "") is allowed


async def test_beside_a_foreign_feeder_nothing_is_written_and_the_reason_is_told(redis: Redis) -> None:
    await redis.hset(NAMES.stream_analytics(), "last_ts", time.time() - 3)
    async with feeding(redis) as feed:
        feed.source.put([frame(NOW_S)])
        await feed.until(lambda: feed.state is StreamState.REFUSED, "the refusal")
        told = feed.publisher.status().error
        assert re.fullmatch(r"another program feeds this stream: its last frame came \d+ s ago", told), told
        assert (await written(redis), feed.source.opened) == (0, 0)


async def test_a_foreign_feeder_that_begins_later_ends_our_stream(redis: Redis) -> None:
    async with feeding(redis) as feed:
        feed.source.put([frame(time.time())])
        await feed.until(reached(redis, 1), "the first frame")
        await redis.hset(NAMES.stream_analytics(), "last_ts", time.time())
        feed.source.put([frame(time.time())])
        await feed.until(lambda: feed.state is StreamState.REFUSED and not feed.source.open, "the refusal")
        assert await written(redis) == 1


async def test_who_insists_writes_beside_others(redis: Redis) -> None:
    await redis.hset(NAMES.stream_analytics(), "last_ts", time.time())
    async with feeding(redis, among_live=True) as feed:
        feed.source.put([frame(NOW_S)])
        await feed.until(reached(redis, 1), "the frame")


async def test_a_standby_opens_no_source_and_one_that_loses_the_lead_closes_it(redis: Redis) -> None:
    async with feeding(redis) as feed:
        feed.source.put([frame(NOW_S)])
        await feed.until(reached(redis, 1), "the frame")
        assert feed.source.open
        feed.leading = False
        await feed.until(lambda: not feed.source.open, "the close")
        assert feed.state is StreamState.STANDBY
        feed.source.put([frame(NOW_S + 1)])
        feed.leading = True
        await feed.until(reached(redis, 2), "the next frame")
        assert feed.source.opened == 2


# What is written


async def test_frames_are_written_in_order_with_the_list_of_subscriptions_and_counted(redis: Redis) -> None:
    frames = [frame(NOW_S + number) for number in range(1_200)]  # more than one request holds
    async with feeding(redis) as feed:
        feed.source.topics = frozenset({"Q.O:A", "T.O:A"})
        feed.source.put(frames)
        await feed.until(reached(redis, len(frames)), "all frames")
        await feed.until(lambda: feed.publisher.status().frames == len(frames), "their count")
        status = feed.publisher.status()
    assert [float(entry[b"ts"]) for entry in await entries(redis)] == [each.ts for each in frames]
    assert await redis.smembers(NAMES.stream_subscriptions()) == {b"Q.O:A", b"T.O:A"}
    assert (await counts(redis))["subscriptions_current"] == "2"
    assert (status.state, status.events, status.subscriptions, status.left_out, status.dropped) == (
        StreamState.STREAMING,
        1_200,
        2,
        3,
        0,
    )


async def test_subscriptions_are_listed_though_no_frame_arrives(redis: Redis) -> None:
    async with feeding(redis) as feed:
        await feed.until(lambda: feed.source.open, "the source")
        feed.source.topics = frozenset({"Q.O:A"})
        await feed.until(lambda: redis.scard(NAMES.stream_subscriptions()), "the list")


async def test_a_source_that_fails_ends_the_part_which_its_supervisor_restarts(redis: Redis) -> None:
    async with feeding(redis) as feed:
        feed.source.put([OSError("the socket broke")])
        assert feed.task is not None
        await asyncio.wait([feed.task], timeout=20)
        assert isinstance(feed.task.exception(), OSError)


async def test_frames_wait_while_redis_is_away_and_are_written_after(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    async with broken(redis_url, short_dir) as (proxy, feed):
        feed.source.put([frame(NOW_S)])
        await feed.until(reached(redis, 1), "the first frame")
        proxy.rule = always(Fate.CUT)
        feed.source.put(frame(NOW_S + number) for number in range(1, 8))
        await feed.until(lambda: feed.state is StreamState.FAILING, "the failure")
        assert feed.publisher.status().error
        assert feed.source.open
        proxy.rule = deliver
        await feed.until(reached(redis, 8), "what waited")
        await feed.until(lambda: feed.state is StreamState.STREAMING, "streaming again")
    assert [float(entry[b"ts"]) for entry in await entries(redis)] == [NOW_S + number for number in range(8)]


async def test_the_oldest_frames_are_dropped_where_redis_is_away_for_too_long(
    redis: Redis, redis_url: str, short_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with broken(redis_url, short_dir) as (proxy, feed):
        await feed.until(lambda: feed.source.open, "the source")
        proxy.rule = always(Fate.CUT)
        feed.source.put(frame(NOW_S + number) for number in range(10_050))
        await feed.until(lambda: feed.publisher.status().dropped == 50, "the bound")
        proxy.rule = deliver
        await feed.until(reached(redis, 10_000), "what was kept")
        await feed.until(lambda: feed.state is StreamState.STREAMING, "the end of the outage")
        assert feed.publisher.status().error == "Redis is too slow for it: 50 frames dropped"
        feed.clock.advance(60.0)
        assert feed.publisher.status().error == ""
    assert float((await entries(redis))[0][b"ts"]) == NOW_S + 50
    assert [line for line in caplog.messages if "dropped" in line] == [
        "stream: Redis is too slow for its frames, the oldest are dropped"
    ]


def test_the_backlog_is_bounded_in_bytes_too() -> None:
    backlog, large = Backlog(), ReceivedFrame(NOW_S, bytes(5 * 1024 * 1024))
    assert [backlog.put(replace(large, ts=NOW_S + number)) for number in range(5)] == [0, 0, 0, 1, 1]
    assert [each.ts for each in backlog.frames] == [NOW_S + 2, NOW_S + 3, NOW_S + 4]


def test_what_was_dropped_while_it_was_written_is_not_removed_twice() -> None:
    backlog = Backlog()
    for number in range(10_000):
        backlog.put(frame(NOW_S + number))
    batch = backlog.batch()
    assert len(batch) == 500
    assert sum(backlog.put(frame(NOW_S)) for _ in range(20)) == 20
    backlog.remove(batch)
    assert len(backlog.frames) == 10_000 - 500 + 20
    assert backlog.frames[0].ts == NOW_S + 500


async def test_a_refused_courtesy_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    with Servers() as servers:
        server = servers.alone()
        server.admin.execute_command("ACL", "SETUSER", "poor", "reset", "on", ">pw", f"~{NAMES.stream()}", "+xadd")
        async with RedisTarget(f"redis://poor:pw@{HOST}:{server.port}").connect() as redis, feeding(redis) as feed:
            for number in range(3):
                feed.source.put([frame(NOW_S + number)])
                await feed.until(feed.source.waiting.empty, "a frame taken")
            await feed.until(lambda: feed.publisher.status().frames == 3, "all of them")
        assert server.admin.xlen(NAMES.stream()) == 3
    assert caplog.messages == ["stream: not counted: this Redis user has no right to run HINCRBY"]

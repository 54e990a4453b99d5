"""A replay into a cluster, where payload and pointer lie on different nodes: the same bytes, pointers forward only."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from redis.asyncio import Redis

from chain.clock import SystemClock
from chain.model.keys import REPLAY_PREFIX, ChainId, KeySchema
from chain.redis.connect.connection import RedisTarget
from chain.supervisor import Supervisor
from chain.tasks import end
from chaindeck.engine.replay.compose import ReplayOptions, replaying
from chaindeck.engine.replay.tape_recording import TapeRecording
from publisher.replay.replay import Replay
from tests.support.contexts import context_of
from tests.support.replays import CHAINS, id_at, looks, pointer, tape_of
from tests.support.scenes import NDX, SPX
from tests.support.servers import Server, Servers, cluster_url
from tests.support.tapes import instant, payload
from tests.support.waiting import wait_until_async

REPLAY = KeySchema(REPLAY_PREFIX)
LONG_S, GONE_S = 120, 33
DELETED = ""
WAIT_S = 20.0


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Server]]:
    with Servers() as servers:
        yield servers.cluster(3)


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes, a snapshot of two chains every ten seconds but one; the pointer of one is gone for a while."""
    gone = {at: [pointer(SPX, None)] for at in (GONE_S, 40)}
    return tape_of(tmp_path_factory.mktemp("replay") / "day.tape", looks(LONG_S, changed=gone))


@pytest.fixture
async def redis(nodes: list[Server]) -> AsyncIterator[Redis]:
    async with RedisTarget(cluster_url(nodes)).connect() as client:
        yield client
    for node in nodes:
        node.admin.flushall()


class Moves:
    """What the nodes were asked to write: payloads with their bytes, and where pointers were set, each in order."""

    def __init__(self) -> None:
        self.payloads: list[tuple[str, bytes]] = []
        self.pointers: dict[str, list[str]] = {}

    def take(self, command: str) -> None:
        words = command.split(" ")
        if words[0] == "SET" and ":chain:snapshot:" in words[1]:
            self.payloads.append((words[1], command.split(" ", 2)[2].rpartition(" NX ")[0].encode()))
        elif words[0] in ("SET", "DEL") and words[1].startswith("massive:replay:chain:latest:"):
            led, to = self.pointers.setdefault(words[1], []), words[2] if words[0] == "SET" else DELETED
            led += [to] if led[-1:] != [to] else []  # renewed, it is set again


@asynccontextmanager
async def watched(nodes: list[Server]) -> AsyncIterator[Moves]:
    """Give what is written on any node, complete once the block is left."""
    moves = Moves()

    async def follow(node: Server, ready: asyncio.Event) -> None:
        async with Redis.from_url(node.url) as client, client.monitor() as monitor:
            ready.set()
            while (command := (await monitor.next_command())["command"]) != "ECHO over":
                moves.take(command)

    ready = [asyncio.Event() for _ in nodes]
    tasks = [asyncio.create_task(follow(*each)) for each in zip(nodes, ready, strict=True)]
    await asyncio.gather(*(each.wait() for each in ready))
    try:
        yield moves
        for node in nodes:
            node.admin.echo("over")
        await asyncio.gather(*tasks)
    finally:
        await end(tasks)


@asynccontextmanager
async def played(nodes: list[Server], tape: Path, options: ReplayOptions) -> AsyncIterator[Replay]:
    """Give a replay that plays on the machine's clock, and leaves as it does in the product."""
    clock = SystemClock()
    with TapeRecording(tape) as recording:
        context = context_of(clock, keys=REPLAY)
        async with replaying(RedisTarget(cluster_url(nodes)), recording, context, options) as replay:
            running = asyncio.ensure_future(Supervisor(clock).run(replay.parts()))
            try:
                yield replay
            finally:
                await end([running])


async def held(redis: Redis, chain: ChainId) -> bytes | None:
    """Return the payload that a chain's pointer leads to."""
    key = await redis.get(REPLAY.latest(chain))
    found = await redis.get(key.decode()) if isinstance(key, bytes) else None
    return found if isinstance(found, bytes) else None


async def test_every_payload_is_written_once_byte_for_byte_and_pointers_only_move_forward(
    nodes: list[Server], redis: Redis, tape: Path
) -> None:
    async with watched(nodes) as moves, played(nodes, tape, ReplayOptions(speed=1000.0)) as replay:
        await asyncio.wait_for(replay.player.finished.wait(), WAIT_S)
        assert (replay.counters["published"], replay.counters["failed"]) == (22, 0)
        assert await held(redis, SPX) == payload(110.0)
    wanted = [id_at(at, chain) for chain in CHAINS for at in range(0, LONG_S, 10) if at != 40]
    assert sorted(moves.payloads) == sorted(
        (REPLAY.snapshot(each), payload((each.ts_ms - id_at(0).ts_ms) / 1000, each.chain)) for each in wanted
    )
    for chain in CHAINS:
        led = [to for to in moves.pointers[REPLAY.latest(chain)] if to != DELETED]
        assert led == [REPLAY.snapshot(each) for each in wanted if each.chain == chain]
    assert not any(node.admin.keys("massive:replay:chain:latest:*") for node in nodes)


async def test_set_back_and_paused_it_stands_there_and_lives_on(nodes: list[Server], redis: Redis, tape: Path) -> None:
    """What was taken away on one node and renewed on another is whole again, and no pointer went back."""
    async with watched(nodes) as moves, played(nodes, tape, ReplayOptions(speed=60.0)) as replay:
        await wait_until_async(lambda: replay.player.at_ns >= instant(95.0).wall_ns, WAIT_S, "a place far on")
        replay.player.pause()
        replay.player.seek(instant(75.0).wall_ns)
        keys = [REPLAY.snapshot(id_at(70.0, chain)) for chain in CHAINS]
        await wait_until_async(lambda: min(ttl_of(nodes, key) for key in keys) > 50_000, WAIT_S, "payloads to live on")
        assert min(ttl_of(nodes, REPLAY.latest(chain)) for chain in CHAINS) > 0
        assert (await held(redis, SPX), await held(redis, NDX)) == (payload(70.0), payload(70.0, NDX))
    assert moves.pointers.keys() == {REPLAY.latest(chain) for chain in CHAINS}
    for chain, led in ((chain, moves.pointers[REPLAY.latest(chain)]) for chain in CHAINS):
        assert not any(before and after and after < before for before, after in pairwise(led)), "forward only"
        gone = [DELETED] * (chain == SPX)  # in the recording
        assert [to for to in led if to == DELETED] == [*gone, DELETED, DELETED], "where it is set back, and at the end"


def ttl_of(nodes: list[Server], key: str) -> int:
    """Return how many ms a key still lives, on whichever node it is; 0 where it is on none."""
    return max((int(node.admin.pttl(key)) for node in nodes if key in node.admin.keys("*")), default=0)

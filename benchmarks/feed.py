"""What it costs to feed the stream: from the vendor's WebSocket into Redis, beside a bare loop that does only that."""

import asyncio
import multiprocessing
import resource
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from typing import Any

import orjson
from redis.asyncio import Redis
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.rows import Row, at_most
from benchmarks.server import embedded_client
from chain.clock import SystemClock
from chain.model.keys import KeySchema
from chain.redis.contract.stream.writer import MAXLEN, StreamWriter
from publisher.massive.stream.massive_stream import MassiveStream
from publisher.massive.stream.protocol import subscription
from publisher.massive.stream.session import Session
from publisher.stream.stream_publisher import StreamPublisher
from tests.fake_massive.stream import quote
from tests.support.builders import golden_snapshot

_FRAMES, _ROUNDS = 40_000, 3
_EVENTS = 10  # in a frame
_BATCH = 500  # frames in a request of the bare loop, as of ours
_NAME = "O:SPXW260102C06930000"
_FRAME = orjson.dumps([quote(_NAME, seq=number) for number in range(_EVENTS)])


def run() -> list[Row]:
    """Return the processor time of a frame of ten events, ours and a bare loop's."""
    ours, bare = [], []
    resident: list[float] = []
    for _ in range(_ROUNDS):
        bare.append(asyncio.run(_measure(_bare)))
        ours.append(asyncio.run(_measure(_product)))
        resident.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
    note = f"{_FRAMES} frames of {_EVENTS} quotes, as fast as they come, none dropped; the baseline decodes nothing"
    return [
        at_most(3, "feed cpu per frame", "us", ours, bare, note),
        Row("feed memory growth", "MB", resident[-1] - resident[0], note=f"over {_FRAMES * (_ROUNDS - 1)} frames"),
    ]


async def _measure(work: Callable[[str, Redis], Coroutine[None, None, None]]) -> float:
    """Return the processor time of one frame, microseconds."""
    async with embedded_client() as redis, _vendor() as url:
        began = time.process_time()
        await work(url, redis)
        spent = time.process_time() - began
        assert int(await redis.xlen(KeySchema().stream())) >= min(_FRAMES, MAXLEN)
    return spent / _FRAMES * 1e6


async def _product(url: str, redis: Redis) -> None:
    clock = SystemClock()
    stream = MassiveStream("demo", clock, Session(), url=url)
    stream.on_published([golden_snapshot()])
    feed = StreamPublisher(StreamWriter(redis, KeySchema(), kind="massive", who="me"), stream, clock, kind="massive")
    running = asyncio.ensure_future(feed.run())
    while feed.status().frames < _FRAMES:
        assert not feed.status().dropped
        await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def _bare(url: str, redis: Redis) -> None:
    async with connect(url) as socket:
        await socket.recv()
        await socket.send("{}")
        await socket.recv()
        for _ in range(2):
            await socket.send(subscription(["T.X"]))
            await socket.recv()
        for _ in range(_FRAMES // _BATCH):
            pipe = redis.pipeline(transaction=False)
            for _ in range(_BATCH):
                entry: dict[Any, Any] = {"ts": "1.5", "payload": await socket.recv(decode=False)}
                pipe.xadd(KeySchema().stream(), entry, maxlen=MAXLEN, approximate=True)
            await pipe.execute()


@asynccontextmanager
async def _vendor() -> AsyncIterator[str]:
    """Give the URL of a vendor in a process of its own, so that its time is not ours."""
    near, far = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(far,), daemon=True)
    process.start()
    try:
        port = await asyncio.to_thread(near.recv)
        yield f"ws://127.0.0.1:{port}/options"
    finally:
        process.kill()
        process.join()


def _serve(told: Connection) -> None:
    async def serve_for_ever() -> None:
        async with serve(_send_everything, "127.0.0.1", 0, ping_interval=None, compression=None) as server:
            told.send(server.sockets[0].getsockname()[1])
            await asyncio.Event().wait()

    asyncio.run(serve_for_ever())


async def _send_everything(socket: ServerConnection) -> None:
    """Greet, take the key, grant two subscriptions, and send all frames as fast as they are taken."""
    await socket.send(_status("connected", ""))
    await socket.recv()
    await socket.send(_status("auth_success", ""))
    for _ in range(2):
        for topic in orjson.loads(await socket.recv())["params"].split(","):
            await socket.send(_status("success", f"subscribed to: {topic}"))
    for _ in range(_FRAMES):
        await socket.send(_FRAME, text=True)
    await asyncio.Event().wait()


def _status(status: str, message: str) -> str:
    return orjson.dumps([{"ev": "status", "status": status, "message": message}]).decode()

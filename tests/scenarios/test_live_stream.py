"""The live stream from the fake vendor's two doors into Redis: what stands there, and what happens when doors close."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from chain.clock import Instant, ManualClock
from chain.context import Context, Identity
from chain.model.keys import ChainId, KeySchema
from chain.monitor.evaluate.signals import evaluate
from chain.redis.connect.connection import RedisTarget
from chain.redis.server.embedded import EmbeddedServer
from chain.tasks import end
from chain.thresholds import Thresholds
from chaindeck.config.file import resolve
from chaindeck.config.redis_location import RedisLocation
from chaindeck.engine.compose import publishing_services
from chaindeck.engine.services import Services
from chaindeck.engine.sources import make_source
from publisher.stream.source import StreamState, StreamStatus
from tests.fake_massive import ChainBook, FakeMassive, generate
from tests.fake_massive.stream import FakeStream, Rules, quote, trade
from tests.support.live_scene import MONDAY, VIX, hurried, small_chain
from tests.support.product import log_text, start
from tests.support.streams import counts, entries
from tests.support.waiting import wait_until, wait_until_async

KEYS = KeySchema()
DATES = (date(2026, 7, 13), date(2026, 7, 14))
CANARY = "canary-77-0f-the-desk"
NEAR = "O:SPXW260714C06850000"


def book(spot: float) -> ChainBook:
    return ChainBook.of(small_chain(spot, dates=DATES), indices=VIX)


@pytest.fixture
def vendor() -> Iterator[FakeMassive]:
    with FakeMassive(book(6853.25)) as fake:
        yield fake


@pytest.fixture
def stream() -> Iterator[FakeStream]:
    with FakeStream() as fake:
        yield fake


class Running:
    """A live publisher with its stream, on a clock moved by hand."""

    def __init__(self, services: Services, clock: ManualClock) -> None:
        assert services.publishing is not None
        self.services, self.clock = services, clock
        self.publisher = services.publishing.publisher
        self._stream = services.publishing.stream

    @property
    def stream(self) -> StreamStatus:
        assert self._stream is not None
        return self._stream.status()

    async def pass_time(self, seconds: float) -> None:
        """Let time pass in steps that leave every socket its turn."""
        for _ in range(round(seconds * 2)):
            self.clock.advance(0.5)
            await asyncio.sleep(0.004)

    async def until(self, what: str, settled: object, most_s: float = 60.0) -> None:
        """Let time pass until something is so."""
        assert callable(settled)
        for _ in range(round(most_s * 2)):
            for _ in range(6):
                if settled():
                    return
                await asyncio.sleep(0.002)
            self.clock.advance(0.5)
        raise AssertionError(f"{what} is not so within {most_s:g} s")


@asynccontextmanager
async def running(
    vendor: FakeMassive,
    stream: FakeStream,
    redis_url: str,
    clock: ManualClock | None = None,
    *,
    holder: EmbeddedServer | None = None,
) -> AsyncIterator[Running]:
    environ = {
        "MASSIVE_BASE_URL": vendor.url,
        "MASSIVE_WS_URL": stream.url,
        "MASSIVE_API_KEY": "demo",
        "MASSIVE_CHAIN_SYMBOLS": "SPX",
        "MASSIVE_CHAIN_NUM_EXPIRATIONS": "2",
        "CHAINDECK_STREAM": "on",
    }
    clock = clock or ManualClock(round(MONDAY * 1e9), 1_000.0)
    settings = resolve({}, None, environ).settings
    context = Context(clock, KEYS, Thresholds(), Identity.of_this_process())
    source = make_source("massive", settings, (), clock)
    place = RedisLocation(RedisTarget(redis_url), holder)
    with hurried():
        async with publishing_services(place, source, settings, context) as services:
            task = asyncio.ensure_future(services.run())
            try:
                yield Running(services, clock)
            finally:
                await end([task])


async def tickers(redis: Redis) -> set[str]:
    """Return the contracts of the snapshots that pointers lead to now."""
    found: set[str] = set()
    for expiry in DATES:
        pointer = await redis.get(KEYS.latest(ChainId("SPX", expiry)))
        body = orjson.loads(await redis.get(pointer) or b"{}") if pointer else {"contracts": []}
        found |= {item["details"]["ticker"] for item in body["contracts"]}
    return found


async def test_frames_stand_in_redis_exactly_as_marketswarm_writes_them(
    vendor: FakeMassive, stream: FakeStream, redis: Redis, redis_url: str
) -> None:
    async with running(vendor, stream, redis_url) as run:
        await run.until("subscriptions", lambda: len(stream.held) > 100)
        held = await tickers(redis)
        await run.until("all of them", lambda: stream.held == {f"{k}{name}" for k in ("Q.", "T.") for name in held})
        frames = [[quote(NEAR, ts_ms=1766437799445)], [trade(NEAR), quote(NEAR, 7.5, 7.8, seq=2)]]
        for frame in frames:
            stream.push(*frame)
        stream.push(trade("O:SPXW260714C99999000"))  # nobody is subscribed
        await wait_until_async(lambda: _length(redis, 2), what="two entries")
        found = await entries(redis)
        assert [set(fields) for fields in found] == [{b"ts", b"payload"}] * 2
        assert [fields[b"payload"] for fields in found] == [orjson.dumps(frame) for frame in frames]
        assert all(float(fields[b"ts"]) == pytest.approx(run.clock.wall_ns() / 1e9, abs=2) for fields in found)
        told = await counts(redis)
        assert (told["frames"], told["messages_processed"]) == ("2", "3")
        assert int(told["bytes"]) == sum(len(orjson.dumps(frame)) for frame in frames)
        assert int(told["subscriptions_current"]) == 2 * len(held)
        assert await redis.smembers(KEYS.stream_subscriptions()) == {topic.encode() for topic in stream.held}
        assert (run.stream.state, run.stream.subscriptions, run.stream.error) == ("streaming", len(held), "")


async def _length(redis: Redis, count: int) -> bool:
    return bool(await redis.xlen(KEYS.stream()) == count)


async def test_the_stream_is_bounded_by_its_length(
    vendor: FakeMassive, stream: FakeStream, redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaindeck.engine.compose.MAXLEN", 500)
    async with running(vendor, stream, redis_url) as run:
        await run.until("subscriptions", lambda: f"T.{NEAR}" in stream.held)
        for number in range(1_500):
            stream.push(trade(NEAR, seq=number))
        await run.until("all frames", lambda: run.stream.frames == 1_500)
        assert 500 <= await redis.xlen(KEYS.stream()) < 1_000
        assert (await entries(redis))[-1][b"payload"] == orjson.dumps([trade(NEAR, seq=1_499)])
        assert run.stream.dropped == 0


async def test_in_an_embedded_server_the_stream_leaves_room_for_snapshots(
    vendor: FakeMassive,
    stream: FakeStream,
    redis: Redis,
    redis_url: str,
    holder: EmbeddedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chaindeck.engine.compose._FEW_ENTRIES", 300)
    async with running(vendor, stream, redis_url, holder=holder) as run:
        await run.until("subscriptions", lambda: f"T.{NEAR}" in stream.held)
        stream.burst(trade(NEAR), 1_500)
        await run.until("all frames", lambda: run.stream.frames == 1_500)
        assert 300 <= await redis.xlen(KEYS.stream()) < 1_000


async def test_a_burst_beyond_what_may_wait_is_written_while_it_is_read(
    vendor: FakeMassive, stream: FakeStream, redis: Redis, redis_url: str
) -> None:
    """Ten thousand frames may wait for Redis: reading must leave room for writing."""
    async with running(vendor, stream, redis_url) as run:
        await run.until("subscriptions", lambda: f"T.{NEAR}" in stream.held)
        stream.burst(trade(NEAR, ts_ms=1_766_437_799_445), 20_000)
        await wait_until_async(lambda: run.stream.frames + run.stream.dropped == 20_000, 20, "all frames")
        assert run.stream.dropped == 0


async def test_subscriptions_follow_the_chains_as_the_market_moves(
    vendor: FakeMassive, stream: FakeStream, redis: Redis, redis_url: str
) -> None:
    async with running(vendor, stream, redis_url) as run:
        await run.until("subscriptions", lambda: f"T.{NEAR}" in stream.held)
        before = await tickers(redis)
        vendor.book = book(6903.25)
        await run.until("new strikes", lambda: "Q.O:SPXW260714C06940000" in stream.held)
        after = await tickers(redis)
        assert after - before
        assert before - after
        wanted = {f"{kind}{name}" for kind in ("Q.", "T.") for name in after}
        await run.until("all of them", lambda: stream.held >= wanted)
        await run.until("old ones to be let go", lambda: stream.held == wanted, most_s=120)
        assert len(stream.peers) == 1


async def test_after_a_restart_of_the_vendor_everything_is_subscribed_to_again(
    vendor: FakeMassive, stream: FakeStream, redis: Redis, redis_url: str
) -> None:
    async with running(vendor, stream, redis_url) as run:
        await run.until("subscriptions", lambda: f"T.{NEAR}" in stream.held)
        before = stream.held
        stream.close(1001, "restart")
        await run.until("waiting", lambda: run.stream.state is StreamState.WAITING)
        assert "1001 restart" in run.stream.error
        await run.until("everything again", lambda: stream.held == before)
        stream.push(trade(NEAR))
        await wait_until_async(lambda: _length(redis, 1), what="an entry")
        assert run.stream.reconnects == 1


async def test_a_standby_does_not_connect_and_takes_over_when_the_leader_is_gone(
    vendor: FakeMassive, stream: FakeStream, redis: Redis, redis_url: str
) -> None:
    clock = ManualClock(round(MONDAY * 1e9), 1_000.0)
    stream.rules.most = 1
    async with AsyncExitStack() as leading, AsyncExitStack() as standing_by:
        leader = await leading.enter_async_context(running(vendor, stream, redis_url, clock))
        await leader.until("subscriptions", lambda: f"T.{NEAR}" in stream.held)
        standby = await standing_by.enter_async_context(running(vendor, stream, redis_url, clock))
        await standby.pass_time(30)
        assert (leader.stream.state, standby.stream.state) == (StreamState.STREAMING, StreamState.STANDBY)
        assert len(stream.peers) == 1
        await leading.aclose()
        await standby.until("the takeover", lambda: f"T.{NEAR}" in stream.held and len(stream.peers) == 2)
        stream.push(trade(NEAR))
        await wait_until_async(lambda: _length(redis, 1), what="an entry of the new leader")
        assert (standby.stream.state, standby.stream.error) == (StreamState.STREAMING, "")


async def test_another_program_that_feeds_the_stream_is_left_alone(
    vendor: FakeMassive, stream: FakeStream, redis: Redis, redis_url: str
) -> None:
    clock = ManualClock(round(MONDAY * 1e9), 1_000.0)
    await redis.hset(KEYS.stream_analytics(), mapping={"last_ts": repr(clock.wall_ns() / 1e9), "frames": "7"})
    async with running(vendor, stream, redis_url, clock) as run:
        await run.pass_time(15)
        assert stream.peers == []
        assert run.stream.state is StreamState.REFUSED
        board = await run.services.watcher.poll_once()
        [signal] = [s for s in evaluate(board, Instant.now(clock)).signals if s.name == "stream-failing"]
        assert "another program feeds this stream" in signal.text


async def test_a_plan_without_the_stream_is_a_signal_and_the_snapshots_go_on(
    vendor: FakeMassive, redis: Redis, redis_url: str
) -> None:
    with FakeStream(Rules(websocket=False)) as stream:
        async with running(vendor, stream, redis_url) as run:
            await run.until("the fault", lambda: "doesn't include websocket access" in run.stream.error)
            cycles = run.publisher.heartbeat().chain.counters["cycles"]
            await run.pass_time(35)
            assert run.publisher.heartbeat().chain.counters["cycles"] >= cycles + 3
            assert len(stream.peers) == 1, "not asked again blindly"
            board = await run.services.watcher.poll_once()
            report = evaluate(board, Instant.now(run.clock))
            assert [s.name for s in report.signals if s.name == "stream-failing"] == ["stream-failing"]
            assert {status.state for status in report.statuses} == {"FRESH"}


@pytest.mark.slow
def test_the_key_is_nowhere_to_be_read_whatever_the_vendor_echoes(
    short_dir: Path, stream: FakeStream, redis_url: str
) -> None:
    """Not on standard error, in the log, in Redis, in the process's title; asyncio's own debug messages included."""
    stream.rules.key = CANARY
    today = datetime.now(UTC).date()
    dates = tuple(today + timedelta(days=ahead) for ahead in (1, 2))
    chain = generate("SPX", as_of=time.time(), spot=6853.25, dates=dates, strikes=41, step=5, centre=6850, seed=1)
    name = next(item["details"]["ticker"] for item in chain.items if item["details"]["strike_price"] == 6850)
    with FakeMassive(ChainBook.of(chain, indices=VIX), key=CANARY) as vendor:
        environ = {
            "MARKET_REDIS_URL": redis_url,
            "MASSIVE_BASE_URL": vendor.url,
            "MASSIVE_WS_URL": stream.url,
            "MASSIVE_API_KEY": CANARY,
            "MASSIVE_CHAIN_SYMBOLS": "SPX",
            "MASSIVE_CHAIN_NUM_EXPIRATIONS": "2",
            "PYTHONASYNCIODEBUG": "1",
        }
        with SyncRedis.from_url(redis_url) as client:
            process = start(short_dir, "publish", "--source", "massive", "--stream", **environ)
            try:
                wait_until(lambda: f"T.{name}" in stream.held, 20, "subscriptions")
                stream.say("error", f"the key {CANARY} is odd")
                stream.push(frame=orjson.dumps([trade(name) | {"key": CANARY}]))
                stream.push(trade(name))
                wait_until(lambda: client.xlen(KEYS.stream()) == 1, 10, "the trade")
                stream.close(4000, f"bye {CANARY}")
                wait_until(lambda: b"bye ********" in (client.get("massive:heartbeat") or b""), 20, "the fault told")
                told = Path(f"/proc/{process.pid}/cmdline").read_bytes()
                told += b"".join(client.dump(key) or b"" for key in client.keys("*"))
            finally:
                process.terminate()
                _, said = process.communicate(timeout=20)
        told += said.encode() + log_text(short_dir).encode()
    assert "bye ********" in said
    assert CANARY.encode() not in told

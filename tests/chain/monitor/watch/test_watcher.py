"""The poll loop on a real server: what a poll costs, what is expected, and every way in which a pointer can lie."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from chain.clock import Instant, ManualClock
from chain.model.contract import Details, part
from chain.model.keys import REPLAY_PREFIX, ChainId, KeySchema, SnapshotId, heartbeat_key
from chain.model.session import closing
from chain.model.snapshot import decode, encode
from chain.monitor.board import Board
from chain.monitor.discovery import DISCOVER_EVERY_S
from chain.monitor.evaluate.signals import ChainStatus, HealthReport, evaluate
from chain.monitor.heartbeat import STOPPED, beat
from chain.monitor.states import DeckState, Flag, State
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Pace, Watcher
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.publish.draft import PublishVerdict
from chain.redis.contract.publish.writer import snapshot_writer
from chain.redis.contract.store import Payload, Store
from chain.redis.server.embedded import EmbeddedServer
from chain.thresholds import HEARTBEAT_TTL_S, Thresholds
from tests.support.scenes import NDX, SPX, SPX_MON, START_NS, START_S, heartbeat, manual_clock, snapshot, surface
from tests.support.waiting import cancelled_after, wait_until_async

NAMES = KeySchema()


class Desk:
    """One Redis, a hand that writes to it, and a watcher that reads it, all at one clock."""

    def __init__(self, redis: Redis, client: Redis, clock: ManualClock, keys: KeySchema = NAMES) -> None:
        self.redis = redis
        self.client = client
        self.clock = clock
        self.keys = keys
        self.writer = snapshot_writer(redis, keys)
        self.watcher = Watcher(RedisReader(client, keys, clock), clock, shown_as="unix")

    async def publish(self, *chains: ChainId) -> list[SnapshotId]:
        """Publish a snapshot of each chain, made now."""
        outcomes = await self.writer.publish([snapshot(c, self.clock.wall) for c in chains], 60)
        assert all(outcome.verdict is PublishVerdict.PUBLISHED for outcome in outcomes)
        return [outcome.id for outcome in outcomes]

    async def announce(self, *chains: ChainId, **how: Any) -> None:
        """Beat, naming these chains."""
        told: dict[str, Any] = {"ts": self.clock.wall / 1e9, "prefix": self.keys.prefix}
        await beat(self.redis, heartbeat(*chains, **told | how))

    async def open(self, *chains: ChainId) -> list[SnapshotId]:
        """Announce and publish chains, and poll once."""
        await self.announce(*chains)
        ids = await self.publish(*chains)
        report = await self.poll()
        assert [chain_status.state for chain_status in report.statuses] == [State.FRESH] * len(chains)
        return ids

    async def poll(self, seconds: float = 0.0) -> HealthReport:
        """Let time pass, poll once, and judge the Board."""
        self.clock.advance(seconds)
        return evaluate(await self.watcher.poll_once(), Instant.now(self.clock))

    async def point(self, chain: ChainId, value: str | bytes) -> None:
        """Set a pointer to anything."""
        await self.redis.set(self.keys.latest(chain), value, px=60_000)

    async def put(self, chain: ChainId, seconds: float, body: bytes | None = None) -> SnapshotId:
        """Write a payload made so long after the beginning, without moving the pointer."""
        made = snapshot(chain, START_NS + round(seconds * 1e9))
        await self.redis.set(self.keys.snapshot(made.id), encode(made) if body is None else body, px=60_000)
        return made.id

    async def follow(self, chain: ChainId, seconds: float, body: bytes | None = None) -> SnapshotId:
        """Write a payload and point at it."""
        made = await self.put(chain, seconds, body)
        await self.point(chain, self.keys.snapshot(made))
        return made


@pytest.fixture
def clock() -> ManualClock:
    return manual_clock()


@pytest.fixture
async def desk(redis: Redis, redis_url: str, clock: ManualClock) -> AsyncIterator[Desk]:
    client = RedisTarget(redis_url).connect()
    yield Desk(redis, client, clock)
    await client.aclose()


def only(report: HealthReport) -> ChainStatus:
    [chain_status] = report.statuses
    return chain_status


def shown(chain_status: ChainStatus) -> SnapshotId:
    assert chain_status.record.last_good
    return chain_status.record.last_good.snapshot.id


def states(report: HealthReport) -> dict[ChainId, State]:
    return {chain_status.record.chain: chain_status.state for chain_status in report.statuses}


def said(report: HealthReport) -> list[str]:
    return [change.text for change in report.board.transitions]


# What a poll costs, as the server counts it


async def cost(redis: Redis, action: Callable[[], Awaitable[object]]) -> tuple[int, Counter[str]]:
    """Return how many reads from sockets and which commands an action cost the server; the question's own left out."""

    async def nothing() -> None:
        """The cost of asking."""

    reads: list[int] = []
    for job in (nothing, action):
        await redis.config_resetstat()
        await job()
        stats, commands = await redis.info("stats"), await redis.info("commandstats")
        reads.append(stats["total_reads_processed"])
    calls = {name.removeprefix("cmdstat_"): value["calls"] for name, value in commands.items()}
    return reads[1] - reads[0], Counter(
        {name: n for name, n in calls.items() if name not in ("info", "config|resetstat")}
    )


# What a poll asks beside the chains; two GETRANGEs are of the compositors' heartbeats.
STREAM_SIGNS = {"hmget": 1, "eval_ro": 1, "xrevrange": 1, "xlen": 1, "xinfo|groups": 1}


async def test_a_poll_with_nothing_new_is_one_round_trip_and_reads_no_payload(desk: Desk) -> None:
    await desk.open(SPX, SPX_MON, NDX)
    trips, commands = await cost(desk.redis, desk.watcher.poll_once)
    assert trips == 1
    assert commands == {"mget": 1, "getrange": 2, "exists": 1, **STREAM_SIGNS}


async def test_payloads_are_read_only_where_a_pointer_moved(desk: Desk) -> None:
    await desk.open(SPX, SPX_MON, NDX)
    desk.clock.advance(10)
    [moved] = await desk.publish(NDX)
    trips, commands = await cost(desk.redis, desk.watcher.poll_once)
    assert trips == 2
    assert commands == {"mget": 1, "exists": 1, "getrange": 2 + 2, "pttl": 1, **STREAM_SIGNS}
    report = await desk.poll()
    assert [shown(r).ts_ms for r in report.statuses] == [moved.ts_ms - 10_000, moved.ts_ms - 10_000, moved.ts_ms]


@contextlib.asynccontextmanager
async def tapped(redis: Redis) -> AsyncIterator[list[list[str]]]:
    """Give every command that the server executes meanwhile, as words."""
    seen: list[list[str]] = []
    async with redis.monitor() as monitor:

        async def listen() -> None:
            while True:
                command = (await monitor.next_command())["command"]
                seen.append(command.split())
                if command == "ECHO that's-all":
                    return

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listen())
            yield seen
            await redis.echo("that's-all")
        seen.pop()


def looked_up(commands: Sequence[Sequence[str]]) -> set[str]:
    """Return every key and pattern of ours in these commands."""
    return {word for words in commands for word in words[1:] if word.startswith(("massive", "mock_massive", "replay"))}


async def test_discovery_scans_pointers_slowly_and_payload_keys_never(desk: Desk) -> None:
    [made] = await desk.publish(SPX)
    async with tapped(desk.redis) as commands:
        assert only(await desk.poll()).state is State.FRESH
        for _ in range(3):
            await desk.poll(DISCOVER_EVERY_S / 3 - 0.001)
    scans = [words for words in commands if words[0] == "SCAN"]
    assert len(scans) == 1
    assert scans[0][2:4] == ["MATCH", "massive:chain:latest:*"]
    payload_reads = [words for words in commands if any("chain:snapshot" in word for word in words[1:])]
    assert {words[0] for words in payload_reads} == {"GETRANGE", "EXISTS"}
    assert {word for words in payload_reads for word in words if "snapshot" in word} == {NAMES.snapshot(made)}
    await desk.publish(NDX)
    assert set(states(await desk.poll(0.01))) == {SPX, NDX}


async def test_a_heartbeat_speaks_for_its_own_underlyings_alone(desk: Desk) -> None:
    await desk.open(SPX)
    await desk.publish(NDX, SPX_MON)  # another program's, not announced: of SPX the heartbeat has said all

    async def a_long_time() -> None:
        for _ in range(4):
            await desk.announce(SPX)
            await desk.poll(HEARTBEAT_TTL_S - 1)

    _, commands = await cost(desk.redis, a_long_time)
    assert commands["scan"] == 1 and not commands["keys"]
    report = await desk.poll()
    assert set(states(report)) == {SPX, NDX}
    assert dict(report.board.chains.depth) == {"SPX": 1, "NDX": 1}
    [told] = [signal.text for signal in report.signals if signal.name == "publisher-unknown"]
    assert told == "NDX 01-02: of no publisher that beats, source of data unknown"


async def test_a_heartbeat_that_announces_nothing_hides_nothing(desk: Desk) -> None:
    await desk.announce(depth=6)
    await desk.publish(SPX, NDX)
    assert set(states(await desk.poll())) == {SPX, NDX}


async def test_a_date_that_has_passed_and_is_still_published_is_shown_and_not_counted(desk: Desk) -> None:
    yesterday = ChainId("SPX", SPX.expiry - timedelta(days=1))
    await desk.publish(SPX, yesterday)
    report = await desk.poll()
    assert (set(states(report)), dict(report.board.chains.depth)) == ({SPX, yesterday}, {"SPX": 1})
    assert [r.dte for r in report.statuses if Flag.PAST_DATED in r.flags] == [-1]
    [told] = [signal.text for signal in report.signals if signal.name == "past-dated"]
    assert told == "SPX 01-01 PAST-DATED: 1 whose session is over, not counted"
    await desk.redis.delete(NAMES.latest(yesterday))
    assert set(states(await desk.poll(1))) == {SPX}


async def test_a_recording_replayed_without_a_heartbeat_is_not_nothing(desk: Desk) -> None:
    months_ago = [ChainId(c.underlying, c.expiry - timedelta(days=120)) for c in (SPX, SPX_MON, NDX)]
    await desk.publish(*months_ago)
    report = await desk.poll()
    assert {r.state for r in report.statuses} == {State.FRESH}
    assert (report.state, "nothing-published" in [signal.name for signal in report.signals]) == (
        DeckState.WARNING,
        False,
    )
    [told] = [signal.text for signal in report.signals if signal.name == "past-dated"]
    assert told.endswith("3 whose sessions are over, nothing that still trades is published")
    assert [report.depth(underlying) for underlying in report.board.chains.underlyings] == [(0, 0), (0, 0)]


async def test_a_recordings_dates_are_past_once_its_publisher_no_longer_says_when_it_is(desk: Desk) -> None:
    recorded = ChainId("SPX", SPX.expiry - timedelta(days=120))
    as_of = START_S - 120 * 86_400.0
    await desk.announce(recorded, kind="capture", as_of=as_of)
    await desk.publish(recorded)
    assert only(await desk.poll()).flags == (Flag.CAPTURE,)
    await desk.redis.delete(heartbeat_key("mock_massive"))
    fresh_look = Desk(desk.redis, desk.client, desk.clock)
    assert Flag.PAST_DATED in only(await fresh_look.poll()).flags


async def test_a_date_that_is_published_past_its_close_is_past_and_what_was_made_before_it_is_not(desk: Desk) -> None:
    close = closing(SPX.expiry).timestamp()
    await desk.publish(SPX, SPX_MON)
    made_before = await desk.poll(close - 1 - desk.clock.wall_ns() / 1e9)
    assert [r.dte for r in made_before.statuses if Flag.PAST_DATED in r.flags] == []
    await desk.publish(SPX)
    assert [r.dte for r in (await desk.poll(1)).statuses if Flag.PAST_DATED in r.flags] == []  # let run out
    await desk.publish(SPX, SPX_MON)
    report = await desk.poll()
    assert [r.dte for r in report.statuses if Flag.PAST_DATED in r.flags] == [0]
    assert report.depth("SPX") == (1, 1)
    assert "past-dated" in [signal.name for signal in report.signals]


# Which chains are expected


async def test_the_heartbeat_names_the_expected_set_its_order_and_depth(desk: Desk) -> None:
    await desk.announce(SPX_MON, SPX, NDX, depth=3)
    await desk.publish(SPX)
    report = await desk.poll()
    assert list(states(report).items()) == [
        (SPX, State.FRESH),
        (SPX_MON, State.MISSING),
        (NDX, State.MISSING),
    ]
    assert dict(report.board.chains.depth) == {"SPX": 3, "NDX": 3}
    assert {r.flags for r in report.statuses} == {(Flag.MOCK,)}
    [publisher] = report.board.publishers.known
    assert publisher.alive


async def test_a_missing_chain_stays_with_the_time_last_seen(desk: Desk) -> None:
    await desk.open(SPX, NDX)
    await desk.poll(4)
    await desk.redis.delete(NAMES.latest(SPX))
    report = await desk.poll(1)
    chain_status = report.statuses[0]
    assert (chain_status.state, chain_status.age_s, chain_status.since) == (State.MISSING, 5.0, START_S + 5)
    assert chain_status.record.last_present == START_S + 4
    assert said(report) == ["FRESH to MISSING"]
    for _ in range(5):
        report = await desk.poll(100)
    assert report.statuses[0].record.last_present == START_S + 4
    assert (report.statuses[0].state, report.statuses[0].age_s) == (State.MISSING, 505.0)


async def test_a_missing_chain_leaves_when_a_new_set_is_announced(desk: Desk) -> None:
    await desk.open(SPX, SPX_MON, NDX)
    await desk.redis.delete(NAMES.latest(SPX), NAMES.latest(NDX))
    report = await desk.poll(1)
    assert states(report) == {SPX: State.MISSING, SPX_MON: State.FRESH, NDX: State.MISSING}
    await desk.announce(SPX_MON, ts=START_S + 1)
    assert set(states(await desk.poll(1))) == {SPX_MON, NDX}  # nothing new was said of NDX


async def test_a_missing_chain_leaves_when_its_date_has_passed(desk: Desk) -> None:
    await desk.open(SPX, SPX_MON)
    await desk.redis.delete(NAMES.latest(SPX))
    evening = await desk.poll(13 * 3600 + 59 * 60)  # 23:59 in New York
    assert states(evening)[SPX] is State.MISSING
    assert set(states(await desk.poll(120))) == {SPX_MON}


async def test_a_chain_that_comes_back_is_read_again(desk: Desk) -> None:
    [held] = await desk.open(SPX)
    await desk.redis.delete(NAMES.latest(SPX))
    await desk.poll(3)
    await desk.point(SPX, NAMES.snapshot(held))
    report = await desk.poll(3)
    assert (only(report).state, only(report).age_s) == (State.FRESH, 6.0)
    assert said(report) == ["MISSING to FRESH", "FRESH to MISSING"]


async def test_the_publishers_last_beat_is_taken_at_its_word(desk: Desk) -> None:
    await desk.open(SPX)
    await desk.announce(SPX, status=STOPPED, ts=START_S + 3)
    report = await desk.poll(3)
    [signal] = report.signals
    assert (signal.text, signal.since) == ("publisher mock_massive has stopped", START_S + 3)
    assert only(report).state is State.FRESH  # its snapshots outlive it
    await desk.announce(SPX, ts=START_S + 4)
    assert not (await desk.poll(1)).signals


async def test_a_publisher_without_a_beat_is_silent_since_then(desk: Desk) -> None:
    await desk.open(SPX)
    await desk.redis.delete(heartbeat_key("mock_massive"))
    for _ in range(3):
        report = await desk.poll(1)
        [signal] = report.signals
        assert (signal.text, signal.since) == ("publisher mock_massive is silent", START_S + 1)
    assert set(states(report)) == {SPX}  # still expected


@pytest.mark.parametrize(
    ("foreign", "said"),
    [
        (b'{"service":"mock_massive","ts":1767366000.0}', ""),  # another program's plain beat
        (b'{"service":"massive","ts":1767366000.0}', "service: calls itself 'massive' under the key of mock_massive"),
        (b"junk", "not JSON: invalid character (byte 0)"),
        (b"\xff\x00", "not JSON: byte 0 is not UTF-8"),
        (b"", "empty"),
    ],
)
async def test_a_beat_that_is_not_ours_is_told_and_keeps_no_publisher_alive(
    desk: Desk, foreign: bytes, said: str
) -> None:
    await desk.open(SPX)
    await desk.redis.set(heartbeat_key("mock_massive"), foreign)
    refused = [f"heartbeat of mock_massive refused: {said}"] if said else []
    report = await desk.poll(HEARTBEAT_TTL_S)
    assert [signal.text for signal in report.signals] == refused
    assert only(report).state is not State.MISSING
    report = await desk.poll(0.1)
    assert [signal.text for signal in report.signals] == [*refused, "publisher mock_massive is silent"]
    await desk.announce(SPX)
    assert "refused" not in str((await desk.poll(1)).signals)


async def test_a_beat_that_never_changes_is_no_life_sign(desk: Desk) -> None:
    await desk.open(SPX)
    await desk.redis.persist(heartbeat_key("mock_massive"))
    assert (await desk.poll(HEARTBEAT_TTL_S)).board.publishers.known[0].alive
    assert not (await desk.poll(0.1)).board.publishers.known[0].alive
    await desk.announce(SPX)
    assert (await desk.poll(1)).board.publishers.known[0].alive


# Pointers that must not be followed


CORRUPT: dict[str, tuple[str, str]] = {
    "of another chain": ("massive:chain:snapshot:NDX:2026-01-02:1767366000000", "pointer names NDX 2026-01-02"),
    "of another expiry": ("massive:chain:snapshot:SPX:2026-01-05:1767366000000", "pointer names SPX 2026-01-05"),
    "to itself": ("massive:chain:latest:SPX:2026-01-02", "does not begin with massive:chain:snapshot:"),
    "of another prefix": ("massive:replay:chain:snapshot:SPX:2026-01-02:1767366000000", "does not begin with"),
    "in seconds": ("massive:chain:snapshot:SPX:2026-01-02:1767366000", "no epoch in milliseconds"),
    "with a tail": ("massive:chain:snapshot:SPX:2026-01-02:1767366000000 ", "no epoch in milliseconds"),
    "quoted as JSON": ('"massive:chain:snapshot:SPX:2026-01-02:1767366000000"', "does not begin with"),
    "empty": ("", "does not begin with"),
    "a terminal's escape": ("\x1b]52;c;cm0gLXJm\x07", "does not begin with"),
    "of one megabyte": ("massive:chain:snapshot:SPX:" + "9" * 1_000_000, "is longer than 128 bytes"),
}


@pytest.mark.parametrize("kind", CORRUPT)
async def test_a_pointer_out_of_grammar_or_of_another_chain_is_never_followed(desk: Desk, kind: str) -> None:
    value, reason = CORRUPT[kind]
    await desk.open(SPX, NDX)
    await desk.publish(SPX_MON)
    await desk.point(SPX, value)
    trips, commands = await cost(desk.redis, desk.watcher.poll_once)
    assert (trips, commands["getrange"], commands["get"]) == (1, 2, 0)
    report = await desk.poll(1)
    chain_status = report.statuses[0]
    assert chain_status.state is State.INVALID
    assert chain_status.note.startswith("pointer") and reason in chain_status.note
    assert len(chain_status.note) < 200 and chain_status.note.isprintable()
    assert chain_status.age_s == 1.0  # what was last good is kept, and ages
    assert states(report)[NDX] is State.FRESH
    desk.clock.advance(10)
    await desk.publish(SPX)
    assert (await desk.poll()).statuses[0].state is State.FRESH


async def test_a_pointer_of_another_type_is_invalid_until_it_is_gone_or_right(desk: Desk) -> None:
    await desk.open(SPX)
    key = NAMES.latest(SPX)
    await desk.redis.delete(key)
    await desk.redis.lpush(key, "x")
    for _ in range(2):
        chain_status = only(await desk.poll(1))
        assert (chain_status.state, chain_status.note) == (State.INVALID, "pointer is a Redis list, not a string")
        assert chain_status.since == START_S + 1
    await desk.redis.delete(key)
    chain_status = only(await desk.poll(1))
    assert (chain_status.state, chain_status.record.last_present) == (State.MISSING, START_S + 2)
    desk.clock.advance(10)
    await desk.publish(SPX)
    assert only(await desk.poll()).state is State.FRESH


async def test_a_payload_of_another_type_is_invalid(desk: Desk) -> None:
    await desk.open(SPX)
    made = snapshot(SPX, START_NS + 10**9).id
    await desk.redis.hset(NAMES.snapshot(made), "a", "b")
    await desk.point(SPX, NAMES.snapshot(made))
    chain_status = only(await desk.poll(1))
    assert chain_status.state is State.INVALID
    assert chain_status.note.startswith("payload key: ") and "wrong kind" in chain_status.note


BROKEN: dict[str, tuple[bytes, str]] = {
    "another chain's payload": (encode(snapshot(NDX, START_NS + 10**9)), "underlying 'NDX' under a key of SPX"),
    "another expiry's payload": (encode(snapshot(SPX_MON, START_NS + 10**9)), "expiration 2026-01-05 under a key of"),
    "another instant's payload": (encode(snapshot(SPX, START_NS)), "more than 1 ms apart"),
    "no JSON": (b"{", "not JSON"),
    "no object": (b"[]", "an array, not an object"),
    "nothing": (b"", "payload: empty"),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_payload_that_is_not_what_its_key_names_is_refused(desk: Desk, kind: str) -> None:
    body, reason = BROKEN[kind]
    [held] = await desk.open(SPX)
    await desk.follow(SPX, 1, body)
    chain_status = only(await desk.poll(2))
    assert chain_status.state is State.INVALID
    assert chain_status.note.startswith("payload: ") and reason in chain_status.note
    assert shown(chain_status) == held and chain_status.age_s == 2.0
    _, commands = await cost(desk.redis, desk.watcher.poll_once)
    assert commands["getrange"] == 2  # judged once: a payload never changes; these are the compositors' heartbeats


# Pointers to nothing, and races


async def test_a_pointer_to_nothing_dangles_after_one_silent_second_look(desk: Desk) -> None:
    await desk.open(SPX)
    await desk.point(SPX, NAMES.snapshot(snapshot(SPX, START_NS + 10**9).id))
    async with tapped(desk.redis) as commands:
        report = await desk.poll(1)
    assert only(report).state is State.DANGLING
    payload, pointer = KeySchema().snapshot(snapshot(SPX, START_NS + 10**9).id), KeySchema().latest(SPX)
    looks = [words[1] for words in commands if words[0] == "GETRANGE" and words[1] in (payload, pointer)]
    assert looks == [payload, pointer, payload]
    assert only(await desk.poll(7)).since == START_S + 1


async def test_a_payload_evicted_under_a_standing_pointer_dangles_at_the_next_poll(desk: Desk) -> None:
    [held, _] = await desk.open(SPX, NDX)
    await desk.redis.delete(NAMES.snapshot(held))
    report = await desk.poll(1)
    assert states(report) == {SPX: State.DANGLING, NDX: State.FRESH}
    assert report.statuses[0].age_s == 1.0
    assert said(report) == ["FRESH to DANGLING"]
    desk.clock.advance(9)
    await desk.publish(SPX)
    assert set(states(await desk.poll()).values()) == {State.FRESH}


async def test_a_payload_that_arrives_after_its_pointer_is_shown(desk: Desk) -> None:
    await desk.open(SPX)
    late = snapshot(SPX, START_NS + 10**9)
    await desk.point(SPX, NAMES.snapshot(late.id))
    assert only(await desk.poll(1)).state is State.DANGLING
    await desk.put(SPX, 1)
    chain_status = only(await desk.poll(1))
    assert (chain_status.state, shown(chain_status)) == (State.FRESH, late.id)


async def test_a_pointer_that_moves_between_the_two_reads_shows_the_newer_without_a_word(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.open(SPX)
    expiring = await desk.follow(SPX, 1)
    real = Store.fetch
    moved: list[SnapshotId] = []

    async def overtaken(store: Store, wanted: Sequence[SnapshotId]) -> list[Payload]:
        if not moved:
            await desk.redis.delete(NAMES.snapshot(expiring))
            moved.append(await desk.follow(SPX, 2))
        return await real(store, wanted)

    monkeypatch.setattr(Store, "fetch", overtaken)
    report = await desk.poll(3)
    assert (only(report).state, shown(only(report))) == (State.FRESH, moved[0])
    assert said(report) == []


async def test_a_pointer_that_goes_between_the_two_reads_is_missing_not_dangling(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.open(SPX)
    expiring = await desk.follow(SPX, 1)
    real = Store.fetch

    async def expired(store: Store, wanted: Sequence[SnapshotId]) -> list[Payload]:
        await desk.redis.delete(NAMES.snapshot(expiring), NAMES.latest(SPX))
        return await real(store, wanted)

    monkeypatch.setattr(Store, "fetch", expired)
    report = await desk.poll(3)
    assert (only(report).state, said(report)) == (State.MISSING, ["FRESH to MISSING"])


async def test_a_pointer_set_back_is_told_and_followed_at_its_next_move(desk: Desk) -> None:
    await desk.announce(SPX)
    await desk.follow(SPX, 0)
    await desk.poll()
    newest = await desk.follow(SPX, 20)
    await desk.poll(20)
    await desk.follow(SPX, 10)
    for _ in range(3):
        report = await desk.poll(1)
        assert Flag.ROLLED_BACK in only(report).flags
        assert (shown(only(report)), only(report).state) == (newest, State.FRESH)
    assert report.signals[0].text == "SPX 01-02 ROLLED-BACK: from 10:00:20 to 10:00:10"
    followed = await desk.follow(SPX, 15)
    report = await desk.poll(1)
    assert shown(only(report)) == followed
    assert Flag.ROLLED_BACK in only(report).flags  # still behind what was seen
    await desk.follow(SPX, 23)
    assert only(await desk.poll(1)).flags == (Flag.MOCK,)


async def test_after_expiry_an_older_snapshot_is_accepted(desk: Desk) -> None:
    await desk.announce(SPX)
    await desk.follow(SPX, 20)
    await desk.poll(20)
    await desk.redis.delete(NAMES.latest(SPX))
    await desk.poll(1)
    older = await desk.follow(SPX, 10)
    chain_status = only(await desk.poll(1))
    assert (chain_status.state, shown(chain_status), chain_status.age_s) == (State.FRESH, older, 12.0)
    assert chain_status.flags == (Flag.MOCK,)


async def test_a_snapshot_from_the_future_is_shown_as_such(desk: Desk) -> None:
    await desk.announce(SPX)
    await desk.follow(SPX, 2.0)
    assert only(await desk.poll()).state is State.FRESH
    await desk.follow(SPX, 2.001)
    chain_status = only(await desk.poll())
    assert (chain_status.state, chain_status.note) == (State.FUTURE, "its clock is 2.0 s ahead of ours")
    assert only(await desk.poll(0.001)).state is State.FRESH


# Ages


async def test_a_thousand_polls_reset_no_age(desk: Desk) -> None:
    await desk.open(SPX)
    ages = [only(await desk.poll(0.016)).age_s for _ in range(1000)]
    assert ages == pytest.approx([0.016 * n for n in range(1, 1001)], abs=0.0011)


async def test_neither_a_new_connection_nor_a_lost_pointer_nor_the_wall_clock_resets_an_age(desk: Desk) -> None:
    [held] = await desk.open(SPX)
    await desk.poll(5)
    await desk.redis.client_kill_filter(_type="normal", skipme=True)
    assert only(await desk.poll(5)).age_s == 10.0
    await desk.redis.delete(NAMES.latest(SPX))
    assert only(await desk.poll(5)).age_s == 15.0
    await desk.point(SPX, NAMES.snapshot(held))
    assert only(await desk.poll(5)).age_s == 20.0
    desk.clock.step_wall(-3_600)
    report = await desk.poll(5)
    assert only(report).age_s == 25.0
    assert only(report).state is State.FUTURE  # its stamp is an hour ahead of what is now our clock


async def test_a_step_of_the_wall_clock_is_told_for_a_minute(desk: Desk) -> None:
    await desk.open(SPX)
    await desk.poll(1)
    desk.clock.step_wall(-120)
    report = await desk.poll(1)
    assert said(report)[-1] == "wall clock stepped by -120.0 s"
    since = {signal.since for signal in report.signals if signal.name == "clock-step"}
    report = await desk.poll(58)
    assert {signal.since for signal in report.signals if signal.name == "clock-step"} == since != set()
    assert "clock-step" not in [signal.name for signal in (await desk.poll(2)).signals]


async def test_ttl_is_that_of_the_pointer(desk: Desk) -> None:
    await desk.open(SPX)
    ttl = only(await desk.poll(10)).ttl_s
    assert ttl is not None and 48 < ttl <= 50


# The stream


@pytest.mark.parametrize(
    ("stamp", "degraded"),
    [
        (f"{START_S + 48}.25", True),
        (f"{START_S + 40}", False),
        (f"{START_S + 48}000", False),
        ("soon", False),
        ("inf", False),
    ],
)
async def test_the_stream_counts_as_active_by_its_readers_stamp_in_seconds(
    desk: Desk, stamp: str, degraded: bool
) -> None:
    await desk.open(SPX, NDX)
    desk.clock.advance(30)
    await desk.publish(NDX)
    await desk.redis.hset("massive:ws:analytics", "last_ts", stamp)
    report = await desk.poll(18)
    assert states(report) == {SPX: State.STALE, NDX: State.FRESH}
    assert (report.state is DeckState.DEGRADED) is degraded


@pytest.mark.parametrize(
    ("stamp", "told"),
    [
        ("nan", True),
        ("x", True),
        ("", True),
        ("-inf", True),
        (f"{START_S}000", True),
        ("9" * 5000, True),
        (f"{START_S}", False),
        (f"{START_S - 600}.5", False),
        (None, False),
    ],
)
async def test_a_mark_of_the_stream_that_is_no_time_is_told_until_it_is_one(
    desk: Desk, stamp: str | None, told: bool
) -> None:
    await desk.open(SPX)
    if stamp is not None:
        await desk.redis.hset("massive:ws:analytics", "last_ts", stamp)
    for _ in range(3):
        report = await desk.poll()
        assert [s.text for s in report.signals if s.name == "stream-clock"] == [
            "the stream's last frame has a stamp that is no time in epoch seconds: not counted"
        ] * told
    await desk.redis.hset("massive:ws:analytics", "last_ts", str(START_S))
    await desk.poll()
    assert "stream-clock" not in {s.name for s in (await desk.poll()).signals}


@pytest.mark.parametrize(("behind_s", "degraded"), [(0.5, True), (5.0, True), (5.001, False), (600.0, False)])
async def test_the_newest_entry_of_the_stream_is_a_sign_of_life_too(
    desk: Desk, behind_s: float, degraded: bool
) -> None:
    await desk.open(SPX, NDX)
    desk.clock.advance(30)
    await desk.publish(NDX)
    await desk.redis.xadd("massive:ws:stream", {"f": "1"}, id=f"{round((START_S + 48 - behind_s) * 1000)}-0")
    report = await desk.poll(18)
    assert (report.state is DeckState.DEGRADED) is degraded


async def test_a_user_without_scripts_sees_the_chains_all_the_same(redis: Redis, redis_url: str) -> None:
    await redis.acl_setuser(
        "plain", enabled=True, reset=True, nopass=True, keys=["*"], commands=["+@all", "-@scripting"]
    )
    desk = Desk(redis, RedisTarget(redis_url.replace("unix://", "unix://plain:x@")).connect(), manual_clock())
    await redis.xadd("massive:ws:stream", {"f": "1"})
    try:
        await desk.open(SPX)
        board = (await desk.poll()).board
        assert (board.redis.health.ok, board.streams.newest_entry) == (True, None)
    finally:
        await desk.client.aclose()
        await redis.acl_deluser("plain")


async def test_a_stream_key_of_another_type_is_no_stream(desk: Desk) -> None:
    await desk.redis.set("massive:ws:analytics", "x")
    await desk.open(SPX)
    assert (await desk.poll()).board.streams.last_frame is None


# Redis that is gone, or does not let us in


async def test_redis_gone_is_unreachable_with_ages_going_on_and_recovers_by_itself(
    short_dir: Path, holder: EmbeddedServer, clock: ManualClock
) -> None:
    url = holder.start_or_attach(short_dir).url
    client, redis = RedisTarget(url).connect(), Redis.from_url(url)
    desk = Desk(redis, client, clock)
    await desk.open(SPX)
    holder.stop()
    for seconds in (1.0, 2.0):
        report = await desk.poll(1)
        assert report.state is DeckState.CRITICAL
        assert (only(report).state, only(report).age_s) == (State.UNREACHABLE, seconds)
        assert report.signals[0].text.startswith("Redis unreachable: ")
        assert report.signals[0].since == START_S + 1
    assert len(said(report)) == 1
    holder.start_or_attach(short_dir)
    report = await desk.poll(1)  # a new and empty server
    assert said(report)[0] == "Redis back after 2.0 s: 1 MISSING"
    assert len(said(report)) == 2
    assert (only(report).state, only(report).age_s) == (State.MISSING, 3.0)
    await desk.announce(SPX)
    await desk.publish(SPX)
    report = await desk.poll(1)
    assert (only(report).state, only(report).age_s, report.board.redis.server.name) == (
        State.FRESH,
        1.0,
        holder_name(holder),
    )
    await client.aclose()
    await redis.aclose()


def holder_name(holder: EmbeddedServer) -> str:
    return holder.start_or_attach().program


async def test_a_watcher_beside_its_own_publisher_gives_it_time_to_announce(desk: Desk, clock: ManualClock) -> None:
    await desk.publish(SPX)
    watcher = Watcher(RedisReader(desk.redis, NAMES, clock, discover_after_s=10.0), clock)
    assert not (await watcher.poll_once()).chains.records
    clock.advance(9.999)
    assert not (await watcher.poll_once()).chains.records
    clock.advance(0.001)
    assert [record.chain for record in (await watcher.poll_once()).chains.records] == [SPX]


async def test_a_refused_port_is_one_line_and_no_chain(clock: ManualClock, unused_tcp_port: int) -> None:
    client = RedisTarget(f"redis://:secret@127.0.0.1:{unused_tcp_port}/0").connect()
    watcher = Watcher(RedisReader(client, NAMES, clock), clock)
    boards = [await watcher.poll_once() for _ in range(2)]
    [signal] = evaluate(boards[1], Instant.now(clock)).signals
    assert (signal.severity, signal.since) == (DeckState.CRITICAL, START_S)
    assert signal.text.startswith("Redis unreachable: ") and "secret" not in signal.text
    assert [change.text for change in boards[1].transitions] == [signal.text]
    await client.aclose()


@pytest.fixture
async def limited(desk: Desk, redis_url: str, clock: ManualClock) -> AsyncIterator[Callable[[str], Awaitable[Desk]]]:
    """Make desks whose watcher is a user that lacks one command."""
    clients: list[Redis] = []

    async def make(command: str) -> Desk:
        may: dict[str, Any] = {"keys": ["*"], "channels": ["*"], "categories": ["+@all"], "commands": [f"-{command}"]}
        await desk.redis.acl_setuser("eye", enabled=True, reset=True, passwords="+pw", **may)
        clients.append(Redis.from_url(redis_url.replace("unix://", "unix://eye:pw@")))
        return Desk(desk.redis, clients[0], clock)

    yield make
    for client in clients:
        await client.aclose()
    await desk.redis.acl_deluser("eye")


async def test_a_user_who_may_not_ask_for_the_servers_name_sees_the_chains(
    limited: Callable[[str], Awaitable[Desk]],
) -> None:
    desk = await limited("info")
    await desk.open(SPX)
    report = await desk.poll(1)
    assert (report.state, report.board.redis.server.name) == (DeckState.OK, "")


async def test_a_lacking_permission_is_said_and_does_not_flap(limited: Callable[[str], Awaitable[Desk]]) -> None:
    desk = await limited("getrange")
    await desk.publish(SPX)
    for _ in range(3):
        report = await desk.poll(1)
    assert report.state is not DeckState.OK
    assert only(report).note == "payload key: this Redis user has no right to run GETRANGE"


# Interrupted commands


async def test_three_hundred_cancelled_reads_leave_no_reply_for_another_to_take(desk: Desk) -> None:
    spx, ndx = await desk.publish(SPX, NDX)
    store = Store(desk.client, NAMES)
    cancelled = 0
    for turn in range(300):
        cancelled += await cancelled_after(turn % 5, store.fetch([spx]))
        [payload] = await store.fetch([ndx])
        assert payload.raw is not None
        assert decode(payload.raw, ndx).id.chain == NDX
    assert cancelled > 100


async def test_cancelled_polls_leave_a_watcher_that_tells_the_truth(desk: Desk) -> None:
    await desk.open(SPX, NDX)
    for turn in range(100):
        if turn % 10 == 0:
            desk.clock.advance(1)
            await desk.publish(SPX, NDX)
        await cancelled_after(turn % 25, desk.watcher.poll_once())
    report = await desk.poll(1)
    assert [(shown(r).chain, r.state, r.age_s) for r in report.statuses] == [
        (SPX, State.FRESH, 1.0),
        (NDX, State.FRESH, 1.0),
    ]


# Namespaces


async def test_live_and_replay_never_read_each_others_keys(redis: Redis, redis_url: str, clock: ManualClock) -> None:
    client = RedisTarget(redis_url).connect()
    live, replay = Desk(redis, client, clock), Desk(redis, client, clock, KeySchema(REPLAY_PREFIX))
    await live.publish(SPX)
    await replay.publish(SPX, NDX)
    ours = ("massive:replay:", "replay:")
    for desk, mine in ((live, {SPX}), (replay, {SPX, NDX})):
        async with tapped(redis) as commands:
            assert set(states(await desk.poll())) == mine
            assert set(states(await desk.poll())) == mine
        wanted = looked_up(commands)
        assert f"{desk.keys.prefix}:chain:latest:*" in wanted
        assert {key.startswith(ours) for key in wanted} == {desk is replay}, "the stream and heartbeats included"
    await client.aclose()


async def test_a_replays_heartbeat_announces_nothing_to_a_live_deck(desk: Desk) -> None:
    await desk.announce(SPX, prefix=REPLAY_PREFIX, kind="replay")
    await desk.publish(NDX)
    report = await desk.poll()
    assert set(states(report)) == {NDX}
    assert report.board.publishers.known == ()


# The Board


async def test_a_board_is_frozen_and_no_later_poll_reaches_into_it(desk: Desk) -> None:
    await desk.open(SPX, NDX)
    early = (await desk.poll(1)).board
    told = repr(early)
    for thing, name in (
        (early, "chains"),
        (early.chains, "records"),
        (early.chains.records[0], "fault"),
        (early.redis.health, "ok"),
    ):
        with pytest.raises(AttributeError):
            setattr(thing, name, None)
    await desk.redis.delete(NAMES.latest(SPX))
    await desk.announce(SPX_MON, NDX, depth=9)
    await desk.publish(NDX, SPX_MON)
    late = (await desk.poll(10)).board
    assert repr(late) != told == repr(early)


async def test_numbers_of_a_chain_come_from_one_payload(desk: Desk) -> None:
    """While a publisher writes as fast as it can, ts, ATM, key and contracts on a Board belong together."""
    await desk.announce(SPX)
    done = asyncio.Event()
    seen: set[int] = set()

    async def write() -> None:
        for n in range(1, 201):
            spot = 6900.0 + n
            made = snapshot(SPX, START_NS + n * 10**6, surface([6900 + n], spot=spot), atm=6900 + n)
            await desk.writer.publish([made], 60)
        done.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        while not done.is_set():
            chain_status = only(await desk.poll())
            good = chain_status.record.last_good
            if good is None:
                continue
            n = good.snapshot.id.ts_ms - START_S * 1000
            seen.add(n)
            assert chain_status.state is State.FRESH
            assert (good.snapshot.atm, good.summary.spot) == (6900 + n, 6900.0 + n)
            assert part(good.snapshot.open().contracts[0].details, Details).strike_price == 6900 + n
            assert chain_status.record.pointer == good.snapshot.id
    assert len(seen) > 5


async def test_the_loop_hands_over_a_board_for_every_poll_until_cancelled(desk: Desk) -> None:
    await desk.announce(SPX)
    await desk.publish(SPX)
    watcher = Watcher(RedisReader(desk.client, NAMES, desk.clock), desk.clock, pace=Pace(every_s=0.01))
    boards: list[Board] = []

    def five() -> bool:
        desk.clock.advance(0.01)
        return len(boards) >= 5

    task = asyncio.create_task(watcher.run(boards.append))
    await wait_until_async(five, what="five Boards")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert all(board.chains.records[0].last_good for board in boards)


# Payloads that follow the contract, and cannot be used


def spoiled(chain: ChainId, seconds: float, keep: int, **details: Any) -> bytes:
    """Return a payload of 24 contracts, all but the first `keep` spoiled in their details."""
    contracts = surface(range(6800, 6920, 10), chain=chain)
    bad = [c | {"details": c["details"] | details} for c in contracts[keep:]]
    return encode(snapshot(chain, START_NS + round(seconds * 1e9), [*contracts[:keep], *bad]))


NO_STRIKE: list[dict[str, Any]] = [{"strike_price": value} for value in ("6930", -1, 0, None, 1e12)]


@pytest.mark.parametrize("details", [*NO_STRIKE, {"contract_type": "x"}, {"expiration_date": "2026-01-09"}])
async def test_a_chain_without_one_usable_row_is_invalid_and_keeps_what_was_good(
    desk: Desk, details: dict[str, Any]
) -> None:
    [held] = await desk.open(SPX)
    await desk.follow(SPX, 3, spoiled(SPX, 3, 0, **details))
    report = await desk.poll(4)
    assert (only(report).state, shown(only(report))) == (State.INVALID, held)
    assert only(report).note.startswith("payload: none of its 24 contracts is usable: ")
    assert report.state is DeckState.CRITICAL
    await desk.follow(SPX, 5, spoiled(SPX, 5, 24, **details))
    assert (await desk.poll(2)).state is DeckState.OK


@pytest.mark.parametrize(("keep", "usable"), [(1, 1), (12, 12), (23, 23)])
async def test_a_chain_with_few_usable_rows_is_partial_with_how_many(desk: Desk, keep: int, usable: int) -> None:
    await desk.open(SPX)
    await desk.follow(SPX, 3, spoiled(SPX, 3, keep, strike_price="x"))
    report = await desk.poll(4)
    assert (only(report).state, Flag.PARTIAL in only(report).flags) == (State.FRESH, True)
    [signal] = report.signals
    assert signal.text.startswith(f"SPX 01-02 PARTIAL: {usable} of 24 contracts usable: strike_price")


async def test_an_interval_of_days_makes_no_age_fresh(desk: Desk) -> None:
    await desk.announce(SPX, thresholds=Thresholds(200_000.0, 604_800.0))
    await desk.publish(SPX)
    assert only(await desk.poll()).state is State.FRESH
    report = await desk.poll(36)
    assert only(report).state is State.STALE
    assert "limits-unfit" in [signal.name for signal in report.signals]


async def test_a_publisher_that_stops_is_missed_since_its_snapshots_went_stale(desk: Desk) -> None:
    await desk.open(SPX, NDX)
    report = await desk.poll(36)
    assert [(r.state, r.since) for r in report.statuses] == [(State.STALE, START_S + 35)] * 2
    await desk.redis.delete(NAMES.latest(SPX), NAMES.latest(NDX))
    for seconds in (25, 100):
        report = await desk.poll(seconds)
        assert [(r.state, r.since) for r in report.statuses] == [(State.MISSING, START_S + 35)] * 2
        assert {signal.since for signal in report.signals if signal.name in ("all-stale", "depth")} == {START_S + 35}
    await desk.publish(SPX)
    [back, gone] = (await desk.poll(1)).statuses
    assert (back.state, back.since) == (State.FRESH, None)
    assert (gone.state, gone.since) == (State.MISSING, START_S + 35)

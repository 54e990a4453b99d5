"""A replay on a real Redis: each payload byte for byte, in its time, kept while it stood, gone where it was gone."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import orjson
import pytest
from redis.asyncio import Redis

from chain.errors import LiveProtectedError
from chain.model.keys import LIVE_PREFIX, KeySchema, SnapshotId
from chain.model.snapshot import decode
from chain.monitor.heartbeat import STOPPED, beat
from chain.monitor.states import Flag, State
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.publish.writer import snapshot_writer
from chaindeck.engine.replay.compose import ReplayOptions
from chaindeck.engine.replay.tape_recording import TapeRecording
from publisher.loop.publisher import Publisher
from publisher.protection.guard import Guard
from publisher.protection.publish_gate import PublishGate
from publisher.replay.in_force import SHORTEST_S, life_s
from publisher.replay.replay import ReplacedError, Replay
from tests.support.builders import ScriptedSource, assert_contract_kept, small, value_at
from tests.support.contexts import context_of
from tests.support.replay_stage import REPLAY, ReplayStage, replay_stage
from tests.support.replays import CHAINS, beaten, fetched, id_at, key_at, looks, pointer, tape_of
from tests.support.scenes import NDX, SPX, START_NS, START_S, heartbeat
from tests.support.servers import Servers
from tests.support.tapes import instant, payload

LONG_S = 120
PUBLISHED = 12 + 11  # of NDX one every ten seconds, of SPX less what was gone and broken
GONE_S, BACK_S, BROKEN_S = 33, 47, 60


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes: a pointer is gone for a while, and one payload is no snapshot."""
    changed = {
        GONE_S: [pointer(SPX, None)],
        40: [pointer(NDX, key_at(40, NDX)), fetched(40, NDX)],
        BACK_S: [pointer(SPX, key_at(BACK_S)), fetched(BACK_S, SPX)],
        BROKEN_S: [
            *(pointer(chain, key_at(BROKEN_S, chain)) for chain in CHAINS),
            fetched(BROKEN_S, SPX, b'{"ts": 1'),
            fetched(BROKEN_S, NDX),
        ],
    }
    return tape_of(tmp_path_factory.mktemp("replay") / "day.tape", looks(LONG_S, changed=changed))


@pytest.fixture(autouse=True)
async def contract_kept(redis: Redis) -> AsyncIterator[None]:
    """After each test: every contract key has a deadline, no pointer dangles, and none outlives its payload."""
    yield
    await assert_contract_kept(redis)


@pytest.fixture
async def stage(redis: Redis, redis_url: str, tape: Path) -> AsyncIterator[ReplayStage]:
    """The tape at its own speed."""
    async with replay_stage(redis, redis_url, tape, ReplayOptions(speed=1.0)) as stage:
        await stage.run(0.0)
        yield stage


def expected(at_s: float) -> float | None:
    """Return of when SPX's snapshot is that stood so long after the tape's beginning."""
    if GONE_S <= at_s < BACK_S:
        return None
    if BACK_S <= at_s < 50:
        return BACK_S
    return 50.0 if BROKEN_S <= at_s < 70 else at_s // 10 * 10


# What is played


@pytest.mark.parametrize("speed", [0.1, 1.0, 10.0, 1000.0])
async def test_at_any_speed_what_stood_then_stands_now(redis: Redis, redis_url: str, tape: Path, speed: float) -> None:
    async with replay_stage(redis, redis_url, tape, ReplayOptions(speed=speed)) as stage:
        for at_s in (0.5, 9.9, 10.1, 32.9, 33.1, 46.9, 47.1, 59.9, 60.1, 69.9, 70.1, 118.5):
            await stage.run((at_s - (stage.player.at_ns - START_NS) / 1e9) / speed)
            assert await stage.at_s() == expected(at_s), at_s
            found = await stage.held()
            assert found is None or found.payload == payload((await stage.at_s()) or 0.0)
            assert await stage.at_s(NDX) == at_s // 10 * 10


async def test_every_payload_is_written_once_in_order_byte_for_byte(redis: Redis, redis_url: str, tape: Path) -> None:
    written: list[tuple[str, bytes]] = []
    fast = replay_stage(redis, redis_url, tape, ReplayOptions(speed=1000.0))
    async with fast as stage, redis.monitor() as monitor:
        await stage.run(1.0)
        assert stage.player.finished.is_set()
        await redis.echo("over")
        while (met := await monitor.next_command())["command"] != "ECHO over":
            words = met["command"].split(" ", 2)
            if words[0] == "SET" and ":chain:snapshot:" in words[1]:
                written.append((words[1], words[2].rpartition(" NX ")[0].encode()))
    wanted = [
        id_at(at, chain)
        for at in sorted({*range(0, LONG_S, 10), BACK_S})
        for chain in CHAINS
        if (expected(at) == at if chain == SPX else at % 10 == 0)
    ]
    assert [key for key, _ in written] == [REPLAY.snapshot(each) for each in wanted]
    bodies = [payload((each.ts_ms - START_S * 1000) / 1000, each.chain) for each in wanted]
    assert [body for _, body in written] == bodies
    counters = stage.replay.counters
    assert (counters["published"], counters["bytes"]) == (len(wanted), sum(map(len, bodies)))


async def test_what_was_no_snapshot_is_left_out_counted_and_told(stage: ReplayStage) -> None:
    await stage.run(BROKEN_S + 5.5)
    beat = await stage.beat()
    assert beat is not None
    assert beat.chain.counters["left_out"] == 1
    assert "payload on the tape" in beat.chain.failures[SPX]
    assert "1 left out that were no valid snapshots" in stage.replay.last_words()
    await stage.run(6.0)
    assert stage.replay.heartbeat().chain.failures == {}


async def test_a_watcher_sees_the_states_of_then(stage: ReplayStage) -> None:
    """FRESH by the replay's clock and never by ours, MISSING where it was missing, REPLAY in any case."""
    stage.clock.step_wall(300 * 86_400)
    await stage.run(5.0)
    report = await stage.look()
    assert {(s.chain, s.state) for s in report.statuses} == {(SPX, State.FRESH), (NDX, State.FRESH)}
    assert all(Flag.REPLAY in s.flags and s.age_s == pytest.approx(5.0, abs=0.1) for s in report.statuses)
    await stage.run(GONE_S - 4.0)
    assert {s.chain: s.state for s in (await stage.look()).statuses} == {SPX: State.MISSING, NDX: State.FRESH}


async def test_live_and_replay_do_not_meet(redis: Redis, stage: ReplayStage) -> None:
    """Beside a live publisher: neither reads, marks or moves a key of the other."""
    async with redis.monitor() as monitor:
        await stage.run(45.0)
        await stage.look()
        await redis.echo("over")
        words: set[str] = set()
        while (met := await monitor.next_command())["command"] != "ECHO over":
            words.update(met["command"].split(" "))
    ours = {word for word in words if ":" in word and word.startswith(("massive", "mock_massive", "replay"))}
    assert ours
    assert all(word.startswith(("massive:replay:", "replay:")) for word in ours)


# How long it stands


@pytest.mark.parametrize(
    ("rate", "life"), [(0.0, 60.0), (0.1, 60.0), (1.0, 60.0), (2.0, 30.0), (20.0, 3.0), (1000.0, SHORTEST_S)]
)
def test_a_fast_replay_does_not_fill_redis(rate: float, life: float) -> None:
    assert life_s(60.0, rate) == life


def test_a_short_life_is_no_longer_than_it_was_asked_for() -> None:
    assert life_s(1.0, 1000.0) == 1.0


async def test_while_it_stands_still_what_is_in_force_lives_on(redis: Redis, stage: ReplayStage) -> None:
    await stage.run(12.0)
    stage.player.pause()
    for _ in range(20):
        await stage.run(30.0)
        assert await stage.at_s() == 10.0
        left = await redis.pttl(REPLAY.latest(SPX))
        assert 30_000 < left <= 60_000
    assert (await stage.look()).statuses[0].state is State.FRESH
    stage.player.resume()
    await stage.run(10.0)
    assert await stage.at_s() == 20.0


@pytest.mark.parametrize("to_s", [None, 35.0])
async def test_paused_or_set_back_a_fast_replay_keeps_what_it_had_published_for_seconds(
    redis: Redis, stage: ReplayStage, to_s: float | None
) -> None:
    """What is there already was given a short life, and must have a long one from now on."""
    stage.player.set_speed(60.0)
    await stage.run(0.8)
    assert 0 < await redis.pttl(REPLAY.latest(NDX)) <= SHORTEST_S * 1000
    stage.player.pause()
    if to_s is not None:
        stage.player.seek(instant(to_s).wall_ns)
    await stage.run(0.1)
    for key in (REPLAY.latest(NDX), REPLAY.snapshot(id_at(30.0 if to_s else 40.0, NDX))):
        assert await redis.pttl(key) > 55_000


async def test_what_redis_lost_is_published_again(redis: Redis, stage: ReplayStage) -> None:
    await stage.run(1.0)
    stage.player.pause()
    await redis.delete(REPLAY.snapshot(id_at(0)), REPLAY.latest(SPX))
    await stage.run(60.0)
    found = await stage.held()
    assert found is not None
    assert found.payload == payload(0.0)


async def test_at_the_end_everything_is_taken_away_and_said(redis: Redis, redis_url: str, tape: Path) -> None:
    async with replay_stage(redis, redis_url, tape, ReplayOptions(speed=100.0)) as stage:
        await stage.run(5.0)
        assert stage.player.finished.is_set()
        assert await stage.at_s() == 110.0
    assert not await redis.keys(f"{REPLAY.prefix}:chain:latest:*")
    beat = await stage.beat()
    assert beat is not None
    assert beat.status == STOPPED
    assert not await redis.keys("*lease*")


# What it is told


async def test_it_stands_still_and_goes_on(stage: ReplayStage) -> None:
    await stage.run(15.0)
    stage.player.pause()
    await stage.run(100.0)
    assert await stage.at_s() == 10.0
    beat = stage.replay.heartbeat()
    assert (beat.source.speed, beat.source.as_of) == (0.0, START_S + 15.0)
    stage.player.resume()
    await stage.run(5.5)
    assert await stage.at_s() == 20.0


async def test_a_step_goes_to_the_next_change_and_stands_still(stage: ReplayStage) -> None:
    await stage.run(15.0)
    for at_s in (20.0, 30.0, None, None, BACK_S, 50.0):  # at 40 s NDX alone changed
        stage.player.step()
        await stage.run(0.0)
        assert await stage.at_s() == at_s
        await stage.run(100.0)
        assert await stage.at_s() == at_s


async def test_its_speed_changes_while_it_plays(stage: ReplayStage) -> None:
    await stage.run(15.0)
    stage.player.set_speed(10.0)
    await stage.run(1.0)
    assert await stage.at_s() == 20.0
    stage.player.set_speed(0.5)
    await stage.run(10.1)
    assert await stage.at_s() == 30.0


@pytest.mark.parametrize("to_s", [3.0, 10.5, 32.0, 40.0, 100.0])
@pytest.mark.parametrize("from_s", [5.0, 40.0, 90.0])
async def test_it_goes_to_any_instant_forth_and_back(stage: ReplayStage, from_s: float, to_s: float) -> None:
    await stage.run(from_s)
    before = await stage.look()
    assert before.statuses
    stage.player.seek(instant(to_s).wall_ns)
    await stage.run(0.1)
    assert await stage.at_s() == expected(to_s)
    assert await stage.at_s(NDX) == to_s // 10 * 10
    report = await stage.look()
    states = {status.chain: status.state for status in report.statuses}
    assert states == {SPX: State.MISSING if expected(to_s) is None else State.FRESH, NDX: State.FRESH}
    assert not any(Flag.ROLLED_BACK in status.flags for status in report.statuses)
    await stage.run(10.0)
    assert await stage.at_s() == expected(to_s + 10.1)


async def test_steered_at_full_speed_it_publishes_everything_from_where_it_is_in_order(
    redis: Redis, redis_url: str, tape: Path
) -> None:
    """Paused, stepped, slowed down and let go on in the middle of a tape that takes 120 ms."""
    async with replay_stage(redis, redis_url, tape, ReplayOptions(speed=1000.0)) as stage:
        async with pointer_moves(redis, stage) as moves:
            await stage.run(0.025)
            stage.player.pause()
            await stage.run(10.0)
            assert await stage.at_s() == 20.0
            stage.player.step()
            await stage.run(0.0)
            assert await stage.at_s() == 30.0
            stage.player.resume()
            await stage.run(0.02)
            stage.player.set_speed(500.0)
            await stage.run(1.0)
        assert stage.player.finished.is_set()
        assert (stage.replay.counters["published"], stage.replay.counters["failed"]) == (PUBLISHED, 0)
        there = [None if (at := expected(at_s)) is None else REPLAY.snapshot(id_at(at)) for at_s in range(LONG_S)]
        assert moves == [to for to, _ in groupby(there)]


async def test_sought_while_it_is_behind_it_goes_there_at_once_and_is_behind_no_more(
    redis: Redis, redis_url: str, tape: Path
) -> None:
    async with replay_stage(redis, redis_url, tape, ReplayOptions(speed=10.0)) as stage:
        await stage.run(0.5)
        stage.clock.advance(4.0)
        stage.player.seek(instant(85.0).wall_ns)
        await stage.run(0.0)
        assert (await stage.at_s(), stage.player.pace.falls_behind) == (80.0, False)
        assert await stage.at_s(NDX) == 80.0
        await stage.run(1.0)
        assert await stage.at_s() == 90.0


async def test_paused_while_it_is_behind_it_stands_still_where_it_is(redis: Redis, redis_url: str, tape: Path) -> None:
    """And does not publish what its clock has passed in the meantime."""
    async with replay_stage(redis, redis_url, tape, ReplayOptions(speed=10.0)) as stage:
        await stage.run(0.5)
        stage.clock.advance(6.0)
        stage.player.pause()
        await stage.run(5.0)
        assert (await stage.at_s(), stage.player.at_ns) == (10.0, instant(10.011).wall_ns)
        stage.player.resume()
        await stage.run(1.0)
        assert await stage.at_s() == 20.0


async def test_paused_in_a_gap_it_goes_on_behind_it(redis: Redis, redis_url: str, tmp_path: Path) -> None:
    tape_of(tmp_path / "massive-2026-01-02.tape", looks(15))
    tape_of(tmp_path / "massive-2026-01-03.tape", looks(15, begin=86_000))
    async with replay_stage(redis, redis_url, tmp_path, ReplayOptions(speed=1.0)) as stage:
        await stage.run(13.0)
        for _ in range(20):
            stage.player.pause()
            stage.player.resume()
            await stage.run(0.1)
        await stage.run(3.0)
        assert await stage.at_s() == 86_000.0


@pytest.mark.parametrize(("to_s", "there"), [(-50.0, 0.0), (5_000.0, 110.0)])
async def test_it_goes_no_further_than_what_is_played(stage: ReplayStage, to_s: float, there: float) -> None:
    await stage.run(25.0)
    stage.player.seek(instant(to_s).wall_ns)
    await stage.run(1.0)
    assert await stage.at_s() == there


async def test_from_and_to_are_kept(redis: Redis, redis_url: str, tape: Path) -> None:
    options = ReplayOptions(speed=10.0, begin="10:00:15", end="10:00:32")
    async with replay_stage(redis, redis_url, tape, options) as stage:
        await stage.run(0.0)
        assert await stage.at_s() == 10.0
        await stage.run(1.69)
        assert not stage.player.finished.is_set()
        await stage.run(0.02)
        assert (stage.player.finished.is_set(), await stage.at_s()) == (True, 30.0)


async def test_after_its_end_it_begins_anew_where_it_is_told_to(stage: ReplayStage) -> None:
    await stage.run(LONG_S + 1.0)
    assert stage.player.finished.is_set()
    stage.player.resume()
    await stage.run(0.1)
    assert (stage.player.finished.is_set(), await stage.at_s()) == (False, 0.0)


async def test_in_a_loop_each_pass_takes_away_the_one_before(redis: Redis, redis_url: str, tape: Path) -> None:
    async with replay_stage(redis, redis_url, tape, ReplayOptions(speed=10.0, loop=True)) as stage:
        for passes in (1, 2, 3):
            await stage.run(1.5)
            assert await stage.at_s() == 10.0
            await stage.run(10.0)
            assert await stage.at_s() == 110.0
            assert stage.replay.heartbeat().chain.counters["passes"] == passes
            await stage.run(11.9 - 11.5 + 0.001)


async def test_at_the_seam_of_a_loop_pointers_are_deleted_before_they_lead_to_what_is_older(
    redis: Redis, redis_url: str, tape: Path
) -> None:
    """A watcher sees at most that chains are missing, and never that anything went back or is of the future."""
    seen: dict[State, set[Flag]] = {}
    async with replay_stage(redis, redis_url, tape, ReplayOptions(speed=10.0, loop=True)) as stage:
        await stage.run(11.5)
        async with pointer_moves(redis, stage) as moves:
            for _ in range(8):
                await stage.run(0.1)
                for status in (await stage.look()).statuses:
                    seen.setdefault(status.state, set()).update(status.flags)
        assert stage.replay.heartbeat().chain.counters["passes"] == 2
        assert moves == [None, REPLAY.snapshot(id_at(0))]
    assert seen.keys() <= {State.FRESH, State.MISSING}
    assert set().union(*seen.values()) == {Flag.REPLAY}


async def test_stamped_anew_a_loop_has_no_seam(redis: Redis, redis_url: str, tape: Path) -> None:
    """Stamps of now go on, so nobody who knows only live names misses a chain while the recording begins again."""
    options, now = ReplayOptions(speed=10.0, restamp=True, loop=True), time.time_ns() - 60 * 10**9
    async with replay_stage(redis, redis_url, tape, options, keys=LIVE, wall_ns=now) as stage:
        await stage.run(11.5)
        async with pointer_moves(redis, stage) as moves:
            await stage.run(2.0)
        assert stage.replay.heartbeat().chain.counters["passes"] == 2
        assert None not in moves and moves == sorted(moves, key=str) and len(moves) == 2  # of 0 s and of 10 s
        found = await stage.held()
        assert found is not None and found.payload is not None
        assert orjson.loads(found.payload)["contracts"] == orjson.loads(payload(10.0))["contracts"]


@asynccontextmanager
async def pointer_moves(redis: Redis, stage: ReplayStage) -> AsyncIterator[list[str | None]]:
    """Give where SPX's pointer leads meanwhile, None where it is deleted; complete once the block is left."""
    moves: list[str | None] = []
    at = stage.keys.latest(SPX)
    async with redis.monitor() as monitor:
        yield moves
        await redis.echo("over")
        while (command := (await monitor.next_command())["command"]) != "ECHO over":
            match command.split(" "):
                case ["SET", key, to, *_] if key == at and moves[-1:] != [to]:  # renewed, it is set again
                    moves.append(to)
                case ["DEL", key] if key == at:
                    moves.append(None)


# Who is in the way


async def test_of_two_replays_one_leads(redis_url: str, tape: Path, stage: ReplayStage) -> None:
    async with another(redis_url, tape, stage) as second:
        begun = asyncio.ensure_future(second.begin())
        for _ in range(30):
            await stage.run(0.5)
        with pytest.raises(ReplacedError, match=f"another replay plays under massive:replay: .*:{os.getpid()}:"):
            await begun
    assert await stage.at_s() == 10.0


async def test_one_that_ends_lets_the_next_begin_at_once(redis_url: str, tape: Path, stage: ReplayStage) -> None:
    async with another(redis_url, tape, stage) as second:
        await stage.replay.leave()
        await second.begin()
        await second.leave()


async def test_one_that_lost_its_lead_touches_nothing_any_more(redis: Redis, stage: ReplayStage) -> None:
    await stage.run(5.0)
    await redis.set("massive:replay:publisher:lease:replay:REPLAY", "elsewhere:1:abc", px=60_000)
    await stage.run(30.0)
    assert stage.replay.over.is_set()
    assert str(stage.replay.ended_by) == "another replay took over massive:replay: elsewhere:1:abc"
    assert await stage.at_s() == 0.0


@asynccontextmanager
async def another(url: str, tape: Path, stage: ReplayStage) -> AsyncIterator[Replay]:
    """Give a second replay whose time is that of the first."""
    async with RedisTarget(url).connect() as client:
        stage.await_also(client)
        with TapeRecording(tape) as recording:
            context, span = context_of(stage.clock, keys=REPLAY), ReplayOptions().span(recording)
            yield Replay(client, recording, span, context, speed=1.0)


# Stamped anew among live names

LIVE = KeySchema(LIVE_PREFIX)
ANEW = ReplayOptions(speed=10.0, restamp=True)


@pytest.fixture
async def anew(redis: Redis, redis_url: str, tape: Path) -> AsyncIterator[ReplayStage]:
    """The tape among live names, at a time near that of Redis."""
    async with replay_stage(redis, redis_url, tape, ANEW, keys=LIVE, wall_ns=time.time_ns() - 60 * 10**9) as stage:
        await stage.run(0.0)
        yield stage


async def test_stamped_anew_a_snapshot_is_of_now_and_its_contracts_are_of_then(anew: ReplayStage) -> None:
    await anew.run(3.002)
    found = await anew.held()
    assert found is not None
    assert found.payload is not None
    assert 0 <= anew.clock.wall // 10**6 - found.ts_ms <= 2
    again = decode(found.payload, SnapshotId(SPX, found.ts_ms))
    then, now = orjson.loads(payload(30.0)), orjson.loads(found.payload)
    assert (again.atm, now["contracts"]) == (then["atm"], then["contracts"])
    assert now.keys() == then.keys()


async def test_stamped_anew_it_is_fresh_by_our_clock_and_says_replay_everywhere(anew: ReplayStage) -> None:
    await anew.run(3.0)
    report = await anew.look()
    assert {status.state for status in report.statuses} == {State.FRESH}
    assert all(Flag.REPLAY in status.flags for status in report.statuses)
    assert report.sources == "replay"
    beat = await anew.beat()
    assert beat is not None
    assert (beat.service, beat.source.kind, beat.source.speed) == ("mock_massive", "replay", None)
    assert "stamped anew" in beat.source.detail


async def test_beside_live_data_it_does_not_begin(redis: Redis, redis_url: str, tape: Path) -> None:
    now = time.time_ns()
    await snapshot_writer(redis, LIVE, kind="massive").publish([small(SPX, now // 10**6)], 60)
    await beat(redis, heartbeat(SPX, service="massive", kind="massive", ts=now / 1e9))
    before = await redis.keys("*")
    with pytest.raises(LiveProtectedError, match="replay data are not published beside live data"):
        async with replay_stage(redis, redis_url, tape, ANEW, keys=LIVE, wall_ns=now):
            pass
    assert await redis.keys("*") == before


async def test_a_live_publisher_that_comes_sends_it_away(redis: Redis, anew: ReplayStage) -> None:
    await anew.run(1.0)
    assert await anew.held() is not None
    context = context_of(anew.clock, keys=LIVE)
    gate = PublishGate(guard=Guard(redis, context, "massive"))
    live = Publisher(redis, ScriptedSource({"SPX": (SPX.expiry,)}, kind="massive"), context, gate=gate)
    await live.cycle()
    await anew.run(3.0)
    assert anew.replay.over.is_set()
    assert isinstance(anew.replay.ended_by, LiveProtectedError)
    assert await anew.held(NDX) is None
    stands = await anew.held()
    await anew.run(30.0)
    assert await anew.held() == stands
    assert (await value_at(redis, LIVE.source(SPX))).startswith(b"massive ")


@pytest.mark.parametrize("paused", [False, True])
async def test_a_live_publisher_that_only_beats_sends_it_away_within_a_second(
    redis: Redis, anew: ReplayStage, caplog: pytest.LogCaptureFixture, paused: bool
) -> None:
    """Also while it stands still, and publishes nothing that could be refused; it says so once."""
    await anew.run(1.0)
    if paused:
        anew.player.pause()
    await beat(redis, heartbeat(SPX, service="massive", kind="massive", ts=anew.clock.wall / 1e9))
    await anew.run(1.0)
    assert isinstance(anew.replay.ended_by, LiveProtectedError)
    assert (await anew.held(), await anew.held(NDX)) == (None, None)
    told = [record.message for record in caplog.records if "withdrawn" in record.message]
    assert told == ["replay data withdrawn: live publisher massive (massive) publishes here as process 77"]


# What is on the tape


async def test_an_announced_chain_that_never_came_is_missing(redis: Redis, redis_url: str, tmp_path: Path) -> None:
    announced = [beaten(heartbeat(SPX, NDX, service="massive", kind="massive", depth=1))]
    spx = [*announced, pointer(SPX, key_at(0)), fetched(0, SPX)]
    tape = tape_of(tmp_path / "a.tape", looks(9, changed={0: spx}))
    async with replay_stage(redis, redis_url, tape, ReplayOptions(speed=1.0)) as stage:
        await stage.run(1.0)
        assert {s.chain: s.state for s in (await stage.look()).statuses} == {SPX: State.FRESH, NDX: State.MISSING}


async def test_a_night_is_jumped_over_and_nothing_stands_in_it(redis: Redis, redis_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "days"
    folder.mkdir()
    tape_of(folder / "massive-2026-01-02.tape", looks(25))
    tape_of(folder / "massive-2026-01-03.tape", looks(25, begin=86_400))
    async with replay_stage(redis, redis_url, folder, ReplayOptions(speed=1.0)) as stage:
        await stage.run(24.0)
        assert await stage.at_s() == 20.0
        await stage.run(2.0)
        assert await stage.at_s() == 86_400.0
        await stage.run(10.0)
        assert await stage.at_s() == 86_410.0


async def test_what_came_with_the_last_look_is_played(redis: Redis, redis_url: str, tmp_path: Path) -> None:
    async with replay_stage(redis, redis_url, tape_of(tmp_path / "a.tape", looks(11)), ReplayOptions()) as stage:
        await stage.run(1.0)
        assert (stage.player.finished.is_set(), await stage.at_s()) == (True, 10.0)


async def test_a_tape_of_broken_payloads_publishes_nothing(redis: Redis, redis_url: str, tmp_path: Path) -> None:
    broken = {at: [pointer(SPX, key_at(at)), fetched(at, SPX, b"no JSON")] for at in (0, 10)}
    tape = tape_of(tmp_path / "a.tape", looks(15, changed=broken))
    async with replay_stage(redis, redis_url, tape, ReplayOptions(speed=100.0)) as stage:
        await stage.run(5.0)
        assert stage.player.finished.is_set()
        assert not await redis.keys("*:chain:snapshot:*")
        assert stage.replay.last_words() == "0 snapshots, 0.0 MB, 2 left out that were no valid snapshots"


async def test_other_bytes_at_a_millisecond_are_not_written_over(redis: Redis, stage: ReplayStage) -> None:
    await redis.set(REPLAY.snapshot(id_at(10)), b"other", px=60_000)
    await stage.run(11.0)
    assert await stage.at_s() == 0.0
    assert stage.replay.heartbeat().chain.failures == {SPX: "other bytes stand at its millisecond"}
    assert stage.replay.counters["failed"] == 1


async def test_where_it_cannot_keep_up_its_clock_waits_and_nothing_is_skipped(
    redis: Redis, redis_url: str, tape: Path
) -> None:
    async with replay_stage(redis, redis_url, tape, ReplayOptions(speed=10.0)) as stage:
        await stage.run(0.5)
        behind = [stage.player.pace.falls_behind]
        stage.clock.advance(6.0)
        await stage.run(0.0)
        assert await stage.at_s() == 10.0
        assert [*behind, stage.player.pace.falls_behind] == [False, True]
        assert "day.tape at most 1.54x of 10x" in stage.replay.heartbeat().source.detail
        await stage.run(5.1)
        assert not stage.player.pace.falls_behind, "now it keeps up again"
        await stage.run(6.4)
        assert stage.player.finished.is_set()
        assert stage.replay.counters["published"] == PUBLISHED
        assert "for it could not keep up with 10x" in stage.replay.last_words()


@pytest.mark.slow
async def test_while_redis_is_away_it_waits_and_goes_on_from_there(tape: Path) -> None:
    with Servers() as servers:
        server = servers.alone()
        client = RedisTarget(server.url).connect()
        async with client as redis, replay_stage(redis, server.url, tape, ReplayOptions(speed=10.0)) as stage:
            await stage.run(2.5)
            assert await stage.at_s() == 20.0
            server.kill()
            await stage.run(5.0)
            assert stage.player.last_error
            server.start()
            await stage.run(3.0)
            assert stage.player.last_error == ""
            assert stage.replay.counters["failed"] == 0
            assert await stage.at_s(NDX) in (30.0, 40.0, 50.0)
            await stage.run(12.0)
            assert stage.player.finished.is_set()


async def test_a_redis_that_comes_back_empty_is_filled_at_once(redis: Redis, stage: ReplayStage) -> None:
    await stage.run(15.0)
    stage.player.pause()
    await stage.run(1.0)
    await redis.flushall()
    stage.player.refill()
    await stage.run(0.1)
    assert (await stage.at_s(), await stage.at_s(NDX)) == (10.0, 10.0)


async def test_a_moment_of_another_time_and_a_weekend_between_two_days_keep_nobody_waiting(
    redis: Redis, redis_url: str, tmp_path: Path
) -> None:
    """One answer came five days late by a clock that was wrong; the next day's tape begins a week later."""
    *told, last = looks(15)
    tape_of(tmp_path / "massive-2026-01-02.tape", iter([*told, replace(last, received=instant(5 * 86_400.0))]))
    tape_of(tmp_path / "massive-2026-01-09.tape", looks(15, begin=7 * 86_400))
    async with replay_stage(redis, redis_url, tmp_path, ReplayOptions(speed=1.0)) as stage:
        await stage.run(100.0)
        assert stage.player.finished.is_set()
        assert stage.replay.counters["published"] == 8


async def test_a_replay_counts_its_snapshots_under_its_own_prefix(stage: ReplayStage, redis: Redis) -> None:
    await stage.run(BROKEN_S + 15.0)
    found = {name: float(value) for name, value in (await redis.hgetall(REPLAY.chain_analytics())).items()}
    published = stage.replay.counters["published"]
    assert (found[b"total_snapshots"], found[b"publish_success"], found[b"publish_failures"]) == (
        published,
        published,
        1,
    )
    assert found[b"total_contracts"] >= published
    assert found[b"last_snapshot_ts"] == START_S + BROKEN_S + 10
    assert not await redis.exists(KeySchema().chain_analytics())

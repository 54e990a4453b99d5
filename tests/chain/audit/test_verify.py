"""The auditor: passes our own publishers, names the clause that any other breaks, and never writes."""

import asyncio
import math
import signal
import subprocess
import time
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.audit.audit import Audit, Auditor
from chain.audit.clauses import Clause, Outcome, Verdict
from chain.audit.expiries import Expirations
from chain.audit.payload import audit_payload
from chain.audit.pointer import NO_EXPIRY, NO_KEY, PointerSeen, PointerTrack
from chain.audit.reader import AuditReader
from chain.audit.report import audit_body
from chain.clock import ManualClock, SystemClock
from chain.errors import ConfigError, InvalidSnapshotError
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.model.session import NEW_YORK
from chain.model.snapshot import decode
from chain.monitor.heartbeat import ChainPlan, Heartbeat, SourceInfo
from chain.redis.connect.connection import RedisTarget
from chain.redis.server.embedded import EmbeddedServer
from chaindeck.commands.verify import LOOK_EVERY_S, as_text, exit_code, run_verify, watch
from publisher.capture import CaptureSource
from publisher.loop.publisher import Publisher
from publisher.mock.source import MockSource
from publisher.source import Source
from tests.support.broken_publishers import CASES, Case, Honest, ahead
from tests.support.builders import GOLDEN_ID, SPX, TS_MS, contracts, golden_body, payload
from tests.support.contexts import context_of
from tests.support.fault_proxy import Command, Fate, FaultProxy
from tests.support.hostile import NASTY, publish
from tests.support.places import CAPTURES
from tests.support.product import command, environment, run, start
from tests.support.scenes import law
from tests.support.waiting import wait_until_async

SPY = CAPTURES / "SPY-2026-07-14.jsonl.gz"
TARGET = RedisTarget("redis://ops:hunter2@redis.example:6380/0")
LOOKS = 6
READ_COMMANDS = {"scan", "getrange", "pexpiretime", "time"}
CONNECTING = {"hello", "auth", "select", "client|setname", "client|setinfo", "client|maint_notifications"}


async def audited(redis: Redis, publisher: Honest, looks: int = LOOKS) -> Audit:
    """Return the audit of a publisher that takes a step before each look; no time passes but the clock's."""
    clock, auditor = ManualClock(0), Auditor(KeySchema(publisher.prefix))

    async def step(seconds: float) -> None:
        await publisher.step()
        clock.advance(seconds)

    await publisher.step()
    await watch(redis, auditor, clock, (looks - 0.5) * LOOK_EVERY_S, step)
    return auditor.conclude()


async def glanced(redis: Redis, prefix: str = "massive", looks: int = 2) -> Audit:
    """Return the audit of what stands in Redis, with nobody publishing."""
    clock, auditor = ManualClock(0), Auditor(KeySchema(prefix))

    async def pass_by(seconds: float) -> None:
        clock.advance(seconds)

    await watch(redis, auditor, clock, (looks - 1.5) * LOOK_EVERY_S, pass_by)
    return auditor.conclude()


def by_clause(audit: Audit) -> dict[Clause, Verdict]:
    return {verdict.clause: verdict for verdict in audit.verdicts}


def broken(audit: Audit) -> dict[Clause, str]:
    """Return the evidence of each broken clause; a failing test shows it."""
    return {verdict.clause: f"{verdict.key}: {verdict.evidence}" for verdict in audit.verdicts_of(Outcome.BROKEN)}


# Publishers that keep the contract


async def test_an_honest_publisher_is_held_to_every_clause(redis: Redis) -> None:
    audit = await audited(redis, Honest(redis))
    assert {verdict.clause: verdict.outcome for verdict in audit.verdicts} == dict.fromkeys(Clause, Outcome.HELD)
    assert (audit.pointers, audit.polls, audit.lost, exit_code(audit)) == (3, LOOKS + 1, 0, 0)
    assert audit.moves == 3 * LOOKS and audit.payloads == 3 * (LOOKS + 1)


async def test_another_prefix_is_another_world(redis: Redis) -> None:
    publisher = Honest(redis)
    publisher.prefix = "massive:replay"
    assert not broken(await audited(redis, publisher))
    assert exit_code(await glanced(redis)) == 2


async def ours(redis: Redis, source: Source, expirations: int) -> Audit:
    """Return the audit of our own publisher, of which every look sees a new cycle."""
    publisher = Publisher(redis, source, context_of(), expirations=expirations)
    clock, auditor = ManualClock(0), Auditor(KeySchema())

    async def cycle(seconds: float) -> None:
        done = await publisher.cycle()
        assert done.whole, done
        await publisher.beat()
        clock.advance(seconds)

    await cycle(0)
    await watch(redis, auditor, clock, 4 * LOOK_EVERY_S, cycle)
    await source.aclose()
    return auditor.conclude()


async def test_our_mock_passes(redis: Redis) -> None:
    audit = await ours(redis, MockSource(SystemClock(), seed=7, underlyings=("SPX", "SPY")), 6)
    assert {v.clause: v.outcome for v in audit.verdicts} == dict.fromkeys(Clause, Outcome.HELD), broken(audit)
    assert audit.pointers == 12
    assert by_clause(audit)[Clause.TTL_MIRROR].note == "largest difference 0 ms"


async def test_our_capture_passes_where_the_record_is_whole(redis: Redis) -> None:
    audit = await ours(redis, CaptureSource([SPY]), 4)
    assert {v.clause: v.outcome for v in audit.verdicts} == dict.fromkeys(Clause, Outcome.HELD), broken(audit)
    assert audit.pointers == 4


async def test_a_record_with_lone_sides_is_told_from_a_whole_one(redis: Redis) -> None:
    """The fifth and sixth expirations of this record lack one side at a tenth of their strikes and more."""
    audit = await ours(redis, CaptureSource([SPY]), 6)
    assert set(broken(audit)) == {Clause.STRIKE_GRID}
    assert by_clause(audit)[Clause.STRIKE_GRID].evidence.startswith("4 of 39 strikes have one side only")


# Publishers that break it


def test_every_clause_has_a_publisher_that_breaks_it() -> None:
    assert {case.clause for case in CASES.values()} == set(Clause)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_broken_publisher_breaks_its_clause_and_no_other(redis: Redis, case: Case) -> None:
    audit = await audited(redis, case.make(redis))
    found = broken(audit)
    assert set(found) == {case.clause} | case.also, found
    assert case.evidence in found[case.clause]
    assert exit_code(audit) == 1
    verdict = by_clause(audit)[case.clause]
    assert 0 < verdict.breaches <= verdict.checks and verdict.at_ms is not None
    assert abs(verdict.at_ms / 1000 - time.time()) < 60


async def test_every_pointer_is_followed_beside_one_that_cannot_be(redis: Redis) -> None:
    audit = await audited(redis, CASES["JSON string in the pointer"].make(redis))
    assert by_clause(audit)[Clause.CONTRACTS].checks == 2 * (LOOKS + 1)


async def test_notes_stand_beside_what_held(redis: Redis) -> None:
    class Odd(Honest):
        async def broken(self, chain: ChainId, ts_ms: int) -> None:
            whole_s = ts_ms // 1000
            made = self.body(chain, ts_ms) | {"ts": whole_s, "note": 1, "\x1b[2J": 2}
            del made["contracts"][1]
            await self.publish(chain, whole_s * 1000, made)

    await Odd(redis).step()
    audit = await glanced(redis)
    notes = {clause: verdict.note for clause, verdict in by_clause(audit).items() if verdict.note}
    assert notes == {
        Clause.PAYLOAD_FIELDS: "more than the six fields: note, \ufffd[2J",
        Clause.TS: "ts is written as an int",
        Clause.STRIKE_GRID: "1 of 21 strikes have one side only, SPXW 6830 the first",
        Clause.TTL_MIRROR: "largest difference 0 ms",
    }
    assert not broken(audit)


async def test_what_did_not_happen_is_not_seen(redis: Redis) -> None:
    await Honest(redis).step()
    audit = await glanced(redis)
    unseen = {verdict.clause for verdict in audit.verdicts_of(Outcome.NOT_SEEN)}
    assert unseen == {Clause.POINTER_FORWARD, Clause.POINTER_KEPT, Clause.TS_FORWARD}
    assert exit_code(audit) == 0
    last = as_text(audit, TARGET).splitlines()[-1]
    assert last.startswith("HELD: 24 clauses held; 3 not seen: pointer-forward, pointer-kept, ts-forward (")


# What a race may look like, and what it may not


async def test_pointers_that_end_while_they_are_read_are_no_breach(redis: Redis) -> None:
    """Pointers and payloads end together again and again while they are looked at without a pause."""
    publisher, auditor, clock = Honest(redis), Auditor(KeySchema()), ManualClock(0)

    async def live_shortly() -> int:
        seconds, micros = await redis.time()
        return int(seconds) * 1000 + micros // 1000 + 30

    async def publish_and_lapse() -> None:
        while clock.monotonic() == 0:
            await publisher.step()
            await asyncio.sleep(0.04)

    async def end_after_thirty(_: float) -> None:
        await asyncio.sleep(0)
        if by_clause(auditor.conclude())[Clause.POINTER_KEPT].breaches >= 30:
            clock.advance(1)

    publisher.deadline = live_shortly  # type: ignore[method-assign]
    auditor.found([publisher.pointer_key(chain).encode() for chain in publisher.chains], TS_MS)
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(publish_and_lapse())
        await watch(redis, auditor, clock, 1, end_after_thirty)
    found = by_clause(auditor.conclude())
    for clause in (Clause.POINTER_RESOLVES, Clause.TTL_MIRROR, Clause.POINTER_TTL, Clause.PAYLOAD_TTL):
        assert found[clause].checks > 0 and not found[clause].breaches, found[clause]


def tracked(*statuses: tuple[int, PointerSeen], expired: bool = False) -> dict[Clause, list[str]]:
    """Return the faults of each clause after readings at epoch ms; an empty list is a clause that held."""
    track, faults = PointerTrack(KeySchema(), SPX), dict[Clause, list[str]]()
    for at_ms, seen in statuses:
        for clause, fault, _ in track.see(seen, at_ms, expired=expired):
            faults.setdefault(clause, []).extend([fault] if fault else [])
    return faults


def seen(ts_ms: int, deadline: int, payload_deadline: int | None = None) -> PointerSeen:
    return PointerSeen(SPX, KeySchema().snapshot(SnapshotId(SPX, ts_ms)).encode(), deadline, payload_deadline)


GONE = PointerSeen(SPX, b"", NO_KEY)


@pytest.mark.parametrize(("left_ms", "dangles"), [(3, True), (2, False), (0, False), (NO_EXPIRY - TS_MS, True)])
def test_a_pointer_about_to_end_may_outlive_its_payload_by_a_moment(left_ms: int, dangles: bool) -> None:
    faults = tracked((TS_MS, seen(TS_MS, TS_MS + left_ms, NO_KEY)))
    assert bool(faults.get(Clause.POINTER_RESOLVES)) is dangles


@pytest.mark.parametrize(("apart", "broken_by"), [(-2, True), (-1, False), (0, False), (1, False), (2, True)])
def test_the_mirror_allows_one_millisecond(apart: int, broken_by: bool) -> None:
    ends = TS_MS + 60_000
    chain_status = seen(TS_MS, ends + apart, ends)
    assert bool(tracked((TS_MS, chain_status))[Clause.TTL_MIRROR]) is broken_by
    assert chain_status.suspect is broken_by
    by_pttl = replace(chain_status, deadline=ends + 10 * apart, tolerance_ms=10)
    assert bool(tracked((TS_MS, by_pttl))[Clause.TTL_MIRROR]) is broken_by


def test_a_pointer_may_end_with_its_chain_and_start_anew_after_a_lapse() -> None:
    ends = TS_MS + 60_000
    life = [(TS_MS, seen(TS_MS, ends)), (ends, GONE), (ends + 200, seen(TS_MS - 5, ends + 60_000))]
    assert tracked(*life, expired=True)[Clause.POINTER_KEPT] == []
    faults = tracked(*life)
    assert faults[Clause.POINTER_KEPT] == ["the pointer lapsed: it was not renewed while watched"]
    assert Clause.POINTER_FORWARD not in faults, "what comes after a lapse follows nothing"
    assert tracked(*life[::2])[Clause.POINTER_FORWARD] == ["back by 5 ms, to 1766762051144"]


def test_gaps_are_measured_from_renewal_to_renewal() -> None:
    track = PointerTrack(KeySchema(), SPX)
    for at, ts in ((0, 0), (200, 0), (4_000, 3_900), (4_200, 3_900), (14_200, 14_100)):
        chain_status = seen(TS_MS + ts, TS_MS + ts + 60_000)
        assert not any(finding.fault for finding in track.see(chain_status, TS_MS + at, expired=False))
    assert (track.gap_ms, track.ttl_ms, track.moves) == (10_200, 60_000, 2)


# Expirations

CLOSE_S = datetime(2026, 1, 2, 16, tzinfo=NEW_YORK).timestamp()
DAYS = tuple(ChainId("SPX", date(2026, 1, day)) for day in (2, 5, 6, 7))


def beat(
    *chains: ChainId, depth: int, as_of: float | None = None, status: str = "running", **counters: int
) -> dict[str, bytes | None]:
    plan = ChainPlan(depth=depth, expected=chains, counters=counters)
    source = SourceInfo("capture" if as_of else "mock", as_of=as_of)
    return {"mock_massive:heartbeat": Heartbeat("mock_massive", CLOSE_S, 1, status, source, plan).encode()}


def depth_faults(*looks: tuple[float, Sequence[ChainId]], beats: dict[str, bytes | None] | None = None) -> list[str]:
    """Return every fault of depth after looks at seconds from the close of the first day."""
    expirations = Expirations("massive")
    expirations.on_heartbeats(beats or {})
    found = [f for at, present in looks for _, f in expirations.check_depth(present, CLOSE_S + at)]
    found += [finding for _, finding in expirations.announced(CLOSE_S + looks[-1][0])]
    return [finding.fault for finding in found if finding.fault]


def test_a_date_that_passes_makes_room_for_the_next() -> None:
    before, both, after = DAYS[:3], DAYS, DAYS[1:]
    assert depth_faults((-1, before), (1, before), (5, both), (70, after), beats=beat(*after, depth=3)) == []
    assert depth_faults((-1, before), (70, DAYS[1:3])) == [], "the next one is not there yet"
    assert depth_faults((-70, before), (-60, DAYS[1:3])) == ["2 expirations after 3"]
    assert depth_faults((-1, before), (70, DAYS[2:])) == []
    assert depth_faults((-1, before), (70, DAYS[2:3])) == ["1 expirations after 2"]
    assert depth_faults((-9, before[:1]), (-8, before[:2]), (-7, before), beats=beat(*before, depth=3)) == []


def test_depth_is_what_a_living_publisher_says() -> None:
    wrong = ["3 expirations where the heartbeat says 2"]
    assert depth_faults((-9, DAYS[:3]), beats=beat(*DAYS[:2], depth=2)) == wrong
    assert depth_faults((-9, DAYS[:3]), beats=beat(*DAYS[:2], depth=2, status="stopped")) == []
    expirations = Expirations("massive")
    expirations.on_heartbeats(beat(*DAYS[:3], depth=6))
    assert list(expirations.check_depth(DAYS[:3], CLOSE_S - 9))
    [(_, finding)] = expirations.announced(CLOSE_S - 9)
    assert not finding.fault
    assert finding.note == "SPX: 3 expirations where the heartbeat says 6, and names 3 as all that are listed"
    expirations.on_heartbeats({"mock_massive:heartbeat": None})
    assert not list(expirations.announced(CLOSE_S - 9))


async def test_chains_that_came_after_the_keys_were_looked_through_are_seen(redis: Redis) -> None:
    keys = KeySchema()
    auditor = Auditor(keys)
    reader = AuditReader(redis, auditor, SystemClock())
    await reader.discover()
    chains = (ahead(2), ahead(3))
    for chain in chains:
        target = SnapshotId(chain, time.time_ns() // 10**6)
        await redis.set(keys.latest(chain), keys.snapshot(target), ex=60)
    plan = ChainPlan(depth=2, expected=chains)
    said = Heartbeat("mock_massive", time.time(), 1, "running", SourceInfo("mock"), plan).encode()
    await redis.set("mock_massive:heartbeat", said, ex=15)
    await reader.poll()
    [depth] = [verdict for verdict in auditor.conclude().verdicts if verdict.clause is Clause.DEPTH]
    assert (depth.outcome, depth.evidence) == (Outcome.HELD, "")


def test_depth_beyond_what_is_listed_is_what_the_heartbeat_names() -> None:
    assert depth_faults((-9, DAYS[:3]), beats=beat(*DAYS[:3], depth=60)) == []
    lost = ["2 expirations where the heartbeat says 60, and names 3 as all that are listed"]
    assert depth_faults((-9, DAYS[:2]), beats=beat(*DAYS[:3], depth=60)) == lost


@pytest.mark.parametrize(("cycles", "faults"), [(0, 0), (1, 1)])
def test_depth_is_judged_when_the_publisher_has_ended_its_first_cycle(cycles: int, faults: int) -> None:
    assert len(depth_faults((-9, DAYS[:1]), beats=beat(*DAYS, depth=4, cycles=cycles))) == faults


@pytest.mark.parametrize(
    ("after_close_s", "as_of", "over"),
    [(-1, None, False), (59, None, False), (60, None, True), (9e6, CLOSE_S - 1, False), (-9e6, CLOSE_S + 60, True)],
)
def test_expired_means_by_the_clock_of_the_data(after_close_s: float, as_of: float | None, over: bool) -> None:
    expirations = Expirations("massive")
    expirations.on_heartbeats(beat(SPX, depth=1, as_of=as_of))
    finding = expirations.unexpired(SPX, round((CLOSE_S + after_close_s) * 1000))
    assert bool(finding.fault) is over


def test_heartbeats_of_others_say_nothing() -> None:
    expirations = Expirations("massive:replay")
    expirations.on_heartbeats(
        beat(*DAYS, depth=9, as_of=CLOSE_S) | {"massive:heartbeat": b'{"service":"massive","ts":1}'}
    )
    assert not list(expirations.announced(CLOSE_S))
    assert expirations.today("SPX", 5.0) == 5.0


# The laws


def spoilt(value: object) -> st.SearchStrategy[object]:
    return st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-10, 10**13),
        st.floats(),
        st.text(max_size=9),
        st.just([value]),
        st.just({}),
    )


@pytest.mark.slow
@law
@given(data=st.data())
def test_what_a_reader_refuses_breaks_a_clause(data: st.DataObject) -> None:
    made = golden_body()
    name = data.draw(st.sampled_from(sorted(made)))
    raw = payload(name) if data.draw(st.booleans()) else payload(**{name: data.draw(spoilt(made[name]))})
    raw = raw[: data.draw(st.one_of(st.just(len(raw)), st.integers(0, len(raw))))]
    try:
        decode(raw, GOLDEN_ID)
    except InvalidSnapshotError as error:
        findings, _ = audit_payload(raw, GOLDEN_ID, TS_MS)
        assert any(finding.fault for finding in findings), error


@law
@given(st.binary(max_size=60), st.integers(-1, 2**60))
def test_no_payload_and_no_pointer_stops_the_audit(raw: bytes, deadline: int) -> None:
    findings, _ = audit_payload(raw, GOLDEN_ID, TS_MS)
    assert findings[0].clause is Clause.PAYLOAD_JSON
    track = PointerTrack(KeySchema(), SPX)
    found = list(track.see(PointerSeen(SPX, raw, deadline), TS_MS, expired=False))
    assert any(finding.fault for finding in found if finding.clause is Clause.POINTER_VALUE)


@pytest.mark.parametrize("odd", [[], {}, [[]], {"call": 1}, None, 0, True], ids=repr)
def test_a_contract_type_of_any_json_names_its_contract(odd: object) -> None:
    items = contracts()
    items[3]["details"]["contract_type"] = odd
    findings, _ = audit_payload(payload(contracts=items), GOLDEN_ID, TS_MS)
    [fault] = [found.fault for found in findings if found.fault]
    assert fault.startswith("contracts[3]: contract_type ") and fault.endswith(" is neither call nor put")


def test_the_golden_payload_breaks_nothing() -> None:
    findings, ts = audit_payload(payload(), GOLDEN_ID, TS_MS)
    assert [finding for finding in findings if finding.fault or finding.note] == []
    assert ts == golden_body()["ts"]


@pytest.mark.parametrize(("by_ms", "agrees"), [(-1.01, False), (-1, True), (0.999, True), (1.99, True), (2.01, False)])
def test_ts_and_key_agree_within_a_millisecond_of_cutting_or_rounding(by_ms: float, agrees: bool) -> None:
    findings, _ = audit_payload(payload(ts=(TS_MS + by_ms) / 1000), GOLDEN_ID, TS_MS)
    [fault] = [finding.fault for finding in findings if finding.clause is Clause.TS_KEY]
    assert (not fault) is agrees


@pytest.mark.parametrize(("behind_ms", "future"), [(0, False), (2_000, False), (2_001, True)])
def test_two_seconds_ahead_of_redis_are_allowed(behind_ms: int, future: bool) -> None:
    findings, _ = audit_payload(payload(ts=TS_MS / 1000), GOLDEN_ID, TS_MS - behind_ms)
    [fault] = [finding.fault for finding in findings if finding.clause is Clause.TS_NOT_FUTURE]
    assert bool(fault) is future


def test_payloads_take_turns_at_being_read_again() -> None:
    auditor = Auditor(KeySchema())
    ids = [SnapshotId(SPX, TS_MS + at) for at in range(3)]
    for snapshot_id in ids:
        auditor.read(snapshot_id, b"x" * 100, TS_MS)
    assert auditor.due(250) == ids[:2] and auditor.due(1) == ids[:1]
    auditor.read(ids[0], b"x" * 100, TS_MS)
    assert auditor.due(1) == ids[1:2]
    auditor.gone(ids[1])
    auditor.read(ids[1], b"y", TS_MS)
    verdict = by_clause(auditor.conclude())[Clause.PAYLOAD_IMMUTABLE]
    assert (verdict.checks, verdict.breaches) == (1, 0), "a key that ended and came back is another payload"
    auditor.read(ids[2], b"x" * 99 + b"z", TS_MS)
    verdict = by_clause(auditor.conclude())[Clause.PAYLOAD_IMMUTABLE]
    assert (verdict.checks, verdict.breaches, verdict.evidence) == (2, 1, "its 100 bytes became 100 others")


# Reading only


async def test_it_only_reads(redis: Redis, redis_url: str) -> None:
    await CASES["pointer before payload"].make(redis).step()
    await redis.lpush("massive:chain:latest:NDX:2031-01-02", "x")
    await redis.set("massive:chain:latest:RUT:2031-01-02", "x")
    before = {key: await redis.dump(key) for key in await redis.keys()}
    eye = RedisTarget(redis_url).connect(name="chaindeck-verify")
    await redis.config_resetstat()
    async with eye:
        audit = await glanced(eye, looks=4)
    assert set(broken(audit)) >= {Clause.POINTER_RESOLVES, Clause.POINTER_VALUE}
    stats = await redis.info("commandstats")
    used = {name.removeprefix("cmdstat_") for name in stats} - {"config|resetstat", "info"}
    assert READ_COMMANDS <= used <= READ_COMMANDS | CONNECTING
    assert {key: await redis.dump(key) for key in await redis.keys()} == before


async def test_a_redis_that_tells_no_deadlines_is_asked_for_the_time_left(redis: Redis, redis_url: str) -> None:
    """As before Redis 7, or for a user who may not say PEXPIRETIME."""
    allowed = ("reset", "on", ">hunter2", "~*", "&*", "+@all", "-pexpiretime")
    await redis.execute_command("ACL", "SETUSER", "old", *allowed)
    async with RedisTarget(redis_url.replace("unix://", "unix://old:hunter2@")).connect() as old:
        await Honest(redis).step()
        held = await glanced(old, looks=5)
        await CASES["pointer outlives its payload"].make(redis).step()
        off = await glanced(old, looks=5)
    await redis.execute_command("ACL", "DELUSER", "old")
    assert not broken(held)
    assert by_clause(held)[Clause.TTL_MIRROR].note.endswith(" ms, told by PTTL, which reads to about 10 ms")
    assert set(broken(off)) == {Clause.TTL_MIRROR}


async def test_a_user_who_may_not_read_is_told_so(redis: Redis, redis_url: str) -> None:
    await Honest(redis).step()
    await redis.execute_command("ACL", "SETUSER", "blind", "reset", "on", ">hunter2", "~*", "+@all", "-getrange")
    async with RedisTarget(redis_url.replace("unix://", "unix://blind:hunter2@")).connect() as blind:
        audit = await glanced(blind)
    await redis.execute_command("ACL", "DELUSER", "blind")
    assert (audit.polls, audit.lost, exit_code(audit)) == (0, 1, 2)
    assert audit.error == "this Redis user has no right to run GETRANGE"


async def test_a_redis_lost_on_the_way_is_no_verdict_on_the_publisher(runtime: Path, holder: EmbeddedServer) -> None:
    url = holder.start_or_attach().url
    clock, auditor = ManualClock(0), Auditor(KeySchema())
    async with Redis.from_url(url) as writer, RedisTarget(url).connect() as eye:
        publisher = Honest(writer)
        await publisher.step()

        async def lose_it(seconds: float) -> None:
            clock.advance(seconds)
            holder.stop()

        await watch(eye, auditor, clock, LOOK_EVERY_S, lose_it)
    audit = auditor.conclude()
    assert not broken(audit)
    assert (audit.polls, audit.lost, exit_code(audit)) == (1, 1, 2)
    assert as_text(audit, TARGET).splitlines()[-1].startswith("UNREACHABLE: ")


# What is told


def lines_clean(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


async def test_hostile_text_is_clean_wherever_it_is_told(redis: Redis) -> None:
    await publish(redis, NASTY, sound=False)
    audit = await glanced(redis)
    assert set(broken(audit)) > {Clause.POINTER_KEY, Clause.POINTER_VALUE, Clause.UNDERLYING, Clause.BOTH_SIDES}
    text, body = as_text(audit, TARGET), msgspec.json.encode(audit_body(audit, url=TARGET.shown)).decode()
    assert "CANARY" in text and "CANARY" in body
    assert lines_clean(text)
    assert lines_clean(body) and "\\u00" not in body
    assert "hunter2" not in text + body


def golden_audit() -> Auditor:
    """Return an auditor after one look at one golden chain whose pointer ends five milliseconds late."""
    auditor, keys = Auditor(KeySchema()), KeySchema()
    auditor.found([keys.latest(SPX).encode()], TS_MS)
    ends = TS_MS + 60_000
    auditor.on_poll([seen(TS_MS, ends + 5, ends)], TS_MS + 250)
    auditor.read(GOLDEN_ID, payload(), TS_MS + 250)
    return auditor


def test_the_golden_shape_of_the_report() -> None:
    body = msgspec.to_builtins(audit_body(golden_audit().conclude(), url=TARGET.shown))
    clauses = {clause["clause"]: clause for clause in body.pop("clauses")}
    assert body == {
        "verdict": "broken",
        "redis": "redis://redis.example:6380/0",
        "prefix": "massive",
        "sources": None,
        "error": None,
        "limits": [],
        "began": 1766762051.399,
        "seconds": 0.0,
        "looks": 1,
        "looks_lost": 0,
        "pointers": 1,
        "moves": 0,
        "payloads": 1,
    }
    assert list(clauses) == [clause.slug for clause in Clause]
    assert clauses["ttl-mirror"] == {
        "clause": "ttl-mirror",
        "section": "2.2",
        "text": "a pointer and its payload end together",
        "verdict": "broken",
        "checks": 1,
        "breaches": 1,
        "at": 1766762051.399,
        "key": "massive:chain:latest:SPX:2026-01-02",
        "evidence": "the pointer ends 5 ms after its payload",
        "note": "largest difference 5 ms",
    }
    assert clauses["pointer-kept"]["verdict"] == "not seen"
    assert clauses["atm"] == {
        "clause": "atm",
        "section": "3",
        "text": "atm is an int",
        "verdict": "held",
        "checks": 1,
        "breaches": 0,
        "at": None,
        "key": None,
        "evidence": None,
        "note": None,
    }


def test_the_golden_lines_of_the_report() -> None:
    lines = as_text(golden_audit().conclude(), TARGET).splitlines()
    assert lines[0] == " contract v1.0 under massive at redis://redis.example:6380/0"
    at = next(number for number, line in enumerate(lines) if "ttl-mirror" in line)
    assert lines[at - 1 : at + 5] == [
        " held      2.2  pointer-ttl          a pointer has a time to live",
        " BROKEN    2.2  ttl-mirror           a pointer and its payload end together",
        "                1 of 1 checks, the first at 2025-12-26T15:14:11.399+00:00",
        "                massive:chain:latest:SPX:2026-01-02",
        "                the pointer ends 5 ms after its payload",
        "                largest difference 5 ms",
    ]
    assert lines[-1] == (
        "BROKEN: 1 broken: ttl-mirror; 22 clauses held; 4 not seen: pointer-forward, pointer-kept, payload-immutable, "
        "ts-forward (0.0 s, 1 looks, 1 pointers, 0 moves, 1 payloads)"
    )
    assert max(map(len, lines[:-1])) <= 120


def test_a_tight_cadence_is_noted() -> None:
    auditor = Auditor(KeySchema())
    auditor.found([KeySchema().latest(SPX).encode()], TS_MS)
    for at in (0, 1_000, 26_000):
        ends = TS_MS + at + 60_000
        auditor.on_poll([seen(TS_MS + at, ends, ends)], TS_MS + at)
    note = by_clause(auditor.conclude())[Clause.POINTER_KEPT].note
    assert note == "longest gap 25.0 s of a TTL of 60.0 s, more than a third: one missed cycle may end it"


# From the command line


def last_line(text: str) -> str:
    return text.rstrip("\n").split("\n")[-1]


@pytest.mark.slow
async def test_the_command_passes_our_publisher(redis: Redis, redis_url: str, short_dir: Path) -> None:
    small = ("--underlyings", "SPX", "--expirations", "2", "--interval", "0.5", "--ttl", "10")
    child = start(short_dir, "publish", "--redis-url", redis_url, *small)

    async def settled() -> bool:
        return await redis.exists("mock_massive:heartbeat") == 1 and len(await redis.keys("*:latest:*")) == 2

    try:
        await wait_until_async(settled, 20, "two chains and a heartbeat")
        done = await asyncio.to_thread(run, short_dir, "verify", redis_url, "--for", "2")
    finally:
        child.terminate()
        child.communicate(timeout=10)
    assert done.returncode == 0, done.stdout + done.stderr
    assert last_line(done.stdout).startswith("HELD: 27 clauses held (")
    assert done.stderr == ""


@pytest.mark.slow
async def test_the_command_names_what_is_broken(redis: Redis, redis_url: str, short_dir: Path) -> None:
    await CASES["fractional atm"].make(redis).step()
    done = await asyncio.to_thread(run, short_dir, "verify", redis_url, "--for", "0.1")
    assert done.returncode == 1
    assert last_line(done.stdout).startswith("BROKEN: 1 broken: atm; ")
    done = await asyncio.to_thread(run, short_dir, "verify", redis_url, "--for", "0.1", "--json")
    assert done.returncode == 1
    assert [c["clause"] for c in orjson.loads(done.stdout)["clauses"] if c["verdict"] == "broken"] == ["atm"]


@pytest.mark.slow
async def test_an_interrupt_ends_the_watch_with_what_was_seen(redis: Redis, redis_url: str, short_dir: Path) -> None:
    await Honest(redis).step()
    await redis.config_resetstat()
    child = await asyncio.create_subprocess_exec(
        *command("verify", redis_url, "--for", "inf", "--json"),
        env=environment(short_dir),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )

    async def has_looked() -> bool:
        stats = await redis.info("commandstats")
        return int(stats.get("cmdstat_getrange", {"calls": 0})["calls"]) > 200

    try:
        await wait_until_async(has_looked, 20, "a few looks")
        child.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(child.communicate(), 10)
    finally:
        if child.returncode is None:
            child.kill()
    report = orjson.loads(out)
    assert (child.returncode, err, report["verdict"]) == (0, b"", "held")
    assert report["looks"] > 3 and report["pointers"] == 3


@pytest.mark.parametrize("for_s", [math.nan, -1.0, -math.inf])
def test_a_watch_takes_time(for_s: float) -> None:
    with pytest.raises(ConfigError, match="more than 0 seconds"):
        run_verify(context_of(), "redis://127.0.0.1:1", for_s, as_json_text=False)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("{url}", "--for", "0.1"), 2, "NOTHING PUBLISHED: no pointer found ("),
        (("redis://127.0.0.1:1", "--for", "9"), 2, "UNREACHABLE: redis 127.0.0.1:1: connection refused"),
        (("{url}", "--for", "0"), 3, "chaindeck: --for 0: a watch takes more than 0 seconds"),
        (("{url}", "--prefix", "Massive"), 3, "chaindeck: key prefix 'Massive' is not"),
        (("--for", "1"), 3, "chaindeck: no deck of this user is running"),
    ],
)
async def test_exit_codes(
    redis: Redis, redis_url: str, short_dir: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    filled = [argument.replace("{url}", redis_url) for argument in arguments]
    done = await asyncio.to_thread(run, short_dir, "verify", *filled)
    assert done.returncode == code
    assert last_line(done.stdout if code == 2 else done.stderr).startswith(words)


async def test_many_large_payloads_are_all_read(redis: Redis, redis_url: str) -> None:
    """Together they are more than one batch may have: they are read one by one, each to its limit."""
    keys, spread = KeySchema(), "x" * 4_000
    items = golden_body()["contracts"] + [{"padding": spread}] * 1_500
    for day in range(2, 8):
        chain = ChainId("SPX", SPX.expiry.replace(day=day))
        key = keys.snapshot(SnapshotId(chain, TS_MS))
        await redis.set(key, payload(expiration=chain.expiry.isoformat(), contracts=items), px=60_000)
        await redis.set(keys.latest(chain), key, px=60_000)
    async with RedisTarget(redis_url).connect() as client:
        audit = await glanced(client)
    assert (audit.lost, audit.payloads) == (0, 6)


@pytest.mark.slow
async def test_a_large_redis_far_away_is_walked_through_beside_the_looks(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    await redis.mset({f"foreign:{number}": "x" for number in range(12_000)})

    async def slow(command: Command) -> Fate:
        if command[0] == b"SCAN":
            await asyncio.sleep(0.25)  # a whole walk takes three seconds: longer than Redis is waited for
        return Fate.DELIVER

    async with FaultProxy(redis_url, short_dir) as proxy, RedisTarget(proxy.url).connect() as far:
        proxy.rule = slow
        short, long = Auditor(KeySchema()), Auditor(KeySchema())
        await watch(far, short, SystemClock(), 0.3)
        await Honest(redis).step()
        await watch(far, long, SystemClock(), 4.5)
    first, second = short.conclude(), long.conclude()
    assert (first.error, first.limits) == ("", ("not all keys of this Redis were looked through: watch longer",))
    assert (second.error, second.limits, bool(second.keys)) == ("", (), True)
    assert second.polls > 3

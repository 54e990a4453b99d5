"""What `status --json` and `verify --json` really print, held against their schemas field by field."""

from pathlib import Path
from typing import Any

import orjson
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.clock import Instant, SystemClock
from chain.model.calendar import Calendar
from chain.model.keys import KeySchema, SnapshotId
from chain.monitor.evaluate.serialize import health_block
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.events import HOLD, EventLog
from chain.monitor.heartbeat import SourceInfo, beat
from chain.monitor.messages.compositor import CompositorBeat, ModelStatus, StagedChain
from chain.monitor.messages.heartbeat import FeedBlock
from chain.monitor.messages.recorder import RecorderBeat
from chain.monitor.states import State
from chain.redis.contract.publish.writer import snapshot_writer
from chain.supervisor import PartState, PartStatus
from tests.support.product import run
from tests.support.scenes import NDX, SPX, SPX_MON, START_NS, START_S, board, heartbeat, in_state, record, snapshot
from tests.support.schemas import filled, promised, schema_of, validator

REPLAY = KeySchema("massive:replay")
FAILED = PartStatus("lease", PartState.FAILED, "ValueError: x", START_S - 4.0, 3)
NOW = Instant(START_NS, 5_000.0)
COMPOSITOR_BEAT = CompositorBeat(
    "mmaker",
    START_S,
    8,
    "leading",
    START_S - 60,
    0.2,
    "1766762051500-3",
    11,
    12,
    13,
    14.5,
    (
        StagedChain(
            "SPX",
            "2026-01-02",
            KeySchema().snapshot(SnapshotId(SPX, 1_766_762_051_149)),
            "1766762051500-3",
            START_S,
            15,
            reason="STALE",
        ),
    ),
    (ModelStatus("SPX", "9f2c", START_S, START_S, 16, "STALE"),),
    "rebuilt from snapshots",
    "out of memory",
)
RECORDER_BEAT = RecorderBeat(
    "massive:recorder",
    START_S,
    7,
    "running",
    START_S,
    "/a.tape",
    9,
    1,
    START_S,
    4_096,
    10**9,
    "disk full",
    START_S,
    START_S,
)


def assert_promise_kept(name: str, *bodies: Any) -> None:
    """Fail unless each body keeps the schema, and all of them together fill every field of it and no other."""
    schema = schema_of(name)
    for body in bodies:
        validator(name).validate(body)
    assert set().union(*(filled(schema, body) for body in bodies)) == promised(schema)


async def _publish(redis: Redis, **values: Any) -> None:
    """Publish what a mock and then a capture made, a stale chain beside it, and a beat that fills its fields."""
    keys, now_ns = KeySchema(), SystemClock().wall_ns()
    for kind, age_s in (("mock", 2), ("capture", 1)):
        await snapshot_writer(redis, keys, kind=kind).publish([snapshot(SPX, now_ns - age_s * 10**9)], 60)
    await snapshot_writer(redis, keys, kind="capture").publish([snapshot(SPX_MON, now_ns - 40 * 10**9)], 60)
    told = heartbeat(
        SPX, SPX_MON, kind="capture", ts=now_ns / 1e9, detail="chains.gz", record="3 of 9", as_of=START_S - 60.0
    )
    feed = FeedBlock("waiting", "socket.massive.com", limits="no quotes", since=START_S, error="refused")
    await beat(redis, replace(told, parts=(FAILED,), feed=feed, **values))


async def _publish_replay(redis: Redis) -> None:
    """Publish a replay's beat, which alone says how fast its clock goes."""
    told: dict[str, Any] = {"service": "replay", "kind": "replay", "prefix": REPLAY.prefix}
    await beat(redis, heartbeat(SPX, ts=SystemClock().wall_ns() / 1e9, as_of=START_S, speed=60.0, **told))


async def test_a_status_keeps_its_schema_field_by_field(redis: Redis, redis_url: str, short_dir: Path) -> None:
    await _publish(redis)
    await redis.set("massive:recorder:heartbeat", RECORDER_BEAT.encode())
    await redis.set("mmaker:heartbeat", COMPOSITOR_BEAT.encode())
    await redis.xadd(KeySchema().stream(), {"ts": "1", "payload": "[]"})
    await redis.xgroup_create(KeySchema().stream(), "mmaker", "0")
    await redis.hset(KeySchema().stream_analytics(), "subscriptions_current", "12")
    may: dict[str, Any] = {"keys": ["*"], "channels": ["*"], "commands": ["+@all", "-info"]}
    await redis.acl_setuser("modest", enabled=True, reset=True, passwords="+secret", **may)
    modest = redis_url.replace("unix://", "unix://modest:secret@")
    bodies = [orjson.loads(run(short_dir, "status", "--json", url).stdout) for url in (redis_url, modest)]
    await redis.acl_deluser("modest")
    await _publish_replay(redis)
    replay = orjson.loads(run(short_dir, "status", "--json", "--prefix", REPLAY.prefix, redis_url).stdout)
    away = orjson.loads(run(short_dir, "status", "--json", "redis://127.0.0.1:1").stdout)
    assert_promise_kept("status", *bodies, replay, away)
    assert replay["source"]["speed"] == 60.0
    assert away["source"] == {"kind": "unknown"}


async def test_a_verification_keeps_its_schema_field_by_field(redis: Redis, redis_url: str, short_dir: Path) -> None:
    await _publish(redis)
    await redis.persist(KeySchema().latest(SPX))
    may: dict[str, Any] = {"keys": ["*"], "channels": ["*"], "commands": ["+@all", "-scan"]}
    await redis.acl_setuser("modest", enabled=True, reset=True, passwords="+secret", **may)
    modest = redis_url.replace("unix://", "unix://modest:secret@")
    urls = (redis_url, modest, "redis://127.0.0.1:1")
    bodies = [orjson.loads(run(short_dir, "verify", "--json", "--for", "0.1", url).stdout) for url in urls]
    await redis.acl_deluser("modest")
    assert [body["verdict"] for body in bodies] == ["broken", "broken", "unreachable"]
    assert_promise_kept("verify", *bodies)


async def test_a_heartbeat_keeps_its_schema_field_by_field(redis: Redis) -> None:
    stream: dict[str, Any] = {"frames_s": 2.5, "events_s": 25.0, "length": 7, "subscriptions": 9}
    group: dict[str, Any] = {"group_lag": 3, "group_pending": 1}
    stale = [in_state(SPX, State.STALE, NOW), record(NDX, NOW)]
    seen = board(stale, NOW, last_frame=START_S, **stream, **group)
    plan = heartbeat(SPX, NDX, failures={SPX: "vendor: 429"}).chain
    calendar = Calendar({SPX.expiry: None})
    source = SourceInfo(
        "capture", "chains.gz", "3 of 9", START_S - 60.0, "closed", "ended", {"SPX": START_S - 60.0}, calendar
    )
    health = health_block(evaluate(seen, NOW))
    await _publish(redis, source=source, chain=plan, health=health, lease={"SPX": "a:1:x"})
    await _publish_replay(redis)
    read = [orjson.loads(await redis.get(f"{service}:heartbeat") or b"") for service in ("mock_massive", "replay")]
    assert_promise_kept("heartbeat", *read)


def test_a_recorders_heartbeat_keeps_its_schema_field_by_field() -> None:
    assert_promise_kept("recorder-heartbeat", orjson.loads(RECORDER_BEAT.encode()))


def test_a_compositors_heartbeat_keeps_its_schema_field_by_field() -> None:
    assert_promise_kept("compositor-heartbeat", orjson.loads(COMPOSITOR_BEAT.encode()))


def test_an_event_keeps_its_schema_field_by_field() -> None:
    log, seen = EventLog("mock_massive"), board([in_state(SPX, State.STALE, NOW), record(NDX, NOW)], NOW)
    events = [event for _ in range(HOLD) for event in log.on_report(evaluate(seen, NOW))]
    assert_promise_kept("event", *(orjson.loads(event.encode()) for event in events))

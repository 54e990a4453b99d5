"""One look at a Redis as JSON and as text: the shape that scripts rely on, and the same truth in both."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.clock import Instant, ManualClock
from chain.model.keys import ChainId, KeySchema
from chain.monitor.board import PublisherStatus
from chain.monitor.evaluate.signals import HealthReport, evaluate
from chain.monitor.heartbeat import STOPPED, beat
from chain.monitor.messages.heartbeat import FeedBlock
from chain.monitor.states import Flag, RecorderState, State
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.publish.writer import snapshot_writer
from chain.supervisor import PartState, PartStatus
from chaindeck.commands.check import exit_code, line
from chaindeck.commands.plain import WIDTH, frame
from chaindeck.commands.status import as_text, report_once
from tests.support.contexts import context_of
from tests.support.published import status_json
from tests.support.scenes import (
    NDX,
    SPX,
    SPX_MON,
    START_NS,
    START_S,
    at_fault,
    board,
    heartbeat,
    in_state,
    manual_clock,
    record,
    recorder,
    report,
    snapshot,
    surface,
)

NOW = Instant(START_NS, 5_000.0)
KEYS = ["state", "signals", "redis", "sources", "source"]
KEYS += ["stream", "feed", "compositor", "recorder", "parts", "expected", "expiries", "log"]
STREAM_KEYS = ["age_s", "entries", "subscriptions", "group_lag", "group_pending"]
EXPIRY_KEYS = [
    *(
        "underlying",
        "expiry",
        "dte",
        "state",
        "flags",
        "source",
        "age_s",
        "ttl_s",
        "since",
        "source_changed",
        "ts",
        "contracts",
        "calls",
        "puts",
        "strikes",
    ),
    *("atm", "range_points", "payload_key"),
]
ADDRESS = RedisTarget("rediss://ops:hunter2@redis.example:6380/0?ssl_password=hunter3")


def body(evaluated: HealthReport, target: RedisTarget = ADDRESS) -> dict[str, Any]:
    """Return the report as a script reads it."""
    return status_json(evaluated, target.shown)


@pytest.fixture
async def target(redis: Redis, redis_url: str) -> AsyncIterator[RedisTarget]:
    """A server reached as a user with a password."""
    may: dict[str, Any] = {"keys": ["*"], "channels": ["*"], "categories": ["+@all"]}
    await redis.acl_setuser("ops", enabled=True, reset=True, passwords="+hunter2", **may)
    yield RedisTarget(redis_url.replace("unix://", "unix://ops:hunter2@"))
    await redis.acl_deluser("ops")


async def publish(redis: Redis, clock: ManualClock, *chains: ChainId) -> None:
    made = [snapshot(c, clock.wall, surface((6920, 6930, 6940), chain=c)[:-1]) for c in chains]
    await snapshot_writer(redis, KeySchema()).publish(made, 60)


async def test_the_golden_shape(redis: Redis, target: RedisTarget) -> None:
    clock = manual_clock()
    await beat(redis, heartbeat(SPX, SPX_MON))
    await publish(redis, clock, SPX)
    clock.advance(3.125)
    read = body(await report_once(target, context_of(clock)), target)
    assert list(read) == KEYS
    [ttl] = [expiry.pop("ttl_s") for expiry in read["expiries"][:1]]
    assert 58 < ttl <= 60  # the server's own seconds, not ours
    server, url = read["redis"].pop("server"), read["redis"].pop("url")
    assert server.split()[0] in ("valkey", "redis") and server.split()[1][0].isdigit()
    assert url.startswith("unix:///") and "hunter2" not in orjson.dumps(read).decode() + url
    assert read == {
        "state": "PARTIAL DEGRADATION",
        "signals": [
            {
                "name": "depth",
                "severity": "PARTIAL DEGRADATION",
                "text": "SPX depth 1 of 2: SPX 01-05 MISSING",
                "since": None,
            }
        ],
        "log": read["log"],
        "redis": {"ping_ms": 0.0, "limits": []},
        "sources": "mock",
        "source": read["source"],
        "stream": {"active": False, "state": "none", **dict.fromkeys(STREAM_KEYS)},
        "feed": None,
        "compositor": None,
        "recorder": None,
        "parts": [],
        "expected": 2,
        "expiries": [
            {
                "underlying": "SPX",
                "expiry": "2026-01-02",
                "dte": 0,
                "state": "FRESH",
                "flags": ["MOCK"],
                "source": "mock",
                "age_s": 3.125,
                "since": None,
                "source_changed": None,
                "ts": float(START_S),
                "contracts": 5,
                "calls": 3,
                "puts": 2,
                "strikes": 3,
                "atm": 6930,
                "range_points": 50,
                "payload_key": f"massive:chain:snapshot:SPX:2026-01-02:{START_S}000",
            },
            {
                "underlying": "SPX",
                "expiry": "2026-01-05",
                "dte": 3,
                "state": "MISSING",
                "flags": ["MOCK"],
                "source": "mock",
                **dict.fromkeys(EXPIRY_KEYS[6:]),
            },
        ],
    }
    assert await redis.get(read["expiries"][0]["payload_key"]) is not None


async def test_the_source_is_told_as_its_heartbeat_says(redis: Redis, target: RedisTarget) -> None:
    await beat(redis, heartbeat(SPX, kind="capture", detail="chains.gz", record="3 of 9", as_of=START_S - 60.0))
    source = body(await report_once(target, context_of(manual_clock())), target)["source"]
    told = {"kind": "capture", "detail": "chains.gz", "record": "3 of 9", "as_of": START_S - 60.0}
    assert source.items() >= told.items()
    assert (source["service"], source["status"], source["pid"]) == ("mock_massive", "running", 77)
    assert (source["interval_s"], source["ttl_s"], source["counters"]) == (10.0, 60.0, {"published": 12})


RECORDER = recorder(NOW, missed=2, size=12_000_000, free=9 * 10**10, recorded_to=NOW.wall_s - 1.5)


async def test_a_recorder_is_told_as_its_heartbeat_says(redis: Redis, target: RedisTarget) -> None:
    await redis.set("massive:recorder:heartbeat", RECORDER.beat.encode(), ex=15)
    evaluated = await report_once(target, context_of(manual_clock()))
    told = {name: getattr(RECORDER.beat, name) for name in RECORDER.beat.__struct_fields__}
    assert body(evaluated, target)["recorder"] == told | {"status": "recording", "behind_s": 1.5}
    line = " tape   /tapes/massive-2026-01-02.tape (recording), 12 MB written, 90,000 MB free, 2 answers missed"
    assert line in as_text(evaluated, target).splitlines()
    assert " tape " not in as_text(report([record(SPX, NOW)], NOW), target)


@pytest.mark.parametrize(
    ("alive", "says", "word"),
    [
        (True, {}, RecorderState.RECORDING),
        (True, {"error": "disk full"}, RecorderState.FAILING),
        (False, {}, RecorderState.SILENT),
        (False, {"status": STOPPED}, RecorderState.STOPPED),
    ],
)
def test_a_recorders_word_is_how_it_fares_now(alive: bool, says: dict[str, Any], word: RecorderState) -> None:
    evaluated = report([record(SPX, NOW)], NOW, recorder=recorder(NOW, alive=alive, **says))
    assert body(evaluated)["recorder"]["status"] == word
    assert f"({word})" in as_text(evaluated, ADDRESS)


def _live(feed: FeedBlock | None, *, kind: str = "massive", alive: bool = True) -> HealthReport:
    beat = replace(heartbeat(SPX, service="massive", kind=kind), feed=feed)
    return report([record(SPX, NOW)], NOW, known=(PublisherStatus(beat, NOW.mono, alive),))


FEED = FeedBlock(
    "waiting",
    "delayed.massive.com",
    delayed=True,
    limits="the plan of this API key includes no quotes on the stream",
    subscriptions=1_000,
    left_out=412,
    reconnects=3,
    since=NOW.wall_s - 60,
    error="the vendor's host refuses connections",
)


def test_the_stream_that_a_publisher_feeds_is_told_as_its_heartbeat_says() -> None:
    told = (
        " feed   waiting, delayed.massive.com, 15-min delayed, 1,000 contracts, 412 without quotes, 3 reconnects, "
        "the plan of this API key includes no quotes on the stream, the vendor's host refuses connections"
    )
    assert told in as_text(_live(FEED), ADDRESS).splitlines()
    assert body(_live(FEED))["feed"] == {name: getattr(FEED, name) for name in FEED.__struct_fields__}


def test_a_live_publisher_without_a_stream_says_off_and_others_nothing() -> None:
    assert " feed   off" in as_text(_live(None), ADDRESS).splitlines()
    assert " feed " not in as_text(_live(None, kind="mock"), ADDRESS)
    assert " feed " not in as_text(_live(FEED, alive=False), ADDRESS)
    assert body(_live(None))["feed"] is None


async def test_one_look_is_enough_where_nobody_announces(redis: Redis, target: RedisTarget) -> None:
    clock = manual_clock()
    await publish(redis, clock, SPX, NDX)
    read = body(await report_once(target, context_of(clock)), target)
    assert [(e["underlying"], e["state"]) for e in read["expiries"]] == [("NDX", "FRESH"), ("SPX", "FRESH")]
    assert read["source"] == {"kind": "unknown"}


async def test_a_look_leaves_no_connection_and_writes_nothing(redis: Redis, target: RedisTarget) -> None:
    before = {client["id"] for client in await redis.client_list()}
    await report_once(target, context_of(manual_clock()))
    assert await redis.dbsize() == 0
    assert {client["id"] for client in await redis.client_list()} <= before


async def test_an_unreachable_redis_is_an_answer(unused_tcp_port: int) -> None:
    nowhere = RedisTarget(f"redis://:hunter2@127.0.0.1:{unused_tcp_port}/3")
    evaluated = await report_once(nowhere, context_of(manual_clock()))
    read = body(evaluated, nowhere)
    assert read["redis"] == {
        "url": f"redis://127.0.0.1:{unused_tcp_port}/3",
        "server": None,
        "limits": [],
        "ping_ms": None,
    }
    assert (read["state"], read["expected"], read["expiries"]) == ("CRITICAL", 0, [])
    assert [signal["name"] for signal in read["signals"]] == ["redis-unreachable"]
    assert "hunter2" not in orjson.dumps(read).decode() + as_text(evaluated, nowhere)


@pytest.mark.parametrize("state", State)
def test_every_state_has_the_same_keys_and_the_board_says_the_same_word(state: State) -> None:
    evaluated = report([in_state(SPX, state, NOW)], NOW, reached=state is not State.UNREACHABLE)
    [expiry] = body(evaluated)["expiries"]
    assert list(expiry) == EXPIRY_KEYS
    assert expiry["state"] == state
    [row] = [line for line in as_text(evaluated, ADDRESS).splitlines() if "01-02 Fri" in line]
    assert state in row


def test_what_was_last_good_is_told_beside_the_fault() -> None:
    [expiry] = body(report([at_fault(record(SPX, NOW, age_ms=4_200), State.INVALID, NOW)], NOW))["expiries"]
    assert (expiry["state"], expiry["age_s"], expiry["ttl_s"], expiry["contracts"]) == ("INVALID", 4.2, None, 6)


def test_severities_and_flags_are_the_words_of_the_board() -> None:
    late = [record(SPX, NOW, age_ms=48_000), record(SPX_MON, NOW)]
    read = body(report(late, NOW, last_frame=START_S, beats=[heartbeat(SPX, SPX_MON, status=STOPPED)]))
    silent, stale, _ = read["signals"]
    assert silent["name"] == "publisher-silent"  # what explains the others stands first
    assert stale["since"] == pytest.approx(START_S - 13)
    assert [signal["severity"] for signal in read["signals"]] == ["WARNING", "DEGRADED", "WARNING"]
    assert read["expiries"][0]["flags"] == [Flag.MOCK]


def test_text_and_frame_hold_no_control_and_keep_their_width() -> None:
    lost = at_fault(record(SPX_MON, NOW), State.INVALID, NOW, "payload: not JSON")
    evaluated = report([record(SPX, NOW), lost], NOW)
    for text in (frame(evaluated), as_text(evaluated, ADDRESS)):
        assert all(line.isprintable() for line in text.split("\n"))
        assert "hunter" not in text
    assert max(map(len, frame(evaluated).split("\n"))) <= WIDTH
    assert "rediss://redis.example:6380/0" in as_text(evaluated, ADDRESS)


def test_the_frame_shows_strip_board_signals_and_the_grid_around_the_atm() -> None:
    strikes = range(6800, 7061, 5)
    evaluated = report([record(SPX, NOW, contracts=surface(strikes)), in_state(SPX_MON, State.MISSING, NOW)], NOW)
    text = frame(evaluated)
    assert text.count("[MOCK]") >= 4
    for words in ("EXPIRIES", "SIGNALS", "MISSING", "last seen 09:59:59", "[6930]", "spot 6,931.42", "106 contracts"):
        assert words in text
    assert 20 <= sum("│" in line or "┃" in line for line in text.splitlines()) <= 30


def test_an_expired_market_is_rendered_with_its_true_age() -> None:
    weekend = at_fault(record(SPX_MON, NOW, age_ms=3_723_000), State.MISSING, NOW)
    text = frame(report([weekend], NOW))
    assert "1h02" in text and "MISSING" in text and "[6930]" in text


def test_a_frame_without_a_chain_says_so() -> None:
    assert "no chains" in frame(report([], NOW, beats=[]))


def test_the_parts_of_living_publishers_are_listed_with_how_they_fare() -> None:
    failed = PartStatus("lease", PartState.FAILED, "ValueError: x", START_S - 4.0, 3)
    beat = replace(heartbeat(SPX), parts=(PartStatus("publisher"), failed))
    scene = board([record(SPX, NOW)], NOW, known=(PublisherStatus(beat, NOW.mono, alive=True),))
    evaluated = evaluate(scene, NOW)
    body = status_json(evaluated)
    assert body["parts"] == [
        {"service": "mock_massive", "name": "publisher", "state": "running", "error": "", "since": None, "restarts": 0},
        {
            "service": "mock_massive",
            "name": "lease",
            "state": "failed",
            "error": "ValueError: x",
            "since": START_S - 4.0,
            "restarts": 3,
        },
    ]
    [told] = [signal for signal in evaluated.signals if signal.name == "part-failed"]
    assert (told.text, told.since) == ("lease failed: ValueError: x, restarted 3 times", START_S - 4.0)
    assert exit_code(evaluated) == 2
    assert "lease failed: ValueError: x" in line(evaluated)

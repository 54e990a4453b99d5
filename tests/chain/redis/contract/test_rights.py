"""The least rights as documented, one taken away at a time: what is said, and what still works."""

import asyncio
import logging
import re
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from chain.audit.audit import Audit, Auditor
from chain.audit.reader import AuditReader
from chain.clock import Instant, SystemClock
from chain.errors import RedisUnavailableError
from chain.model.keys import REPLAY_PREFIX, ChainId, KeySchema
from chain.model.kinds import SourceKind
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.heartbeat import beat
from chain.monitor.messages.recorder import read_recorder_beat
from chain.monitor.messages.services import service_name
from chain.monitor.states import State
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.coordination.lease import Lease
from chain.redis.contract.models import ModelWriter
from chain.redis.contract.publish.draft import PublishResult, PublishVerdict
from chain.redis.contract.publish.writer import snapshot_writer
from chain.redis.contract.staging import Extent, StagingVerdict, StagingWrite, StagingWriter
from chain.supervisor import Part, Supervisor
from chain.tasks import end
from chaindeck.commands.operator import acknowledge
from chaindeck.config.file import resolve
from chaindeck.engine.looking.model import ModelReader
from chaindeck.engine.looking.staging import StagingReader
from chaindeck.engine.pipeline.composing import Composing, make_composing
from chaindeck.engine.replay.compose import ReplayOptions
from publisher.loop.cycle import Cycle
from publisher.loop.publisher import Publisher
from publisher.protection.guard import Guard
from publisher.protection.publish_gate import PublishGate
from tape.store.file import TapeFile
from tape.tools.ndjson import payloads
from tests.support.builders import ScriptedSource, expiries, small, value_at
from tests.support.contexts import context_of
from tests.support.heatmaps import heatmap_model
from tests.support.looking import publish_whole, running
from tests.support.places import ROOT
from tests.support.product import run
from tests.support.replay_stage import replay_stage
from tests.support.replays import looks, tape_of
from tests.support.scenes import heartbeat
from tests.support.servers import HOST, Server, Servers
from tests.support.staged import meta_of
from tests.support.waiting import wait_until_async
from tui.ports.board_source import HeatmapView, StagedView

CLOCK, NAMES = SystemClock(), KeySchema()
DATES = expiries(3, datetime.now(UTC).date() + timedelta(days=2))
CHAINS = [ChainId("SPX", day) for day in DATES]
LINES = dict(
    re.findall(r"^ACL SETUSER (\w+) on >PASSWORD (.*)$", (ROOT / "docs/redis-rights.md").read_text(), re.MULTILINE)
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Servers() as servers:
        yield servers.alone()


@pytest.fixture
async def owner(server: Server) -> AsyncIterator[Redis]:
    """A client that may do all, on an empty Redis."""
    server.admin.flushall()
    async with RedisTarget(server.url).connect() as redis:
        yield redis


async def user(server: Server, role: str, *changes: str, instead: tuple[str, str] = ("", "")) -> Redis:
    """Return a client of a documented user, with changes: `-command`, or a word of its line replaced."""
    rights = LINES[role].replace(*instead) if instead[0] else LINES[role]
    server.admin.execute_command("ACL", "SETUSER", role, "reset", "on", ">pw", *rights.split(), *changes)
    return RedisTarget(f"redis://{role}:pw@{HOST}:{server.port}").connect()


async def fill(owner: Redis) -> None:
    stamp = time.time_ns() // 1_000_000
    await snapshot_writer(owner, NAMES, kind="massive").publish([small(chain, stamp) for chain in CHAINS], 60)
    await beat(owner, heartbeat(*CHAINS, ts=time.time()))


# To read


async def read(redis: Redis, polls: int = 2) -> HealthReport:
    watcher = Watcher(RedisReader(redis, NAMES, CLOCK), CLOCK)
    for _ in range(polls):
        board = await watcher.poll_once()
    await redis.aclose()
    return evaluate(board, Instant.now(CLOCK))


def states(report: HealthReport) -> set[State]:
    return {status.state for status in report.statuses}


async def test_the_documented_reader_sees_all_and_lacks_nothing(server: Server, owner: Redis) -> None:
    await fill(owner)
    report = await read(await user(server, "reader"))
    assert (states(report), len(report.statuses)) == ({State.FRESH}, 3)
    assert (report.board.redis.limits, report.board.redis.server.unasked) == ((), "")
    assert server.admin.execute_command("ACL", "LOG") == []


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("info", "cannot tell its name and version, what it evicts when full, how much it evicts: "),
        ("time", ""),
        ("mget", ""),
        ("exists", ""),
        ("pttl", ""),
        ("type", ""),
        ("hmget", ""),
        ("xlen", ""),
        ("xinfo", ""),
        ("hstrlen", ""),
        ("xrevrange", ""),
        ("scan", "cannot be found: this Redis user has no right to run SCAN"),
    ],
)
async def test_a_reader_without_a_courtesy_still_reads(server: Server, owner: Redis, gone: str, said: str) -> None:
    await fill(owner)
    report = await read(await user(server, "reader", f"-{gone}"))
    assert (states(report), len(report.statuses)) == ({State.FRESH}, 3)
    text = [signal.text for signal in report.signals]
    assert said in "; ".join([*report.board.redis.limits, report.board.redis.server.unasked, *text])


async def test_a_reader_without_scan_or_heartbeats_is_told_why_it_sees_nothing(server: Server, owner: Redis) -> None:
    await fill(owner)
    await owner.delete(*await owner.keys("*heartbeat"))
    report = await read(await user(server, "reader", "-scan"))
    text = "; ".join(signal.text for signal in report.signals)
    assert report.board.redis.health.ok
    assert "cannot be found: this Redis user has no right to run SCAN" in text


async def test_a_reader_of_chains_alone_cannot_hear_heartbeats_and_says_so(server: Server, owner: Redis) -> None:
    await fill(owner)
    only = ("%R~massive:* %R~mock_massive:*", "%R~massive:chain:*")
    report = await read(await user(server, "reader", instead=only))
    assert (states(report), len(report.statuses)) == ({State.FRESH}, 3)  # discovered
    assert "cannot hear heartbeats: this Redis user has no right to the key of GET" in report.board.redis.limits
    assert any(signal.text.startswith("cannot hear heartbeats") for signal in report.signals)


async def test_a_reader_without_a_need_is_told_which(server: Server, owner: Redis) -> None:
    await fill(owner)
    report = await read(await user(server, "reader", "-getrange"))
    assert {status.note for status in report.statuses} == {"payload key: this Redis user has no right to run GETRANGE"}
    report = await read(await user(server, "reader", instead=("%R~massive:*", "")))
    assert "no right to the key" in report.board.redis.health.error


# To see the pipeline


async def seen(server: Server, owner: Redis, *changes: str) -> tuple[HeatmapView | None, StagedView | None]:
    """Return what a documented viewer is shown of a model and of staging."""
    chain, heatmaps, stagings = CHAINS[0], list[HeatmapView | None](), list[StagedView | None]()
    await publish_whole(ModelWriter(owner, NAMES), heatmap_model(dates=DATES[:2]))
    await owner.set(NAMES.compositor_lease(), "me")
    written = StagingWrite(chain, meta_of(chain), Extent.WHOLE, 60_000, {})
    assert await StagingWriter(owner, NAMES, "me").write([written]) == [StagingVerdict.WRITTEN]
    redis = await user(server, "viewer", *changes)
    models = ModelReader(redis, NAMES, CLOCK, heatmaps.append)
    staging = StagingReader(redis, NAMES, CLOCK, stagings.append)
    async with running(models), running(staging):
        models.look_at("SPX")
        staging.look_at(chain)
        await wait_until_async(lambda: bool(heatmaps and stagings), 8, "a heatmap and staging, or why there is none")
    await redis.aclose()
    return heatmaps[-1], stagings[-1]


async def test_the_documented_viewer_sees_the_pipeline_and_lacks_nothing(server: Server, owner: Redis) -> None:
    server.admin.execute_command("ACL", "LOG", "RESET")
    heatmap, staged = await seen(server, owner)
    assert heatmap is not None and heatmap.model is not None and not heatmap.fault
    assert staged is not None and staged.meta is not None and not staged.fault
    assert server.admin.execute_command("ACL", "LOG") == []


@pytest.mark.parametrize(
    ("changes", "of_heatmap", "of_staging"),
    [
        (("-subscribe",), "read every 2 s: this Redis user has no right to run SUBSCRIBE", "no right to run SUBSCRIBE"),
        (("resetchannels", "&mmaker:*"), "read every 2 s: this Redis user has no right to the channel", ""),
        (("resetchannels", "&massive:model:*"), "", "no right to the channel"),
        (("-hgetall",), "", "no right to run HGETALL"),
        (("-getrange",), "no right to run GETRANGE", ""),
        (("-ping",), "", ""),
    ],
)
async def test_a_viewer_without_a_right_is_told_and_loses_nothing_else(
    server: Server, owner: Redis, changes: tuple[str, ...], of_heatmap: str, of_staging: str
) -> None:
    heatmap, staged = await seen(server, owner, *changes)
    assert heatmap is not None and staged is not None
    assert of_heatmap in heatmap.fault and bool(of_heatmap) is bool(heatmap.fault)
    assert of_staging in staged.fault and bool(of_staging) is bool(staged.fault)
    assert (heatmap.model is None) is ("-getrange" in changes)
    assert (staged.meta is None) is bool(of_staging)


# To record


async def recorded(server: Server, home: Path, *changes: str) -> "subprocess.CompletedProcess[str]":
    """Record for a second as a documented user, with changes."""
    await (await user(server, "recorder", *changes)).aclose()
    url = f"redis://recorder:pw@{HOST}:{server.port}"
    return await asyncio.to_thread(run, home, "record", url, "--out", str(home / "tapes"), "--for", "1")


@pytest.mark.slow
async def test_the_documented_recorder_records_and_beats_and_lacks_nothing(
    server: Server, owner: Redis, short_dir: Path
) -> None:
    await fill(owner)
    server.admin.execute_command("ACL", "LOG", "RESET")
    told = await recorded(server, short_dir)
    assert told.returncode == 0, told.stderr
    assert server.admin.execute_command("ACL", "LOG") == []
    beat = read_recorder_beat(await value_at(owner, "massive:recorder:heartbeat"), "massive:recorder")
    assert (beat.status, beat.missed, beat.error) == ("stopped", 0, "")
    assert beat.answers and beat.size and beat.free


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (("-set",), "heartbeat not written: this Redis user has no right to run SET"),
        (("resetchannels",), "heartbeat not announced: this Redis user has no right to the channel of PUBLISH"),
    ],
)
async def test_a_recorder_that_may_not_beat_says_so_once_and_records(
    server: Server, owner: Redis, short_dir: Path, changes: tuple[str, ...], said: str
) -> None:
    await fill(owner)
    told = await recorded(server, short_dir, *changes)
    assert told.returncode == 0, told.stderr
    assert told.stderr.count(said) == 1
    [tape] = (short_dir / "tapes").glob("*.tape")
    with TapeFile(tape) as written:
        assert len([*payloads(written, lambda damage: pytest.fail(damage.what))]) == len(CHAINS)


# To publish


async def published(redis: Redis) -> list[PublishResult]:
    stamp = time.time_ns() // 1_000_000
    return await snapshot_writer(redis, NAMES, kind="massive").publish([small(chain, stamp) for chain in CHAINS], 60)


@pytest.mark.parametrize("gone", ["", "pexpiretime", "del", "exists", "info", "scan", "publish", "xadd", "evalsha"])
async def test_a_publisher_without_a_courtesy_still_publishes(server: Server, owner: Redis, gone: str) -> None:
    redis = await user(server, "publisher", *([f"-{gone}"] if gone else []))
    assert {(outcome.verdict, outcome.reason) for outcome in await published(redis)} == {(PublishVerdict.PUBLISHED, "")}
    await redis.aclose()
    for chain in CHAINS:
        pointer = (await value_at(owner, NAMES.latest(chain))).decode()
        assert 0 <= await owner.pexpiretime(pointer) - await owner.pexpiretime(NAMES.latest(chain)) <= 5


@pytest.mark.parametrize(
    ("gone", "reason"),
    [
        ("eval", "this Redis user has no right to run EVAL: publishing needs it to move pointers forward only"),
        ("set", "this Redis user has no right to run SET"),
        ("getrange", "this Redis user has no right to run GETRANGE"),
        ("time", "this Redis user has no right to run TIME"),
        ("mget", "this Redis user has no right to run MGET"),
    ],
)
async def test_a_publisher_without_a_need_is_told_which_and_leaves_nothing_behind(
    server: Server, owner: Redis, gone: str, reason: str
) -> None:
    redis = await user(server, "publisher", f"-{gone}")
    assert {(outcome.verdict, outcome.reason) for outcome in await published(redis)} == {
        (PublishVerdict.FAILED, reason)
    }
    await redis.aclose()
    assert await owner.keys() == []


@pytest.mark.parametrize("keys", ["~massive:chain:snapshot:*", "~massive:chain:snapshot:* ~massive:chain:latest:*"])
async def test_a_publisher_without_its_keys_leaves_nothing_behind(server: Server, owner: Redis, keys: str) -> None:
    redis = await user(server, "publisher", instead=("~massive:*", keys))
    outcomes = await published(redis)
    await redis.aclose()
    assert {outcome.verdict for outcome in outcomes} == {PublishVerdict.FAILED}
    assert all("no right to the key" in outcome.reason for outcome in outcomes), outcomes
    assert await owner.keys() == []


def services(redis: Redis) -> tuple[Publisher, Lease]:
    source = ScriptedSource({"SPX": DATES, "NDX": DATES}, as_of=time.time())
    lease = Lease(redis, context_of(CLOCK), source.underlyings)
    return Publisher(redis, source, context_of(CLOCK), gate=PublishGate(lease)), lease


async def test_a_publisher_of_chains_alone_publishes_without_a_lease_and_says_each_thing_once(
    server: Server, owner: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    redis = await user(server, "publisher", instead=("~massive:* ~mock_massive:*", "~massive:chain:*"))
    publisher, lease = services(redis)
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            await lease.renew()
            assert (await publisher.cycle()).whole
            await publisher.beat()
        await lease.release()
    await redis.aclose()
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "publishing without a lease on SPX, NDX: this Redis user has no right to the key",
        "heartbeat not written: this Redis user has no right to the key",
    ]
    assert await owner.mget(*(NAMES.latest(chain) for chain in CHAINS)) != [None] * 3


async def test_a_publisher_without_channels_says_that_it_is_not_announced(
    server: Server, owner: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    redis = await user(server, "publisher", instead=("&massive:* &mock_massive:*", ""))
    publisher, _ = services(redis)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await publisher.beat("running")
    await redis.aclose()
    assert [record.getMessage() for record in caplog.records] == [
        "heartbeat not announced: this Redis user has no right to the channel of PUBLISH"
    ]
    assert await owner.keys("*massive:*heartbeat")


# To check a publisher


async def audited(redis: Redis) -> Audit:
    auditor = Auditor(NAMES)
    reader = AuditReader(redis, auditor, SystemClock())
    try:
        await reader.discover()
        await reader.poll()
    except RedisUnavailableError as error:
        auditor.on_lost(str(error))
    await redis.aclose()
    return auditor.conclude()


@pytest.mark.parametrize(
    ("gone", "pointers", "said"),
    [
        ("", 3, ""),
        ("pexpiretime", 3, ""),
        ("time", 3, "times are by this machine's clock: this Redis user has no right to run TIME"),
        ("scan", 3, "cannot discover chains: this Redis user has no right to run SCAN"),
        ("getrange", 3, "this Redis user has no right to run GETRANGE"),
    ],
)
async def test_what_an_auditor_may_not_ask_is_said(
    server: Server, owner: Redis, gone: str, pointers: int, said: str
) -> None:
    await fill(owner)
    audit = await audited(await user(server, "auditor", *([f"-{gone}"] if gone else [])))
    assert audit.pointers == pointers
    assert said in "; ".join([*audit.limits, audit.error])


# The guard of live data, and what an operator does


def guarded(redis: Redis, kind: SourceKind, underlying: str) -> Publisher:
    source = ScriptedSource({underlying: DATES}, as_of=time.time(), kind=kind, in_memory=True)
    guard = Guard(redis, context_of(CLOCK), kind)
    lease = Lease(redis, context_of(CLOCK), source.underlyings, service=service_name(kind, NAMES))
    return Publisher(redis, source, context_of(CLOCK), gate=PublishGate(lease, guard))


async def led(publisher: Publisher) -> Cycle:
    lease = publisher._gate.lease
    assert lease is not None
    await lease.renew()
    cycle = await publisher.cycle()
    await publisher.beat()
    return cycle


async def test_the_documented_publishers_of_both_kinds_guard_live_data_and_lack_nothing(
    server: Server, owner: Redis
) -> None:
    server.admin.execute_command("ACL", "LOG", "RESET")
    redis = await user(server, "publisher")
    mock, live = guarded(redis, "mock", "NDX"), guarded(redis, "massive", "SPX")
    for _ in range(2):  # the second time, leases are renewed
        assert (await led(mock)).whole
    assert (await led(live)).whole
    assert not (await led(mock)).outcomes
    await redis.aclose()
    assert await owner.exists(NAMES.live(), *(NAMES.source(chain) for chain in CHAINS)) == 1 + len(CHAINS)
    assert await owner.keys(NAMES.latest(ChainId("NDX", DATES[0]))) == []
    assert server.admin.execute_command("ACL", "LOG") == []


async def test_a_live_publisher_that_may_not_mark_its_place_says_so_and_its_chains_are_protected(
    server: Server, owner: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    keys = "~massive:chain:latest:* ~massive:chain:snapshot:* ~massive:chain:source:* ~massive:publisher:*"
    redis = await user(server, "publisher", instead=("~massive:*", keys))
    with caplog.at_level(logging.WARNING):
        live = guarded(redis, "massive", "SPX")
        for _ in range(3):
            assert (await led(live)).whole
    await redis.aclose()
    said = [record.getMessage() for record in caplog.records]
    assert "this place is not marked as live: this Redis user has no right to the key" in said


async def test_the_documented_replayer_replays_and_lacks_nothing(server: Server, owner: Redis, tmp_path: Path) -> None:
    await (await user(server, "replayer")).aclose()
    server.admin.execute_command("ACL", "LOG", "RESET")
    tape, url = tape_of(tmp_path / "a.tape", looks(25)), f"redis://replayer:pw@{HOST}:{server.port}"
    async with replay_stage(owner, url, tape, ReplayOptions(speed=1.0)) as stage:
        await stage.run(15.0)
        stage.player.pause()
        await stage.run(70.0)
        assert await stage.at_s() == 10.0
        stage.player.seek(stage.player.at_ns - 10 * 10**9)
        await stage.run(1.0)
        assert await stage.at_s() == 0.0
    assert await owner.keys("massive:replay:chain:latest:*") == []
    assert server.admin.execute_command("ACL", "LOG") == []


async def test_a_reader_of_replays_needs_their_keys_alone(server: Server, owner: Redis) -> None:
    eyes = await user(server, "reader", instead=("%R~massive:* %R~mock_massive:*", "%R~massive:replay:* %R~replay:*"))
    server.admin.execute_command("ACL", "LOG", "RESET")
    watcher = Watcher(RedisReader(eyes, KeySchema(REPLAY_PREFIX), CLOCK), CLOCK)
    assert (await watcher.poll_once()).redis.limits == ()
    await eyes.aclose()
    assert server.admin.execute_command("ACL", "LOG") == []


async def change_kinds(owner: Redis) -> None:
    stamp = time.time_ns() // 1_000_000
    for ahead, kind in enumerate(("mock", "massive")):
        await snapshot_writer(owner, NAMES, kind=kind).publish([small(chain, stamp + ahead) for chain in CHAINS], 60)


async def test_the_documented_operator_acknowledges_and_lacks_nothing(server: Server, owner: Redis) -> None:
    await change_kinds(owner)
    server.admin.execute_command("ACL", "LOG", "RESET")
    await (await user(server, "operator")).aclose()
    url = f"redis://operator:pw@{HOST}:{server.port}"
    assert await asyncio.to_thread(acknowledge, context_of(), url) == 0
    assert server.admin.execute_command("ACL", "LOG") == []
    for chain in CHAINS:
        assert (await owner.get(NAMES.source(chain)) or b"").split()[0:3:2] == [b"massive"]


async def test_an_operator_without_digests_acknowledges_all_the_same(server: Server, owner: Redis) -> None:
    await change_kinds(owner)
    await (await user(server, "operator", "-evalsha")).aclose()
    assert await asyncio.to_thread(acknowledge, context_of(), f"redis://operator:pw@{HOST}:{server.port}") == 0
    assert (await value_at(owner, NAMES.source(CHAINS[0]))).split()[0::2] == [b"massive"]


@pytest.mark.parametrize("gone", ["scan", "eval", "mget", "set"])
async def test_an_operator_without_a_need_is_told_which(server: Server, owner: Redis, gone: str) -> None:
    await change_kinds(owner)
    server.admin.script_flush()  # a script that Redis knows needs no EVAL
    await (await user(server, "operator", f"-{gone}")).aclose()
    with pytest.raises(RedisUnavailableError, match=f"no right to run {gone.upper()}"):
        await asyncio.to_thread(acknowledge, context_of(), f"redis://operator:pw@{HOST}:{server.port}")


# To merge snapshots and stream


async def composed(owner: Redis, redis: Redis, seconds: float = 5.0) -> Composing:
    """Run the compositor of a user until it has staged all chains and made a model, or so many seconds."""
    await fill(owner)
    await owner.script_flush()  # a script that Redis knows needs no EVAL
    await owner.xadd(NAMES.stream(), {"ts": str(time.time()), "payload": "[]"})
    context, supervisor = context_of(CLOCK, interval_s=1.0, ttl_s=20.0), Supervisor(CLOCK)
    reader = RedisReader(redis, NAMES, CLOCK)
    watcher = Watcher(reader, CLOCK)
    composing = make_composing(redis, context, resolve({}).settings, supervisor)
    watching = Part("watcher", lambda: watcher.run(composing.on_board))
    task = asyncio.ensure_future(supervisor.run([watching, *reader.parts(), *composing.parts()]))

    async def settled() -> bool:
        models = composing.heatmap.status()
        return bool(composing.compositor.compositor.error) or any(each.published or each.reason for each in models)

    await wait_until_async(settled, seconds, "a model, or why there is none")
    await composing.compositor.compositor.measure()
    await end([task])
    await composing.leave()
    await redis.aclose()
    return composing


async def test_the_documented_compositor_does_all_and_lacks_nothing(server: Server, owner: Redis) -> None:
    server.admin.execute_command("ACL", "LOG", "RESET")
    composing = await composed(owner, await user(server, "compositor"))
    assert [each.reason for each in composing.heatmap.status()] in ([], [""])
    assert composing.compositor.compositor.error == ""
    assert len(await owner.keys("mmaker:chain:staging:SPX:*")) == 3
    assert await owner.exists("mmaker:heartbeat", NAMES.heatmap("SPX")) == 2
    assert server.admin.execute_command("ACL", "LOG") == []


@pytest.mark.parametrize(
    "gone", ["xinfo", "xgroup", "xreadgroup", "xrange", "xpending", "eval", "hset", "pexpire", "hgetall"]
)
async def test_a_compositor_without_a_need_stages_nothing_and_says_which(
    server: Server, owner: Redis, gone: str
) -> None:
    composing = await composed(owner, await user(server, "compositor", f"-{gone}"))
    assert f"no right to run {gone.upper()}" in composing.compositor.compositor.error
    assert await owner.keys("mmaker:chain:staging:*") == []


@pytest.mark.parametrize("gone", ["publish", "scan", "info", "time", "pubsub|numsub"])
async def test_a_compositor_without_a_courtesy_stages_all_the_same(server: Server, owner: Redis, gone: str) -> None:
    composing = await composed(owner, await user(server, "compositor", f"-{gone}"))
    assert composing.compositor.compositor.error == ""
    assert len(await owner.keys("mmaker:chain:staging:SPX:*")) == 3


async def test_a_compositor_without_the_keys_of_its_lease_stages_nothing(server: Server, owner: Redis) -> None:
    redis = await user(server, "compositor", instead=("~massive:publisher:lease:mmaker:* ", ""))
    composing = await composed(owner, redis)
    assert composing.compositor.compositor.error.startswith("no lease, without which two would compose at once: ")
    assert await owner.keys("mmaker:chain:staging:*") == []

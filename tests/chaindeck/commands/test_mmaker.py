"""`chaindeck mmaker` through the front door: one leads, another stands by, and each kind of name is kept apart."""

import os
import signal
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from redis.asyncio import Redis

from chain.clock import SystemClock
from chain.model.keys import REPLAY_PREFIX, ChainId, KeySchema
from chain.redis.contract.publish.writer import snapshot_writer
from tests.support.builders import SPX
from tests.support.composing import Surroundings, made
from tests.support.product import run, start
from tests.support.waiting import wait_until_async

pytestmark = pytest.mark.slow

LISTED = ChainId("SPX", datetime.now(UTC).date() + timedelta(days=7))
TICKER = f"O:SPXW{LISTED.expiry:%y%m%d}C06930000"
FAST = {"MASSIVE_CHAIN_INTERVAL_SEC": "1", "MASSIVE_CHAIN_SNAPSHOT_TTL_SEC": "20"}


class Running:
    """One `chaindeck mmaker`, and what it says."""

    def __init__(self, home: Path, *arguments: str) -> None:
        home.mkdir()
        self.process = start(home, "mmaker", *arguments, **FAST)
        self.said: list[str] = []
        self._ear = threading.Thread(target=self._listen, daemon=True)
        self._ear.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(iter(self.process.stderr.readline, ""))

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        code = self.process.wait(15)
        self._ear.join()
        return code


async def beat(redis: Redis, service: str) -> dict[str, object]:
    raw = await redis.get(f"{service}:heartbeat")
    return orjson.loads(raw) if isinstance(raw, bytes) else {}


async def test_one_leads_and_another_stands_by_until_the_first_is_stopped(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    around = Surroundings(redis, SystemClock())
    await around.publish(LISTED)
    await around.add(around.quote(TICKER))
    first = Running(short_dir / "1", redis_url)
    try:
        await wait_until_async(lambda: around.meta(LISTED), 20, "staging")
        assert b'"quote_seq"' in (await around.staged(LISTED))[TICKER]
        await wait_until_async(lambda: redis.exists(KeySchema().heatmap("SPX")), 5, "the model")
        second = Running(short_dir / "2", redis_url)
        try:
            await wait_until_async(lambda: beat(redis, "mmaker:standby"), 20, "the standby's heartbeat")
            assert (await beat(redis, "mmaker"))["pid"] == first.process.pid
            assert first.end() == 0
            assert first.said[-1].endswith("stopped as told\n")
            await wait_until_async(lambda: leads(redis, second), 10, "the standby to lead")
        finally:
            assert second.end(signal.SIGINT) == 0
    finally:
        first.end(signal.SIGKILL)
    assert (await beat(redis, "mmaker"))["status"] == "stopped"
    assert not [line for line in first.said + second.said if "ERROR" in line or "Traceback" in line]


async def leads(redis: Redis, running: Running) -> bool:
    told = await beat(redis, "mmaker")
    return (told.get("pid"), told.get("status")) == (running.process.pid, "leading")


async def test_a_replay_is_composed_under_its_own_names(redis: Redis, redis_url: str, short_dir: Path) -> None:
    keys = KeySchema(REPLAY_PREFIX)
    snapshot = made(SPX, SystemClock().wall_ns())
    await snapshot_writer(redis, keys, kind="replay").publish([snapshot], 60)
    running = Running(short_dir / "1", redis_url, "--prefix", REPLAY_PREFIX)
    try:
        await wait_until_async(lambda: redis.exists(keys.staging(SPX)), 20, "staging")
        await wait_until_async(lambda: redis.exists("mmaker:replay:heartbeat"), 5, "the heartbeat")
    finally:
        assert running.end() == 0
    names = {str(name) for name in await redis.keys()}
    assert [name for name in names if not name.startswith(("b'massive:replay:", "b'mmaker:replay:"))] == []


async def test_who_may_not_read_the_stream_is_refused_at_the_start(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    await redis.execute_command("ACL", "SETUSER", "poor", "reset", "on", ">pw", "~*", "&*", "+@all", "-xinfo")
    try:
        ended: subprocess.CompletedProcess[str] = run(short_dir, "mmaker", redis_url.replace("//", "//poor:pw@", 1))
    finally:
        await redis.execute_command("ACL", "DELUSER", "poor")
    assert ended.returncode == 2
    assert "this Redis user has no right to run XINFO STREAM: docs/redis-rights.md lists what it takes" in ended.stderr
    assert "pw" not in ended.stderr.replace("/pw", "")


@pytest.mark.parametrize(("writes", "said"), [("0", "0.2 to 50"), ("fast", "a number")])
def test_how_often_is_checked_before_anything_is_done(short_dir: Path, writes: str, said: str) -> None:
    ended = run(short_dir, "mmaker", "redis://127.0.0.1:1", "--staging-writes", writes)
    assert ended.returncode == 3 and said in ended.stderr and "staging-writes" in ended.stderr

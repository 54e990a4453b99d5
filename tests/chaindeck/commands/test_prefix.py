"""`--prefix`: each command that reads looks at one prefix, and sees nothing of another."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from redis.asyncio import Redis

from chain.errors import InvalidNameError
from chain.model.keys import REPLAY_PREFIX, ChainId, KeySchema
from chain.redis.connect.connection import RedisTarget
from chaindeck.cli import run_command
from chaindeck.commands.check import line
from chaindeck.commands.check import report_once as check_once
from chaindeck.commands.operator import acknowledge
from chaindeck.commands.status import report_once
from chaindeck.exits import UNKNOWN, Exit
from publisher.loop.publisher import Publisher
from tests.support.builders import ScriptedSource
from tests.support.contexts import context_of
from tests.support.product import run

DAY = datetime.now(UTC).date() + timedelta(days=7)
SPX = ChainId("SPX", DAY)
REPLAY = KeySchema(REPLAY_PREFIX)
READERS = ("status", "analytics", "check", "verify", "watch", "metrics", "acknowledge")


@pytest.fixture
async def replayed(redis: Redis) -> AsyncIterator[Redis]:
    """A Redis in which one chain is published under the replay's prefix alone, with its heartbeat."""
    source = ScriptedSource({"SPX": (DAY,)}, as_of=datetime.now(UTC).timestamp(), kind="replay")
    publisher = Publisher(redis, source, context_of(keys=REPLAY))
    assert (await publisher.cycle()).whole
    await publisher.beat()
    yield redis


async def test_a_look_sees_its_own_prefix_alone(replayed: Redis, redis_url: str) -> None:
    target = RedisTarget(redis_url)
    here, elsewhere = await report_once(target, context_of(keys=REPLAY)), await report_once(target, context_of())
    assert [status.chain for status in here.statuses] == [SPX]
    assert here.board.prefix == REPLAY_PREFIX
    assert not elsewhere.statuses
    assert line(await check_once(target, context_of(keys=REPLAY))).startswith(
        "CHAIN PARTIAL DEGRADATION - SPX depth 1 of 6"
    )


async def test_a_change_of_source_is_acknowledged_where_it_happened(
    replayed: Redis, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = ScriptedSource({"SPX": (DAY,)}, as_of=datetime.now(UTC).timestamp(), kind="mock")
    assert (await Publisher(replayed, source, context_of(keys=REPLAY)).cycle()).whole
    elsewhere, here = context_of(), context_of(keys=REPLAY)
    await asyncio.to_thread(acknowledge, elsewhere, redis_url)
    assert "0 changes" in capsys.readouterr().out
    await asyncio.to_thread(acknowledge, here, redis_url)
    assert "1 changes" in capsys.readouterr().out


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize("prefix", ["Massive", "massive:", "massive replay", "", "x" * 61])
def test_nonsense_is_refused_by_every_reader(command: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["chaindeck", command, "redis://127.0.0.1:1", "--prefix", prefix])
    with pytest.raises(InvalidNameError, match="is not lower-case words joined by ':', as in massive:replay"):
        run_command()


@pytest.mark.slow
async def test_each_command_looks_where_it_is_told(replayed: Redis, redis_url: str, short_dir: Path) -> None:
    def told(*arguments: str) -> tuple[int, str, str]:
        ended = run(short_dir, *arguments, "--prefix", REPLAY_PREFIX)
        return ended.returncode, ended.stdout, ended.stderr

    code, out, _ = await asyncio.to_thread(told, "status", redis_url, "--json")
    body = orjson.loads(out)
    assert (code, [expiry["payload_key"].startswith("massive:replay:chain:") for expiry in body["expiries"]]) == (
        0,
        [True],
    )
    code, out, _ = await asyncio.to_thread(told, "watch", redis_url)  # no terminal: one frame
    assert (code, str(DAY) in out or DAY.strftime("%b") in out) == (0, True)
    code, out, _ = await asyncio.to_thread(told, "verify", redis_url, "--for", "0.3")
    assert "contract v1.0 under massive:replay at" in out


@pytest.mark.slow
def test_nonsense_is_one_line_and_the_code_of_its_command(short_dir: Path) -> None:
    words = "key prefix 'Massive' is not lower-case words joined by ':', as in massive:replay, 60 characters at most\n"
    status = run(short_dir, "status", "redis://127.0.0.1:1", "--prefix", "Massive")
    check = run(short_dir, "check", "redis://127.0.0.1:1", "--prefix", "Massive")
    assert (status.returncode, status.stdout, status.stderr) == (Exit.SETTINGS, "", f"chaindeck: {words}")
    assert (check.returncode, check.stdout, check.stderr) == (UNKNOWN, f"CHAIN UNKNOWN - {words}", "")

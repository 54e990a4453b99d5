"""One run of a hook: given its words and little else, limited in time and output, and nothing of it left running."""

import asyncio
from pathlib import Path

import pytest

from chain.clock import ManualClock, SystemClock
from chain.monitor.alerts.rule import Hook
from chaindeck.engine.alerts.command import Ran, run_command
from tests.support.hooks import is_running
from tests.support.scenes import manual_clock
from tests.support.waiting import wait_until_async

CLOCK = SystemClock()


def script(folder: Path, body: str) -> Path:
    path = folder / "hook"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return path


async def ran(folder: Path, body: str, *arguments: str, told: bytes = b"{}") -> Ran:
    return await run_command(Hook((str(script(folder, body)), *arguments)), told, CLOCK)


async def test_it_reads_what_it_is_told_and_its_arguments_pass_no_shell(tmp_path: Path) -> None:
    told = b'{"alert":"\\u0041"}' + b" " * 100_000
    found = await ran(tmp_path, 'printf "%s|%s|%s" "$1" "$2" "$(wc -c)"', "$(id)", "a b; c", told=told)
    assert found == Ran("", f"$(id)|a b; c|{len(told)}")


async def test_it_need_not_read_what_it_is_told(tmp_path: Path) -> None:
    assert await ran(tmp_path, "exit 0", told=b"x" * 1_000_000) == Ran()


async def test_it_is_given_no_secret_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MASSIVE_API_KEY", "REDIS_URL", "MARKET_REDIS_URL", "SYSTEM_REDIS_URL", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "canary-77")
    monkeypatch.setenv("HOME", "/home/desk")
    given = tmp_path / "environment"
    assert await ran(tmp_path, f"env >{given}; pwd") == Ran("", "/")
    assert "HOME=/home/desk" in given.read_text().splitlines()
    assert "canary-77" not in given.read_text()


@pytest.mark.parametrize(
    ("body", "fault", "said"),
    [
        ("echo no route >&2; exit 3", "ended with exit code 3", "no route"),
        ("kill -TERM $$", "was ended by SIGTERM", ""),
        ('printf "a\\033[2Jb\\nc\\r\\n\\377"', "", "a�[2Jb c �"),
    ],
)
async def test_how_it_ended_and_what_it_said_is_told_in_clean_words(
    tmp_path: Path, body: str, fault: str, said: str
) -> None:
    assert await ran(tmp_path, body) == Ran(fault, said)


async def test_what_cannot_be_run_is_told(tmp_path: Path) -> None:
    assert await run_command(Hook((str(tmp_path / "gone"),)), b"", CLOCK) == Ran(
        "cannot be run: no such file or directory"
    )
    path = script(tmp_path, "")
    path.write_text("#!/no/such/interpreter\n")
    assert (await run_command(Hook((str(path),)), b"", CLOCK)).fault.startswith("cannot be run: ")


async def test_a_flood_of_output_neither_blocks_it_nor_is_kept(tmp_path: Path) -> None:
    found = await ran(tmp_path, "head -c 3000000 /dev/zero | tr '\\0' x")
    assert found == Ran("", "x" * 199 + "…")


async def test_one_that_does_not_end_is_ended_with_its_children_when_its_time_has_passed(tmp_path: Path) -> None:
    clock: ManualClock = manual_clock()
    pids = tmp_path / "pid"
    body = f"sleep 600 & echo $! >{pids}.tmp; mv {pids}.tmp {pids}; trap '' TERM; sleep 600"
    hook = Hook((str(script(tmp_path, body)),), 5.0)
    running = asyncio.ensure_future(run_command(hook, b"", clock))
    await wait_until_async(pids.exists, what="the hook")
    clock.advance(4.999)
    await asyncio.sleep(0)
    assert is_running(pids)
    assert not running.done()
    clock.advance(0.001)
    assert await running == Ran("took longer than 5 s, and was ended")
    await wait_until_async(lambda: not is_running(pids), what="the end of its child")


async def test_what_it_leaves_running_ends_with_it(tmp_path: Path) -> None:
    pids = tmp_path / "pid"
    assert await ran(tmp_path, f"sleep 600 & echo $! >{pids}") == Ran()
    await wait_until_async(lambda: not is_running(pids), what="the end of its child")


async def test_it_ends_with_whoever_runs_it(tmp_path: Path) -> None:
    pids = tmp_path / "pid"
    body = f"echo $$ >{pids}.tmp; mv {pids}.tmp {pids}; sleep 600"
    running = asyncio.ensure_future(run_command(Hook((str(script(tmp_path, body)),)), b"", CLOCK))
    await wait_until_async(pids.exists, what="the hook")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not is_running(pids)

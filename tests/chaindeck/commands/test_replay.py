"""`chaindeck replay` as a process: its line, its exit codes, its signals, and what a kill leaves behind."""

import dataclasses
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis import Redis as SyncRedis

from chain.clock import Instant
from chain.model.keys import REPLAY_PREFIX, KeySchema
from chaindeck.exits import Exit
from tape.store.file import TapeFile
from tests.support.product import run, start
from tests.support.replays import fetched, key_at, looks, pointer, tape_of
from tests.support.scenes import NDX, SPX, START_S
from tests.support.tapes import payload, spoil_value
from tests.support.waiting import wait_until

REPLAY = KeySchema(REPLAY_PREFIX)
POINTER = REPLAY.latest(SPX)


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes of two chains, a snapshot of each every ten seconds."""
    return tape_of(tmp_path_factory.mktemp("replay") / "day.tape", looks(120))


@pytest.fixture
def redis_sync(redis_url: str) -> Iterator[SyncRedis]:
    with SyncRedis.from_url(redis_url) as client:
        yield client


def replay(home: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return run(home, "replay", *map(str, arguments))


def test_without_a_terminal_it_plays_to_the_end_and_says_so_in_a_line(
    redis_url: str, redis_sync: SyncRedis, tape: Path, short_dir: Path
) -> None:
    ended = replay(short_dir, tape, "--redis-url", redis_url, "--speed", "1000")
    beat = beat_of(redis_sync)
    size = sum(len(payload(at, chain)) for at in range(0, 120, 10) for chain in (SPX, NDX))
    assert (ended.returncode, ended.stdout) == (0, f"day.tape: 24 snapshots, {size / 1e6:.1f} MB\n")
    assert not redis_sync.keys("massive:replay:chain:latest:*")
    kept = [key for key in redis_sync.keys("massive:replay:*") if redis_sync.ttl(key) == -1]
    assert kept == [REPLAY.chain_analytics().encode()], "counts go on, the rest expires"
    assert (beat["status"], beat["source"]["kind"]) == ("stopped", "replay")
    assert beat["chain"]["counters"]["published"] == 24


def test_a_part_of_it(redis_url: str, tape: Path, short_dir: Path) -> None:
    ended = replay(short_dir, tape, "--redis-url", redis_url, "--speed", "1000", "--from", "+35s", "--to", "10:01:05")
    assert (ended.returncode, ended.stdout.split(",")[0]) == (0, "day.tape: 8 snapshots")


def test_a_tape_without_usable_snapshots_is_nothing_published(redis_url: str, short_dir: Path, tmp_path: Path) -> None:
    broken = {at: [pointer(SPX, key_at(at)), fetched(at, SPX, b"{}")] for at in (0, 10)}
    path = tape_of(tmp_path / "a.tape", looks(15, changed=broken))
    ended = replay(short_dir, path, "--redis-url", redis_url, "--speed", "1000")
    assert ended.returncode == Exit.UNAVAILABLE
    assert ended.stdout == "a.tape: 0 snapshots, 0.0 MB, 2 left out that were no valid snapshots\n"


def test_what_is_damaged_on_the_tape_is_counted_as_such_and_ends_in_1(
    redis_url: str, tape: Path, short_dir: Path, tmp_path: Path
) -> None:
    spoilt = tmp_path / "a.tape"
    spoilt.write_bytes(tape.read_bytes())
    with TapeFile(spoilt) as file:
        [(number,)] = file.rows("SELECT packed FROM facts WHERE packed IS NOT NULL ORDER BY id DESC LIMIT 1")
    assert isinstance(number, int)
    spoil_value(spoilt, number)
    ended = replay(short_dir, spoilt, "--redis-url", redis_url, "--speed", "1000", "--from", "-30s")
    assert ended.returncode == Exit.INCOMPLETE
    assert "1 left out that are damaged" in ended.stdout and "no valid" not in ended.stdout


def forged(path: Path, number: int, wall_ns: int) -> Path:
    """Return a tape of 31 looks, one of which tells another time; its checksum is right."""
    told = list(looks(31))
    at = [at for at, one in enumerate(told) if one.begins][number]
    other = Instant(wall_ns, told[at].asked.mono)
    told[at] = dataclasses.replace(told[at], asked=other, received=other)
    return tape_of(path, iter(told))


@pytest.mark.parametrize("at", [0, 15, 29])
@pytest.mark.parametrize("wall_ns", [-(2**63), 0, 2**63 - 1])
def test_a_look_of_another_century_is_damage_and_all_others_are_played(
    redis_url: str, short_dir: Path, tmp_path: Path, at: int, wall_ns: int
) -> None:
    """What the first one told is in force where the second begins, at which it is begun to play."""
    path = forged(tmp_path / "a.tape", at, wall_ns)
    ended = replay(short_dir, path, "--redis-url", redis_url, "--speed", "1000")
    assert ended.returncode == (Exit.INCOMPLETE if at else Exit.DONE), ended.stderr
    assert ended.stdout.startswith("a.tape: 8 snapshots"), ended.stdout


@pytest.mark.parametrize("wall_ns", [10**18, 4 * 10**18])
def test_a_look_of_another_year_hides_no_snapshot(
    redis_url: str, short_dir: Path, tmp_path: Path, wall_ns: int
) -> None:
    path = forged(tmp_path / "a.tape", 15, wall_ns)
    ended = replay(short_dir, path, "--redis-url", redis_url, "--speed", "1000")
    assert ended.returncode == Exit.DONE, ended.stderr
    assert ended.stdout.startswith("a.tape: 8 snapshots"), ended.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--speed", "0.05"], Exit.SETTINGS, "speed 0.05: from 0.1 to 1000 times that of the recording"),
        (["--prefix", "massive"], Exit.SETTINGS, "--prefix massive: stamps of a recording belong under a prefix of"),
        (["--restamp"], Exit.SETTINGS, "--restamp feeds consumers of live names, not of massive:replay"),
        (["--from", "noon"], Exit.USAGE, "'noon' is no time"),
        (["--from", "12:00"], Exit.USAGE, "the recording is of 2026-01-02 10:00:00 to 2026-01-02 10:01:59 ET"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(
    redis_url: str, tape: Path, short_dir: Path, arguments: list[str], code: Exit, words: str
) -> None:
    ended = replay(short_dir, tape, "--redis-url", redis_url, *arguments)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_is_no_tape_is_refused_in_a_line(redis_url: str, short_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "a.tape").write_text("no tape")
    (tmp_path / "empty").mkdir()
    nothing = tape_of(tmp_path / "b.tape", iter([]))
    for path, words in (
        (tmp_path / "a.tape", "a.tape: no tape"),
        (tmp_path / "absent.tape", "absent.tape: No such file or directory"),
        (tmp_path / "empty", "no tapes in this folder"),
        (nothing, "b.tape: nothing is recorded on it"),
    ):
        ended = replay(short_dir, path, "--redis-url", redis_url)
        assert (ended.returncode, ended.stdout) == (Exit.UNAVAILABLE, "")
        assert words in ended.stderr
        assert len(ended.stderr.splitlines()) == 1


def test_a_redis_that_is_not_there_is_said_at_once(short_dir: Path, tape: Path) -> None:
    ended = replay(short_dir, tape, "--redis-url", "redis://127.0.0.1:1")
    assert (ended.returncode, ended.stdout) == (Exit.UNAVAILABLE, "")
    assert "redis 127.0.0.1:1: " in ended.stderr


@contextmanager
def playing(home: Path, *arguments: str | Path) -> Iterator["subprocess.Popen[str]"]:
    process = start(home, "replay", *map(str, arguments))
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def beat_of(redis: SyncRedis) -> dict[str, Any]:
    """Return the heartbeat that stands in Redis."""
    raw = redis.get("replay:heartbeat")
    assert isinstance(raw, bytes)
    found: dict[str, Any] = orjson.loads(raw)
    return found


def snapshot_s(redis: SyncRedis) -> float | None:
    """Return of how many seconds after the beginning SPX's snapshot is."""
    value = redis.get(POINTER)
    return int(value.rpartition(b":")[2]) / 1000 - START_S if isinstance(value, bytes) else None


@pytest.mark.slow
def test_signals_pause_it_let_it_go_on_step_it_and_end_it(
    redis_url: str, redis_sync: SyncRedis, tape: Path, short_dir: Path
) -> None:
    with playing(short_dir, tape, "--redis-url", redis_url, "--speed", "10", "--loop") as process:
        wait_until(lambda: snapshot_s(redis_sync) is not None, 20, "the first snapshot")
        process.send_signal(signal.SIGUSR1)
        wait_until(lambda: beat_of(redis_sync)["source"]["speed"] == 0.0, 20, "the word that it is paused")
        stood = snapshot_s(redis_sync)
        assert stood is not None
        process.send_signal(signal.SIGUSR2)
        wait_until(lambda: snapshot_s(redis_sync) == (stood + 10) % 120, 20, "the next snapshot")
        process.send_signal(signal.SIGUSR1)
        wait_until(lambda: snapshot_s(redis_sync) not in (stood, (stood + 10) % 120), 20, "the one after it")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert not redis_sync.keys("massive:replay:chain:latest:*")


@pytest.mark.slow
def test_what_a_kill_leaves_runs_out_and_the_next_one_begins(
    redis_url: str, redis_sync: SyncRedis, tape: Path, short_dir: Path
) -> None:
    with playing(short_dir, tape, "--redis-url", redis_url, "--speed", "20") as process:
        wait_until(lambda: snapshot_s(redis_sync) is not None, 20, "the first snapshot")
        process.kill()
        process.wait(20)
        assert redis_sync.get(POINTER) is not None
    began = time.monotonic()
    ended = replay(short_dir, tape, "--redis-url", redis_url, "--speed", "1000")
    assert (ended.returncode, ended.stdout.split(",")[0]) == (0, "day.tape: 24 snapshots")
    assert time.monotonic() - began < 20
    assert "waiting a moment for it" in ended.stderr


@pytest.mark.slow
def test_interrupted_it_takes_away_what_it_published(
    redis_url: str, redis_sync: SyncRedis, tape: Path, short_dir: Path
) -> None:
    with playing(short_dir, tape, "--redis-url", redis_url, "--speed", "1") as process:
        wait_until(lambda: snapshot_s(redis_sync) is not None, 20, "the first snapshot")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM
    assert not redis_sync.keys("massive:replay:chain:latest:*")
    assert beat_of(redis_sync)["status"] == "stopped"

"""A disk of a few megabytes that is full: recorders go on when there is room, and nothing half made is left."""

import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from redis import Redis

from tests.support.product import command, environment, run, start
from tests.support.small_disk import SmallDisk, small_disk
from tests.support.tapes import recording, write
from tests.support.terminal import Terminal, start_cold
from tests.support.waiting import wait_until

PUBLISH = ("publish", "--underlyings", "SPX", "--expirations", "2", "--interval", "0.5", "--ttl", "60")
BEAT = "massive:recorder:heartbeat"


@pytest.fixture
def disk(short_dir: Path) -> Iterator[SmallDisk]:
    (short_dir / "disk").mkdir()
    with small_disk(short_dir / "disk", 4_000_000) as mounted:
        yield mounted


@pytest.fixture
def publisher(short_dir: Path, redis_url: str) -> Iterator[Redis]:
    with start(short_dir, *PUBLISH, "--redis-url", redis_url) as process, Redis.from_url(redis_url) as redis:
        wait_until(lambda: redis.exists("mock_massive:heartbeat"), 20, "the publisher's first heartbeat")
        yield redis
        process.terminate()
        process.communicate()


def run_inside(disk: SmallDisk, home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    line = [*disk.enter, *command(*arguments)]
    return subprocess.run(line, env=environment(home), capture_output=True, text=True, timeout=30, check=False)


def payloads_of(disk: SmallDisk, home: Path, name: str) -> list[bytes]:
    """Return the payloads of a tape, which is sound."""
    assert run_inside(disk, home, "tape", "verify", str(disk.folder / name)).returncode == 0
    lines = run_inside(disk, home, "tape", "export", str(disk.folder / name), "--ndjson", "-").stdout.splitlines()
    return [line.encode() for line in lines]


def test_a_recorder_says_that_the_disk_is_full_and_goes_on_when_there_is_room(
    disk: SmallDisk, publisher: Redis, short_dir: Path, redis_url: str
) -> None:
    def written() -> int:
        return sum(path.stat().st_size for path in disk.outside.glob("*-wal"))

    log = short_dir / "log"
    with log.open("wb") as file:
        line = [*disk.enter, *command("record", redis_url, "--out", str(disk.folder))]
        recorder = subprocess.Popen(line, env=environment(short_dir), stderr=file)
    try:
        wait_until(lambda: written() > 60_000, 20, "some payloads on the tape")
        filler = disk.fill(leave=0)
        told = "a heartbeat that says why nothing is recorded"
        wait_until(lambda: b"no room for more" in (publisher.get(BEAT) or b""), 20, told)
        [name] = [path.name for path in disk.outside.glob("*.tape")]
        said_elsewhere = run(short_dir, "check", "--redis-url", redis_url).stdout
        before = payloads_of(disk, short_dir, name)
        filler.unlink()
        wait_until(lambda: "recording again into" in log.read_text(), 20, "the recorder to go on")
    finally:
        recorder.terminate()
        code = recorder.wait()
    assert f"nothing is recorded: {name}: no room for more" in said_elsewhere
    lines = log.read_text().splitlines()
    assert [one.partition("not recording: ")[2] for one in lines if "not recording" in one] == [
        f"{disk.folder / name}: no room for more"
    ]
    assert "Traceback" not in log.read_text()
    assert code == 1  # some answers are on no tape, and the last line counts them
    after = payloads_of(disk, short_dir, name)
    assert before
    assert after[: len(before)] == before
    assert len(after) > len(before)


def test_r_on_a_full_disk_says_so_and_the_deck_goes_on(
    disk: SmallDisk, publisher: Redis, short_dir: Path, redis_url: str
) -> None:
    tapes = short_dir / ".local/share/chaindeck/tapes"
    tapes.parent.mkdir(parents=True)
    tapes.symlink_to(disk.folder)
    filler = disk.fill(leave=0)
    enter = [shutil.which(disk.enter[0]) or "", *disk.enter[1:]]
    line = [*enter, *command("watch", redis_url)]
    with Terminal(partial(start_cold, line, environment(short_dir)), columns=170, rows=40) as terminal:
        terminal.wait_for("FRESH")
        terminal.send("r")
        terminal.wait_for("nothing is recorded: massive-")
        terminal.wait_for("no room for more")
        filler.unlink()
        terminal.wait_until(lambda: "nothing is recorded" not in terminal.text, "recording to go on")
        terminal.send("r")
        terminal.wait_for("missed")
        terminal.send("q")
        assert terminal.wait() == 0
    [path] = disk.outside.glob("*.tape")
    assert payloads_of(disk, short_dir, path.name)


@pytest.mark.parametrize(
    "arguments",
    [
        ("cut", "{tape}", "--out", "{disk}/b.tape"),
        ("merge", "{tape}", "--out", "{disk}/b.tape"),
        ("salvage", "{tape}", "--out", "{disk}/b.tape"),
        ("export", "{tape}", "--ndjson", "{disk}/b.ndjson"),
        ("export", "{tape}", "--parquet", "{disk}"),
    ],
    ids=["cut", "merge", "salvage", "ndjson", "parquet"],
)
@pytest.mark.parametrize("leave", [0, 12_000])
def test_what_has_no_room_is_told_in_a_line_and_leaves_nothing(
    disk: SmallDisk, short_dir: Path, arguments: tuple[str, ...], leave: int
) -> None:
    path = write(short_dir / "a.tape", recording(600))
    disk.fill(leave=leave)
    said = run_inside(disk, short_dir, "tape", *(one.format(tape=path, disk=disk.folder) for one in arguments))
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith(f"chaindeck: {disk.folder}/")
    assert said.stderr.endswith((": no room for more\n", ": No space left on device\n"))
    assert said.stderr.count("\n") == 1
    assert [entry.name for entry in disk.outside.iterdir()] == ["filler"]


@pytest.mark.parametrize("leave", [0, 300_000])
def test_a_day_of_the_mock_that_has_no_room_is_told_in_a_line_and_leaves_no_tape(
    disk: SmallDisk, short_dir: Path, leave: int
) -> None:
    disk.fill(leave=leave)
    day = ("--mock", "--day", "2026-01-02", "--underlyings", "SPX", "--expirations", "1", "--out", str(disk.folder))
    said = run_inside(disk, short_dir, "record", *day)
    assert (said.returncode, said.stdout) == (3, "")
    assert said.stderr.splitlines()[-1] == f"chaindeck: {disk.folder}: massive-2026-01-02.tape: no room for more"
    assert not [*disk.outside.glob("*.tape*")]


def test_rows_on_their_way_to_parquet_that_have_no_room_are_told_in_a_line(disk: SmallDisk, short_dir: Path) -> None:
    path, disk_full = write(short_dir / "a.tape", recording(60)), disk.fill(leave=12_000)
    line = [*disk.enter, *command("tape", "export", str(path), "--parquet", str(short_dir / "parquet"))]
    env = environment(short_dir, TMPDIR=str(disk.folder))
    said = subprocess.run(line, env=env, capture_output=True, text=True, timeout=30, check=False)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.endswith(": No space left on device: rows wait there; TMPDIR names the folder\n")
    assert said.stderr.count("\n") == 1
    assert [*disk.outside.iterdir()] == [disk_full]
    assert not (short_dir / "parquet").exists()

"""`chaindeck tape`, as a user runs it: lines, JSON, exit codes."""

import json
import sqlite3
from pathlib import Path

import pytest

from chaindeck.commands.tape.look import print_info, print_verdict
from chaindeck.commands.tape.make import run_cut, run_merge, run_salvage
from chaindeck.exits import UsageError
from tape.store.layout import row_sum
from tests.support.product import run
from tests.support.scenes import START_S
from tests.support.tapes import recording, spoil_value, write


def test_info_says_what_is_on_a_tape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.tape", recording(30))
    assert print_info(path, as_json_text=False) == 0
    said = capsys.readouterr().out
    assert "2026-01-02 10:00:00 ET to 2026-01-02 10:00:29 ET, 30 looks" in said
    assert "NDX 2026-01-02           3 snapshots" in said
    assert print_info(path, as_json_text=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["first"], told["last"], told["looks"], told["gaps"]) == (START_S, START_S + 29, 30, [])
    assert told["about"] == {"prefix": "massive"}
    assert {lane["kind"] for lane in told["subjects"]} == {"pointer", "payload"}


def test_verify_ends_in_0_1_or_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.tape", recording(30))
    assert print_verdict(path) == 0
    assert capsys.readouterr().out.startswith("SOUND: ")
    spoil_value(path, 1)
    assert print_verdict(path) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(" damaged  payload SPX 2026-01-02, 2026-01-02 10:00:00 ET: value 1: ")
    assert lines[-1].startswith("DAMAGED in 3 places: chaindeck tape salvage keeps what is whole: ")
    path.write_bytes(b"none")
    assert print_verdict(path) == 2
    assert capsys.readouterr() == ("", f"chaindeck: {path}: no tape\n")


@pytest.mark.parametrize("moment", [-(2**63), 2**63 - 1])
def test_a_fact_of_a_moment_that_cannot_be_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], moment: int
) -> None:
    path = write(tmp_path / "a.tape", recording(3))
    with sqlite3.connect(path) as file:
        file.execute(
            "UPDATE facts SET moment = ?, sum = ? WHERE id = 1", (moment, row_sum(moment, 1, None, b"key of 0", None))
        )
    file.close()
    assert print_verdict(path) == 1
    assert " damaged  SPX 2026-01-02, fact 1: its moment is not there" in capsys.readouterr().out


@pytest.mark.slow
def test_the_command_line_leads_there(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tape", recording(5))
    assert run(tmp_path, "tape", "verify", str(path)).returncode == 0
    assert "5 looks" in run(tmp_path, "tape", "info", str(path)).stdout
    absent = run(tmp_path, "tape", "info", str(tmp_path / "b.tape"))
    assert (absent.returncode, absent.stdout) == (2, "")
    assert absent.stderr == f"chaindeck: {tmp_path / 'b.tape'}: No such file or directory\n"
    unknown = run(tmp_path, "tape", "mend", str(path))
    assert unknown.returncode == 64
    assert "\n" not in unknown.stderr.strip()


def test_salvage_keeps_what_is_whole_and_says_what_was_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write(tmp_path / "a.tape", recording(30)), tmp_path / "b.tape"
    spoil_value(path, 5)
    assert run_salvage(path, out) == 1
    said = capsys.readouterr()
    assert said.out == f"{out}: 34 moments, 11 facts; lost 1\n"
    assert said.err.startswith("chaindeck: lost: payload SPX 2026-01-02: value 5: ")
    assert print_verdict(out) == 0
    assert run_salvage(path, out) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("begin", "end", "looks"),
    [
        ("10:00:10", "10:00:20", 10),
        (None, "10:00:05", 5),
        ("2026-01-02T10:00:25", None, 5),
        ("2026-01-02T15:00:25+00:00", None, 5),
        ("09:00", "11:00", 30),
        ("+20s", None, 10),
        ("-9s", None, 10),  # the last look, at 10:00:29, and nine seconds before it
        (None, "-9s", 20),
        ("+5s", "-5s", 19),
        ("0001-01-01T00:00", "9999-12-31T23:59", 30),  # beyond what a tape can hold
    ],
)
def test_a_cut_takes_times_of_new_york(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], begin: str | None, end: str | None, looks: int
) -> None:
    path, out = write(tmp_path / "a.tape", recording(30)), tmp_path / "b.tape"
    assert run_cut(path, begin, end, out) == 0
    assert capsys.readouterr().out == f"{out}: {looks} looks\n"


def test_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tape", recording(3))
    with pytest.raises(UsageError, match="'noon' is no time: 10:30"):
        run_cut(path, "noon", None, tmp_path / "b.tape")
    assert not (tmp_path / "b.tape").exists()


@pytest.mark.parametrize("kept", [1_000, 20_480])
def test_what_cannot_be_read_of_a_damaged_tape_leads_to_what_can(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kept: int
) -> None:
    path, out = write(tmp_path / "a.tape", recording(60)), tmp_path / "b.tape"
    with path.open("r+b") as file:
        file.truncate(kept)
    told = [print_info(path, as_json_text=False), run_cut(path, None, None, out), run_merge([path], out)]
    lines = capsys.readouterr().err.splitlines()
    assert told == [2, 2, 2]
    assert len(lines) == 3
    assert all(line.startswith(f"chaindeck: {path}: ") for line in lines)
    assert all(line.endswith(": chaindeck tape salvage keeps what is whole") for line in lines)
    run_salvage(path, out)
    assert "chaindeck tape salvage" not in capsys.readouterr().err


@pytest.mark.slow
def test_tapes_are_cut_joined_and_exported_from_the_command_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tape", recording(30))
    for name, begin, end in (("b", "10:00", "-15s"), ("c", "-15s", "10:01")):
        where = ("--from", begin, "--to", end, "--out", str(tmp_path / f"{name}.tape"))
        cut = run(tmp_path, "tape", "cut", str(path), *where)
        assert cut.returncode == 0, cut.stderr
    parts = [str(tmp_path / f"{name}.tape") for name in "cb"]
    joined = run(tmp_path, "tape", "merge", *parts, "--out", str(tmp_path / "d.tape"))
    assert joined.returncode == 0, joined.stderr
    exported = run(tmp_path, "tape", "export", str(tmp_path / "d.tape"), "--ndjson", "-")
    assert exported.returncode == 0, exported.stderr
    assert [json.loads(line)["payload"]["underlying"] for line in exported.stdout.splitlines()] == ["SPX", "NDX"] * 3
    assert run(tmp_path, "tape", "export", str(path)).returncode == 64

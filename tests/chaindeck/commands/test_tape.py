"""`chaindeck tape`, as a user runs it: lines, JSON, exit codes."""

import json
from pathlib import Path

import pytest

from chaindeck.commands.tape.look import print_info, print_verdict
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

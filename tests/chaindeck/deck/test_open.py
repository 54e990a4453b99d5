"""`chaindeck open`: what it prints where there is no terminal, and what it says of files that it cannot show."""

import sqlite3
from pathlib import Path

import pytest

from chain.errors import ChaindeckError
from chain.thresholds import Thresholds
from chaindeck.config.flags import config_of
from chaindeck.deck.open import run_open
from chaindeck.engine.context import make_context
from chaindeck.exits import Exit
from tests.support.product import on_terminal, run
from tests.support.tapes import flip_byte
from tests.support.watched import Watched, taped


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return taped(tmp_path_factory.mktemp("open") / "massive-2026-01-02.tape", Watched().run(90))


def opened(path: Path, at: str | None = None) -> int:
    """Open it where there is no terminal."""
    return run_open(make_context(Thresholds()), config_of(None).settings, path, at)


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("chaindeck.deck.open.why_no_screen", lambda: "")
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("at", "shown"), [(None, "10:01:29"), ("10:00:42", "10:00:42"), ("-1m", "10:00:29"), ("09:00", "10:00:00")]
)
def test_one_frame_says_of_which_instant_it_is(
    tape: Path, at: str | None, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert opened(tape, at) == 0
    strip, _, title, *_ = capsys.readouterr().out.splitlines()
    assert f"AS OF 2026-01-02 {shown} ET" in strip and "[MOCK]" in strip and "TAPE massive-2026-01-02.tape" in strip
    assert f"AS OF {shown}" in title


def test_a_folder_of_days_is_opened_at_the_end_of_its_last(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tape.parent / "days"
    folder.mkdir()
    for day in ("2025-12-30", "2025-12-31"):
        (folder / f"massive-{day}.tape").write_bytes(b"")
    (folder / tape.name).write_bytes(tape.read_bytes())
    assert opened(folder) == 0
    assert "TAPE 3/3 massive-2026-01-02.tape" in capsys.readouterr().out


def test_what_cannot_be_shown_is_said_in_one_line(tape: Path, tmp_path: Path) -> None:
    empty, other, newer, nothing = (tmp_path / f"{name}.tape" for name in ("empty", "other", "newer", "nothing"))
    empty.touch()
    other.write_text("no tape " * 100)
    newer.write_bytes(tape.read_bytes())
    nothing.write_bytes(tape.read_bytes())
    for path, sql in ((newer, "PRAGMA user_version = 9"), (nothing, "DELETE FROM moments")):
        with sqlite3.connect(path) as file:
            file.execute(sql)
        file.close()
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in (empty, other, newer, nothing, folder, tmp_path / "none.tape"):
        with pytest.raises(ChaindeckError) as refused:
            opened(path)
        assert path.name in str(refused.value) and "\n" not in str(refused.value)
    with pytest.raises(ChaindeckError, match="no time"):
        opened(tape, "noon")


def test_where_the_tape_is_damaged_it_says_so_and_what_helps(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = tmp_path / "a.tape"
    spoilt.write_bytes(tape.read_bytes())
    with sqlite3.connect(spoilt) as file:
        file.execute("UPDATE moments SET sum = sum + 1 WHERE id > (SELECT max(id) - 20 FROM moments)")
    file.close()
    assert opened(spoilt) == 0
    shown = capsys.readouterr().out
    assert "the tape is damaged here: moment " in shown and "the checksum differs" in shown
    assert "Redis unreachable" not in shown and "no answer" not in shown


def test_a_time_before_the_end_is_taken_as_the_next_word(tape: Path, short_dir: Path) -> None:
    told = run(short_dir, "open", str(tape), "--at", "-1m")
    assert told.returncode == 0 and "AS OF 2026-01-02 10:00:29 ET" in told.stdout


def test_an_unreadable_tape_ends_every_command_alike(tape: Path, short_dir: Path) -> None:
    (short_dir / "a.tape").write_bytes(tape.read_bytes()[:2048])
    told = [run(short_dir, *command, str(short_dir / "a.tape")) for command in (["open"], ["replay"], ["tape", "info"])]
    assert [each.returncode for each in told] == [Exit.UNAVAILABLE] * 3
    assert len({each.stderr for each in told}) == 1
    assert told[0].stderr.count("a.tape: ") == 1 and "chaindeck tape salvage" in told[0].stderr


def test_a_flipped_byte_anywhere_is_shown_around_or_told(tape: Path, tmp_path: Path) -> None:
    size = tape.stat().st_size
    for at in range(150, size, size // 40):
        spoilt = tmp_path / "spoilt.tape"
        spoilt.write_bytes(tape.read_bytes())
        flip_byte(spoilt, at)
        try:
            assert opened(spoilt, "10:00:42") == 0
        except ChaindeckError as error:
            assert "\n" not in str(error)


def test_it_is_the_clock_of_then_that_counts(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A snapshot of years ago is as old as it was."""
    opened(tape, "10:00:45")
    assert "FRESH 5.0 s" in capsys.readouterr().out


def test_on_a_terminal_it_says_at_once_what_it_opens_and_shows_no_keys(tape: Path, short_dir: Path) -> None:
    with on_terminal(short_dir, "open", str(tape)) as terminal:
        terminal.wait_for("opening massive-2026-01-02.tape")
        terminal.send("zzz")
        terminal.wait_for("AS OF 10:01:29")
        before, screen, _ = terminal.raw.partition(b"\x1b[?1049h")
        assert screen and b"opening massive" in before and b"z" not in before
        terminal.send("q")
        assert terminal.wait() == 0
        assert terminal.restored

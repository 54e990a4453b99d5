"""A trading day of the mock made by a clock that waits for nobody."""

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from chain.errors import ConfigError
from chain.monitor.states import State
from chaindeck.commands.record.mock_day import Session, run_mock_day, speed_of
from chaindeck.config.file import resolve
from chaindeck.engine.context import make_context
from chaindeck.exits import Exit
from tape.errors import TapeError
from tape.play.boards import boards
from tape.store.file import TapeFile
from tape.tools.ndjson import payloads
from tape.tools.verify import verify
from tests.support.product import run
from tests.support.terminal import TerminalText

HALF_DAY = "2026-11-27"  # the day after Thanksgiving closes at 13:00


def make(folder: Path, text: str = HALF_DAY, minutes: int = 3) -> Path:
    """Make the first minutes of a day: SPX with two expirations, every 10 s."""
    settings = resolve({"underlyings": "SPX", "expirations": "2"}, None).settings
    session = Session.of(text)
    short = replace(session, closes=session.opens + 60 * minutes)
    assert run_mock_day(make_context(settings.thresholds), settings, folder, short, None) == Exit.DONE
    return folder / f"massive-{text}.tape"


def test_a_day_is_on_the_tape_as_a_live_run_would_have_left_it(tmp_path: Path) -> None:
    path = make(tmp_path)
    with TapeFile(path) as tape:
        assert verify(tape).sound
        read = [*payloads(tape, lambda damage: pytest.fail(damage.what))]
        shown = [*boards(tape)]
    assert len(read) == 2 * 18
    assert len(shown) == 180
    opens = Session.of(HALF_DAY).opens
    stamps = [int(key.rsplit(":", 1)[1]) for _, key, _ in read]
    assert stamps[::2] == [round(1000 * (opens + 10 * cycle)) for cycle in range(18)]
    [publisher] = shown[-1].publishers.known
    assert (publisher.alive, publisher.heartbeat.source.kind) == (True, "mock")
    assert all(board.redis.health.ok for board in shown)
    assert {record.kind for board in shown for record in board.chains.records} == {"mock"}
    assert all(record.last_good and not record.fault for record in shown[-1].chains.records)
    assert State.MISSING not in {
        record.fault.state for board in shown for record in board.chains.records if record.fault
    }


def test_on_a_terminal_it_says_how_far_the_day_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", tty := TerminalText())
    make(tmp_path, minutes=1)
    assert tty.told()[0] == "2026-11-27 09:30 ET, 2 snapshots"


def test_its_cycles_are_not_logged_and_those_after_it_are(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    make(tmp_path, minutes=1)
    assert "publisher.loop.cycle" not in {record.name for record in caplog.records}
    assert logging.getLogger("publisher.loop.cycle").isEnabledFor(logging.INFO)


def test_the_same_seed_and_day_make_the_same_payloads(tmp_path: Path) -> None:
    made = []
    for name in ("a", "b"):
        with TapeFile(make(tmp_path / name, minutes=1)) as tape:
            made.append([*payloads(tape, lambda damage: pytest.fail(damage.what))])
    assert made[0] == made[1]


def test_a_day_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    path = make(tmp_path, minutes=1)
    before = path.stat()
    with pytest.raises(TapeError, match="there is a tape of that day; remove it, or name another folder"):
        make(tmp_path, minutes=1)
    assert path.stat() == before


def test_sessions_begin_and_end_as_the_exchange_has_it() -> None:
    whole, half = Session.of("2026-01-02"), Session.of(HALF_DAY)
    assert datetime.fromtimestamp(whole.opens, UTC).isoformat() == "2026-01-02T14:30:00+00:00"
    assert (whole.closes - whole.opens, half.closes - half.opens) == (6.5 * 3600, 3.5 * 3600)


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (None, "--mock needs the day to make, as in --day 2026-01-02"),
        ("2026-01-01", "--day 2026-01-01: a holiday of the exchange, there is no session; the last one before was"),
        ("2026-01-04", "--day 2026-01-04: a weekend, there is no session; the last one before was 2026-01-02"),
        ("2026-02-30", "--day '2026-02-30': not a date YYYY-MM-DD"),
        ("tomorrow", "--day 'tomorrow': not a date YYYY-MM-DD"),
        ("0001-01-02", "--day"),
    ],
)
def test_a_day_without_a_session_is_refused_in_a_line(day: str | None, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        Session.of(day)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("text", "speed"), [("max", None), ("60", 60.0), ("0.5", 0.5)])
def test_speeds(text: str, speed: float | None) -> None:
    assert speed_of(text) == speed


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "fast"])
def test_a_speed_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="max, or seconds of the day in a second"):
        speed_of(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--mock", "--day", "2026-01-01"], Exit.SETTINGS, "a holiday of the exchange"),
        (["--mock"], Exit.SETTINGS, "--mock needs the day"),
        (["--mock", "--day", "2026-01-02", "--for", "3"], Exit.USAGE, "it goes with no URL, --for"),
        (["--mock", "--day", "2026-01-02", "--speed", "0"], Exit.SETTINGS, "--speed '0'"),
        (["--day", "2026-01-02"], Exit.USAGE, "belong to --mock"),
    ],
)
def test_the_command_line_is_held_to_what_makes_sense(
    short_dir: Path, arguments: list[str], code: int, words: str
) -> None:
    told = run(short_dir, "record", "--out", str(short_dir / "tapes"), *arguments)
    assert (told.returncode, len(told.stderr.splitlines())) == (code, 1)
    assert words in told.stderr
    assert not (short_dir / "tapes").exists()

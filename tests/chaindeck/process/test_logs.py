"""Log lines: where they go, that they are safe to read, who may read them, and that pane and file say the same."""

import errno
import json
import logging
import os
import re
import stat
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from chain.clock import Instant
from chain.monitor.board import Board
from chain.monitor.evaluate.rules import Notice, Rule, RuleInput
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.states import DeckState
from chaindeck import __version__
from chaindeck.process import logs
from chaindeck.process.logs import (
    JsonFormatter,
    LogFormat,
    LogPane,
    TextFormatter,
    log_file,
    log_nowhere,
    log_to_file,
    log_to_stderr,
)
from tests.support.hostile import CANARIES
from tests.support.product import run

SMALL = ("--underlyings", "SPX", "--expirations", "2")
log = logging.getLogger("chain.scene")


@pytest.fixture(autouse=True)
def logging_restored() -> Iterator[None]:
    """Give log lines back to whoever had them; close what a test opened."""
    root = logging.getLogger()
    quiet = [logging.getLogger(name) for name in ("httpx", "httpcore", "asyncio")]
    before = root.handlers[:], root.level, [(logger, logger.level) for logger in quiet]
    root.handlers[:] = []  # what pytest put there must not be closed
    for logger in quiet:
        logger.setLevel(logging.NOTSET)
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:], root.level = before[:2]
    for logger, level in before[2]:
        logger.setLevel(level)


@pytest.fixture
def home(short_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user whose log folder is in a folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(short_dir))
    monkeypatch.setenv("HOME", str(short_dir))
    return short_dir


def record(message: str, *arguments: object, error: Exception | None = None) -> logging.LogRecord:
    trace = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("chain.scene", logging.WARNING, __file__, 1, message, arguments, trace)
    made.created, made.msecs = 1_767_366_000.25, 250.0
    return made


def _raise(error: Exception) -> None:
    raise error


def raised(error: Exception) -> Exception:
    """Return an error that has a trace."""
    with pytest.raises(type(error)) as caught:
        _raise(error)
    return caught.value


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# The two forms


def test_a_json_line_and_its_fields() -> None:
    line = JsonFormatter().format(record("%d of %s", 3, "SPX"))
    assert json.loads(line) == {
        "ts": 1_767_366_000.25,
        "level": "warning",
        "logger": "chain.scene",
        "version": __version__,
        "message": "3 of SPX",
    }
    assert list(json.loads(line)) == ["ts", "level", "logger", "version", "message"]


def test_a_json_line_tells_the_error() -> None:
    body = json.loads(JsonFormatter().format(record("oh", error=raised(KeyError("\x1b[31mSPX")))))
    assert body["message"] == "oh"
    assert body["error"].startswith("KeyError(")
    assert "SPX" in body["error"]
    stack = body["stack"].split("\n")
    assert stack[0] == "Traceback (most recent call last):"
    assert any("in _raise" in line for line in stack)
    assert stack[-1].startswith("KeyError: ")
    assert all(line.isprintable() for line in stack)


def test_a_cause_is_in_the_stack_and_its_end_is_kept() -> None:
    error = RuntimeError("last words")
    error.__cause__ = raised(ValueError("x" * 50_000))
    body = json.loads(JsonFormatter().format(record("oh", error=raised(error))))
    assert len(body["stack"]) <= 20_000
    assert body["stack"].endswith("RuntimeError: last words")


def test_a_text_line_names_time_level_and_logger() -> None:
    line = TextFormatter().format(record("3 of SPX"))
    assert line.endswith(",250 WARNING chain.scene: 3 of SPX")


def test_a_text_line_says_where_an_exception_came_from() -> None:
    line = TextFormatter().format(record("oh", error=raised(ValueError("bad\x1b[31m"))))
    assert line.isprintable()
    assert re.search(
        r": oh \[ValueError: bad\ufffd\[31m at test_logs\.py:\d+ _raise < test_logs\.py:\d+ raised\]$", line
    )


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()], ids=["text", "json"])
def test_no_line_holds_the_login_of_a_url(formatter: logging.Formatter) -> None:
    url = "rediss://desk:canary/p@ss@host:6380/0"
    text = formatter.format(record("lost %s", url, error=raised(ValueError(f"bad {url}"))))
    assert "canary" not in text and "p@ss" not in text
    assert "rediss://host:6380/0" in text


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()], ids=["text", "json"])
@pytest.mark.parametrize("hostile", CANARIES, ids=range(len(CANARIES)))
def test_hostile_text_is_one_visible_line_in_both_forms(formatter: logging.Formatter, hostile: str) -> None:
    line = formatter.format(record("vendor said %s", hostile))
    assert line.isprintable()
    text = json.loads(line)["message"] if isinstance(formatter, JsonFormatter) else line
    assert text.isprintable()
    assert "vendor said " in text


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()], ids=["text", "json"])
@pytest.mark.parametrize("hostile", CANARIES, ids=range(len(CANARIES)))
def test_a_hostile_error_reaches_no_terminal(formatter: logging.Formatter, hostile: str) -> None:
    text = formatter.format(record("oh", error=raised(RuntimeError(hostile))))
    assert text.isprintable()


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()], ids=["text", "json"])
def test_a_line_has_an_end(formatter: logging.Formatter) -> None:
    assert len(formatter.format(record("x" * 100_000))) < 2_200


# The file and the pane


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_the_file_is_the_users_alone(home: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        log_to_file()
        log.info("one")
    finally:
        os.umask(before)
    assert mode(log_file()) == 0o600
    assert "one" in log_file().read_text(encoding="utf-8")


def test_a_file_that_others_could_read_is_closed_to_them(home: Path) -> None:
    log_file().parent.mkdir(parents=True)
    log_file().write_text("earlier\n", encoding="utf-8")
    log_file().chmod(0o644)
    log_to_file()
    log.info("later")
    assert mode(log_file()) == 0o600
    text = log_file().read_text(encoding="utf-8")
    assert text.startswith("earlier\n")
    assert "later" in text


def test_a_rotated_file_is_the_users_alone_and_its_number_is_bounded(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_MAX_BYTES", 1_000)
    before = os.umask(0o022)
    try:
        log_to_file()
        for number in range(100):
            log.info("line %d %s", number, "x" * 60)
    finally:
        os.umask(before)
    files = sorted(log_file().parent.iterdir())
    assert [path.name for path in files] == ["chaindeck.log", "chaindeck.log.1", "chaindeck.log.2"]
    assert {mode(path) for path in files} == {0o600}
    assert all(path.stat().st_size <= 1_000 for path in files)
    assert "line 99 " in log_file().read_text(encoding="utf-8")


def test_without_a_folder_the_pane_keeps_the_log_and_says_so(home: Path) -> None:
    (home / "chaindeck").write_text("in the way", encoding="utf-8")
    pane = log_to_file()
    log.info("one")
    [notice] = pane.notices
    assert "set XDG_STATE_HOME to a folder of yours" in notice
    assert str(home) in notice
    assert notice in pane.read()[0]
    assert "one" in pane.read()[1]


def test_the_pane_holds_the_words_of_the_file(home: Path) -> None:
    pane = log_to_file()
    log.info("one %s", "\x1b[31mred")
    log.error("two\nthree", exc_info=raised(ValueError("bad")))
    log.debug("unheard")
    lines = log_file().read_text(encoding="utf-8").splitlines()
    assert len(pane.read()) == 2
    assert pane.read() == tuple(line for line in lines if " chain.scene: " in line)
    assert pane.read()[0].endswith("INFO    chain.scene: one \ufffd[31mred")


def test_a_defect_at_every_evaluation_is_one_line_until_it_is_another(home: Path) -> None:
    pane, errors = log_to_file(), [KeyError("a"), KeyError("b"), ValueError("c"), ValueError("c"), KeyError("d")]
    failing = iter(errors)

    def broken(_: RuleInput) -> Iterator[Notice]:
        raise next(failing)

    for _ in errors:
        evaluate(Board(), Instant(0, 0.0), [Rule(DeckState.OK, broken)])
    traces = [line for line in log_file().read_text(encoding="utf-8").splitlines() if "rule broken failed" in line]
    assert re.findall(r"\[(\w+): ", "\n".join(traces)) == ["KeyError", "ValueError", "KeyError"]
    assert pane.read() == tuple(traces)


def test_the_pane_keeps_the_last_lines_alone(home: Path) -> None:
    pane = LogPane()
    for number in range(2_000):
        pane.handle(record("line %d", number))
    assert len(pane.read()) == 500
    assert pane.read()[0].endswith("line 1500")
    assert pane.read()[-1].endswith("line 1999")


# Who is heard


def _ask(url: str) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200))
    with httpx.Client(transport=transport) as client:
        client.get(url)


def test_requests_of_the_http_client_are_told_by_us_alone(capsys: pytest.CaptureFixture[str]) -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, force=True)
    _ask("http://vendor.example/v3?apiKey=secret")
    assert "secret" in capsys.readouterr().err  # what httpx logs by itself
    log_to_stderr()
    _ask("http://vendor.example/v3?apiKey=secret")
    for name in ("httpcore", "asyncio"):
        logging.getLogger(name).info("noise")
    log.info("heard")
    logging.getLogger("httpx").warning("trouble")
    lines = capsys.readouterr().err.splitlines()
    assert [line.rpartition(": ")[2] for line in lines] == ["heard", "trouble"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_standard_error_carries_one_record_a_line(capsys: pytest.CaptureFixture[str], form: LogFormat) -> None:
    log_to_stderr(form)
    log.warning("late\n%s", "\x1b]52;c;\x07")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.rstrip("\n").isprintable()


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_thread_that_ends_by_a_fault_is_a_record(capsys: pytest.CaptureFixture[str], form: LogFormat) -> None:
    log_to_stderr(form)
    before = threading.excepthook
    ended = threading.Thread(target=_raise, args=(ValueError("bad"),), name="engine")
    ended.start()
    ended.join()
    [line] = capsys.readouterr().err.splitlines()
    assert "thread engine ended by a fault" in line and "ValueError" in line
    assert before is threading.excepthook


@pytest.mark.parametrize(
    ("name", "code", "fault"),
    [
        ("textual-output", errno.EIO, False),
        ("textual-output", errno.EPIPE, False),
        ("textual-output", errno.ENOSPC, True),
        ("engine", errno.EIO, True),
    ],
)
def test_a_terminal_that_is_gone_is_no_fault(
    capsys: pytest.CaptureFixture[str], name: str, code: int, fault: bool
) -> None:
    log_to_stderr("text")
    ended = threading.Thread(target=_raise, args=(OSError(code, os.strerror(code)),), name=name)
    ended.start()
    ended.join()
    [line] = capsys.readouterr().err.splitlines()
    assert ("ended by a fault" in line and "ERROR" in line) is fault
    assert ("the terminal is gone" in line and "INFO" in line) is not fault


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_warning_of_python_is_a_record(capsys: pytest.CaptureFixture[str], form: LogFormat) -> None:
    log_to_stderr(form)
    warnings.warn("soon\ngone", DeprecationWarning, stacklevel=1)
    assert len(capsys.readouterr().err.splitlines()) <= 1


def test_nowhere_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    log_nowhere()
    log.error("unheard")
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_a_publishers_log_is_json_from_its_first_line_to_its_last(
    redis: Redis, short_dir: Path, redis_url: str
) -> None:
    ended = run(short_dir, "publish", "--once", "--redis-url", redis_url, "--log-format", "json", *SMALL)
    assert (ended.returncode, ended.stdout) == (0, "")
    bodies: list[dict[str, Any]] = [json.loads(line) for line in ended.stderr.splitlines()]
    assert any(body["message"].startswith("cycle 1: published 2,") for body in bodies)
    for body in bodies:
        assert body.keys() >= {"ts", "level", "logger", "message"}
        assert body["level"] in ("info", "warning", "error")
        assert not body["logger"].startswith("http")
    stamps = [body["ts"] for body in bodies]
    assert stamps == sorted(stamps)

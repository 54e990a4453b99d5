"""What each command loads: no screen where none is shown, no HTTP client where nothing is asked of the vendor."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import ROOT
from tests.support.product import environment

pytestmark = pytest.mark.slow

SCREEN = {"textual", "textual_plotext", "plotext"}
HTTP = {"httpx", "httpcore"}
STREAM = {"websockets"}  # of the vendor's stream
_IMPORTED = re.compile(r"import time: +\d+ \| +\d+ \| +([\w.]+)")
ONCE = ("publish", "--once", "--underlyings", "SPX", "--expirations", "1")


def loaded_by_command(home: Path, *arguments: str) -> set[str]:
    """Return the top packages that a command imports, by the interpreter's own account."""
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "chaindeck", *arguments],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    names = set(_IMPORTED.findall(ended.stderr))
    assert "chaindeck.start" in names
    return {name.partition(".")[0] for name in names}


def loaded_by_modules(modules: list[str]) -> set[str]:
    """Return the top packages that importing these modules brings along."""
    return {name.partition(".")[0] for name in all_loaded_by(modules)}


def all_loaded_by(modules: list[str]) -> set[str]:
    """Return the modules that importing these brings along."""
    lines = ["import importlib, json, sys", *(f"importlib.import_module({name!r})" for name in modules)]
    code = "\n".join([*lines, "print(json.dumps([*sys.modules]))"])
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(ended.stdout))


def modules_of(package: str) -> list[str]:
    found = (path.relative_to(ROOT).with_suffix("") for path in (ROOT / package).rglob("*.py"))
    return sorted(".".join(path.parts) for path in found if path.name != "__init__")


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), ONCE, ("config", "show"), ()],
    ids=["help", "version", "once", "config", "frame"],
)
def test_a_command_without_a_screen_loads_none(short_dir: Path, redis_url: str, arguments: tuple[str, ...]) -> None:
    named = ("--redis-url", redis_url) if arguments is ONCE else ()
    assert not loaded_by_command(short_dir, *arguments, *named) & (SCREEN | HTTP | STREAM)


def test_who_only_reads_loads_no_compositor() -> None:
    modules = ["chaindeck.commands.check", "chaindeck.commands.status", "chaindeck.engine.watching"]
    assert not all_loaded_by(modules) & {"mmaker.compositor", "mmaker.stager", "publisher.mock.stream"}


def test_the_command_line_loads_neither_board_nor_alerts() -> None:
    assert not all_loaded_by(["chaindeck.cli"]) & {"chain.monitor.board", "chain.monitor.alerts.book"}


def test_status_loads_no_screen(short_dir: Path, redis_url: str) -> None:
    assert not loaded_by_command(short_dir, "status", redis_url) & (SCREEN | HTTP | STREAM)


def test_the_contract_loads_neither_screen_nor_vendor() -> None:
    loaded = loaded_by_modules(modules_of("chain"))
    assert "redis" in loaded
    assert not loaded & (SCREEN | HTTP | {"rich", "cyclopts", "publisher", "tui", "chaindeck"})


def test_the_publisher_loads_no_screen() -> None:
    loaded = loaded_by_modules(modules_of("publisher"))
    assert not loaded & (SCREEN | {"cyclopts", "tui", "chaindeck"})


def test_mock_and_capture_load_no_http_client() -> None:
    modules = ["publisher.mock.source", "publisher.capture", "publisher.loop.publisher", "publisher.faults"]
    assert not loaded_by_modules(modules) & (HTTP | STREAM)


def test_live_data_without_a_stream_load_no_websocket_client() -> None:
    modules = ["publisher.massive.source", "publisher.massive.api.vendor", "chaindeck.engine.compose"]
    assert not loaded_by_modules(modules) & STREAM


def test_the_screens_lines_load_no_screen() -> None:
    """Status, plain frames and the deck speak through the same lines."""
    lines = modules_of("tui/lines")
    assert not loaded_by_modules(lines) & (SCREEN | HTTP | {"rich", "cyclopts", "publisher", "chaindeck"})

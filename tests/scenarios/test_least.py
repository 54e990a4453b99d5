"""What is given away: to children, to files, to whoever can read a config file, to a terminal after a fault."""

import os
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.product import command, environment, log_text, on_terminal, run, start
from tests.support.terminal import Terminal, start_cold
from tests.support.waiting import wait_until

CANARY = "canary-7d31"
SECRETS: dict[str, Any] = {
    "MASSIVE_API_KEY": f"{CANARY}-key",
    "SYSTEM_REDIS_URL": f"redis://desk:{CANARY}-redis@127.0.0.1:1/0",
    "HTTPS_PROXY": f"http://desk:{CANARY}-proxy@127.0.0.1:1",
    "https_proxy": f"http://desk:{CANARY}-proxy@127.0.0.1:1",
    "SOMETHING_ELSE": f"{CANARY}-else",
}
SMALL = ("--underlyings", "SPX", "--expirations", "2")


def children_of(pid: int) -> dict[int, str]:
    """Return the processes that another started, with their command lines."""
    listed = subprocess.run(["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
    rows = (line.split(None, 2) for line in listed.stdout.splitlines())
    return {int(row[0]): row[2] for row in rows if len(row) == 3 and int(row[1]) == pid}


def began(children: dict[int, str]) -> bool:
    """Whether guard and server run programs of their own: until then a child is still a copy of its parent."""
    lines = " ".join(children.values())
    return len(children) == 2 and "read -r _" in lines and "-server " in lines and "chaindeck publish" not in lines


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc: a process' environment cannot be read")
def test_no_child_is_given_a_secret(short_dir: Path) -> None:
    with start(short_dir, "publish", *SMALL, **SECRETS) as process:
        try:
            wait_until(lambda: began(children_of(process.pid)), 15, "the embedded server and its guard")
            found = children_of(process.pid)
            for pid, line in found.items():
                given = Path(f"/proc/{pid}/environ").read_bytes()
                assert CANARY.encode() not in given, line
                assert CANARY not in line
        finally:
            process.terminate()
            _, told = process.communicate(timeout=15)
    assert CANARY not in told


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """A user whose umask takes nothing away."""
    before = os.umask(0)
    yield
    os.umask(before)


def rights(home: Path) -> dict[str, int]:
    """Return the rights of all that is there, but for what the test itself made."""
    mine = {home, home / "r"}
    return {str(path.relative_to(home)): path.stat().st_mode & 0o777 for path in home.rglob("*") if path not in mine}


@pytest.mark.usefixtures("open_to_all")
def test_with_no_umask_all_that_is_written_is_the_users_alone(short_dir: Path) -> None:
    state = short_dir / ".local/state/chaindeck"
    state.mkdir(parents=True)  # there before, with wide rights
    (state / "prefs.json").write_text("{}")
    with on_terminal(short_dir, *SMALL, **SECRETS) as terminal:
        terminal.wait_for("FRESH")
        terminal.send("o")  # a choice that is remembered
        wait_until(lambda: b"false" in (state / "prefs.json").read_bytes(), 5, "the choice to be written")
        living = rights(short_dir)
        terminal.send("q")
        assert terminal.wait() == 0
    left = rights(short_dir)
    given = {".local", ".local/state"}  # what was there, and is not ours alone
    assert {name: mode for name, mode in (living | left).items() if mode & 0o077 and name not in given} == {}
    assert {"r/redis.sock", "r/redis.log", "r/lock"} <= living.keys()
    assert {".local/state/chaindeck/prefs.json", ".local/state/chaindeck/log/chaindeck.log"} <= left.keys()
    for path in short_dir.rglob("*"):
        assert not path.is_file() or CANARY not in path.read_text(encoding="utf-8", errors="replace"), path


@pytest.mark.parametrize(
    "arguments",
    [
        ("publish", "--once", *SMALL),
        ("status",),
        ("status", "--json"),
        ("check",),
        ("verify", "--for", "0.1"),
        ("watch",),
        ("config", "show"),
        ("config", "validate"),
        ("metrics", "--rules"),
        (),
    ],
    ids=lambda arguments: " ".join(arguments) or "deck",
)
def test_every_command_that_reads_an_open_secret_warns_once(
    short_dir: Path, redis_url: str, arguments: tuple[str, ...]
) -> None:
    file = short_dir / "desk.toml"
    file.write_text(f'redis_url = "{redis_url}"\napi_key = "{CANARY}"\n')
    file.chmod(0o644)
    told = run(short_dir, *arguments, CHAINDECK_CONFIG=str(file))
    warning = f"{file}, line 1: redis_url can be read by others: chmod 600 {file}"
    assert told.stderr.count(warning) == 1
    assert warning not in told.stdout
    assert CANARY not in told.stdout + told.stderr
    file.chmod(0o600)
    assert "can be read by others" not in run(short_dir, *arguments, CHAINDECK_CONFIG=str(file)).stderr


def test_a_deck_tells_of_an_open_secret_on_its_screen_and_in_its_log(short_dir: Path, redis_url: str) -> None:
    file = short_dir / "desk.toml"
    file.write_text(f'redis_url = "{redis_url}"\n')
    file.chmod(0o644)
    with on_terminal(short_dir, "watch", CHAINDECK_CONFIG=str(file)) as terminal:
        terminal.wait_for("EXPIRIES")
        terminal.wait_for("chmod 600")  # a notice wraps its lines
        terminal.send("q")
        assert terminal.wait() == 0
    assert log_text(short_dir).count(f"redis_url can be read by others: chmod 600 {file}") == 1


def test_a_publishers_json_log_stays_json_where_it_warns(short_dir: Path, redis_url: str) -> None:
    file = short_dir / "desk.toml"
    file.write_text(f'redis_url = "{redis_url}"\n')
    file.chmod(0o644)
    told = run(short_dir, "publish", "--once", "--log-format", "json", *SMALL, "--config", str(file))
    assert all(line.startswith("{") and line.endswith("}") for line in told.stderr.splitlines())
    assert told.stderr.count("can be read by others") == 1
    refused = run(short_dir, "publish", "--once", "--log-format", "json", "--interval", "soon")
    [line] = refused.stderr.splitlines()
    assert refused.returncode == 3
    assert orjson.loads(line)["level"] == "error"
    assert orjson.loads(line)["message"] == "flag --interval: interval is 'soon', not a number"


FAULT = """
import sys
from {module} import {name} as victim
def fail(*_, **__):
    secret = {canary!r}
    raise KeyError("deep inside")
import {module}
{module}.{name} = fail
from chaindeck.start import main
main()
"""


@pytest.mark.parametrize(
    ("module", "name", "arguments"),
    [
        ("chaindeck.commands.status", "as_text", ("status",)),
        ("chaindeck.config.file", "_resolve", ("config", "show")),
        ("chaindeck.commands.headless", "publishing_services", ("publish", "--once", *SMALL)),
        ("chaindeck.commands.verify", "as_text", ("verify", "--for", "0.1")),
    ],
)
def test_a_fault_of_our_own_is_one_line_without_a_trace(
    short_dir: Path, redis_url: str, module: str, name: str, arguments: tuple[str, ...]
) -> None:
    """The trace of a program with secrets in its memory is for its log, and shows no values there either."""
    script = FAULT.format(module=module, name=name, canary=CANARY)
    ended = subprocess.run(
        [command()[0], "-c", script, *arguments],
        env=environment(short_dir, MARKET_REDIS_URL=redis_url, **SECRETS),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 70, ended.stderr
    assert ended.stderr.splitlines()[-1].startswith(
        "chaindeck: a fault of chaindeck itself: KeyError: 'deep inside' at "
    )
    assert "Traceback" not in ended.stderr
    assert CANARY not in ended.stdout + ended.stderr


SCREEN_FAULT = """
import tui.screen.deck
tui.screen.deck.DeckScreen.board_arrived  # an AttributeError here, not a screen that never fails
def fail(self):
    secret = {canary!r}
    raise KeyError("deep inside")
tui.screen.deck.DeckScreen.board_arrived = fail
from chaindeck.start import main
main()
"""


def test_a_screen_that_fails_shows_no_values(short_dir: Path, redis_url: str) -> None:
    script = SCREEN_FAULT.format(canary=CANARY)
    environ = environment(short_dir, MARKET_REDIS_URL=redis_url, **SECRETS)
    with Terminal(
        partial(start_cold, [command()[0], "-c", script, "watch"], environ), columns=120, rows=40
    ) as terminal:
        assert terminal.wait(30) != 0
        assert CANARY.encode() not in terminal.raw
        assert b"Traceback" not in terminal.raw and b"deep inside" not in terminal.raw.partition(b"chaindeck: ")[0]
    told = log_text(short_dir)
    assert "KeyError" in told and CANARY not in told

"""The product as a child process, at home in a folder of its own, with nothing inherited that could steer it."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import orjson
import pytest

from chain.model.snapshot import Contract
from tests.support.builders import AS_OF, SPOT
from tests.support.places import ROOT
from tests.support.terminal import Terminal, start_cold
from tests.support.warm import WarmChild, can_be_warm, run_warm, start_warm, start_warm_aside

_TIMEOUT_S = 30


def command(*arguments: str) -> list[str]:
    """Return the command line of a `chaindeck` run."""
    return [sys.executable, "-m", "chaindeck", *arguments]


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a user whose home is `home`; `more` is what this user has set."""
    runtime = home / "r"
    runtime.mkdir(mode=0o700, exist_ok=True)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "PYTHONPATH": str(ROOT),
        "CHAINDECK_RUNTIME_DIR": str(runtime),
        "CHAINDECK_STREAM": "false",  # snapshots alone, unless a test is about more
        **more,
    }


def run(home: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run one command to its end, without a terminal; cold where `more` speaks to Python itself."""
    env = environment(home, **more)
    if can_be_warm(more):
        return run_warm(arguments, env, _TIMEOUT_S)
    return subprocess.run(
        command(*arguments),
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )


class Started(subprocess.Popen[str]):
    """A command that runs. Who waits for its end without a limit of his own fails with what it said."""

    def wait(self, timeout: float | None = None) -> int:
        if timeout is not None:
            return super().wait(timeout)
        try:
            return super().wait(_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            said = self.stderr.read() if self.stderr is not None and not self.stderr.closed else ""
            pytest.fail(f"{self.args!r} did not end within {_TIMEOUT_S} s; it said:\n{said}")

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[str, str]:
        return super().communicate(input, _TIMEOUT_S if timeout is None else timeout)


def start(home: Path, *arguments: str, **more: str) -> Started:
    """Start a command without a terminal; standard error is a pipe to be read or closed."""
    return Started(
        command(*arguments),
        env=environment(home, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_logged(home: Path, log: Path, *arguments: str, **more: str) -> WarmChild:
    """Start a command without a terminal; all that it says goes to the file `log`."""
    with log.open("wb") as file:
        return start_warm_aside(arguments, environment(home, **more), file, file)


def on_terminal(home: Path, *arguments: str, columns: int = 120, rows: int = 40, **more: str) -> Terminal:
    """Run one command on a terminal; cold where `more` speaks to Python or to Textual."""
    env = environment(home, **more)
    warm, cold = partial(start_warm, arguments, env), partial(start_cold, command(*arguments), env)
    return Terminal(warm if can_be_warm(more) else cold, columns=columns, rows=rows)


def recorded(home: Path, *markets: list[Contract]) -> Path:
    """Return a capture of SPX with one record for each list of contracts, ten minutes apart."""
    path = home / "recorded.jsonl"
    lines = [
        orjson.dumps({"ts": AS_OF + 600 * number, "underlying": "SPX", "spot": SPOT, "results": items})
        for number, items in enumerate(markets)
    ]
    path.write_bytes(b"\n".join(lines))
    return path


def log_text(home: Path) -> str:
    """Return the deck's log file; empty where there is none."""
    return "".join(path.read_text(encoding="utf-8") for path in home.rglob("chaindeck.log"))

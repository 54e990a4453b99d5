"""The product as a process that has loaded its modules before it was asked for: a start costs a fork.

`python -m tests.support.warm` is the parent of such processes. It forks one for each request and ends when its standard
input does. A child differs from `python -m chaindeck` in nothing but that its imports are done: its streams,
environment, signals and exit are its own, and Python ends it in its own way.
"""

import atexit
import gc
import os
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

import orjson

from chaindeck.start import main
from tests.support.places import ROOT

_COMMANDS = "check", "headless", "metrics", "status", "verify"
_LOADED = "chaindeck.cli", "rich.console", *(f"chaindeck.commands.{name}" for name in _COMMANDS)


class _Parent:
    """The process that forks; it lives as long as this one."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._control = ours
        command = [sys.executable, "-m", "tests.support.warm"]
        env = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
        self._process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=theirs.fileno(), stdout=subprocess.DEVNULL)
        theirs.close()
        atexit.register(self._close)

    def _close(self) -> None:
        self._control.close()
        self._process.wait()

    def run(
        self, arguments: list[str], environment: dict[str, str], out: BinaryIO, err: BinaryIO, limit_s: float
    ) -> int:
        """Return the exit code of one run; raise TimeoutExpired after ending one that takes longer than its limit."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                socket.send_fds(self._control, [b"\0"], [theirs.fileno(), out.fileno(), err.fileno()])
            ours.sendall(orjson.dumps([arguments, environment]))
            ours.shutdown(socket.SHUT_WR)
            ours.settimeout(limit_s)
            pid = int(ours.recv(20))
            try:
                return os.waitstatus_to_exitcode(int(ours.recv(20)))
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(arguments, limit_s) from None


@cache
def _parent() -> _Parent:
    return _Parent()


def run_warm(arguments: list[str], environment: dict[str, str], limit_s: float) -> "subprocess.CompletedProcess[str]":
    """Run one command to its end, without a terminal and without input."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        code = _parent().run(arguments, environment, out, err, limit_s)
        said = [_text(file) for file in (out, err)]
    return subprocess.CompletedProcess(arguments, code, *said)


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode()


def _serve() -> tuple[list[str], dict[str, str]] | None:
    """Fork for each request; return, in a child, what to run, and None in the parent when nobody asks any more."""
    control = socket.socket(fileno=os.dup(0))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever waits for a child is a child itself
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    while True:
        word, descriptors, _, _ = socket.recv_fds(control, 1, 3)
        if not word:
            return None
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            control.close()
            return _attend(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _attend(asked: int, out: int, err: int) -> tuple[list[str], dict[str, str]]:
    """Fork the process that is to run; tell whoever asked its number and how it ended."""
    with socket.socket(fileno=asked) as line:
        text = b"".join(iter(lambda: line.recv(1 << 16), b""))
        child = os.fork()
        if child:
            line.sendall(b"%-20d" % child)
            line.sendall(b"%-20d" % os.waitpid(child, 0)[1])
            os._exit(0)
    with Path(os.devnull).open("rb") as nothing:
        for number, descriptor in enumerate((nothing.fileno(), out, err)):
            os.dup2(descriptor, number)
    os.close(out)
    os.close(err)
    arguments, environment = orjson.loads(text)
    return arguments, environment


def _main() -> None:
    for name in _LOADED:
        import_module(name)
    gc.freeze()  # a child neither copies nor takes apart at its end what it has from its parent
    if (request := _serve()) is not None:
        arguments, environment = request
        os.environ.clear()
        os.environ.update(environment)
        sys.argv[1:] = arguments
        main()


if __name__ == "__main__":
    _main()

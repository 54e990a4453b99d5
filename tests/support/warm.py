"""The product as a process that has loaded its modules before it was asked for: a start costs a fork.

`python -m tests.support.warm` is the parent of such processes. It forks one for each request and ends when its standard
input does. A child differs from `python -m chaindeck` in nothing but that its imports are done: its streams, terminal,
environment, signals and exit are its own, and Python ends it in its own way.
"""

import atexit
import fcntl
import gc
import os
import signal
import socket
import subprocess
import sys
import tempfile
import termios
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO

import orjson

from chaindeck.start import main
from tests.support.places import ROOT

_COMMANDS = "check", "headless", "metrics", "mmaker.run", "record.follow", "status", "tape.make", "verify"
_LOADED = (
    *("chaindeck.cli", "chaindeck.deck.deck", "rich.console", "tui.app", "tui.dialogs.demo", "tui.dialogs.help"),
    *(f"chaindeck.commands.{name}" for name in _COMMANDS),
    *("textual.command", "textual.drivers.linux_driver", "textual.widgets._toast", "textual.widgets._option_list"),
)
_COLD = ("PYTHON", "LC_", "LANG", "TZ", "TEXTUAL")  # read by Python and by Textual when they are loaded
_ANSWER_S = 30.0  # within which the parent has loaded all and forked, or ended
_WIDTH = 20  # bytes of a number on the line between a child and whoever asked for it


class WarmChild:
    """One running child, told of by the process between it and us."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        line.settimeout(_ANSWER_S)
        self.pid = int(line.recv(_WIDTH))

    def ended(self, limit_s: float = 0.0) -> tuple[int, float] | None:
        """Return status, as of `os.wait`, and seconds of processor once it has ended."""
        self._line.settimeout(limit_s)
        try:
            status, cpu_s = int(self._line.recv(_WIDTH)), float(self._line.recv(_WIDTH))
        except (TimeoutError, BlockingIOError):
            return None
        self._line.close()
        return status, cpu_s


class _Parent:
    """The process that forks; it lives as long as this one."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        command = [sys.executable, "-m", "tests.support.warm"]
        env = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
        self._process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=theirs.fileno(), stdout=subprocess.DEVNULL)
        theirs.close()
        atexit.register(self._close)

    def _close(self) -> None:
        self._control.close()
        self._process.wait(_ANSWER_S)

    def fork(self, streams: Sequence[int], request: list[object]) -> WarmChild:
        """Start a child that takes these descriptors for its standard streams."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"\0"], [theirs.fileno(), *streams])
        ours.sendall(orjson.dumps(request))
        ours.shutdown(socket.SHUT_WR)
        return WarmChild(ours)


@cache
def _parent() -> _Parent:
    return _Parent()


def can_be_warm(more: Mapping[str, str]) -> bool:
    """Whether a process with these variables beside its usual ones may have loaded its modules before."""
    return not any(name.startswith(_COLD) for name in more)


def run_warm(
    arguments: Sequence[str], environment: Mapping[str, str], limit_s: float
) -> "subprocess.CompletedProcess[str]":
    """Run one command to its end, without a terminal and without input."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = start_warm_aside(arguments, environment, out, err)
        if (end := child.ended(limit_s)) is None:
            os.kill(child.pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(arguments), limit_s)
        said = [_text(file) for file in (out, err)]
    return subprocess.CompletedProcess(arguments, os.waitstatus_to_exitcode(end[0]), *said)


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode()


def start_warm_aside(
    arguments: Sequence[str], environment: Mapping[str, str], out: BinaryIO, err: BinaryIO
) -> WarmChild:
    """Start one command without a terminal and without input; what it says goes to two open files."""
    with Path(os.devnull).open("rb") as nothing:
        return _parent().fork([file.fileno() for file in (nothing, out, err)], [arguments, environment, False])


def start_warm(arguments: Sequence[str], environment: Mapping[str, str], terminal: int) -> WarmChild:
    """Start a command as the leader of a session of its own on a terminal, an open descriptor."""
    return _parent().fork([terminal] * 3, [arguments, environment, True])


# In the parent and its children


def _serve() -> tuple[list[str], dict[str, str]] | None:
    """Fork for each request; return, in a child, what to run, and None in the parent when nobody asks any more."""
    control = socket.socket(fileno=os.dup(0))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever waits for a child is a child itself
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    while True:
        word, descriptors, _, _ = socket.recv_fds(control, 1, 4)
        if not word:
            return None
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            control.close()
            return _attend(*descriptors)
        _close(descriptors)


def _attend(asked: int, *streams: int) -> tuple[list[str], dict[str, str]]:
    """Fork the process that is to run; tell whoever asked its number and how it ended."""
    with socket.socket(fileno=asked) as line:
        arguments, environment, leads = orjson.loads(b"".join(iter(lambda: line.recv(1 << 16), b"")))
        child = os.fork()
        if child:
            _close(streams)
            line.sendall(b"%-*d" % (_WIDTH, child))
            _, status, used = os.wait4(child, 0)
            line.sendall(b"%-*d%-*.3f" % (_WIDTH, status, _WIDTH, used.ru_utime + used.ru_stime))
            os._exit(0)
    if leads:
        os.setsid()
        fcntl.ioctl(streams[0], termios.TIOCSCTTY, 0)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    _close(streams)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        setattr(sys, name, _opened(number))
        setattr(sys, f"__{name}__", getattr(sys, name))
    return arguments, environment


def _opened(number: int) -> TextIO:
    """Return a standard stream as Python opens it; what the parent had may have been no terminal and no pipe."""
    errors = "backslashreplace" if number == 2 else "surrogateescape"
    stream = os.fdopen(number, "w" if number else "r", 1 if number == 2 else -1, "utf-8", errors, closefd=False)
    assert isinstance(stream, TextIOWrapper)
    return stream


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


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

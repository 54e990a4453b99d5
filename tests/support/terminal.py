"""A program on a real pseudo-terminal: a screen in memory that reads it, and everything that can befall a terminal."""

import fcntl
import io
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import pyte
import pytest

_END_S = 8.0
_TAKES_S = 20.0
_LOOK_S = 0.02
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class TerminalText(io.StringIO):
    """What is written on a terminal, where a real one is not needed."""

    def isatty(self) -> bool:
        return True

    def told(self) -> list[str]:
        """Return what was told in one line, each time."""
        return [words for one in self.getvalue().split("\r") if (words := one.strip())]


class Child(Protocol):
    """A process that runs on a terminal."""

    pid: int

    def ended(self) -> tuple[int, float] | None:
        """Return status, as of `os.wait`, and seconds of processor once it has ended."""


class ColdChild:
    """A child of ours."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def ended(self) -> tuple[int, float] | None:
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        return (status, usage.ru_utime + usage.ru_stime) if pid else None


def start_cold(command: Sequence[str], environment: Mapping[str, str], terminal: int) -> ColdChild:
    """Start a program as the leader of a session of its own on a terminal, an open descriptor."""
    # The leader of a new session that opens a terminal makes it its own: closing it sends SIGHUP there.
    stdio: list[tuple[object, ...]] = [(os.POSIX_SPAWN_OPEN, 0, os.ttyname(terminal), os.O_RDWR, 0)]
    stdio += [(os.POSIX_SPAWN_DUP2, 0, 1), (os.POSIX_SPAWN_DUP2, 0, 2)]
    return ColdChild(os.posix_spawn(command[0], list(command), dict(environment), file_actions=stdio, setsid=True))


class Terminal:
    """One program and its terminal. A thread reads what the program writes, until told to stop reading."""

    def __init__(self, start: Callable[[int], Child], *, columns: int, rows: int) -> None:
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (rows, columns))
        self._found = termios.tcgetattr(self._master)
        self._child = start(slave)
        self.pid = self._child.pid
        os.close(slave)
        os.set_blocking(self._master, False)  # a program that takes nothing any more must not keep us
        self.code: int | None = None
        self.cpu_used = 0.0  # seconds of processor, user and system, once ended
        self._raw = bytearray()
        self._fed = 0
        self._screen = pyte.Screen(columns or 80, rows or 24)  # what a terminal that tells no size is taken for
        self._stream = pyte.ByteStream(self._screen)
        self._reading, self._closed = threading.Event(), threading.Event()
        self._reading.set()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while not self._closed.is_set():
            if not self._reading.wait(_LOOK_S) or not select.select([self._master], [], [], _LOOK_S)[0]:
                continue
            try:
                chunk = os.read(self._master, 1 << 16)
            except BlockingIOError:
                continue
            except OSError:  # Linux says so where the last writer has closed
                return
            self._raw += chunk

    @property
    def raw(self) -> bytes:
        """Every byte received so far."""
        return bytes(self._raw)

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, line by line."""
        upto = len(self._raw)
        self._stream.feed(bytes(self._raw[self._fed : upto]))
        self._fed = upto
        return list(self._screen.display)

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self.lines)

    def wait_for(self, words: str, timeout: float = 15.0) -> None:
        """Wait until the screen shows `words`; fail with the screen if it never does."""
        self.wait_until(lambda: words in self.text, words, timeout)

    def wait_until(self, condition: Callable[[], object], what: str, timeout: float = 15.0) -> None:
        """Wait for a condition of the screen; fail with the screen if it never comes, or the program ends first."""
        deadline = time.monotonic() + timeout
        while not condition():
            alive = time.monotonic() < deadline and not self.ended()
            if not alive:
                self._reader.join(1)  # what was written last may still be on its way
            if not alive and not condition():
                pytest.fail(f"{what!r} never appeared; exit code {self.code}; the screen:\n{self.text}")
            time.sleep(_LOOK_S)

    def send(self, keys: str) -> None:
        """Type, as fast as the program takes it; fail with the screen if it takes nothing any more."""
        data = memoryview(keys.encode())
        while data:
            if not select.select([], [self._master], [], _TAKES_S)[1]:
                pytest.fail(f"{len(data)} bytes typed were not taken within {_TAKES_S} s; the screen:\n{self.text}")
            with suppress(BlockingIOError):  # there may be less room than for the least that it takes
                data = data[os.write(self._master, data) :]

    def wipe(self) -> None:
        """Clear the screen, as another program on the terminal does."""
        _ = self.lines
        self._screen.reset()

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size; the program hears SIGWINCH."""
        _ = self.lines
        self._screen.resize(rows or 24, columns or 80)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def stall(self) -> None:
        """Stop reading, as a stuck line does."""
        self._reading.clear()

    def resume(self) -> None:
        """Read again."""
        self._reading.set()

    def hang_up(self) -> None:
        """Close the terminal under the program."""
        if not self._closed.is_set():
            self._closed.set()
            self._reader.join(_END_S)
            assert not self._reader.is_alive(), "nobody may close a terminal that a thread still reads"
            os.close(self._master)

    @property
    def restored(self) -> bool:
        """Whether the terminal's own modes are as the program found them."""
        return termios.tcgetattr(self._master) == self._found

    def tell(self, number: int) -> None:
        """Send a signal to the program."""
        os.kill(self.pid, number)

    def cpu_now(self) -> float:
        """Return processor seconds used so far, from Linux's /proc."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S

    def idle(self, seconds: float) -> bool:
        """Whether the program's main thread does not run once in so many seconds, by Linux's count of its switches."""
        status = Path(f"/proc/{self.pid}/status")
        before = re.findall(r"ctxt_switches:\t(\d+)", status.read_text())
        time.sleep(seconds)
        return before == re.findall(r"ctxt_switches:\t(\d+)", status.read_text())

    def ended(self) -> bool:
        """Whether the program has ended; `code` is then as a shell reports it."""
        if self.code is None:
            end = self._child.ended()
            if end is not None:
                code = os.waitstatus_to_exitcode(end[0])
                self.code = code if code >= 0 else 128 - code
                self.cpu_used = end[1]
        return self.code is not None

    def wait(self, timeout: float = _END_S) -> int:
        """Return the exit code; fail the test with the screen if there is none in time."""
        deadline = time.monotonic() + timeout
        while not self.ended():
            if time.monotonic() > deadline:
                pytest.fail(f"the program did not end within {timeout} s; the screen:\n{self.text}")
            time.sleep(_LOOK_S)
        assert self.code is not None
        return self.code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.ended():
                break
            self.resume()
            self.tell(number)
            deadline = time.monotonic() + _END_S
            while not self.ended() and time.monotonic() < deadline:
                time.sleep(_LOOK_S)
        self.hang_up()

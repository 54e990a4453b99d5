"""A program on a pseudo-terminal of known size: its output drained, counted and searched, its processor time read."""

import os
import pty
import re
import select
import signal
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parents[1]
_ESCAPE = re.compile(
    rb"\x1b(?:\[[0-9;?<=>$]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[P_^][^\x1b]*\x1b\\|[ -/]*[0-~])"
)
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_END_S = 5.0
_TURN_S = 0.05
NOTHING_MORE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process has used: processor seconds (user and system) since its start, resident bytes now."""

    cpu_s: float
    resident: int


class Terminal:
    """One program on one pseudo-terminal. Someone must drain it: the program stops where nobody reads."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], *, columns: int, rows: int) -> None:
        self.began = time.monotonic()
        self._output = bytearray()
        self._reads: list[tuple[float, int]] = []
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            try:
                termios.tcsetwinsize(0, (rows, columns))
                os.chdir(ROOT)
                os.execve(command[0], list(command), environment)
            finally:  # only where that failed: a copy of the benchmark must not go on
                os._exit(127)

    def drain(self, seconds: float) -> bool:
        """Read for so many seconds; return False if the program has closed the terminal before."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self._fd], [], [], left)[0] and not self._read():
                return False
        return True

    def drain_until(self, pattern: re.Pattern[bytes], timeout_s: float = 15.0) -> float:
        """Return seconds from the start to the moment at which `pattern` was in the text, escapes left out."""
        deadline = time.monotonic() + timeout_s
        ended = False
        while not ended and (left := deadline - time.monotonic()) > 0:
            if select.select([self._fd], [], [], left)[0]:
                ended = not self._read()
                seen = time.monotonic()
                if pattern.search(self.text):
                    return seen - self.began
        why = "the program ended" if ended else f"{timeout_s:g} s passed"
        raise RuntimeError(f"{why} before {pattern.pattern!r} was painted: {self.last_words}")

    def press(self, key: bytes, pattern: re.Pattern[bytes], timeout_s: float = 5.0) -> float:
        """Send a key; return seconds until `pattern` is in the text that was painted since."""
        start, began = len(self._output), time.monotonic()
        os.write(self._fd, key)
        while (left := began + timeout_s - time.monotonic()) > 0:
            if select.select([self._fd], [], [], left)[0] and not self._read():
                break
            if pattern.search(_ESCAPE.sub(b"", bytes(self._output[start:]))):
                return time.monotonic() - began
        raise RuntimeError(f"no {pattern.pattern!r} after {key!r}: {self.last_words}")

    @property
    def text(self) -> bytes:
        """Everything painted so far in the order of painting, without escape sequences."""
        return _ESCAPE.sub(b"", bytes(self._output))

    @property
    def last_words(self) -> str:
        """The end of the text, for a message on why a program failed."""
        return self.text[-600:].decode(errors="replace")

    def received(self, since: float = 0.0, until: float = float("inf")) -> int:
        """Return how many bytes came between two monotonic instants."""
        return sum(size for at, size in self._reads if since <= at < until)

    def _read(self) -> bool:
        try:
            chunk = os.read(self._fd, 1 << 16)
        except OSError:  # Linux says so where the other side has closed
            return False
        self._output += chunk
        self._reads.append((time.monotonic(), len(chunk)))
        return bool(chunk)

    def end(self) -> None:
        """Ask the program to end, drain what it still says, and make it end if it does not."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            os.kill(self.pid, number)
            deadline = time.monotonic() + _END_S
            while time.monotonic() < deadline:
                self.drain(0.02)
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    os.close(self._fd)
                    return


@contextmanager
def running(
    arguments: Sequence[str], *, columns: int, rows: int, also: Mapping[str, str] = NOTHING_MORE
) -> Iterator[Terminal]:
    """Run this Python with `arguments` on a terminal, at home in an empty private folder; end it after.

    `also` is what its environment has beside the usual.
    """
    with tempfile.TemporaryDirectory(prefix="cd-", dir="/tmp", ignore_cleanup_errors=True) as home:
        runtime = Path(home) / "r"
        runtime.mkdir(mode=0o700)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": home,
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "PYTHONPATH": str(ROOT),
            "CHAINDECK_RUNTIME_DIR": str(runtime),
            **also,
        }
        terminal = Terminal([sys.executable, *arguments], environment, columns=columns, rows=rows)
        try:
            yield terminal
        finally:
            terminal.end()


def drain_all(terminals: Sequence[Terminal], seconds: float) -> None:
    """Drain terminals in turns, none left unread for long; raises RuntimeError where a program has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for terminal in terminals:
            if not terminal.drain(_TURN_S):
                raise RuntimeError(f"a program ended while it was measured: {terminal.last_words}")


def usage(pid: int) -> Usage:
    """Return what a process has used so far, from Linux's /proc; raises FileNotFoundError elsewhere."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Usage((int(fields[11]) + int(fields[12])) / _TICKS_PER_S, pages * os.sysconf("SC_PAGE_SIZE"))


def thread_cpu_s(pid: int, thread: int) -> float:
    """Return processor seconds of one thread, from Linux's /proc; that with the number of its process is the first."""
    return int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0]) / 1e9


def child_named(pid: int, name: str) -> int:
    """Return the child of a process whose program name contains `name`; raises LookupError if there is none."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, rest = stat.read_text().rpartition(")")
        except OSError:  # gone since it was listed
            continue
        if int(rest.split()[1]) == pid and name in head:
            return int(stat.parent.name)
    raise LookupError(f"process {pid} has no child {name}")

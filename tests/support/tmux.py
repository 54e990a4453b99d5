"""A program in tmux, on a server of its own, or else on a pseudo-terminal; keys by the names that people say."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from tests.support.terminal import Terminal, start_cold
from tests.support.waiting import wait_until

_BYTES = {"tab": "\t", "enter": "\r", "esc": "\x1b", "space": " "}
_NAMES = {"tab": "Tab", "enter": "Enter", "esc": "Escape", "space": "Space"}
_END_S = 10.0


class Window(Protocol):
    """Where a program runs, 120x40; a context that ends it."""

    @property
    def text(self) -> str:
        """What stands on the screen."""

    @property
    def copied(self) -> str | None:
        """What was copied last; None where nobody can know."""

    @property
    def is_over(self) -> bool:
        """Whether the program has ended."""

    def send(self, key: str) -> None:
        """Press a key."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def window(folder: Path, command: Sequence[str], environment: Mapping[str, str]) -> Window:
    """Run a program in tmux where there is one, else on a pseudo-terminal."""
    return (Tmux if shutil.which("tmux") else Pty)(folder, command, environment)


class Pty:
    """A pseudo-terminal, which has no clipboard that could be read."""

    copied = None

    def __init__(self, folder: Path, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._terminal = Terminal(partial(start_cold, command, environment), columns=120, rows=40)

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return self._terminal.text

    @property
    def is_over(self) -> bool:
        """Whether the program has ended."""
        return self._terminal.ended()

    def send(self, key: str) -> None:
        """Press a key."""
        self._terminal.send(_BYTES.get(key, key))

    def __enter__(self) -> Self:
        self._terminal.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._terminal.__exit__(kind, error, trace)


class Tmux:
    """A window of tmux, whose server ends with the program."""

    def __init__(self, folder: Path, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._socket, self._environment = str(folder / "tmux.sock"), dict(environment)
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", *command)

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-S", self._socket, *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        return done.stdout

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return self._tmux("capture-pane", "-p")

    @property
    def copied(self) -> str:
        """What was copied last."""
        return self._tmux("show-buffer")

    @property
    def is_over(self) -> bool:
        """Whether the program has ended, and the server with it."""
        return not self._tmux("list-sessions")

    def send(self, key: str) -> None:
        """Press a key."""
        self._tmux("send-keys", _NAMES.get(key, key))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.is_over:
            self._tmux("send-keys", "C-c")
            wait_until(lambda: self.is_over, _END_S)
            self._tmux("kill-server")

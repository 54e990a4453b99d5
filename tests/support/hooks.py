"""Hooks of alerts as real scripts in a folder: what they were told, and whether they still run."""

from pathlib import Path
from typing import Any

import orjson


class HookScript:
    """A shell script that writes down what it is told, one JSON object a run, and then does as `body` says."""

    def __init__(self, folder: Path, body: str = "", name: str = "hook") -> None:
        self._told = folder / f"{name}.told"
        self.path = folder / name
        self.path.write_text(
            f"#!/bin/sh\n{{ cat; echo; }} >{self._told}.$$\ncat {self._told}.$$ >>{self._told}\n{body}\n"
        )
        self.path.chmod(0o700)

    @property
    def told(self) -> list[dict[str, Any]]:
        """What it was told so far."""
        written = self._told.read_bytes() if self._told.exists() else b""
        return [orjson.loads(line) for line in written[: written.rfind(b"\n") + 1].splitlines()]

    @property
    def events(self) -> list[tuple[str, str]]:
        """What happened to whom, in the order in which it was told."""
        return [(event["event"], event["subject"]) for told in self.told for event in told["events"]]


def is_running(pid_file: Path) -> bool:
    """Whether the process whose number a script has written down still runs."""
    try:
        state = Path(f"/proc/{int(pid_file.read_text())}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"

"""How a recording fares, and what is measured of it."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RecordingStatus:
    """How a recording fares. `error` is empty while it goes on; `missed` are answers that are not on the tape.

    Times are epoch seconds, sizes bytes; None where it is not known, or was not so.
    """

    since: float | None = None  # when it began
    path: Path | None = None  # of the tape that is written, None before the first answer
    answers: int = 0
    missed: int = 0
    missed_at: float | None = None  # when the last of them was
    recorded_to: float | None = None  # when the newest answer that is safe on the tape was received
    error: str = ""
    failing_since: float | None = None
    size: int | None = None  # of the tape, its log included
    free: int | None = None  # on the disk

    def with_missed(self, count: int, at: float) -> "RecordingStatus":
        """Return it with so many more answers missed."""
        return replace(self, missed=self.missed + count, missed_at=at) if count else self

    def failing(self, words: str, at: float) -> "RecordingStatus":
        """Return it with why nothing can be written; one that fails already keeps since when."""
        return replace(self, error=words, failing_since=self.failing_since or at)

    def measured(self, folder: Path) -> "RecordingStatus":
        """Return it with the size of the tape and the room that is left.

        No file is opened: to close a database that SQLite has open would end its locks.
        """
        try:
            free: int | None = shutil.disk_usage(folder).free
        except OSError:
            free = None
        return replace(self, size=_size(self.path), free=free)


def _size(path: Path | None) -> int | None:
    if path is None:
        return None
    sizes = [_bytes_of(path), _bytes_of(path.with_name(f"{path.name}-wal"))]
    return None if sizes[0] is None else sum(filter(None, sizes))


def _bytes_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None

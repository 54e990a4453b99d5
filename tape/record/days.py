"""A file for each trading day, and how long they are kept."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from chain.clock import Instant
from chain.model.keys import KeySchema
from chain.model.session import new_york
from tape.errors import TapeError
from tape.store.file import remove
from tape.store.layout import check_header

_NAME = re.compile(r"(?P<prefix>[a-z0-9_.]+)-(?P<day>\d{4}-\d{2}-\d{2})(?:\.[2-9])?\.tape", re.ASCII)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long tapes are kept: so many days, and so many bytes in all; None is without end."""

    days: int | None = None
    size: int | None = None


def day_of(moment: Instant) -> date:
    """Return the date in New York."""
    return new_york(moment.wall_s).date()


def path_of(folder: Path, keys: KeySchema, day: date, number: int = 1) -> Path:
    """Return where a day's tape stands: `massive.replay-2026-01-02.tape`; a second one ends in `.2.tape`."""
    more = "" if number == 1 else f".{number}"
    return folder / f"{keys.prefix.replace(':', '.')}-{day.isoformat()}{more}.tape"


def tapes_of(folder: Path, keys: KeySchema) -> list[tuple[date, Path]]:
    """Return the tapes of a prefix in a folder by their days, the oldest first; other files are none of ours."""
    found: list[tuple[date, Path]] = []
    for path in folder.iterdir():
        named = _NAME.fullmatch(path.name)
        if named is None or named["prefix"] != keys.prefix.replace(":", "."):
            continue
        with suppress(ValueError, TapeError):
            check_header(path)
            found.append((date.fromisoformat(named["day"]), path))
    return sorted(found)


def prune(folder: Path, keys: KeySchema, retention: Retention, today: date) -> list[Path]:
    """Delete the tapes that are older than is kept, and the oldest while all are larger; return what was deleted.

    Today's is never deleted. Raises TapeError.
    """
    kept = [(day, path, path.stat().st_size) for day, path in tapes_of(folder, keys)]
    total = sum(size for _, _, size in kept)
    deleted: list[Path] = []
    for day, path, size in kept:
        too_old = retention.days is not None and (today - day).days >= retention.days
        too_large = retention.size is not None and total > retention.size
        if day < today and (too_old or too_large):
            remove(path)
            deleted.append(path)
            total -= size
    return deleted

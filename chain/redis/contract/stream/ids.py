"""Ids of a stream's entries: epoch milliseconds of Redis's clock, and a number within the millisecond."""

import re
from typing import NamedTuple, Self

_ID = re.compile(r"(\d{1,20})-(\d{1,20})", re.ASCII)
_LARGEST = 2**64 - 1


class StreamId(NamedTuple):
    """An entry's id; ids are ordered."""

    ms: int = 0
    number: int = 0

    def __str__(self) -> str:
        return f"{self.ms}-{self.number}"

    @classmethod
    def parse(cls, text: object) -> Self | None:
        """Return an id as Redis or a staging's `position` writes it; None for anything else."""
        said = text.decode("ascii", "replace") if isinstance(text, bytes) else text
        found = _ID.fullmatch(said) if isinstance(said, str) else None
        if found is None:
            return None
        ms, number = int(found[1]), int(found[2])
        return cls(ms, number) if ms <= _LARGEST and number <= _LARGEST else None


START = StreamId()

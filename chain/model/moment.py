"""Instants as a person types them, on New York's clock."""

import re
from datetime import date, datetime, time, timedelta

from chain.model.session import NEW_YORK
from chain.text import clean

FORMS = "10:30, 10:30:15, -5m or 2026-01-02 10:30"
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_AWAY = re.compile(r"([+-])((?:\d{1,6}[hms])+)", re.ASCII)
_PART = re.compile(r"(\d+)([hms])")
_UNITS = {"h": "hours", "m": "minutes", "s": "seconds"}
_LONGEST = 40  # characters that a time can have


def typed_moment(text: str, *, day: date, near_ns: int) -> int:
    """Return the instant that `text` means, epoch ns; ValueError, with what is wrong in one line, where it means none.

    `10:30` and `10:30:15` are times of `day` in New York. `-5m`, `+90s` and `-1h30m` count from `near_ns`, epoch ns. A
    date and time as ISO 8601 spells them stands for itself, in New York unless it names an offset.
    """
    said = text.strip()
    clock, away = _CLOCK.fullmatch(said), _AWAY.fullmatch(said)
    try:
        if clock:
            return _epoch_ns(datetime.combine(day, time(*(int(part or 0) for part in clock.groups())), NEW_YORK))
        if away:
            length = sum((timedelta(**{_UNITS[u]: int(n)}) for n, u in _PART.findall(away[2])), timedelta())
            return near_ns + (1 if away[1] == "+" else -1) * round(length.total_seconds()) * 10**9
        if len(said) > len("2026-01-02"):  # a date alone is no instant
            moment = datetime.fromisoformat(said)
            return _epoch_ns(moment if moment.tzinfo else moment.replace(tzinfo=NEW_YORK))
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{clean(said, _LONGEST)!r} is no time: {FORMS}, in New York")


def _epoch_ns(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1000

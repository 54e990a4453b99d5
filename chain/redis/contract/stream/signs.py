"""Signs of the stream's activity, as a poll reads them: what its writer tells, and what Redis knows of its entries."""

from collections.abc import Sequence

from msgspec import Struct
from redis.asyncio.client import Pipeline

from chain.decode.form import Form
from chain.decode.limits import Limits
from chain.errors import DecodeError
from chain.model.keys import EPOCH_MAX_S, EPOCH_MIN_S, KeySchema
from chain.redis.contract.scripts import script

FRAME_BYTES = 64  # of a field that its writer keeps, a number
GROUP = "mmaker"  # the compositors' group of readers
MARK = Form(float, Limits(FRAME_BYTES))  # epoch seconds, or a count
_LAST = "last_ts"
_FIELDS = (_LAST, "frames", "messages_processed", "subscriptions_current")
_MOST = 2**53


class StreamSigns(Struct, frozen=True):
    """Times in epoch seconds, and counts; None if missing, invalid, or not readable by this user.

    `misread`: the writer's mark, or without one the newest entry's id, exists and is no time. `lag` and `pending` are
    of the compositors' group: entries that it has not read, and that it has read and not acknowledged.
    """

    frame: float | None = None
    entry: float | None = None
    misread: bool = False
    frames: int | None = None
    events: int | None = None
    subscriptions: int | None = None
    length: int | None = None
    lag: int | None = None
    pending: int | None = None


def ask(pipe: Pipeline, keys: KeySchema, *, sizes_only: bool = False) -> int:
    """Queue the commands whose replies `signs` parses, and return how many; of oversized fields only sizes are read."""
    if sizes_only:
        for name in _FIELDS:
            pipe.execute_command("HSTRLEN", keys.stream_analytics(), name)
    else:
        pipe.hmget(keys.stream_analytics(), list(_FIELDS))
    # Before 7.0 Redis has no EVAL_RO; what it knows of the entries is then unknown.
    pipe.eval_ro(script("stream_signs").source, 1, keys.stream(), GROUP)
    return len(_FIELDS) + 1 if sizes_only else 2


def signs(replies: Sequence[object]) -> StreamSigns:
    """Parse the replies; an error counts as no activity, since no chain depends on it."""
    known = replies[-1] if replies else None
    fields: Sequence[object] = _told(replies) or (None,) * len(_FIELDS)
    held: Sequence[object] = known if isinstance(known, list) and len(known) == 4 else (None,) * 4
    seen, newest = epoch(fields[0]), held[0]
    entry = epoch(newest.partition(b"-")[0] if isinstance(newest, bytes) else None, 1000)
    timeless = entry is None and isinstance(newest, bytes)
    marked = isinstance(fields[0], bytes) or _is_large(replies[0] if replies else None)
    return StreamSigns(
        frame=seen,
        entry=entry,
        misread=seen is None and (marked or timeless),
        frames=_count(fields[1]),
        events=_count(fields[2]),
        subscriptions=_count(fields[3]),
        length=_count(held[1]),
        lag=_count(held[2]),
        pending=_count(held[3]),
    )


def oversized(replies: Sequence[object]) -> bool:
    """Whether the replies show that some field is too large."""
    return any(map(_is_large, _told(replies) or replies[:-1]))


def _told(replies: Sequence[object]) -> list[object] | None:
    """Return the values of the fields, where they were asked for and could be read."""
    told = replies[0] if replies else None
    return told if isinstance(told, list) and len(told) == len(_FIELDS) else None


def _is_large(field: object) -> bool:
    """Whether a field, or its size, is beyond the limit."""
    size = field if isinstance(field, int) else len(field) if isinstance(field, bytes) else 0
    return size > FRAME_BYTES


def _number(raw: object) -> float | None:
    try:
        return MARK.decode(raw) if isinstance(raw, bytes) else None
    except DecodeError:
        return None


def epoch(raw: object, per_second: int = 1) -> float | None:
    """Return a time in epoch seconds, of which `raw` has so many to the second; None for what is no time."""
    found = _number(raw)
    stamp = None if found is None else found / per_second
    return stamp if stamp is not None and EPOCH_MIN_S <= stamp < EPOCH_MAX_S else None


def _count(raw: object) -> int | None:
    found = raw if isinstance(raw, int) and not isinstance(raw, bool) else _number(raw)
    return int(found) if found is not None and 0 <= found <= _MOST else None

"""Activity of the vendor's stream: when its reader last saw a frame, and when its newest entry was added."""

from msgspec import Struct
from redis.asyncio.client import Pipeline

from chain.decode.form import Form
from chain.decode.limits import Limits
from chain.errors import DecodeError
from chain.model.keys import EPOCH_MAX_S, EPOCH_MIN_S, KeySchema
from chain.redis.contract.scripts import script

FRAME_BYTES = 64  # of the reader's mark, a number
MARK = Form(float, Limits(FRAME_BYTES))  # epoch seconds
_FIELD = "last_ts"


class StreamSigns(Struct, frozen=True):
    """Both times, epoch seconds; None if missing, invalid, or not readable by this user.

    `misread`: the reader's mark exists but is not a time in epoch seconds.
    """

    frame: float | None = None
    entry: float | None = None
    misread: bool = False


def ask(pipe: Pipeline, keys: KeySchema, *, size_only: bool = False) -> None:
    """Queue the two commands whose replies `signs` parses; for an oversized mark only its size is requested."""
    if size_only:
        pipe.execute_command("HSTRLEN", keys.stream_analytics(), _FIELD)
    else:
        pipe.hget(keys.stream_analytics(), _FIELD)
    # Before 7.0 Redis has no EVAL_RO; the entry's time is then unknown.
    pipe.eval_ro(script("newest_entry").source, 1, keys.stream())


def signs(frame: object, newest: object) -> StreamSigns:
    """Parse the two replies; an error counts as no activity, since no chain depends on it."""
    entry = newest.partition(b"-")[0] if isinstance(newest, bytes) else None
    seen = _epoch(frame)
    there = isinstance(frame, bytes) or oversized(frame)
    return StreamSigns(seen, _epoch(entry, 1000), misread=there and seen is None)


def oversized(frame: object) -> bool:
    """Whether the reply to the first command shows that the mark is too large."""
    size = frame if isinstance(frame, int) else len(frame) if isinstance(frame, bytes) else 0
    return size > FRAME_BYTES


def _epoch(raw: object, per_second: int = 1) -> float | None:
    if not isinstance(raw, bytes):
        return None
    try:
        stamp = MARK.decode(raw) / per_second
    except DecodeError:
        return None
    return stamp if EPOCH_MIN_S <= stamp < EPOCH_MAX_S else None

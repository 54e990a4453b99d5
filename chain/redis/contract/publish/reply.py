"""Replies of the publishing scripts, typed: the one place that interprets their words."""

from enum import StrEnum
from typing import NamedTuple

from redis.exceptions import ResponseError

from chain.redis.connect.causes import SCRIPT_REFUSED, redis_cause
from chain.text import clean

_TAKEN = -1  # what put_payload.lua returns instead of a deadline


class WriteWord(StrEnum):
    """What happened to one snapshot in Redis; the first six are words of the scripts."""

    MOVED = "moved"  # its pointer leads to it
    OLDER = "older"  # the pointer leads to a newer one
    LIVE = "live"  # the chain belongs to a live publisher
    LATE = "late"  # the payload had expired before the pointer was moved
    FUTURE = "future"  # its timestamp is ahead of Redis's clock
    LOST = "lost"  # the payload is missing, or not ours
    TAKEN = "taken"  # other bytes are stored at its millisecond
    FAILED = "failed"  # Redis answered something else
    UNRUN = "unrun"  # Redis ran no script at all


class WriteReply(NamedTuple):
    """The reply for one draft. `error` says why it failed; `there`: whether pointer and payload exist after it."""

    word: WriteWord
    error: str = ""
    there: bool = True

    @classmethod
    def parse(cls, said: object) -> "WriteReply":
        """Parse the reply of publish.lua or move_pointer.lua for one snapshot; it may be an error."""
        known = _WORDS.get(said) if isinstance(said, bytes) else None
        return known or cls.failure(said)

    @classmethod
    def failure(cls, said: object) -> "WriteReply":
        """Return the failure for an error of Redis, or for any other unexpected reply."""
        if isinstance(said, bytes) and said.startswith(SCRIPT_REFUSED.encode()):
            said = ResponseError(said.decode("utf-8", "replace"))
        if isinstance(said, Exception):
            return cls(WriteWord.FAILED, str(redis_cause(said)))
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        return cls(WriteWord.FAILED, f"Redis answered {clean(text, 40)!r}")

    def seen(self, there: bool) -> "WriteReply":
        """Return the same reply with the result of the check."""
        return self if there else self._replace(there=False)


_OF_SCRIPTS = (WriteWord.MOVED, WriteWord.OLDER, WriteWord.LIVE, WriteWord.LATE, WriteWord.FUTURE, WriteWord.LOST)
_WORDS = {word.value.encode(): WriteReply(word) for word in _OF_SCRIPTS}


class PutReply(NamedTuple):
    """The reply for one payload: its deadline, epoch ms, or else why no pointer may name it."""

    deadline_ms: int = 0
    refused: WriteReply | None = None

    @classmethod
    def parse(cls, said: object) -> "PutReply":
        """Parse the reply of put_payload.lua or extend_payload.lua; it may be an error."""
        if not isinstance(said, int):
            return cls(refused=WriteReply.failure(said))
        if said > 0:
            return cls(said)
        return cls(refused=WriteReply(WriteWord.TAKEN if said == _TAKEN else WriteWord.LOST))

"""What the scripts that write answer, typed: the one place where their words have a meaning."""

from enum import StrEnum
from typing import NamedTuple

from redis.exceptions import ResponseError

from chain.redis.connect.causes import SCRIPT_REFUSED, redis_cause
from chain.text import clean

_TAKEN = -1  # what put_payload.lua returns in place of a deadline


class WriteWord(StrEnum):
    """What became of one snapshot in Redis; the first six are words of the scripts."""

    MOVED = "moved"  # its pointer leads to it
    OLDER = "older"  # the pointer leads to a newer one
    LIVE = "live"  # the pointer is left to a live publisher
    LATE = "late"  # the payload had run out before the pointer was moved
    FUTURE = "future"  # its stamp is ahead of Redis's clock
    LOST = "lost"  # the payload is not there, or is not ours
    TAKEN = "taken"  # other bytes stand at its millisecond
    FAILED = "failed"  # Redis said something else of it
    UNRUN = "unrun"  # Redis ran no script at all


class WriteReply(NamedTuple):
    """The answer to one draft. `error` says why it failed; `there`: whether pointer and payload were seen after it."""

    word: WriteWord
    error: str = ""
    there: bool = True

    @classmethod
    def parse(cls, said: object) -> "WriteReply":
        """Return what publish.lua or move_pointer.lua said of one snapshot, an error of Redis included."""
        known = _WORDS.get(said) if isinstance(said, bytes) else None
        return known or cls.failure(said)

    @classmethod
    def failure(cls, said: object) -> "WriteReply":
        """Return the failure that an error of Redis tells of, or anything else that is no word of a script."""
        if isinstance(said, bytes) and said.startswith(SCRIPT_REFUSED.encode()):
            said = ResponseError(said.decode("utf-8", "replace"))
        if isinstance(said, Exception):
            return cls(WriteWord.FAILED, str(redis_cause(said)))
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        return cls(WriteWord.FAILED, f"Redis answered {clean(text, 40)!r}")

    def seen(self, there: bool) -> "WriteReply":
        """Return the same with what was seen after it."""
        return self if there else self._replace(there=False)


_OF_SCRIPTS = (WriteWord.MOVED, WriteWord.OLDER, WriteWord.LIVE, WriteWord.LATE, WriteWord.FUTURE, WriteWord.LOST)
_WORDS = {word.value.encode(): WriteReply(word) for word in _OF_SCRIPTS}


class PutReply(NamedTuple):
    """The answer to one payload: epoch milliseconds at which it ends, or else why no pointer may lead to it."""

    deadline_ms: int = 0
    refused: WriteReply | None = None

    @classmethod
    def parse(cls, said: object) -> "PutReply":
        """Return what put_payload.lua or extend_payload.lua said, an error of Redis included."""
        if not isinstance(said, int):
            return cls(refused=WriteReply.failure(said))
        if said > 0:
            return cls(said)
        return cls(refused=WriteReply(WriteWord.TAKEN if said == _TAKEN else WriteWord.LOST))

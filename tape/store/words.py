"""What stands in the `about` of moments and facts: JSON by these types, written and read by the same forms."""

from typing import TypeVar

import msgspec

from chain.decode.form import Form
from chain.decode.limits import Limits
from chain.errors import DecodeError
from chain.model.keys import ChainId, parse_expiry, parse_underlying
from chain.monitor.discovery import Search
from chain.redis.contract.kinds import KindRecord
from chain.redis.contract.stream.signs import StreamSigns
from chain.redis.server.info import Server
from tape.errors import DamagedError

T = TypeVar("T")

_LIMITS = Limits(4 * 1024 * 1024, containers=200_000, values=1_000_000)


class PollWords(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of a poll: which of the payloads held were gone."""

    gone: tuple[str, ...] = ()


class LostWords(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of an answer that did not come: to what request, why, and the code of the cause where it is known."""

    request: str
    error: str
    code: str = ""


class MissedWords(msgspec.Struct, frozen=True):
    """Of answers that could not be recorded: how many, and why."""

    count: int
    why: str


class PayloadWords(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of a payload: its key; its pointer's time to live, why it could not be read, and its kind of source."""

    key: str
    ttl_ms: int | None = None
    error: str = ""
    kind_record: KindRecord = msgspec.field(default_factory=KindRecord)


class SkewWords(msgspec.Struct, frozen=True):
    """By how much the reader's clock was ahead of Redis's, seconds; None where nobody knew."""

    skew_s: float | None = None


class RecheckWords(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of a second look at a pointer: the Redis type of what stands there, empty where it was not told."""

    type: str = ""


POLL, LOST, PAYLOAD = Form(PollWords, _LIMITS), Form(LostWords, _LIMITS), Form(PayloadWords, _LIMITS)
MISSED, RECHECK = Form(MissedWords, _LIMITS), Form(RecheckWords, _LIMITS)
ASKED = Form(list[str], _LIMITS)
STREAM, SERVER, SEARCH = Form(StreamSigns, _LIMITS), Form(Server, _LIMITS), Form(Search, _LIMITS)
SKEW = Form(SkewWords, _LIMITS)
REFUSED = Form(str, _LIMITS)


def put(words: object) -> str:
    """Return words as they stand on a tape."""
    return msgspec.json.encode(words).decode()


def get(form: Form[T], about: str | None, default: T) -> T:
    """Return words as they were put; the default where there are none. Raises DamagedError."""
    if about is None:
        return default
    try:
        return form.decode(about.encode())
    except DecodeError as error:
        raise DamagedError(f"words that do not fit: {error}") from None


def chain_of(name: str) -> ChainId:
    """Return the chain of a subject's name, as `str(chain)` gave it; raise InvalidNameError."""
    underlying, _, expiry = name.rpartition(" ")
    return ChainId(parse_underlying(underlying), parse_expiry(expiry))

"""The words of the vendor's stream: what we send, and what its status events mean. No I/O.

A frame of the vendor is a JSON array of events, now and then a single event. Trades, quotes and bars are passed on as
they came; status events are for us.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import orjson
from msgspec import Struct

from chain.decode.form import decode_plain
from chain.decode.limits import Limits
from chain.text import clean

MAX_FRAME_BYTES = 2 * 1024 * 1024  # decompressed; a frame of 10,000 quotes is about 1.2 MB
_LIMITS = Limits(MAX_FRAME_BYTES, depth=8, containers=40_000, values=400_000)
MASK = "********"
_WORDS = 120  # characters of the vendor's own that are told


class Meaning(StrEnum):
    """What a status event means to us."""

    CONNECTED = "connected"
    AUTHENTICATED = "authenticated"
    BAD_KEY = "bad key"
    AUTH_LATE = "authentication too late"
    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    NOT_AUTHORIZED = "not authorized"  # for a topic, or for what was just asked for
    NO_REAL_TIME = "no real-time rights"
    NO_STREAM = "plan without stream"
    TOO_MANY_CONNECTIONS = "too many connections"
    OTHER = "other"


class Status(Struct, frozen=True):
    """A status event: its meaning, the topics that it names, and its text for a person, without our key."""

    meaning: Meaning
    topics: tuple[str, ...] = ()
    text: str = ""
    failed: bool = False  # whether the vendor calls it an error


class Frame(Struct, frozen=True):
    """What is in a frame: status events in order, and how many events of the market."""

    statuses: tuple[Status, ...] = ()
    events: int = 0


_BY_WORD = {
    "connected": Meaning.CONNECTED,
    "auth_success": Meaning.AUTHENTICATED,
    "auth_failed": Meaning.BAD_KEY,
    "auth_timeout": Meaning.AUTH_LATE,
    "max_connections": Meaning.TOO_MANY_CONNECTIONS,
}
# The vendor has one status, `error`, for refusals that differ in their text alone.
_BY_TEXT = (
    (("connections exceeded", "max connections", "too many connections"), Meaning.TOO_MANY_CONNECTIONS),
    (("authentication failed", "unknown api key", "invalid api key"), Meaning.BAD_KEY),
    (("websocket access",), Meaning.NO_STREAM),
    (("real-time", "realtime", "real time"), Meaning.NO_REAL_TIME),
    (("not authorized", "not entitled", "unauthorized", "don't have access"), Meaning.NOT_AUTHORIZED),
)


def authentication(key: str) -> str:
    """Return the message that authenticates a connection; it holds the key, and is never logged."""
    return _message("auth", key)


def subscription(topics: Iterable[str]) -> str:
    """Return the message that subscribes to topics such as `Q.O:SPXW260102C06930000`."""
    return _message("subscribe", ",".join(topics))


def unsubscription(topics: Iterable[str]) -> str:
    """Return the message that ends subscriptions."""
    return _message("unsubscribe", ",".join(topics))


def _message(action: str, params: str) -> str:
    return orjson.dumps({"action": action, "params": params}).decode()


def read_frame(raw: bytes, secret: str = "") -> Frame:
    """Return what is in a frame; raise DecodeError where it is not JSON, or beyond the limits of a frame.

    `secret` is masked wherever the vendor echoes it. What is no object, or an event without a name, counts as neither.
    """
    body = decode_plain(raw, _LIMITS)
    statuses: list[Status] = []
    events = 0
    for event in body if isinstance(body, list) else (body,):
        if not isinstance(event, dict):
            continue
        if event.get("ev") == "status":
            statuses.append(_status(event, secret))
        elif "ev" in event:
            events += 1
    return Frame(tuple(statuses), events)


def _status(event: dict[str, Any], secret: str) -> Status:
    word, said = str(event.get("status")), str(event.get("message") or "")
    text = clean(said.replace(secret, MASK) if secret else said, _WORDS)
    if word == "success":
        return _answer(said, text)
    known = _BY_WORD.get(word)
    if known is not None:
        return Status(known, text=text)
    lower = said.lower()
    by_text = (meaning for parts, meaning in _BY_TEXT if any(part in lower for part in parts))
    return Status(next(by_text, Meaning.OTHER), _topics(said), text, failed=word == "error")


def _answer(said: str, text: str) -> Status:
    """Return what a `success` confirms: `subscribed to: X`, or the same of `unsubscribed`."""
    verb = said.partition(" ")[0].lower()
    meaning = {"subscribed": Meaning.SUBSCRIBED, "unsubscribed": Meaning.UNSUBSCRIBED}.get(verb, Meaning.OTHER)
    return Status(meaning, _topics(said), text)


def _topics(said: str) -> tuple[str, ...]:
    """Return the topics behind the first colon and blank of a message, `subscribed to: T.O:...,Q.O:...`."""
    named = said.partition(": ")[2]
    return tuple(part for topic in named.split(",") if "." in (part := topic.strip()) and " " not in part)

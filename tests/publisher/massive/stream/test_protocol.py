"""The words of the vendor's stream: what is sent, and what each of its documented answers means."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import DecodeError
from publisher.massive.stream.protocol import (
    MAX_FRAME_BYTES,
    Frame,
    Meaning,
    Status,
    authentication,
    read_frame,
    subscription,
    unsubscription,
)
from tests.support.builders import law

KEY = "k3y-of-the-desk"
QUOTE = "Q.O:SPXW260102C06930000"
TRADE = "T.O:SPXW260102C06930000"


def said(status: str, message: str = "") -> Status:
    raw = orjson.dumps([{"ev": "status", "status": status, "message": message}])
    [found] = read_frame(raw, KEY).statuses
    return found


def test_what_is_sent_is_the_vendors_own_form() -> None:
    assert json.loads(authentication(KEY)) == {"action": "auth", "params": KEY}
    assert json.loads(subscription([TRADE, QUOTE])) == {"action": "subscribe", "params": f"{TRADE},{QUOTE}"}
    assert json.loads(unsubscription([QUOTE])) == {"action": "unsubscribe", "params": QUOTE}


@pytest.mark.parametrize(
    ("status", "message", "meaning", "topics"),
    [
        ("connected", "Connected Successfully", Meaning.CONNECTED, ()),
        ("auth_success", "authenticated", Meaning.AUTHENTICATED, ()),
        ("auth_failed", "authentication failed", Meaning.BAD_KEY, ()),
        ("auth_timeout", "authentication timed out", Meaning.AUTH_LATE, ()),
        ("max_connections", "Maximum number of websocket connections exceeded.", Meaning.TOO_MANY_CONNECTIONS, ()),
        ("success", f"subscribed to: {QUOTE}", Meaning.SUBSCRIBED, (QUOTE,)),
        ("success", f"subscribed to: {QUOTE},{TRADE}", Meaning.SUBSCRIBED, (QUOTE, TRADE)),
        ("success", f"unsubscribed to: {TRADE}", Meaning.UNSUBSCRIBED, (TRADE,)),
        ("error", "not authorized", Meaning.NOT_AUTHORIZED, ()),
        ("error", f"not authorized: {QUOTE}", Meaning.NOT_AUTHORIZED, (QUOTE,)),
        ("error", "You don't have access real-time data, please upgrade", Meaning.NO_REAL_TIME, ()),
        ("error", "Your plan doesn't include websocket access", Meaning.NO_STREAM, ()),
        ("error", "Maximum number of websocket connections exceeded.", Meaning.TOO_MANY_CONNECTIONS, ()),
        ("error", "authentication failed", Meaning.BAD_KEY, ()),
        ("error", "something nobody has seen", Meaning.OTHER, ()),
        ("a status of next year", "", Meaning.OTHER, ()),
    ],
)
def test_each_status_has_its_meaning(status: str, message: str, meaning: Meaning, topics: tuple[str, ...]) -> None:
    found = said(status, message)
    assert (found.meaning, found.topics) == (meaning, topics)
    assert not (found.failed and status != "error")


def test_a_frame_may_mix_events_and_symbols_and_may_be_a_single_event() -> None:
    trade = {"ev": "T", "sym": "O:SPXW251223P06870000", "x": 302, "p": 7.7, "s": 1, "c": [236], "t": 1, "q": 2}
    status = {"ev": "status", "status": "success", "message": f"subscribed to: {QUOTE}"}
    assert read_frame(orjson.dumps([status, trade, trade])) == Frame(
        (Status(Meaning.SUBSCRIBED, (QUOTE,), f"subscribed to: {QUOTE}"),), events=2
    )
    assert read_frame(orjson.dumps(trade)) == Frame(events=1)
    assert read_frame(b"[]") == Frame()


def test_bars_and_values_are_events_too() -> None:
    bar = {"ev": "AM", "sym": "O:ONEM220121C00025000", "v": 2, "o": 2.05, "s": 1632419640000, "e": 1632419700000}
    value = {"ev": "V", "val": 3988.5, "T": "I:SPX", "t": 1678220098130}
    assert read_frame(orjson.dumps([bar, value])).events == 2


@pytest.mark.parametrize("event", [1, "T", None, [], [[]], {}, {"sym": "O:X"}, [{"ev": "T"}, 7, None]])
def test_what_is_no_event_counts_as_none(event: object) -> None:
    assert read_frame(orjson.dumps(event)).events == (1 if event == [{"ev": "T"}, 7, None] else 0)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"nonsense",
        b"[{",
        b"\xff\xfe[]",
        b"[" * 9 + b"]" * 9,
        b" " * (MAX_FRAME_BYTES + 1),
        b"[" + b"{}," * 40_001 + b"{}]",
    ],
    ids=["empty", "no JSON", "cut", "no UTF-8", "deep", "large", "many"],
)
def test_a_frame_beyond_the_limits_is_refused(raw: bytes) -> None:
    with pytest.raises(DecodeError):
        read_frame(raw)


def test_a_status_of_any_types_is_told_without_raising() -> None:
    raw = orjson.dumps([{"ev": "status", "status": {"a": 1}, "message": ["x" * 5000]}, {"ev": "status"}])
    assert [status.meaning for status in read_frame(raw).statuses] == [Meaning.OTHER, Meaning.OTHER]


def test_the_key_is_masked_where_the_vendor_echoes_it_and_controls_are_made_visible() -> None:
    status = said("error", f"no such key {KEY}\x1b[2J\u202e")
    assert KEY not in status.text
    assert status.text.startswith("no such key ********")
    assert status.text.isprintable()


@law
@given(st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(orjson.dumps))
def test_any_bytes_are_a_frame_or_refused(raw: bytes) -> None:
    try:
        frame = read_frame(raw, KEY)
    except DecodeError:
        return
    assert frame.events >= 0

"""Frames of the vendor's stream: its own samples, what readers before us accepted, and bytes of any kind."""

import json
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import DecodeError, OverLimitError
from chain.pipeline.events import FRAME_BYTES, Frame, Quote, StreamEvent, Trade, decode_frame
from tests.support.builders import law
from tests.support.places import DATA

SAMPLES: dict[str, dict[str, Any]] = orjson.loads(
    (DATA / "vendor" / "websocket_examples_options_indices.json").read_bytes()
)
TRADE_JSON = (
    b'{"ev":"T","sym":"O:SPXW251223P06870000","x":302,"p":7.7,"s":1,"c":[236],"t":1766437799445,"q":1864261653}'
)
QUOTE_JSON = (
    b'{"ev":"Q","sym":"O:SPXW251223P06870000","bx":302,'
    b'"ax":302,"bp":7.6,"ap":7.9,"bs":5,"as":6,"t":1766437799445,"q":9}'
)
STATUS_JSON = b'{"ev":"status","status":"connected","message":"Connected Successfully"}'
TRADE = Trade("O:SPXW251223P06870000", 7.7, 1, 1766437799445, 1864261653)
QUOTE = Quote("O:SPXW251223P06870000", 7.6, 7.9, 5, 6, 1766437799445, 9)


def frame_of(*parts: bytes) -> bytes:
    return b"[%b]" % b",".join(parts)


# What the vendor sends


def test_the_vendors_samples_of_trade_and_quote_are_read_field_by_field() -> None:
    assert decode_frame(orjson.dumps([SAMPLES["/options/T"]])).events == [
        Trade("O:AMC210827C00037000", 1.54, 1.0, 1629820676333, 651921857)
    ]
    assert decode_frame(orjson.dumps([SAMPLES["/options/Q"]])).events == [
        Quote("O:SPY241220P00720000", 9.71, 9.81, 17.0, 24.0, 1644506128351, 844090872)
    ]


@pytest.mark.parametrize("channel", sorted(set(SAMPLES) - {"/options/T", "/options/Q"}))
def test_bars_fair_values_and_index_values_are_other_events(channel: str) -> None:
    assert decode_frame(orjson.dumps([SAMPLES[channel]])) == Frame([], others=1)


def test_a_frame_mixes_events_and_keeps_their_order() -> None:
    raw = frame_of(STATUS_JSON, QUOTE_JSON, TRADE_JSON, orjson.dumps(SAMPLES["/options/AM"]), QUOTE_JSON)
    assert decode_frame(raw) == Frame([QUOTE, TRADE, QUOTE], others=2)


def test_a_single_object_is_a_frame_of_one() -> None:
    assert decode_frame(TRADE_JSON) == Frame([TRADE])
    assert decode_frame(b" \n" + STATUS_JSON) == Frame([], others=1)


def test_a_quote_may_name_its_prices_as_one_of_a_share_does() -> None:
    raw = b'[{"ev":"Q","sym":"O:SPXW251223P06870000","b":7.6,"a":7.9,"bs":5,"as":6,"t":1766437799445,"q":9}]'
    assert decode_frame(raw) == Frame([QUOTE])
    bare = b'[{"ev":"Q","sym":"O:SPXW251223P06870000","b":7.6,"a":7.9,"t":1766437799445}]'
    assert decode_frame(bare) == Frame([Quote("O:SPXW251223P06870000", 7.6, 7.9, 0, 0, 1766437799445)])


def test_an_event_without_a_sequence_number_has_zero() -> None:
    assert decode_frame(TRADE_JSON.replace(b',"q":1864261653', b"")).events[0].seq == 0


def test_an_events_json_is_the_vendors() -> None:
    events: list[StreamEvent] = [TRADE, QUOTE]
    written = msgspec.json.encode(events)
    assert decode_frame(written) == Frame(events)
    assert orjson.loads(written)[1] == {
        key: value for key, value in orjson.loads(QUOTE_JSON).items() if key not in ("bx", "ax")
    }


# What goes wrong


@pytest.mark.parametrize(
    "spoiled",
    [
        TRADE_JSON.replace(b'"sym":"O:SPXW251223P06870000",', b""),
        TRADE_JSON.replace(b'"t":1766437799445,', b""),
        TRADE_JSON.replace(b"7.7", b'"7.7"'),
        TRADE_JSON.replace(b"7.7", b"1e999"),
        TRADE_JSON.replace(b"7.7", b"null"),
        TRADE_JSON.replace(b"1766437799445", b"1766437799"),  # seconds
        TRADE_JSON.replace(b"1766437799445", b"1766437799445000000"),  # nanoseconds
        TRADE_JSON.replace(b"1864261653", b"-1e400"),
        TRADE_JSON.replace(b"O:SPXW251223P06870000", b"O:" + b"X" * 31),
        TRADE_JSON.replace(b"O:SPXW251223P06870000", b"\xff"),
        QUOTE_JSON.replace(b'"bp":7.6,', b""),
        QUOTE_JSON.replace(b'"bp":7.6', b'"bp":{}'),
        b'{"ev":7}',
        b"5",
        b"[]",
        b'"T"',
        b"null",
    ],
)
def test_a_malformed_event_costs_no_neighbour(spoiled: bytes) -> None:
    raw = frame_of(QUOTE_JSON, spoiled, TRADE_JSON)
    assert decode_frame(raw) == Frame([QUOTE, TRADE], malformed=1)


@pytest.mark.parametrize("raw", [b"", b"  ", b"7", b"null", b'"T"', b"[", b'{"ev":"T"', frame_of(TRADE_JSON)[:-2]])
def test_what_is_no_frame_says_why(raw: bytes) -> None:
    with pytest.raises(DecodeError, match=r"^not JSON: \S.*"):
        decode_frame(raw)


def test_a_frame_is_bounded_to_the_byte() -> None:
    full = frame_of(TRADE_JSON).ljust(FRAME_BYTES)
    assert decode_frame(full) == Frame([TRADE])
    with pytest.raises(OverLimitError):
        decode_frame(full + b" ")


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"ev":"T","c":'])
def test_depth_ends_no_reader(opening: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_frame(opening * (FRAME_BYTES // len(opening)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        name: JSON | known
        for name, known in {
            "ev": st.sampled_from(["T", "Q", "AM", "status"]),
            "sym": st.just("O:SPXW251223P06870000"),
            "t": st.just(1766437799445),
            **{name: st.floats() for name in ("p", "s", "bp", "ap", "bs", "as", "b", "a")},
        }.items()
    },
)


def dumps(value: object) -> bytes:
    """Return JSON as anybody may write it, integers beyond 64 bits included."""
    return json.dumps(value).encode()


@given(st.binary(max_size=200))
@law
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    try:
        decode_frame(raw)
    except DecodeError as error:
        assert str(error).isprintable()


@given(st.lists(EVENTS | JSON, max_size=4))
@law
def test_every_event_is_read_or_counted(parts: list[Any]) -> None:
    raw = dumps(parts)
    try:
        found = decode_frame(raw)
    except DecodeError:
        assert b"NaN" in raw or b"Infinity" in raw  # which Python writes, and JSON does not have
        return
    assert len(found.events) + found.others + found.malformed == len(parts)
    alone = [event for part in parts for event in decode_frame(b"[%b]" % dumps(part)).events]
    assert found.events == alone

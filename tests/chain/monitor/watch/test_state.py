"""What a tracker knows between two looks: frozen, as bytes, and what else could be handed in for it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.clock import Instant
from chain.errors import DecodeError
from chain.model.keys import KeySchema, SnapshotId
from chain.model.snapshot import encode
from chain.monitor.heartbeat import ChainPlan, Heartbeat, SourceInfo
from chain.monitor.messages.services import HEARTBEAT_KEYS
from chain.monitor.watch.port import Answer, FetchAnswer, FetchRequest, PollAnswer, PollRequest, RecheckAnswer, Request
from chain.monitor.watch.state import TrackerState, decode_state, encode_state, fingerprint
from chain.monitor.watch.tracker import Tracker
from chain.redis.contract.store import Payload
from tests.support.scenes import NDX, SPX, START_NS, START_S, snapshot

KEYS = KeySchema()
MADE = {chain: snapshot(chain) for chain in (SPX, NDX)}
PAYLOADS = {made.id: encode(made) for made in MADE.values()}
BEAT = Heartbeat("massive", START_S, 7, "running", SourceInfo("massive"), ChainPlan(expected=(SPX, NDX))).encode()


def payload_of(of: SnapshotId, like: bytes) -> bytes:
    """Return a payload as whoever keeps them does."""
    if fingerprint(PAYLOADS[of]) != like:
        raise DecodeError("another")
    return PAYLOADS[of]


def looked() -> Tracker:
    """Return a tracker after a look at two chains, one of them without a payload."""
    tracker = Tracker(KEYS, "here")
    request: Request | None = tracker.begin()
    while request is not None:
        request = tracker.on_answer(answered(request))
    tracker.board(started=4_000.0)
    return tracker


def answered(request: Request) -> Answer:
    now = Instant(START_NS + 10**9, 5_001.0)
    match request:
        case PollRequest():
            pointers = {chain: KEYS.snapshot(MADE[chain].id).encode() for chain in request.chains}
            beats = {key: BEAT if service == "massive" else None for key, service in HEARTBEAT_KEYS.items()}
            return PollAnswer(now, now, pointers, heartbeats=beats if request.heartbeats else {})
        case FetchRequest():
            found = {of: Payload(PAYLOADS[of] if of.chain == SPX else None, 60_000) for of in request.snapshots}
            return FetchAnswer(now, now, found)
        case _:
            return RecheckAnswer(now, now, {NDX: KEYS.snapshot(MADE[NDX].id).encode()})


def decoded(raw: bytes) -> TrackerState:
    return decode_state(raw, KEYS, payload_of)


def test_a_state_is_the_same_after_it_was_bytes_and_a_tracker_goes_on_from_it() -> None:
    tracker = looked()
    raw = encode_state(tracker.state())
    assert decoded(raw) == tracker.state()
    again = Tracker.resume(KEYS, decoded(raw), "here")
    assert again.state() == tracker.state()
    assert again.board(started=4_000.0) == tracker.board(started=4_000.0)
    assert again.begin() == tracker.begin()
    assert all(payload not in raw for payload in PAYLOADS.values())


def test_a_state_whose_payload_is_another_now_is_refused() -> None:
    raw = encode_state(looked().state())
    with pytest.raises(DecodeError, match="another"):
        decode_state(raw.replace(msgspec.json.encode(fingerprint(PAYLOADS[MADE[SPX].id])), b'"AAAA"'), KEYS, payload_of)


@pytest.mark.parametrize(
    ("part", "other"),
    [
        (b'["SPX","2026-01-02"]', b'["spx","2026-01-02"]'),
        (b'"record":{"chain":["SPX",', b'"record":{"chain":["NDX",'),
        (b'"the pointer names', b'"\xe2\x80\xaethe pointer names'),
        (b'"DANGLING"', b'"DANGLED"'),
        (b'"kind":"massive"', b'"kind":"mass\\u001bive"'),
        (b'"started":4000.0', b'"started":"x"'),
    ],
)
def test_a_state_that_was_tampered_with_is_refused(part: bytes, other: bytes) -> None:
    raw = encode_state(looked().state())
    spoilt = raw.replace(part, other, 1)
    assert spoilt != raw
    with pytest.raises(DecodeError):
        Tracker.resume(KEYS, decoded(spoilt))


@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(msgspec.json.encode))
def test_what_is_no_state_is_refused_in_a_line(raw: bytes) -> None:
    with pytest.raises(DecodeError) as refused:
        decoded(raw)
    assert "\n" not in str(refused.value)


@given(st.integers(0), st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_harms_nobody(at: int, flip: int) -> None:
    raw = bytearray(encode_state(looked().state()))
    raw[at % len(raw)] ^= flip
    try:
        tracker = Tracker.resume(KEYS, decode_state(bytes(raw), KEYS, lambda of, _: PAYLOADS.get(of, b"")))
    except DecodeError:
        return
    tracker.board()

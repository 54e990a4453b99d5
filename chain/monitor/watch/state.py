"""All that a tracker knows between two looks, frozen, and as bytes: who keeps it can go on from there later.

A payload is not part of it. Its snapshot is named, with a fingerprint of its bytes, and whoever reads the state again
looks it up where payloads are kept.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from zlib import crc32

import msgspec
from msgspec import Struct, structs

from chain.clock import Instant
from chain.decode.form import Form
from chain.decode.limits import Limits
from chain.errors import ChaindeckError, DecodeError
from chain.model.keys import ChainId, KeySchema, SnapshotId, parse_underlying
from chain.monitor.board import ChainRecord, CompositorStatus, RecorderStatus, RedisHealth, Refusal, Transition
from chain.monitor.discovery import Search
from chain.monitor.states import State
from chain.monitor.watch.beside.stream_rates import Count
from chain.redis.contract.stream.signs import StreamSigns
from chain.redis.server.info import Server
from chain.text import clean

PayloadOf = Callable[[SnapshotId, bytes], bytes]  # by snapshot and fingerprint; raises DecodeError where there is none

_LIMITS = Limits(4 * 1024 * 1024, containers=200_000, values=1_000_000)
_ESCAPE = re.compile(rb'\\[^"\\/]')  # what is written so is a control character, or letters that need no escape


class ChainState(Struct, frozen=True):
    """One chain: its record, the pointer that led to it, and whether its flags were checked since."""

    record: ChainRecord
    pointer: bytes | None
    is_judged: bool  # whether any pointer was, and has not lost its meaning
    is_noted: bool


class BeatState(Struct, frozen=True):
    """The bytes of a publisher's last accepted heartbeat, and its status; times as in PublisherStatus."""

    service: str
    raw: bytes
    seen: float
    alive: bool
    gone_since: float | None
    ahead_s: float


class RegistryState(Struct, frozen=True):
    """The expected chains and who announced them."""

    chains: tuple[ChainState, ...]
    beats: tuple[BeatState, ...]
    standbys: Mapping[str, bytes]  # by service
    refused: Mapping[str, Refusal]
    heard: Mapping[str, bytes | None]  # by key, as last read
    depth: Mapping[str, int]
    past: tuple[ChainId, ...]
    over: tuple[ChainId, ...]
    checked: int | None
    recorder: RecorderStatus | None = None  # not told by tapes from before there were heartbeats of recorders
    compositor: CompositorStatus | None = None  # nor by those from before there were compositors
    compositor_standby: CompositorStatus | None = None


class Beside(Struct, frozen=True):
    """The rest of the last poll's answer, without pointers and heartbeats."""

    stream: StreamSigns
    server: Server
    skew_s: float | None
    search: Search


class TrackerState(Struct, frozen=True):
    """A tracker between two polls. Times: `now` of the last answer, `seen` epoch seconds, `started` monotonic ones."""

    now: Instant
    seen: float | None
    started: float | None
    beside: Beside | None
    health: RedisHealth
    drift: float | None
    step: tuple[float, float]
    limits: Mapping[str, str]
    held: tuple[tuple[bytes, ChainId], ...]
    states: tuple[tuple[ChainId, State], ...]
    transitions: tuple[Transition, ...]
    back: str
    registry: RegistryState
    counts: tuple[Count, ...] = ()  # of the stream's writer, over the last seconds


_FORM = Form(TrackerState, _LIMITS)


def fingerprint(raw: bytes) -> bytes:
    """Return a payload's fingerprint: other bytes may have been stored under the same key."""
    return crc32(raw).to_bytes(4, "big")


def encode_state(state: TrackerState) -> bytes:
    """Return a state as JSON, each payload replaced by its fingerprint."""
    return msgspec.json.encode(_with_payloads(state, lambda _, raw: fingerprint(raw)))


def decode_state(raw: bytes, keys: KeySchema, payload_of: PayloadOf) -> TrackerState:
    """Return a state as it was encoded, with its payloads; raise DecodeError, also where one cannot be found."""
    try:
        state = _FORM.decode(raw)
        _check_text(raw)
        _check_chains({*_chains(state)})
        for of in _snapshots(state):
            keys.parse_snapshot(keys.snapshot(of))
        return _with_payloads(state, payload_of)
    except DecodeError:
        raise
    except ChaindeckError as error:
        raise DecodeError(str(error)) from None


def _check_text(raw: bytes) -> None:
    """Raise DecodeError for a text that is not safe to show; what was saved always was."""
    text = raw.decode()
    if _ESCAPE.search(raw) or clean(text, len(text)) != text:
        raise DecodeError("holds text that may not be shown")


def _check_chains(chains: set[ChainId]) -> None:
    for chain in chains:
        if parse_underlying(chain.underlying) != chain.underlying:
            raise DecodeError(f"{chain} is no chain as it stands in keys")


def _with_payloads(state: TrackerState, payload_of: PayloadOf) -> TrackerState:
    def filled(known: ChainState) -> ChainState:
        good = known.record.last_good
        if good is None:
            return known
        snapshot = replace(good.snapshot, raw=payload_of(good.snapshot.id, good.snapshot.raw))
        record = structs.replace(known.record, last_good=structs.replace(good, snapshot=snapshot))
        return structs.replace(known, record=record)

    registry = structs.replace(state.registry, chains=tuple([filled(known) for known in state.registry.chains]))
    return structs.replace(state, registry=registry)


def _chains(state: TrackerState) -> Iterator[ChainId]:
    yield from (known.record.chain for known in state.registry.chains)
    yield from (chain for _, chain in state.held)
    yield from (chain for chain, _ in state.states)
    for transition in state.transitions:
        yield from transition.chains
    yield from (*state.registry.past, *state.registry.over)


def _snapshots(state: TrackerState) -> Iterator[SnapshotId]:
    for known in state.registry.chains:
        record = known.record
        good = record.last_good.snapshot.id if record.last_good else None
        found = (record.pointer, record.rolled_back_from, good)
        for of in found:
            if of is not None:
                if of.chain != record.chain:
                    raise DecodeError(f"a state that gives {record.chain} a snapshot of {of.chain}")
                yield of

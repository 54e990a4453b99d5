"""Which chains are expected: what publishers announce, what was seen before, what was discovered."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from msgspec.structs import replace

from chain.clock import Instant
from chain.errors import DecodeError
from chain.model.keys import ChainId, KeySchema
from chain.monitor.board import ChainRecord, PublisherStatus, Refusal
from chain.monitor.evaluate.flags import is_over, is_past, remembered
from chain.monitor.heartbeat import STOPPED, WITHDRAWN, Heartbeat, SourceInfo, parse_heartbeat
from chain.monitor.messages.services import HEARTBEAT_KEYS, SERVICES, STANDBYS
from chain.monitor.states import State
from chain.monitor.watch.beside.companions import Companions, CompanionState, heard_or_gone, refuse
from chain.monitor.watch.chain_tracker import ChainTracker
from chain.monitor.watch.state import BeatState, RegistryState
from chain.text import clean

log = logging.getLogger(__name__)

_MINUTE_NS = 60_000_000_000


@dataclass(slots=True)
class ChainRegistry:
    """The expected set and who announced it. Owned by one watcher."""

    keys: KeySchema
    publishers: dict[str, PublisherStatus] = field(default_factory=dict)
    chains: dict[ChainId, ChainTracker] = field(default_factory=dict)
    depth: dict[str, int] = field(default_factory=dict)
    refused: dict[str, Refusal] = field(default_factory=dict)
    companions: Companions = field(init=False)
    _standbys: dict[str, Heartbeat] = field(default_factory=dict)
    _raw: dict[str, bytes | None] = field(default_factory=dict)
    _accepted: dict[str, bytes] = field(default_factory=dict)  # by service: its last valid heartbeat
    _noted: tuple[ChainRecord, ...] = ()  # as of the last check of their flags
    _past: set[ChainId] = field(default_factory=set)  # chains that had expired at the last check
    _over: set[ChainId] = field(default_factory=set)  # chains whose last session had closed by then
    _checked: int | None = None  # the minute of the last check for expired chains

    def __post_init__(self) -> None:
        self.companions = Companions(self.keys, self.refused)

    def state(self) -> RegistryState:
        """Return everything known, between two polls."""
        return RegistryState(
            chains=tuple([known.state() for known in self.chains.values()]),
            beats=tuple(
                BeatState(service, self._accepted[service], known.seen, known.alive, known.gone_since, known.ahead_s)
                for service, known in self.publishers.items()
            ),
            standbys={service: self._accepted[service] for service in self._standbys},
            refused=dict(self.refused),
            heard=dict(self._raw),
            depth=dict(self.depth),
            past=tuple(sorted(self._past)),
            over=tuple(sorted(self._over)),
            checked=self._checked,
            recorder=self.companions.state.recorder,
            compositor=self.companions.state.compositor,
            compositor_standby=self.companions.state.standby,
        )

    @classmethod
    def resume(cls, keys: KeySchema, state: RegistryState) -> Self:
        """Return a registry that continues from a state; raise DecodeError if one of its heartbeats is invalid."""
        chains = {known.record.chain: ChainTracker.resume(keys, known) for known in state.chains}
        registry = cls(keys, chains=chains, depth=dict(state.depth), refused=dict(state.refused))
        for beat in state.beats:
            heartbeat = _heartbeat(beat.raw, beat.service)
            registry.publishers[beat.service] = PublisherStatus(
                heartbeat, beat.seen, beat.alive, beat.gone_since, beat.ahead_s
            )
            registry._accepted[beat.service] = beat.raw
        for service, raw in state.standbys.items():
            registry._standbys[service], registry._accepted[service] = _heartbeat(raw, service), raw
        registry._raw = dict(state.heard)
        registry.companions.state = CompanionState(state.recorder, state.compositor, state.compositor_standby)
        registry._past, registry._over, registry._checked = set(state.past), set(state.over), state.checked
        if all(known.is_noted for known in state.chains):
            registry._noted = registry._records()
        return registry

    def on_heartbeats(self, beats: Mapping[str, bytes | None], now: Instant) -> None:
        """Process heartbeats as read, by key; a publisher that stopped or fell silent stays, marked so."""
        changed = False
        self.companions.on_heartbeats(beats, self._raw, now)
        for key, raw in beats.items():
            service = HEARTBEAT_KEYS.get(key)
            if service is None:  # nobody's whom this version knows: a recording may hold such
                continue
            if raw != self._raw.get(key):
                heartbeat = self._parse(service, raw, now)
                if service in STANDBYS:
                    self._on_standby(service, heartbeat, raw)
                elif raw is not None:
                    self._on_publisher(service, heartbeat, raw, now)
                    changed = True
            self._raw[key] = raw
            if known := self.publishers.get(service):
                self.publishers[service] = heard_or_gone(known, raw, now)
        if changed or now.wall_ns // _MINUTE_NS != self._checked:
            self._forget_past(now)

    @property
    def standbys(self) -> int:
        """How many publishers are standing by; one that has taken the lead does not count."""
        leading = {publisher.heartbeat.pid for publisher in self.publishers.values() if publisher.alive}
        return sum(beat.pid not in leading for beat in self._standbys.values())

    def _parse(self, service: str, raw: bytes | None, now: Instant) -> Heartbeat | None:
        """Return a heartbeat; an invalid one is kept as a refusal, with its reason, until a valid one comes."""
        try:
            heartbeat = parse_heartbeat(raw, service) if raw is not None else None
        except DecodeError as error:
            refuse(self.refused, service, error, now)
            return None
        self.refused.pop(service, None)
        return heartbeat

    def _on_standby(self, service: str, heartbeat: Heartbeat | None, raw: bytes | None) -> None:
        if raw is not None and heartbeat and self._is_standing_by(heartbeat):
            self._standbys[service], self._accepted[service] = heartbeat, raw
        else:
            self._standbys.pop(service, None)

    def _is_standing_by(self, heartbeat: Heartbeat) -> bool:
        return heartbeat.status != STOPPED and heartbeat.chain.prefix == self.keys.prefix

    def _on_publisher(self, service: str, heartbeat: Heartbeat | None, raw: bytes, now: Instant) -> None:
        if heartbeat is None or heartbeat.chain.prefix != self.keys.prefix:
            return
        self._accepted[service] = raw
        alive = heartbeat.status != STOPPED
        self.publishers[service] = PublisherStatus(
            heartbeat, now.mono, alive, None if alive else now.wall_s, heartbeat.ts - now.wall_s
        )
        if heartbeat.status == WITHDRAWN:
            self._forget(heartbeat.source.kind)
        source = heartbeat.source
        if source.speed is not None:  # outside a replay prefix, ages are never judged by a replay's clock
            source = replace(source, heard_at=now.mono, speed=source.speed if self.keys.is_replay else None)
        self._announce(service, heartbeat, source)

    def _forget(self, kind: str) -> None:
        """Forget the chains of a kind whose publisher withdrew them: nobody will publish them again."""
        for chain in [c for c, known in self.chains.items() if known.record.kind == kind and known.record.fault]:
            del self.chains[chain]

    def add_discovered(self, chains: Iterable[ChainId], now: Instant) -> None:
        """Add discovered chains of underlyings that no living publisher announces."""
        announced = {chain.underlying for chain in self._announced_by(self.publishers)}
        for chain in chains:
            if chain.underlying not in announced and chain not in self.chains:
                self._add(ChainRecord(chain))
        self._forget_past(now)
        self._sort()

    def shown(self) -> tuple[ChainRecord, ...]:
        """Return the records for a Board: expired chains only while they are still published."""
        records = self._records()
        if not self._past:
            return records
        return tuple(r for r in records if r.chain not in self._past or r.pointer or _is_broken(r))

    def _records(self) -> tuple[ChainRecord, ...]:
        return tuple([known.record for known in self.chains.values()])

    def _add(self, record: ChainRecord) -> None:
        self.chains[record.chain] = ChainTracker(self.keys, record)

    def _announced_by(self, services: Iterable[str]) -> set[ChainId]:
        """Return the chains announced by the living publishers among these services."""
        living = [self.publishers[service] for service in services if self.publishers[service].alive]
        return {chain for publisher in living for chain in publisher.heartbeat.chain.expected}

    def _announce(self, service: str, heartbeat: Heartbeat, told: SourceInfo) -> None:
        """Process a publisher's plan; if two announce the same chain, the first in SERVICES wins."""
        plan = heartbeat.chain
        others = [other for other in self.publishers if other != service]
        elsewhere = self._announced_by(others)
        leading = self._announced_by(other for other in others if SERVICES.index(other) < SERVICES.index(service))
        chains = set(plan.expected)
        underlyings = {chain.underlying for chain in chains}
        announced = chains | elsewhere
        for chain in [c for c in self.chains if c.underlying in underlyings and c not in announced]:
            del self.chains[chain]
        sources = {underlying: told.for_underlying(underlying) for underlying in underlyings}
        for chain in chains - (leading & self.chains.keys()):
            known = self.chains.get(chain)
            record = known.record if known else ChainRecord(chain)
            source = sources[chain.underlying]
            if record.last_good and record.last_good.kind == record.source.kind != source.kind:
                continue  # the snapshot there is another publisher's
            last_error = plan.failures.get(chain, "")
            if (plan.thresholds, source, last_error) != (record.thresholds, record.source, record.last_error):
                record = replace(record, thresholds=plan.thresholds, source=source, last_error=last_error)
            if known:
                known.record = record
            else:
                self._add(record)
        counts = Counter(chain.underlying for chain in chains)
        for underlying in underlyings - {chain.underlying for chain in leading}:
            self.depth[underlying] = max(plan.depth, counts[underlying])
        self._sort()

    def _forget_past(self, now: Instant) -> None:
        """Forget expired chains once their pointers are gone.

        A date changes with the minute, or with what a beat says of its data.
        """
        self._checked = now.wall_ns // _MINUTE_NS
        self._past = {chain for chain, known in self.chains.items() if is_past(known.record, now)}
        self._over = {chain for chain, known in self.chains.items() if is_over(known.record, now)}
        announced = self._announced_by(self.publishers)
        for chain in self._past - announced:
            fault = self.chains[chain].record.fault
            if fault and fault.state is State.MISSING:
                del self.chains[chain]
        self._count_found()

    def _count_found(self) -> None:
        """Set the expected depth of underlyings that nobody announces to the number of chains found."""
        told = {chain.underlying for p in self.publishers.values() for chain in p.heartbeat.chain.expected}
        there = {record.chain.underlying for record in self.shown()}
        counts = Counter(chain.underlying for chain in self.chains if chain not in self._over)
        for underlying in there - told:
            self.depth[underlying] = counts[underlying]
        for underlying in set(self.depth) - there:
            del self.depth[underlying]

    def remember_faults(self, now: Instant) -> None:
        """Record when each flag of a chain was raised; only chains with news are checked."""
        if self._records() == self._noted:  # nearly always the same objects, so the comparison is cheap
            return
        for known in self.chains.values():
            if known.record is not known.noted:
                known.record = known.noted = remembered(known.record, now)
        self._noted = self._records()

    def _sort(self) -> None:
        """Keep underlyings in order of first announcement and expirations by date."""
        rank: dict[str, int] = {}
        for publisher in self.publishers.values():
            for chain in publisher.heartbeat.chain.expected:
                rank.setdefault(chain.underlying, len(rank))
        ordered = sorted(self.chains, key=lambda c: (rank.get(c.underlying, len(rank)), c.underlying, c.expiry))
        self.chains = {chain: self.chains[chain] for chain in ordered}


@lru_cache(maxsize=32)
def _heartbeat(raw: bytes, service: str) -> Heartbeat:
    """Return a heartbeat that was accepted before; raise DecodeError if it is invalid."""
    heartbeat = parse_heartbeat(raw, service) if service in HEARTBEAT_KEYS.values() else None
    if heartbeat is None:
        raise DecodeError(f"a state whose heartbeat of {clean(service, 40)} is none")
    return heartbeat


def _is_broken(record: ChainRecord) -> bool:
    """Return whether there is a pointer that cannot be read or followed."""
    return record.fault is not None and record.fault.state is not State.MISSING

"""Everything a watcher knows: processes answers, says what to request next, makes the Board. No I/O, no clock.

Every time on a Board is an answer's, so the answers of any past give the Boards of that past.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Self

from msgspec.structs import replace

from chain.clock import Instant
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.monitor.board import Board, Chains, PollClock, Publishers, RedisStatus, Streams
from chain.monitor.changes import StateChanges
from chain.monitor.discovery import Search
from chain.monitor.evaluate.provenance import source_changed
from chain.monitor.history import History
from chain.monitor.watch.beside.stream_rates import StreamRates
from chain.monitor.watch.chain_tracker import ChainTracker, Next
from chain.monitor.watch.contact import Contact, WallClock
from chain.monitor.watch.port import (
    Answer,
    ContactLost,
    FetchAnswer,
    FetchRequest,
    PollAnswer,
    PollRequest,
    RecheckAnswer,
    RecheckRequest,
    Request,
)
from chain.monitor.watch.registry import ChainRegistry
from chain.monitor.watch.state import Beside, TrackerState
from chain.redis.contract.store import Payload
from chain.redis.contract.stream.signs import StreamSigns
from chain.supervisor import PartStatus

FETCH_BATCH = 64  # payloads asked for at once: they are large, and hundreds may move together

log = logging.getLogger(__name__)


class Tracker:
    """Processes the answers of one reader. A round is a poll and its follow-up requests, and ends with a Board."""

    def __init__(self, keys: KeySchema, shown_as: str = "") -> None:
        self.registry = ChainRegistry(keys)
        self.history = History()
        self._shown_as = shown_as
        self._contact = Contact(self.history, shown_as)
        self._wall = WallClock(self.history)
        self._rates = StreamRates()
        self._changes = StateChanges()
        self._limits: dict[str, str] = {}  # what we are not allowed to do, and why; "" once allowed
        self._now = Instant(0, 0.0)  # of the last answer
        self._started: float | None = None  # monotonic seconds at which the watcher started
        self._last_seen: float | None = None  # epoch seconds of the last complete round
        self._last_poll: PollAnswer | None = None  # the poll of that round
        self._current_pointers: Mapping[ChainId, bytes | None] | None = (
            None  # its pointers, if all of them are fully processed
        )
        self._held: dict[bytes, ChainId] = {}  # payloads that are held, by key
        self._asked: tuple[ChainId, ...] = ()  # of the current round: its chains, its poll, all pointers found
        self._current_poll: PollAnswer | None = None
        self._changed = False  # whether some pointer may have changed
        self._pointers: Mapping[ChainId, bytes | None] = {}
        self._unasked: tuple[ChainId, ...] = ()
        self._to_recheck: list[ChainId] = []
        self._to_fetch: list[SnapshotId] = []

    @property
    def now(self) -> Instant:
        """The instant of the last answer."""
        return self._now

    def state(self) -> TrackerState:
        """Return everything known after a Board: a tracker resumed from it processes later answers identically."""
        known = self._last_poll
        return TrackerState(
            now=self._now,
            seen=self._last_seen,
            started=self._started,
            beside=None if known is None else Beside(known.stream, known.server, known.skew_s, known.search),
            health=self._contact.health,
            drift=self._wall.drift,
            step=self._wall.step,
            limits=dict(self._limits),
            held=tuple(self._held.items()),
            states=tuple(self._changes.states.items()),
            transitions=self.history.transitions,
            back=self.history.awaited,
            registry=self.registry.state(),
            counts=self._rates.counts,
        )

    @classmethod
    def resume(cls, keys: KeySchema, state: TrackerState, shown_as: str = "") -> Self:
        """Return a tracker that continues from a state; raise DecodeError if the state is invalid."""
        tracker = cls(keys, shown_as)
        tracker.registry = ChainRegistry.resume(keys, state.registry)
        tracker.history = History.resume(state.transitions, state.back)
        tracker._contact = Contact(tracker.history, shown_as, state.health)
        tracker._wall = WallClock(tracker.history, state.drift, state.step)
        tracker._rates = StreamRates(state.counts)
        tracker._changes = StateChanges(dict(state.states))
        tracker._limits, tracker._held = dict(state.limits), dict(state.held)
        tracker._now, tracker._last_seen, tracker._started = state.now, state.seen, state.started
        if (beside := state.beside) is not None:
            poll = PollAnswer(state.now, state.now, {}, stream=beside.stream, server=beside.server)
            tracker._last_poll = replace(poll, skew_s=beside.skew_s, search=beside.search)
        return tracker

    def begin(self) -> PollRequest:
        """Begin a round; requests left over from an abandoned one are dropped."""
        self._reset()
        self._asked = tuple(self.registry.chains)
        return PollRequest(self._asked, tuple(self._held))

    def on_answer(self, answer: Answer) -> Request | None:
        """Process an answer; return the next request, None if the round is complete."""
        self._now = answer.received
        self._wall.on_instant(self._now)
        match answer:
            case PollAnswer():
                self._on_poll(answer)
            case RecheckAnswer():
                for chain, pointer in answer.pointers.items():
                    if known := self.registry.chains.get(chain):
                        kind = answer.types.get(chain, "none")
                        self._queue(chain, known.on_recheck(pointer, kind, self._now, self._last_seen))
            case FetchAnswer():
                self._on_payloads(answer.payloads)
            case ContactLost():
                asked = self._current_poll.asked if self._current_poll else answer.asked
                self._contact.on_lost(asked, self._now, answer.error)
                self._reset()
                return None
        return self._next_request()

    def acknowledge(self, now: Instant) -> list[ChainId]:
        """Acknowledge every change of source; return the chains that had one."""
        changed = [known for known in self.registry.chains.values() if source_changed(known.record, now)]
        for known in changed:
            at = known.record.change.at if known.record.change else None
            known.record = replace(known.record, acknowledged=at)
        return [known.record.chain for known in changed]

    def board(self, parts: Sequence[PartStatus] = (), started: float | None = None) -> Board:
        """Return the Board of the last answer, and record what changed.

        `parts` are those of the program that looks; `started`, monotonic seconds, is when it began to go on looking.
        """
        self._started = started
        board = self._board(tuple(parts), started)
        if board.redis.health.ok:
            changes = self._changes.on_board(board, self._now)
            self.history.on_changes(self._now.wall_s, changes, self._changes.states)
        return replace(board, transitions=self.history.transitions)

    def _board(self, parts: tuple[PartStatus, ...], started: float | None) -> Board:
        registry, health = self.registry, self._contact.health
        registry.remember_faults(self._now)
        known = self._last_poll or PollAnswer(self._now, self._now, {}, search=Search(over=False))
        return Board(
            prefix=registry.keys.prefix,
            redis=RedisStatus(
                label=self._shown_as,
                server=known.server if health.ok else replace(known.server, counted=None),
                limits=tuple(f"cannot {deed}: {refused}" for deed, refused in self._limits.items() if refused),
                health=health,
                skew_s=known.skew_s,
            ),
            chains=Chains(registry.shown(), dict(registry.depth), known.search),
            publishers=Publishers(
                known=tuple(registry.publishers.values()),
                refusals=tuple(registry.refused.values()),
                standbys=registry.standbys,
            ),
            streams=_streams(known.stream, self._rates),
            compositor=registry.companions.state.shown,
            recorder=registry.companions.state.recorder,
            clock=PollClock(self._now.mono, started, *self._wall.step_shown(self._now)),
            parts=parts,
        )

    def _on_poll(self, answer: PollAnswer) -> None:
        if self._current_poll is None:
            self._current_poll = answer
            self.registry.on_heartbeats(answer.heartbeats, answer.received)
            self._note_limit("hear heartbeats", answer.refused)
            if answer.discovered:
                self.registry.add_discovered(answer.discovered, answer.received)
            if tuple(self.registry.chains) != self._asked:
                self._unasked = tuple([chain for chain in self.registry.chains if chain not in answer.pointers])
        if not answer.gone and (answer.pointers is self._current_pointers or answer.pointers == self._current_pointers):
            return  # the usual case
        self._changed, self._pointers = True, {**self._pointers, **answer.pointers}
        for key in answer.gone:
            if known := self._tracker_of(key):
                known.on_payload_gone()
        for chain, pointer in answer.pointers.items():
            if known := self.registry.chains.get(chain):
                self._queue(chain, known.on_pointer(pointer, answer.received, self._last_seen))

    def _on_payloads(self, payloads: Mapping[SnapshotId, Payload]) -> None:
        for snapshot, payload in payloads.items():
            if known := self.registry.chains.get(snapshot.chain):
                self._queue(snapshot.chain, known.on_payload(snapshot, payload, self._now, self._last_seen))

    def _tracker_of(self, payload: bytes) -> ChainTracker | None:
        chain = self._held.get(payload)
        return None if chain is None else self.registry.chains.get(chain)

    def _queue(self, chain: ChainId, then: Next) -> None:
        if then.fetch is not None:
            self._to_fetch.append(then.fetch)
        elif then.recheck:
            self._to_recheck.append(chain)

    def _next_request(self) -> Request | None:
        """Return the next request: newly announced chains, then payloads, then all rechecks together."""
        if chains := self._unasked:
            self._unasked = ()
            return PollRequest(chains, heartbeats=False)
        if self._to_fetch:
            batch, self._to_fetch = self._to_fetch[:FETCH_BATCH], self._to_fetch[FETCH_BATCH:]
            return FetchRequest(tuple(batch))
        if self._to_recheck:
            chains, self._to_recheck = tuple(self._to_recheck), []
            return RecheckRequest(chains)
        if self._current_poll is not None:
            self._end_poll(self._current_poll)
        return None

    def _end_poll(self, poll: PollAnswer) -> None:
        """Complete a round, after all its answers were processed."""
        if self._changed:
            chains = self.registry.chains
            current = all(known.is_current(self._pointers.get(chain)) for chain, known in chains.items())
            self._current_pointers = self._pointers if current else None
            self._held = {key: chain for chain, known in chains.items() if (key := known.held)}
        self._contact.on_found(poll.asked, poll.received, self._now)
        self._rates.on_poll(poll.stream, poll.received.mono)
        self._last_poll, self._last_seen = poll, self._now.wall_s

    def _reset(self) -> None:
        self._current_poll, self._changed, self._pointers, self._unasked = None, False, {}, ()
        self._to_recheck, self._to_fetch = [], []

    def _note_limit(self, deed: str, refused: str) -> None:
        """Remember what this Redis or its ACL does not let us do, and why; log changes."""
        if refused != self._limits.get(deed, ""):
            log.warning("%s %s", f"cannot {deed}:" if refused else "can again", refused or deed)
        self._limits[deed] = refused


def _streams(signs: StreamSigns, rates: StreamRates) -> Streams:
    """Return the component of a Board, from the signs of the last poll and the rates of the last seconds."""
    return Streams(
        last_frame=signs.frame,
        newest_entry=signs.entry,
        misread=signs.misread,
        length=signs.length,
        frames_s=rates.frames_s,
        events_s=rates.events_s,
        subscriptions=signs.subscriptions,
        group_lag=signs.lag,
        group_pending=signs.pending,
    )

"""The poll loop: pointers once a second, payloads only when a pointer moved, and a frozen Board each time."""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from redis.asyncio import Redis

from chain.clock import Clock, Instant
from chain.errors import InvalidNameError, InvalidSnapshotError, RedisUnavailableError
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.model.snapshot import decode
from chain.monitor.board import Board, ChainRecord, Chains, PollClock, Publishers, RedisHealth, RedisStatus, Streams
from chain.monitor.changes import Changes
from chain.monitor.discovery import Discovery
from chain.monitor.evaluate.provenance import source_changed
from chain.monitor.heartbeat import HEARTBEAT_KEYS
from chain.monitor.history import History
from chain.monitor.states import State
from chain.monitor.watch import tracker
from chain.monitor.watch.registry import ChainRegistry
from chain.redis.contract.scan import PointerScan
from chain.redis.contract.store import Payload, Store
from chain.redis.contract.stream import StreamSigns
from chain.redis.server.info import Server, ask_server
from chain.redis.server.skew import clock_skew_s
from chain.supervisor import PartStatus
from chain.text import clean
from chain.thresholds import CLOCK_JUMP_S

POLL_EVERY_S = 1.0
EAGER_EVERY_S = 0.05  # at the start, until there is something to show
EAGER_FOR_S = 5.0
SERVER_EVERY_S = 10.0
_LOOK_FOR_S = 2.0
_STEP_SHOWN_S = 60.0
_GONE = "the pointer names a payload that is gone"

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Memory:
    """What the loop carries from poll to poll beside the roster."""

    raw: dict[ChainId, bytes | None] = field(default_factory=dict)
    held: dict[bytes, SnapshotId] = field(default_factory=dict)  # payloads that were read, by what names them
    open: bool = True  # whether some pointer may mean something new though it did not move
    contact: RedisHealth = field(default_factory=RedisHealth)
    server: Server = field(default_factory=Server)
    skew_s: float | None = None
    server_asked: float = -math.inf  # monotonic seconds
    limits: dict[str, str] = field(default_factory=dict)  # what we may not do, and why; empty words where we may
    changes: Changes = field(default_factory=Changes)
    drift: float | None = None  # wall minus monotonic clock, seconds
    step: tuple[float, float] | None = None  # size of the last wall clock step, monotonic time of it
    stream: StreamSigns = field(default_factory=StreamSigns)
    seen: float | None = None  # epoch seconds of the last poll whose answers were all taken in


class Watcher:
    """Reads one Redis under one prefix. `poll_once` never raises for Redis: the Board says what happened."""

    def __init__(
        self,
        redis: Redis,
        keys: KeySchema,
        clock: Clock,
        *,
        shown_as: str = "",
        discover_after_s: float = 0.0,
        parts: Callable[[], tuple[PartStatus, ...]] = tuple,
    ) -> None:
        self._redis = redis
        self._store = Store(redis, keys)
        self._clock = clock
        self._shown_as = shown_as
        # An announcement may take so long, before chains are looked for.
        self.discovery = Discovery(PointerScan(redis, keys), clock, discover_after_s)
        self._parts = parts
        self._registry = ChainRegistry(keys)
        self._memory = _Memory()
        self._history = History()
        self._started = clock.monotonic()
        self._going_since: float | None = None  # monotonic seconds at which the loop began; None for a single look

    async def run(self, on_board: Callable[[Board], None], every_s: float = POLL_EVERY_S) -> None:
        """Poll until cancelled, on a schedule that an overrun skips and never piles up."""
        self._going_since = due = began = self._clock.monotonic()
        while True:
            board = await self._look()
            on_board(board)
            if self._clock.monotonic() - began < EAGER_FOR_S and not any(
                record.last_good for record in board.chains.records
            ):
                due = self._clock.monotonic() + EAGER_EVERY_S - every_s
            due += every_s
            late = self._clock.monotonic() - due
            if late > 0:
                due += every_s * (late // every_s + 1)
            await self._clock.sleep_until(due)

    def acknowledge(self) -> list[ChainId]:
        """Take every change of source as known to the reader of this watcher; return the chains that had one."""
        now = Instant.of(self._clock)
        changed = [record for record in self._registry.records.values() if source_changed(record, now)]
        for record in changed:
            at = record.change.at if record.change else None
            self._registry.records[record.chain] = replace(record, acknowledged=at)
        return [record.chain for record in changed]

    async def poll_once(self) -> Board:
        """Return the Board of a single look: after one poll, and another where chains were found that nobody announced.

        They are looked for at most as long as somebody who asked for one look can wait.
        """
        board = await self._look()
        if board.redis.health.ok and self.discovery.due:
            await self.discovery.walk(_LOOK_FOR_S)
            board = await self._look()
        return board

    async def _look(self) -> Board:
        """Return the Board after one poll: one round trip where nothing moved."""
        asked = self._clock.monotonic()
        self._watch_clock()
        try:
            await self._poll(asked)
        except RedisUnavailableError as error:
            self._lost(asked, str(error))
        return self._board()

    async def _poll(self, asked: float) -> None:
        pointers, stream, ping_ms = await self._read(asked)
        if asked - self._memory.server_asked > SERVER_EVERY_S:
            self._memory.server = await ask_server(self._redis, self._memory.server, self._clock.wall_ns() / 1e9)
            self._memory.skew_s = await clock_skew_s(self._redis, self._clock)
            self._memory.server_asked = asked
        await self._take(pointers)
        self._found(asked, ping_ms)
        self._memory.stream = stream
        self._memory.seen = self._clock.wall_ns() / 1e9

    async def _read(self, asked: float) -> tuple[dict[ChainId, bytes | None], StreamSigns, float]:
        """Read pointers and heartbeats; again at once where chains were announced or found that were not asked for."""
        held = self._memory.held
        poll = await self._store.poll(list(self._registry.records), list(HEARTBEAT_KEYS), list(held))
        ping_ms = (self._clock.monotonic() - asked) * 1000
        self._registry.on_heartbeats(poll.beside, Instant.of(self._clock))
        self._limit("hear heartbeats", poll.refused)
        if found := self.discovery.take():
            self._registry.add_discovered(found, Instant.of(self._clock))
        pointers = dict(poll.pointers)
        unread = [chain for chain in self._registry.records if chain not in pointers]
        if unread:
            pointers |= (await self._store.poll(unread)).pointers
        if poll.payloads != len(held):
            await self._find_evicted(list(held.values()), pointers)
        return pointers, poll.stream, ping_ms

    async def _find_evicted(self, held: Sequence[SnapshotId], pointers: dict[ChainId, bytes | None]) -> None:
        """Let chains whose payload is gone be read again, through their pointers as they are now."""
        for snapshot, (pointer, there) in zip(held, await self._store.recheck(held), strict=True):
            pointers[snapshot.chain] = pointer
            if not there:
                self._memory.raw.pop(snapshot.chain, None)

    def _limit(self, deed: str, refused: str) -> None:
        """Remember what this Redis or this user does not let us do, and why; log it when it changes."""
        if refused != self._memory.limits.get(deed, ""):
            log.warning("%s %s", f"cannot {deed}:" if refused else "can again", refused or deed)
        self._memory.limits[deed] = refused

    async def _take(self, pointers: dict[ChainId, bytes | None]) -> None:
        """Bring every entry up to what its pointer says now."""
        if pointers == self._memory.raw and not self._memory.open:
            return
        moved: list[tuple[SnapshotId, bytes]] = []
        gone: list[ChainId] = []
        for chain, value in pointers.items():
            record = self._registry.records.get(chain)
            if record is None or self._is_current(record, value):
                continue
            if value is None:
                gone.append(chain)
            elif target := self._parse(record, value):
                moved.append((target, value))
        await self._mark_gone(gone)
        await self._read_moved(moved)
        for chain in [chain for chain in self._memory.raw if chain not in self._registry.records]:
            del self._memory.raw[chain]
        records, raw = self._registry.records.values(), self._memory.raw
        self._memory.open = any(not self._is_current(e, pointers.get(e.chain)) for e in records)
        self._memory.held = {
            key: record.pointer
            for record in records
            if record.pointer and not record.fault and (key := raw.get(record.chain))
        }

    def _is_current(self, record: ChainRecord, value: bytes | None) -> bool:
        """Return whether a pointer was judged and can mean nothing new: its payload never changes.

        It can where the payload was not there, and where the pointer was no string, which reads like no pointer.
        """
        raw, state = self._memory.raw, record.fault and record.fault.state
        if record.chain not in raw or raw[record.chain] != value:
            return False
        return state is not State.DANGLING and not (state is State.INVALID and value is None)

    def _parse(self, record: ChainRecord, value: bytes) -> SnapshotId | None:
        """Return what a pointer names, if it may be followed: the exact grammar, and its own chain."""
        try:
            target = self._store.keys.parse_snapshot(value)
        except InvalidNameError as error:
            reason = f"pointer: {error}"
        else:
            if target.chain == record.chain:
                return target
            reason = f"pointer names {target.chain}"
        self._fault(record, State.INVALID, reason)
        self._memory.raw[record.chain] = value
        return None

    def _fault(self, record: ChainRecord, state: State, reason: str, pointer: SnapshotId | None = None) -> None:
        now = Instant.of(self._clock)
        faulty = tracker.faulty(record, state, reason, now, self._memory.seen, pointer)
        self._registry.records[record.chain] = faulty

    async def _mark_gone(self, gone: Sequence[ChainId]) -> None:
        kinds = await self._store.pointer_types(gone) if gone else {}
        for chain in gone:
            record, kind = self._registry.records[chain], kinds[chain]
            if kind in ("none", "string"):
                self._registry.records[chain] = tracker.missing(record, Instant.of(self._clock), self._memory.seen)
            else:
                self._fault(record, State.INVALID, f"pointer is a Redis {clean(kind, 12)}, not a string")
            self._memory.raw[chain] = None

    async def _read_moved(self, moved: Sequence[tuple[SnapshotId, bytes]], *, again: bool = True) -> None:
        """Read and judge payloads; a payload that is not there earns its pointer one silent second look."""
        payloads = await self._store.fetch([target for target, _ in moved]) if moved else []
        lost: list[SnapshotId] = []
        for (target, pointer), payload in zip(moved, payloads, strict=True):
            if payload.raw is None and not payload.error and again:
                lost.append(target)
            else:
                self._judge(target, payload)
                self._memory.raw[target.chain] = pointer
        if not lost:
            return
        retry: list[tuple[SnapshotId, bytes]] = []
        for target, (value, _) in zip(lost, await self._store.recheck(lost), strict=True):
            record = self._registry.records[target.chain]
            if value is None:
                await self._mark_gone([target.chain])
            elif found := self._parse(record, value):
                retry.append((found, value))
        await self._read_moved(retry, again=False)

    def _judge(self, target: SnapshotId, payload: Payload) -> None:
        record = self._registry.records[target.chain]
        if payload.error:
            self._fault(record, State.INVALID, payload.error, target)
        elif payload.raw is None:
            self._fault(record, State.DANGLING, _GONE, target)
        else:
            now = Instant.of(self._clock)
            try:
                snapshot = decode(payload.raw, target)
                accepted = tracker.accept(record, snapshot, payload.raw, payload.ttl_ms, now, payload.kind_record)
            except InvalidSnapshotError as error:
                self._fault(record, State.INVALID, f"payload: {error}", target)
            else:
                self._registry.records[target.chain] = accepted

    def _watch_clock(self) -> None:
        now = Instant.of(self._clock)
        drift = now.wall_s - now.mono
        if self._memory.drift is not None and abs(drift - self._memory.drift) > CLOCK_JUMP_S:
            self._memory.step = (drift - self._memory.drift, now.mono)
            self._history.note(now.wall_s, f"wall clock stepped by {self._memory.step[0]:+.1f} s")
        self._memory.drift = drift

    def _found(self, asked: float, ping_ms: float) -> None:
        now, before = Instant.of(self._clock), self._memory.contact
        if not before.ok and before.since is not None:
            self.discovery.forgive()
            self._history.back(f"Redis back after {now.wall_s - before.since:.1f} s")
        since = before.since if before.ok else now.wall_s
        self._memory.contact = RedisHealth(True, asked, now.mono, since, "", ping_ms)

    def _lost(self, asked: float, error: str) -> None:
        now, before = Instant.of(self._clock), self._memory.contact
        since = before.since if before.since is not None and not before.ok else now.wall_s
        if before.ok or before.asked is None:
            self._history.note(now.wall_s, f"Redis unreachable: {error}")
            log.warning("redis unreachable at %s: %s", self._shown_as, error)
        self._memory.server_asked = -math.inf  # another may answer next, with a count of its own
        self._memory.server = replace(self._memory.server, counted=None)
        self._memory.contact = replace(before, ok=False, asked=asked, since=since, error=error, ping_ms=None)

    def _board(self) -> Board:
        now, memory = Instant.of(self._clock), self._memory
        self._registry.remember_faults(now)
        step, stepped = memory.step if memory.step and now.mono - memory.step[1] < _STEP_SHOWN_S else (0.0, 0.0)
        board = Board(
            prefix=self._store.keys.prefix,
            redis=RedisStatus(
                label=self._shown_as,
                server=memory.server,
                limits=tuple(f"cannot {deed}: {refused}" for deed, refused in memory.limits.items() if refused),
                health=memory.contact,
                skew_s=memory.skew_s,
            ),
            chains=Chains(self._registry.shown(), dict(self._registry.depth), self.discovery.search),
            publishers=Publishers(
                known=tuple(self._registry.publishers.values()),
                refusals=tuple(self._registry.refused.values()),
                standbys=self._registry.standbys,
            ),
            streams=Streams(memory.stream.frame, memory.stream.entry, memory.stream.misread),
            clock=PollClock(now.mono, self._going_since, step, stepped),
            parts=self._parts(),
        )
        if memory.contact.ok:
            changes = memory.changes.take(board, now)
            self._history.take(now.wall_s, changes, memory.changes.states)
        return replace(board, transitions=self._history.transitions)

"""The Board: everything known after one poll, in frozen components. `evaluate` says what it means."""

from collections.abc import Mapping

from msgspec import Struct, field

from chain.clock import Instant
from chain.model.keys import LIVE_PREFIX, ChainId, KeySchema, SnapshotId
from chain.model.kinds import kind_word
from chain.model.snapshot import EncodedSnapshot
from chain.model.summary import Summary
from chain.monitor.discovery import Search
from chain.monitor.heartbeat import STOPPED, Heartbeat, SourceInfo
from chain.monitor.messages.compositor import LEADING, CompositorBeat
from chain.monitor.messages.recorder import RecorderBeat
from chain.monitor.states import CompositorState, Flag, RecorderState, State
from chain.redis.contract.kinds import SourceChange
from chain.redis.server.info import Server
from chain.supervisor import PartStatus
from chain.thresholds import LONGEST_LIFE_MS, UNANNOUNCED, Thresholds


class LastGood(Struct, frozen=True):
    """A snapshot that passed validation, and when its pointer was first read (monotonic seconds)."""

    snapshot: EncodedSnapshot
    summary: Summary
    first_seen: float
    age_then_ms: int  # its age by the wall clock at that moment, never below zero
    life_ms: int = LONGEST_LIFE_MS  # its time to live when it was made, as far as its pointer shows
    kind: str = ""  # of its source, as recorded next to its pointer; empty if none was
    ahead: bool = False  # its timestamp was in our future then, so an earlier one after it is not a rollback


class Fault(Struct, frozen=True):
    """Why a chain has no valid snapshot now. `since`: epoch seconds, None if it was already so at the first poll."""

    state: State
    reason: str
    since: float | None


class ChainRecord(Struct, frozen=True):
    """One expected chain. After a fault `last_good` stays, and is shown as the last good snapshot."""

    chain: ChainId
    thresholds: Thresholds = UNANNOUNCED
    source: SourceInfo = field(default_factory=SourceInfo)
    pointer: SnapshotId | None = None
    last_good: LastGood | None = None
    fault: Fault | None = None
    deadline: float | None = None  # monotonic seconds at which the pointer's time to live ends
    last_present: float | None = None  # epoch seconds at which a pointer was last there
    rolled_back_from: SnapshotId | None = None
    last_error: str = ""  # why it could not be published, in the publisher's words
    carried: tuple[State, float] | None = None  # the condition that the last good snapshot did not end, and since when
    flagged: Mapping[Flag, float] = field(default_factory=dict)  # when each flag was raised, epoch seconds
    change: SourceChange | None = None  # the last change of its source's kind
    acknowledged: float | None = None  # `at` of the change that a reader of this screen has acknowledged

    @property
    def kind(self) -> str:
        """The kind of source of the snapshot shown: as recorded with it, else as its publisher announced."""
        return (self.last_good.kind if self.last_good else "") or self.source.kind

    @property
    def source_word(self) -> str:
        """That kind in a word: LIVE, MOCK, CAPTURE, REPLAY, TEST and a host, SOURCE ?."""
        return kind_word(self.kind, self.source.detail if self.source.kind == self.kind else None)


TAPE_DAMAGED = "the tape is damaged here"  # how the error begins where a recording stands for Redis


class RedisHealth(Struct, frozen=True):
    """The last answer of Redis. Times: `asked` and `answered` monotonic seconds, `since` epoch seconds."""

    ok: bool = False
    asked: float | None = None
    answered: float | None = None
    since: float | None = None
    error: str = ""
    ping_ms: float | None = None

    @property
    def is_damaged_tape(self) -> bool:
        """Whether a recording stands for Redis, and this part of it cannot be read."""
        return not self.ok and self.error.startswith(TAPE_DAMAGED)

    @property
    def trouble(self) -> str:
        """Why there is no answer, for a person."""
        return self.error if self.is_damaged_tape else f"Redis unreachable: {self.error}"


class PublisherStatus(Struct, frozen=True):
    """A publisher as known from its heartbeat; `seen` is the monotonic time at which this heartbeat was first read."""

    heartbeat: Heartbeat
    seen: float
    alive: bool
    gone_since: float | None = None  # epoch seconds
    ahead_s: float = 0.0  # how far its timestamp was ahead of our clock when first read; negative if behind

    @property
    def underlyings(self) -> frozenset[str]:
        """What it announces."""
        return frozenset(chain.underlying for chain in self.heartbeat.chain.expected)


class RecorderStatus(Struct, frozen=True):
    """A recorder as known by its heartbeat; `seen` is the monotonic time at which this beat was first read.

    `here`: it is the one of the deck that shows the Board, which needs no heartbeat to tell of it.
    """

    beat: RecorderBeat
    seen: float
    alive: bool
    gone_since: float | None = None  # epoch seconds
    here: bool = False

    @property
    def state(self) -> RecorderState:
        """How it fares now."""
        if not self.alive:
            return RecorderState.STOPPED if self.beat.status == STOPPED else RecorderState.SILENT
        return RecorderState.FAILING if self.beat.error else RecorderState.RECORDING


class Refusal(Struct, frozen=True):
    """A value under a heartbeat's key that is not a valid heartbeat, why, and since when (epoch seconds)."""

    service: str
    reason: str
    since: float


class Transition(Struct, frozen=True):
    """A change at `at`, epoch seconds: of chains that changed the same way, or of the deck if `chains` is empty."""

    at: float
    chains: tuple[ChainId, ...]
    text: str


class RedisStatus(Struct, frozen=True):
    """The Redis that is watched: where it is, what it is, and how it answers."""

    label: str = ""
    server: Server = field(default_factory=Server)
    limits: tuple[str, ...] = ()  # what this Redis or its ACL does not let the watcher do, and why
    health: RedisHealth = field(default_factory=RedisHealth)
    skew_s: float | None = None  # how far this machine's clock is ahead of Redis's; None if unknown


class Chains(Struct, frozen=True):
    """The expected chains, announced or discovered, and how many there should be."""

    records: tuple[ChainRecord, ...] = ()
    depth: Mapping[str, int] = field(default_factory=dict)  # expirations that each underlying should have
    search: Search = field(default_factory=Search)  # for chains that nobody announces

    @property
    def underlyings(self) -> tuple[str, ...]:
        """The underlyings of the records, in order of first appearance."""
        return tuple(dict.fromkeys(record.chain.underlying for record in self.records))


class Publishers(Struct, frozen=True):
    """Who publishes, according to heartbeats."""

    known: tuple[PublisherStatus, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    standbys: int = 0  # publishers ready to take over


class Streams(Struct, frozen=True):
    """Activity of the vendor's stream. Times are epoch seconds; None where something is not there or not known."""

    last_frame: float | None = None  # from the mark that the stream's writer leaves
    newest_entry: float | None = None  # from the entry's id
    misread: bool = False  # whether the mark could not be read as epoch seconds
    length: int | None = None  # entries held
    frames_s: float | None = None  # frames a second, between polls
    events_s: float | None = None  # events a second, between polls
    subscriptions: int | None = None  # topics: quotes and trades of a contract are two
    group_lag: int | None = None  # entries that the compositors' group has not read
    group_pending: int | None = None  # entries that it has read and not acknowledged


class CompositorStatus(Struct, frozen=True):
    """A compositor as known by its heartbeat; `seen` is the monotonic time at which this beat was first read."""

    beat: CompositorBeat
    seen: float
    alive: bool
    gone_since: float | None = None  # epoch seconds

    @property
    def state(self) -> CompositorState:
        """How it fares now."""
        if not self.alive:
            return CompositorState.STOPPED if self.beat.status == STOPPED else CompositorState.SILENT
        if self.beat.error:
            return CompositorState.FAILING
        return CompositorState.LEADING if self.beat.status == LEADING else CompositorState.STANDBY


class PollClock(Struct, frozen=True):
    """When the watcher polled, and what its wall clock did. Times are monotonic seconds."""

    polled: float = 0.0
    started: float | None = None  # when a continuous watcher began; None for a single poll
    step_s: float = 0.0  # size of the last step of the wall clock
    step_at: float = 0.0


class Board(Struct, frozen=True):
    """Everything known at one poll, by component. Each rule looks at the components it needs."""

    prefix: str = LIVE_PREFIX
    redis: RedisStatus = field(default_factory=RedisStatus)
    chains: Chains = field(default_factory=Chains)
    publishers: Publishers = field(default_factory=Publishers)
    streams: Streams = field(default_factory=Streams)
    compositor: CompositorStatus | None = None  # None where none was ever heard
    recorder: RecorderStatus | None = None  # None where none was ever heard
    clock: PollClock = field(default_factory=PollClock)
    parts: tuple[PartStatus, ...] = ()  # of this program; those of publishers are in their heartbeats
    transitions: tuple[Transition, ...] = ()

    @property
    def present(self) -> str:
        """What its present is called: `live`, or `replay` where recordings are played."""
        return "replay" if KeySchema(self.prefix).is_replay else "live"

    def played_s(self, now: Instant) -> float | None:
        """Return what the clock of a replay shows, epoch seconds; None where nothing is played."""
        played = (record.source.played_s(now.mono) for record in self.chains.records)
        return next((at for at in played if at is not None), None)

    def now_s(self, now: Instant) -> float:
        """Return the time by which ages on it are counted, epoch seconds: ours, or a replay's clock."""
        played = self.played_s(now)
        return now.wall_s if played is None else played

"""The vocabulary of states: of a chain, of its flags, of the whole deck, and their severity for a pager."""

from enum import StrEnum


class State(StrEnum):
    """The state of one chain; if several apply, the first in this order is shown."""

    UNREACHABLE = "UNREACHABLE"
    MISSING = "MISSING"
    DANGLING = "DANGLING"
    INVALID = "INVALID"
    FUTURE = "FUTURE"
    STALE = "STALE"
    AGING = "AGING"
    FRESH = "FRESH"


class Flag(StrEnum):
    """What is shown in addition to a state."""

    PARTIAL = "PARTIAL"  # fewer usable contracts, or sides, than there should be
    FAILING = "FAILING"  # its publisher reports that publishing it failed
    DELAYED = "DELAYED"
    OLD_SOURCE = "OLD-SOURCE"
    ROLLED_BACK = "ROLLED-BACK"
    PAST_DATED = "PAST-DATED"  # it has expired, and is still published
    MOCK = "MOCK"
    CAPTURE = "CAPTURE"
    REPLAY = "REPLAY"
    OFF_HOURS = "OFF-HOURS"
    SOURCE_UNKNOWN = "SOURCE-?"
    SOURCE_CHANGED = "SOURCE-CHANGED"  # live to mock, or mock to live: shown until acknowledged, or for an hour


class Level(StrEnum):
    """Severity as monitoring systems and the health collector know it."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class DeckState(StrEnum):
    """The state of the whole deck, least severe first."""

    OK = "OK"
    STARTING = "STARTING"
    WARNING = "WARNING"
    PARTIAL_DEGRADATION = "PARTIAL DEGRADATION"
    DEGRADED = "DEGRADED"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        """Position, least severe first."""
        return list(DeckState).index(self)

    @property
    def level(self) -> Level:
        """Its severity for a monitoring system."""
        if self in (DeckState.OK, DeckState.STARTING):
            return Level.INFO
        return Level.CRITICAL if self.rank >= DeckState.DEGRADED.rank else Level.WARNING


class StreamState(StrEnum):
    """The stream's activity."""

    ACTIVE = "active"
    QUIET = "quiet"
    CLOSED = "closed"  # quiet, as it should be while the market is closed
    NONE = "none"  # no sign of a stream, or none of the last day


class CompositorState(StrEnum):
    """How a compositor fares."""

    LEADING = "leading"
    STANDBY = "standby"
    FAILING = "failing"  # it lives, and cannot write
    SILENT = "silent"  # it sends no heartbeat now, and has not said that it stops
    STOPPED = "stopped"  # as it said


class RecorderState(StrEnum):
    """How a recorder fares."""

    RECORDING = "recording"
    FAILING = "failing"  # it lives, and cannot write
    SILENT = "silent"  # it sends no heartbeat now, and has not said that it stops
    STOPPED = "stopped"  # as it said

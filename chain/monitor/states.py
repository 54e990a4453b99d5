"""The words for how things stand: of a chain, beside it, of the whole deck, and how grave that is to a pager."""

from enum import StrEnum


class State(StrEnum):
    """The state of one chain; of several that fit, the first in this order is shown."""

    UNREACHABLE = "UNREACHABLE"
    MISSING = "MISSING"
    DANGLING = "DANGLING"
    INVALID = "INVALID"
    FUTURE = "FUTURE"
    STALE = "STALE"
    AGING = "AGING"
    FRESH = "FRESH"


class Flag(StrEnum):
    """What stands beside a state without replacing it."""

    PARTIAL = "PARTIAL"  # fewer usable contracts, or sides, than there should be
    FAILING = "FAILING"  # its publisher says that it could not publish it
    DELAYED = "DELAYED"
    OLD_SOURCE = "OLD-SOURCE"
    ROLLED_BACK = "ROLLED-BACK"
    PAST_DATED = "PAST-DATED"  # its date is over, and it is still published
    MOCK = "MOCK"
    CAPTURE = "CAPTURE"
    REPLAY = "REPLAY"
    OFF_HOURS = "OFF-HOURS"
    SOURCE_UNKNOWN = "SOURCE-?"
    SOURCE_CHANGED = "SOURCE-CHANGED"  # live to mock, or mock to live: stands until acknowledged, or an hour old


class Level(StrEnum):
    """What a pager makes of a state: the severities of monitoring systems and of the health collector."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class DeckState(StrEnum):
    """The state of the whole deck, mildest first."""

    OK = "OK"
    STARTING = "STARTING"
    WARNING = "WARNING"
    PARTIAL_DEGRADATION = "PARTIAL DEGRADATION"
    DEGRADED = "DEGRADED"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        """Position from mild to grave."""
        return list(DeckState).index(self)

    @property
    def level(self) -> Level:
        """How grave that is to a monitoring system."""
        if self in (DeckState.OK, DeckState.STARTING):
            return Level.INFO
        return Level.CRITICAL if self.rank >= DeckState.DEGRADED.rank else Level.WARNING

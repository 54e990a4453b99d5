"""An alert as configured: what it watches, from which value on, for how long, and what is done."""

from datetime import date
from enum import StrEnum

from msgspec import Struct

from chain.model.keys import ChainId
from chain.monitor.states import Level, State
from chain.text import clean

HOOK_TIMEOUT_S = 10.0
MAX_NAME = 60  # letters
_LEVELS = list(Level)
_LEAST = {Level.INFO: "of any severity", Level.WARNING: "warning or critical", Level.CRITICAL: "critical"}


class Zone(StrEnum):
    """Where what is watched stands."""

    BEYOND = "beyond"
    BAND = "band"  # between the value that clears and the one that raises: neither
    CLEAR = "clear"
    UNKNOWN = "unknown"  # there is no value, or only one of the past


class Limit(Struct, frozen=True):
    """From which value on an alert is raised, and at which it is over; the band between is its hysteresis.

    Above: beyond where the value is greater than `at`, clear where it is `clear` or less. Else the other way round.
    """

    at: float
    clear: float
    above: bool = True

    def zone(self, value: float | None) -> Zone:
        """Return where a value stands."""
        if value is None:
            return Zone.UNKNOWN
        if self.is_beyond(value):
            return Zone.BEYOND
        is_clear = value <= self.clear if self.above else value >= self.clear
        return Zone.CLEAR if is_clear else Zone.BAND

    def is_beyond(self, value: float) -> bool:
        """Return whether a value raises."""
        return value > self.at if self.above else value < self.at

    def __str__(self) -> str:
        return f"{'above' if self.above else 'below'} {self.at:.10g}"


class ChainFilter(Struct, frozen=True):
    """Chains of one underlying: all of them, the one of a date, or those that expire in so many days."""

    underlying: str
    expiry: date | None = None
    dte: int | None = None

    def admits(self, chain: ChainId, dte: int) -> bool:
        """Return whether a chain is one of them."""
        if chain.underlying != self.underlying or self.expiry not in (None, chain.expiry):
            return False
        return self.dte in (None, dte)

    def __str__(self) -> str:
        which = "" if self.expiry is None else f" {self.expiry.isoformat()}"
        return f"{self.underlying}{which}" + ("" if self.dte is None else f" {self.dte}DTE")


class Number(StrEnum):
    """Numbers that can be watched beside the measures of a chain."""

    AGE = "age"  # of a chain's snapshot, seconds
    SPOT = "spot"  # of an underlying, points
    DEPTH = "depth"  # expirations of an underlying that have a valid snapshot


OF_AN_UNDERLYING = (Number.SPOT, Number.DEPTH)


class NumberWatch(Struct, frozen=True):
    """Watches a number: age, spot, depth, or a measure; `total`: that of all expirations of an underlying together."""

    of: str
    limit: Limit
    total: bool = False

    @property
    def is_measure(self) -> bool:
        """Whether it is derived from snapshots."""
        return self.of not in list(Number)

    @property
    def of_underlyings(self) -> bool:
        """Whether its subjects are underlyings, not chains."""
        return self.total or self.of in OF_AN_UNDERLYING

    @property
    def on(self) -> str:
        """What is watched, in the word of the configuration."""
        return self.of


class StateWatch(Struct, frozen=True):
    """Watches whether a chain is in one of these states."""

    states: frozenset[State]

    @property
    def on(self) -> str:
        """What is watched, in the word of the configuration."""
        return "state"


class SignalWatch(Struct, frozen=True):
    """Watches signals: those of these names, of all where there are none, that are at least so severe."""

    names: frozenset[str] = frozenset()
    severity: Level = Level.WARNING

    @property
    def on(self) -> str:
        """What is watched, in the word of the configuration."""
        return "signal"

    def admits(self, name: str, level: Level) -> bool:
        """Return whether a signal is one of them."""
        return (not self.names or name in self.names) and _LEVELS.index(level) >= _LEVELS.index(self.severity)


class Action(StrEnum):
    """What is done."""

    BELL = "bell"
    NOTIFY = "notify"
    HOOK = "hook"


class Hook(Struct, frozen=True):
    """A command, run without a shell and ended after a while, seconds."""

    argv: tuple[str, ...]
    timeout_s: float = HOOK_TIMEOUT_S


class AlertRule(Struct, frozen=True):
    """One alert. Without `chains` it is about every chain; `hold_s` and `clear_hold_s` are seconds without a break.

    `replay`: whether it is raised for recordings that are played again, too.
    """

    name: str
    watch: NumberWatch | StateWatch | SignalWatch
    chains: tuple[ChainFilter, ...] = ()
    hold_s: float = 0.0
    clear_hold_s: float = 0.0
    do: tuple[Action, ...] = ()
    when_cleared: tuple[Action, ...] = ()
    hook: Hook | None = None
    replay: bool = False

    def admits(self, chain: ChainId, dte: int) -> bool:
        """Return whether it is about a chain."""
        return not self.chains or any(one.admits(chain, dte) for one in self.chains)

    def admits_underlying(self, underlying: str) -> bool:
        """Return whether it is about an underlying."""
        return not self.chains or any(one.underlying == underlying for one in self.chains)

    @property
    def watched(self) -> str:
        """What it watches, in words."""
        where = f" of {', '.join(map(str, self.chains))}" if self.chains else ""
        match self.watch:
            case NumberWatch() as watch:
                return f"{'total ' if watch.total else ''}{watch.of}{where} {watch.limit}"
            case StateWatch() as watch:
                return f"state{where} {', '.join(sorted(watch.states))}"
            case SignalWatch() as watch:
                names = f" {', '.join(sorted(watch.names))}" if watch.names else ""
                return f"signal{names}{where}, {_LEAST[watch.severity]}"

    @property
    def default_name(self) -> str:
        """What it is called where an operator gives it no name."""
        return clean(self.watched, MAX_NAME)

    def __str__(self) -> str:
        """Its name, what it watches and does, in one line."""
        limit = self.watch.limit if isinstance(self.watch, NumberWatch) else None
        band = "" if limit is None or limit.clear == limit.at else f", clear at {limit.clear:.10g}"
        held = f" for {self.hold_s:g} s" if self.hold_s else ""
        named = "" if self.name == self.default_name else f"{self.name}: "
        return f"{named}{self.watched}{held}{band}: {', '.join(self.do) or 'shown only'}"

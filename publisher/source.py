"""The interface of a source of option chains. A source knows nothing of Redis."""

from collections.abc import Mapping
from datetime import date
from typing import Protocol

from msgspec import Struct, field

from chain.errors import ChaindeckError
from chain.model.calendar import RULE, Calendar
from chain.model.keys import ChainId
from chain.model.kinds import SourceKind
from chain.model.snapshot import Contract


class SourceError(ChaindeckError):
    """The source could not answer; the message is for a person to read."""


class Survey(Struct, frozen=True):
    """What a source lists for one underlying. `as_of` is the instant the data describe, epoch seconds."""

    underlying: str
    spot: float
    as_of: float
    expirations: tuple[date, ...]
    calendar: Calendar = RULE  # when the expirations' sessions close, as far as the source was told


class ChainWindow(Struct, frozen=True):
    """Contracts of one expiry around the ATM, ready for a snapshot."""

    chain: ChainId
    spot: float
    atm: int
    range_points: int
    contracts: list[Contract]
    adjusted: int = 0  # contracts left out because they deliver other than 100 shares


class SourceStatus(Struct, frozen=True):
    """How a source describes itself in the heartbeat and on the screen."""

    kind: SourceKind
    detail: str = ""
    record: str = ""  # for recorded data: which record
    as_of: Mapping[str, float] = field(default_factory=dict)  # for recorded data: epoch seconds that stand in for "now"
    calendar: Calendar = RULE
    market: str = ""  # the market's state as the vendor names it, if known
    last_error: str = ""  # what keeps the whole source from working
    misconfigured: bool = False  # whether a setting is at fault, such as a rejected key, which waiting will not fix
    counters: dict[str, int] = field(default_factory=dict)


class Source(Protocol):
    """A supplier of option chains; every call may raise SourceError, which affects only that call."""

    @property
    def underlyings(self) -> tuple[str, ...]:
        """The underlyings it supplies, as they stand in keys."""

    @property
    def in_memory(self) -> bool:
        """Whether its chains are in memory, so that concurrent requests gain nothing."""

    def status(self) -> SourceStatus:
        """Describe the source's current state."""

    async def begin_cycle(self) -> None:
        """Move on to the next state of the market: called once before each cycle."""

    async def survey(self, underlying: str) -> Survey:
        """Return spot and the expirations listed for an underlying."""

    async def fetch_window(self, survey: Survey, expiry: date) -> ChainWindow:
        """Return the contracts of one expiry around the ATM."""

    async def aclose(self) -> None:
        """Close connections and files."""

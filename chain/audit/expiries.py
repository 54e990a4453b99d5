"""The expirations of each underlying against the contract's section 5: how many, how stable, and none expired."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from chain.audit.clauses import Clause, Finding
from chain.errors import DecodeError
from chain.model.calendar import RULE, Calendar
from chain.model.keys import ChainId
from chain.model.session import new_york, tradable
from chain.monitor.heartbeat import STOPPED, Heartbeat, parse_heartbeat
from chain.monitor.messages.services import HEARTBEAT_KEYS

GRACE_S = 60.0  # a cycle begun before the close may end after it


def expired(expiry: date, epoch_s: float, calendar: Calendar = RULE) -> bool:
    """Whether an expiration is over at an instant, epoch seconds."""
    return not tradable([expiry], epoch_s, calendar)


def _parse(raw: bytes, service: str) -> Heartbeat | None:
    """Return a heartbeat; one that does not fit announces nothing, and is no clause of the contract."""
    try:
        return parse_heartbeat(raw, service)
    except DecodeError:
        return None


@dataclass(slots=True)
class Expirations:
    """What publishers announce and what was there, look by look."""

    prefix: str
    _beats: dict[str, Heartbeat] = field(default_factory=dict)  # those that stand now, by key
    _raw: dict[str, bytes | None] = field(default_factory=dict)
    _as_of: dict[str, float] = field(default_factory=dict)  # by underlying, of recorded data
    _calendars: dict[str, Calendar] = field(default_factory=dict)  # by underlying, as its publisher was told
    _best: dict[str, frozenset[date]] = field(default_factory=dict)  # the fullest set seen of each underlying
    _now: dict[str, frozenset[date]] = field(default_factory=dict)

    def on_heartbeats(self, beats: Mapping[str, bytes | None]) -> None:
        """Take in heartbeats as they stand under their keys; those of other prefixes and formats say nothing."""
        for key, raw in beats.items():
            if raw == self._raw.get(key):
                continue
            self._raw[key] = raw
            beat = _parse(raw, HEARTBEAT_KEYS[key]) if raw else None
            if beat is None or beat.chain.prefix != self.prefix:
                self._beats.pop(key, None)
                continue
            self._beats[key] = beat
            for underlying in {chain.underlying for chain in beat.chain.expected}:
                self._as_of.pop(underlying, None)
                as_of = beat.source.for_underlying(underlying).as_of
                if as_of is not None:
                    self._as_of[underlying] = as_of
                self._calendars[underlying] = beat.source.calendar

    @property
    def named(self) -> Iterator[ChainId]:
        """The chains that heartbeats name."""
        return (chain for beat in self._beats.values() for chain in beat.chain.expected)

    def today(self, underlying: str, epoch_s: float) -> float:
        """Return the instant from which an underlying's dates count: that of its recorded data, else `epoch_s`."""
        return self._as_of.get(underlying, epoch_s)

    def _expired(self, underlying: str, expiry: date, epoch_s: float) -> bool:
        return expired(expiry, epoch_s, self._calendars.get(underlying, RULE))

    def check_depth(self, present: Iterable[ChainId], epoch_s: float) -> Iterator[tuple[str, Finding]]:
        """Yield, for each underlying, whether its expirations are as many as before; dates that passed do not count."""
        now: dict[str, set[date]] = {underlying: set() for underlying in self._best}
        for chain in present:
            now.setdefault(chain.underlying, set()).add(chain.expiry)
        self._now = {underlying: frozenset(dates) for underlying, dates in now.items()}
        for underlying, dates in self._now.items():
            at = self.today(underlying, epoch_s)
            before = {expiry for expiry in self._best.get(underlying, ()) if not self._expired(underlying, expiry, at)}
            fewer = len(dates) < len(before)
            if not fewer:
                self._best[underlying] = dates
            yield underlying, Finding(Clause.DEPTH, f"{len(dates)} expirations after {len(before)}" if fewer else "")

    def announced(self, epoch_s: float) -> Iterator[tuple[str, Finding]]:
        """Yield whether each underlying has as many expirations as the heartbeat of its living publisher says.

        A publisher in its first cycle announces what it has not published yet, and is not judged.
        """
        for beat in self._beats.values():
            if beat.status == STOPPED or beat.chain.counters.get("cycles") == 0:
                continue
            for underlying in dict.fromkeys(chain.underlying for chain in beat.chain.expected):
                yield underlying, self._against(beat, underlying, epoch_s)

    def _against(self, beat: Heartbeat, underlying: str, epoch_s: float) -> Finding:
        at, depth = self.today(underlying, epoch_s), beat.chain.depth
        dates = self._now.get(underlying, frozenset())
        moments = (at, at - GRACE_S)
        counts = {sum(not self._expired(underlying, expiry, moment) for expiry in dates) for moment in moments}
        if depth in counts:
            return Finding(Clause.DEPTH)
        listed = sum(chain.underlying == underlying for chain in beat.chain.expected)
        words = f"{min(counts)} expirations where the heartbeat says {depth}"
        if listed >= depth:
            return Finding(Clause.DEPTH, words)
        words += f", and names {listed} as all that are listed"
        if listed in counts:
            return Finding(Clause.DEPTH, note=f"{underlying}: {words}")
        return Finding(Clause.DEPTH, words)

    def unexpired(self, chain: ChainId, ts_ms: int) -> Finding:
        """Return whether a chain's newest snapshot, made at `ts_ms`, was of an expiration still to be traded."""
        at = self.today(chain.underlying, ts_ms / 1000)
        over = self._expired(chain.underlying, chain.expiry, at - GRACE_S)
        when = f"{new_york(at):%Y-%m-%d %H:%M} New York"
        return Finding(Clause.UNEXPIRED, f"published at {when}, after its expiration" if over else "")

"""What an alert finds in a report: where each of its subjects stands, and why where that cannot be told."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Self

from msgspec import Struct

from chain.analytics.measures.measure import Measure
from chain.model.keys import ChainId
from chain.model.kinds import REPLAY, UNKNOWN, kind_phrase
from chain.monitor.alerts.rule import AlertRule, Number, NumberWatch, SignalWatch, StateWatch, Zone
from chain.monitor.board import ChainRecord
from chain.monitor.evaluate.flags import is_over
from chain.monitor.evaluate.report import ChainStatus, HealthReport, Signal, grouped
from chain.monitor.states import State

_CURRENT = (State.FRESH, State.AGING)
_UNREAD = "not read yet"
_AWAY = "Redis does not answer"
_MIXED = "mixed"

Measures = Mapping[str, Measure]


class Derived(Struct, frozen=True):
    """The measures that alerts ask for: of a chain, and of all expirations of an underlying together."""

    chains: Mapping[ChainId, Measures] = MappingProxyType({})
    totals: Mapping[str, Measures] = MappingProxyType({})


class Origin(Struct, frozen=True):
    """Where the data about a subject come from: the kind of their source, and that in words; live data need none."""

    kind: str = UNKNOWN
    words: str = ""

    @property
    def mark(self) -> str:
        """What stands before a line about the subject: `[MOCK] `; empty for live data."""
        return f"[{self.words}] " if self.words else ""


class Reading(Struct, frozen=True):
    """One subject as a report has it; `why` says why there is no value, `told` what it is where that is no number."""

    subject: str
    zone: Zone
    value: float | None = None
    unit: str = ""
    told: str = ""
    why: str = ""
    origin: Origin = Origin()


class Look(Struct, frozen=True):
    """What alerts are judged by: a report, measures, and the chains whose last session is not over.

    A chain that expired ages, and goes, as it should: nobody wants to be called for that each afternoon.
    """

    report: HealthReport
    derived: Derived
    statuses: tuple[ChainStatus, ...]

    @classmethod
    def of(cls, report: HealthReport, derived: Derived) -> Self:
        """Return the look at a report."""
        return cls(report, derived, tuple(one for one in report.statuses if not is_over(one.record, report.now)))


class Readings(Struct, frozen=True):
    """Every subject of an alert that is on the Board, and what it means of another that it is not.

    `none` says why there is no subject where there is none.
    """

    each: tuple[Reading, ...] = ()
    absent: Zone = Zone.UNKNOWN
    none: str = "nothing on the board is meant by it"


_NO_REPLAY = Readings(none="a recording that is played again raises it only with replay = true")


def readings_of(rule: AlertRule, look: Look) -> Readings:
    """Return what an alert finds; nothing of a recording that is played again, unless it asks for it."""
    report, watch = look.report, rule.watch
    if report.board.present == REPLAY and not rule.replay:
        return _NO_REPLAY
    if isinstance(watch, SignalWatch):
        known = report.board.redis.health.ok  # without an answer no signal can be known to have ended
        each = tuple(_signals(rule, watch, report))
        return Readings(each, Zone.CLEAR if known else Zone.UNKNOWN, "no such signal" if known else _AWAY)
    statuses = [status for status in look.statuses if rule.replay or status.record.kind != REPLAY]
    if isinstance(watch, NumberWatch) and watch.of_underlyings:
        return Readings(tuple(_of_underlyings(rule, watch, look, statuses)))
    mine = [status for status in statuses if rule.admits(status.chain, status.dte)]
    if isinstance(watch, StateWatch):
        return Readings(tuple(_state(watch, status) for status in mine))
    return Readings(tuple(_of_chain(watch, status, look.derived) for status in mine))


def _is_read(record: ChainRecord) -> bool:
    """Return whether anything is known of a chain: at the start of a watcher there is not."""
    return record.last_good is not None or record.fault is not None


def one_kind(kinds: Collection[str]) -> str:
    """Return the kind of source that several have in common: `mixed` where they have none."""
    return _MIXED if len(kinds) > 1 else next(iter(kinds), UNKNOWN)


def origin_of(records: Iterable[ChainRecord]) -> Origin:
    """Return where the data of some chains come from."""
    kinds, words = set[str](), list[str]()
    for record in records:
        kinds.add(record.kind)
        words.append(record.source_word)
    said = "" if set(words) <= {"LIVE"} else kind_phrase(words).upper()
    return Origin(one_kind(kinds), said)


def _state(watch: StateWatch, status: ChainStatus) -> Reading:
    subject, origin = str(status.chain), origin_of([status.record])
    if status.state in watch.states and (_is_read(status.record) or status.state is State.UNREACHABLE):
        note = f": {status.note}" if status.note else ""
        return Reading(subject, Zone.BEYOND, told=f"is {status.state}{note}", origin=origin)
    if status.state is State.UNREACHABLE or not _is_read(status.record):
        why = _UNREAD if status.state is not State.UNREACHABLE else _AWAY
        return Reading(subject, Zone.UNKNOWN, why=why, origin=origin)
    return Reading(subject, Zone.CLEAR, told=f"is {status.state}", origin=origin)


def _of_chain(watch: NumberWatch, status: ChainStatus, derived: Derived) -> Reading:
    """Return a chain's age or measure. Of an old snapshot only the age is a fact of now."""
    subject, origin = str(status.chain), origin_of([status.record])
    if watch.of == Number.AGE:
        why = "" if status.age_s is not None else status.note or "no snapshot"
        return _number(watch, subject, status.age_s, "s", why, origin)
    if status.state not in _CURRENT:
        return _number(watch, subject, None, "", f"its snapshot is {status.state}", origin)
    return _measured(watch, subject, derived.chains.get(status.chain, {}), origin)


def _of_underlyings(
    rule: AlertRule, watch: NumberWatch, look: Look, statuses: Iterable[ChainStatus]
) -> Iterator[Reading]:
    for underlying, mine in grouped(statuses).items():
        if rule.admits_underlying(underlying):
            yield _of_underlying(watch, underlying, mine, look)


def _of_underlying(watch: NumberWatch, underlying: str, statuses: Sequence[ChainStatus], look: Look) -> Reading:
    origin, report = origin_of(status.record for status in statuses), look.report
    if watch.of == Number.SPOT:
        spot = report.spot(underlying)
        why = "no spot" if spot is None else "" if spot.current else f"its newest snapshot is {spot.state}"
        return _number(watch, underlying, spot.value if spot is not None and not why else None, "points", why, origin)
    if watch.of == Number.DEPTH:
        why = _depth_unknown(report, statuses)
        return _number(watch, underlying, None if why else report.depth(underlying)[0], "expirations", why, origin)
    late = next((status for status in statuses if status.state not in _CURRENT), None)
    if late is not None:
        return _number(watch, underlying, None, "", f"{late.chain} is {late.state}", origin)
    return _measured(watch, underlying, look.derived.totals.get(underlying, {}), origin)


def _depth_unknown(report: HealthReport, statuses: Iterable[ChainStatus]) -> str:
    """Return why depth is not known, empty where it is."""
    if not report.board.redis.health.ok:
        return _AWAY
    return "" if all(_is_read(status.record) for status in statuses) else _UNREAD


def _measured(watch: NumberWatch, subject: str, measures: Measures, origin: Origin) -> Reading:
    measure = measures.get(watch.of)
    if measure is None:
        return _number(watch, subject, None, "", "it cannot be derived", origin)
    why = measure.note or "no value" if measure.value is None else ""
    return _number(watch, subject, measure.value, measure.unit, why, origin)


def _number(watch: NumberWatch, subject: str, value: float | None, unit: str, why: str, origin: Origin) -> Reading:
    return Reading(subject, watch.limit.zone(value), value, unit, why=why, origin=origin)


def _signals(rule: AlertRule, watch: SignalWatch, report: HealthReport) -> Iterator[Reading]:
    """Yield the signals that stand; of several of one name and subject the first."""
    told = set[str]()
    for signal in report.signals:
        subject = f"{signal.name} {signal.subject}".rstrip()
        if (
            subject in told
            or not watch.admits(signal.name, signal.severity.level)
            or not _concerns(rule, signal, report)
        ):
            continue
        told.add(subject)
        about = report.statuses_of(signal.subject) or report.statuses
        origin = origin_of(status.record for status in about)
        yield Reading(subject, Zone.BEYOND, told=f"{signal.severity} {signal.text}", origin=origin)


def _concerns(rule: AlertRule, signal: Signal, report: HealthReport) -> bool:
    """Return whether a signal is about a chain of the alert, or about everything."""
    if signal.concerns is not None:
        return any(map(rule.admits_underlying, signal.concerns))
    return signal.subject not in report.board.chains.underlyings or rule.admits_underlying(signal.subject)

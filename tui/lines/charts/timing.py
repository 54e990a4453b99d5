"""Charts over time: the age of a chain's snapshots, how late they were seen, and how long publishing took."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from chain.clock import Instant
from chain.model.keys import ChainId
from chain.thresholds import Thresholds
from tui.lines import figures
from tui.lines.charts.plot.chart import Axis, Chart, Curves, Look, Mark, Point, Series
from tui.lines.line import Role

Readings = Sequence[tuple[float, float]]  # monotonic seconds and a value

_AGE, _SEEN, _CYCLE = "AGE", "SEEN AFTER", "PUBLISH CYCLE"
_EVERY_S = 10.0  # by so much the window moves on at once: what is drawn stays where it is in between
_ENOUGH = 3  # readings
_AGES_APART_S, _BEATS_APART_S = 3.0, 15.0  # beyond, a reading is missing
_TIME = "time of day in New York"
NOT_THEN = "what was timed is kept up to now, and not of the past"
PLAYED = "a replay keeps the timestamps of its recording: they say nothing of how late it was seen"


class Clocked(NamedTuple):
    """What charts over time are made of: readings of the chosen chain and of publishers, and the instant of now.

    `past`: what is shown is of the past; `played`: the chain's snapshots are those of a recording that is replayed.
    """

    chain: ChainId
    limits: Thresholds
    now: Instant
    ages: Readings = ()  # seconds
    seen: Readings = ()  # ms
    cycles: Mapping[str, Readings] = {}  # ms
    past: bool = False
    played: bool = False

    @property
    def subject(self) -> str:
        """The chosen chain."""
        return f"{self.chain.underlying} {figures.day(self.chain.expiry)}"


def age_chart(clocked: Clocked, window_s: float) -> Chart:
    """Return the age of the chosen chain's snapshots over the last seconds, against its thresholds."""
    limits, ages = clocked.limits, clocked.ages
    peak = max((age for _, age in ages), default=0.0)
    top = limits.stale_s if peak > limits.stale_s / 2 else limits.warn_s
    marks = (
        Mark(limits.warn_s, f"warn {limits.warn_s:g} s", Role.CAUTION if peak > limits.warn_s else Role.DIM),
        Mark(limits.stale_s, f"stale {limits.stale_s:g} s", Role.ALARM if peak > limits.stale_s else Role.DIM),
    )
    picture = _curves(clocked, window_s, "age, s", {"": ages}, _AGES_APART_S, (0.0, top), marks)
    words = "the worse of two ages, since ts and since it was first seen, as this deck noted it every second"
    return _over_time(_AGE, clocked.subject, picture, clocked, len(ages), words)


def seen_chart(clocked: Clocked, window_s: float) -> Chart:
    """Return how late each snapshot of the chosen chain was first seen here, after its timestamp."""
    apart_s = 3 * clocked.limits.interval_s
    picture = _curves(clocked, window_s, "seen after ts, ms", {"": clocked.seen}, apart_s, look=Look.DOTS)
    words = (
        "from a snapshot's ts to the poll of this deck that first read its pointer, by our wall clock, never below 0"
    )
    chart = _over_time(_SEEN, clocked.subject, picture, clocked, len(clocked.seen), words)
    return replace(chart, picture=None, words=PLAYED, about="") if clocked.played else chart


def cycle_chart(clocked: Clocked, window_s: float) -> Chart:
    """Return how long each publisher's cycles took, by its heartbeats."""
    names = ", ".join(clocked.cycles)
    picture = _curves(clocked, window_s, "cycle, ms", clocked.cycles, _BEATS_APART_S)
    most = max(map(len, clocked.cycles.values()), default=0)
    words = "cycle_ms of each heartbeat: the last cycle from asking the source to the last pointer written"
    return _over_time(_CYCLE, names, picture, clocked, most, words)


def _curves(
    clocked: Clocked,
    window_s: float,
    unit: str,
    named: Mapping[str, Readings],
    apart_s: float,
    ends: tuple[float, ...] = (0.0, 1.0),
    marks: tuple[Mark, ...] = (),
    look: Look = Look.LINE,
) -> Curves:
    until = math.ceil(clocked.now.wall_s / _EVERY_S) * _EVERY_S
    since = until - window_s
    roles = (Role.ACCENT, Role.TEXT, Role.CALL, Role.PUT)
    series = tuple(
        Series(name, tuple(_points(clocked, readings, apart_s, since)), roles[at % len(roles)], look)
        for at, (name, readings) in enumerate(named.items())
    )
    return Curves(Axis(_TIME, (since, until), clock=True), Axis(unit, ends), series, level=marks)


def _points(clocked: Clocked, readings: Readings, apart_s: float, since: float) -> Iterator[Point]:
    """Yield readings by the wall clock; where one is missing, a gap."""
    before: float | None = None
    for mono, value in readings:
        at = clocked.now.wall_s - (clocked.now.mono - mono)
        if at < since:
            continue
        if before is not None and at - before > apart_s:
            yield (before + at) / 2, None
        yield at, value
        before = at


def _over_time(name: str, subject: str, picture: Curves, clocked: Clocked, count: int, convention: str) -> Chart:
    """Return a chart over time; in words where it is of another time, or there are too few readings for a line."""
    words = NOT_THEN if clocked.past else f"{_how_many(count)}: too few for a chart yet" if count < _ENOUGH else ""
    about = "" if words else _how_many(count)
    return Chart(name, subject, None if words else picture, words, convention=convention, about=about)


def _how_many(count: int) -> str:
    return "no reading" if not count else f"{count} reading{'s' if count > 1 else ''}"

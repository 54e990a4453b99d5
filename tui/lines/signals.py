"""The signals panel: each root cause with what follows from it, since when; below them, what changed last."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence

from chain.model.keys import ChainId
from chain.monitor.board import Transition
from chain.monitor.evaluate.causality import Incident, incidents
from chain.monitor.evaluate.report import HealthReport, Signal, usable
from chain.monitor.states import DeckState, State
from tui.lines import figures
from tui.lines.line import EMPTY, Ground, Line, Role, Span, justify, left, wrapped
from tui.lines.strip import STATE_ROLE, as_of, badge, seen

_FOLDED = {state.lower(): state for state in State} | {"depth": None}  # signals that come for each underlying


def severity_word(severity: DeckState) -> str:
    """Return a severity in one word: PARTIAL alone would be a chain's flag, and OK no signal."""
    return {DeckState.PARTIAL_DEGRADATION: "DEPTH", DeckState.OK: "NOTE"}.get(severity, severity)


def signals_title(report: HealthReport | None, width: int, *, at: str = "") -> Line:
    """Return the panel's heading; `at` is the instant of the past that it shows."""
    whose = Span(badge(report.board) if report else "", Role.BADGE)
    return justify(
        [Span(" SIGNALS ", Role.HEAD), *as_of(at), Span(" " if at else ""), whose],
        [Span(f"{len(report.signals)} active " if report else "", Role.DIM)],
        width,
        Ground.BAR,
    )


def signal_lines(report: HealthReport | None, width: int, *, calm: bool = True) -> list[Line]:
    """Return the panel's lines: incidents, gravest first, then changes, newest first.

    `calm`: whether all is quiet where there is no incident; above it may stand an alert.
    """
    if report is None:
        return []
    lines = [line for incident in _told(report) for line in _incident(incident, report, width)]
    if not lines:
        lines.append((Span("   all quiet", Role.OK) if calm else Span("   no signal", Role.DIM),))
    changes = [line for change in report.board.transitions for line in _changed(change, report, width)]
    return [*lines, EMPTY, *changes] if changes else lines


def _told(report: HealthReport) -> list[Incident]:
    """Return the incidents, those folded that are one signal each and say one thing of several underlyings."""
    found = incidents(report.signals)
    alone = {signal.name: signal for signal in reversed(folded((i.root for i in found if not i.follows), report))}
    told: list[Incident] = []
    for incident in found:
        if incident.follows or incident.root.name not in _FOLDED:
            told.append(incident)
        elif signal := alone.pop(incident.root.name, None):
            told.append(Incident(signal))
    return told


def _incident(incident: Incident, report: HealthReport, width: int) -> list[Line]:
    """Return a root cause in the colour of what it costs, and under it, set in, what follows from it."""
    lines = _wrapped(incident.root, report, STATE_ROLE[incident.severity], width, " ! ")
    for signal in folded(incident.follows, report):
        lines += _wrapped(signal, report, STATE_ROLE[signal.severity], width, "   └ ")
    return lines


def folded(signals: Iterable[Signal], report: HealthReport) -> list[Signal]:
    """Return signals with those that say one thing of several underlyings as one, at the place of the first."""
    groups: dict[str | int, list[Signal]] = {}
    for signal in signals:
        groups.setdefault(signal.name if signal.name in _FOLDED else id(signal), []).append(signal)
    return [group[0] if len(group) == 1 else _fold(group, report) for group in groups.values()]


def _fold(group: Sequence[Signal], report: HealthReport) -> Signal:
    first = group[0]
    names = [signal.subject for signal in group]
    since = min((signal.since for signal in group if signal.since is not None), default=None)
    where = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    statuses = [status for name in names for status in report.statuses_of(name)]
    state = _FOLDED[first.name]
    concerned = [r for r in statuses if (not usable(r) if state is None else r.state is state)]
    counts = Counter(r.state for r in concerned)
    every = "all " if len(concerned) == len(statuses) and len(counts) == 1 else ""
    tally = every + ", ".join(f"{count} {name}" for name, count in counts.items())
    have, wanted = map(sum, zip(*map(report.depth, names), strict=True))
    depth = "" if state else f" depth {have} of {wanted}"
    return Signal(first.name, first.severity, f"{where}{depth}: {tally}", since)


def _wrapped(signal: Signal, report: HealthReport, role: Role, width: int, lead: str) -> list[Line]:
    """Wrap one signal, its duration at the right of its first line."""
    lasted = figures.elapsed(None if signal.since is None else report.now.wall_s - signal.since)
    return wrapped(f"{severity_word(signal.severity)} {signal.text}", lead, role, lasted, width)


def _changed(change: Transition, report: HealthReport, width: int) -> list[Line]:
    """Wrap one change under the time at which it was seen."""
    lead = f"   {seen(change.at, report)}  "
    parts = textwrap.wrap(f"{_which(change.chains, report)}{change.text}", max(10, width - len(lead) - 1)) or [""]
    return [
        (Span(left(f"{' ' * len(lead) if number else lead}{part}", width), Role.DIM),)
        for number, part in enumerate(parts)
    ]


def _which(chains: Sequence[ChainId], report: HealthReport) -> str:
    """Name the chains of a change: each where they are two at most, else their number, of one underlying or all."""
    underlyings = {chain.underlying for chain in chains}
    if len(chains) == len(report.statuses) > 1:
        return f"all {len(chains)} "
    if len(chains) > 2:
        return f"{len(chains)} {underlyings.pop() if len(underlyings) == 1 else 'chains'} "
    return "".join(f"{chain.underlying} {chain.expiry:%m-%d}, " for chain in chains)[:-2] + " " if chains else ""

"""The signals panel: what is wrong, where and since when; below it, what changed last."""

import textwrap

from chain.monitor.board import DeckState, Transition
from chain.monitor.signals import Report
from tui import figures
from tui.lines import EMPTY, Ground, Line, Role, Span, left, spread
from tui.strip_lines import STATE_ROLE, badge


def severity_word(severity: DeckState) -> str:
    """Return a severity in one word. PARTIAL alone would be the flag of a chain, which means something else."""
    return "DEPTH" if severity is DeckState.PARTIAL_DEGRADATION else severity


def signal_table(report: Report | None, width: int, height: int) -> tuple[Line, ...]:
    """Return the panel's lines, at most `height` of them: active signals first, newest transitions in what is left."""
    title = spread(
        [Span(" SIGNALS ", Role.HEAD), Span(badge(report.board) if report else "", Role.BADGE)],
        [Span(f"{len(report.signals)} active " if report else "", Role.DIM)],
        width,
        Ground.BAR,
    )
    if report is None:
        return (title,)
    lines: list[Line] = [title]
    for signal in report.signals[:height]:
        lasted = None if signal.since is None else report.now.wall_s - signal.since
        lines += _wrapped(
            f"{severity_word(signal.severity)} {signal.text}",
            figures.elapsed(lasted),
            STATE_ROLE[signal.severity],
            width,
        )
    if not report.signals:
        lines.append((Span("   all quiet", Role.OK),))
    lines = lines[:height]
    if report.board.transitions and len(lines) + 1 < height:
        lines.append(EMPTY)
    for change in report.board.transitions:
        if len(lines) >= height:
            break
        lines.append((Span(left(_change(change), width), Role.DIM),))
    return tuple(lines)


def _wrapped(text: str, lasted: str, role: Role, width: int) -> list[Line]:
    """Wrap one signal, its duration at the right of its first line."""
    parts = textwrap.wrap(text, max(10, width - 12)) or [""]
    first = spread([Span(f" ! {parts[0]}", role)], [Span(f"{lasted} ", Role.DIM)], width)
    return [first, *((Span(f"   {part}", role),) for part in parts[1:])]


def _change(change: Transition) -> str:
    where = f"{change.subject.underlying} {change.subject.expiry:%m-%d} " if change.subject else ""
    return f"   {figures.clock(change.at)}  {where}{change.text}"

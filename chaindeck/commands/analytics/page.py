"""The text of `analytics`: a column for each expiration, a row for each measure, then conventions and notes."""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from chain.analytics.measures.measure import together
from chaindeck.commands.analytics.look import Expiry, Underlying
from chaindeck.commands.plain import WIDTH
from tui.lines import figures
from tui.lines.measures.names import FROM_HISTORY, LABELS, PERCENT, value_text

_COLUMNS, _LABEL, _CELL = 6, 25, 9
_LABELS = {
    name: f"{label} %" if name in PERCENT else label for name, label in LABELS.items() if name not in FROM_HISTORY
}
_SLICED = "* of the strikes within the snapshots' range only"


def page(found: Sequence[Underlying]) -> str:
    """Return the measures of every underlying as text, and once for all what each of them is."""
    sections = ["\n".join(_section(each)) for each in found]
    return "\n\n".join([*sections, "\n".join(_wrapped(_conventions(found)))])


def _section(of: Underlying) -> Iterator[str]:
    words = sorted({expiry.status.record.source_word for expiry in of.expiries})
    there = len(of.across.chains)
    yield (
        f" {of.symbol}  spot {figures.level(of.across.spot)}  {', '.join(words)}  "
        f"{there} of {len(of.expiries)} expirations have a snapshot"
    )
    for begin in range(0, len(of.expiries), _COLUMNS):
        last = begin + _COLUMNS >= len(of.expiries)
        yield ""
        yield from _table(of, of.expiries[begin : begin + _COLUMNS], with_totals=last)
    yield from _wrapped((*_contracts(of), *_notes(of)))


def _wrapped(paragraphs: Iterable[str]) -> Iterator[str]:
    for words in paragraphs:
        yield from wrap(words, WIDTH, initial_indent=" ", subsequent_indent="   ")


def _table(of: Underlying, expiries: Sequence[Expiry], *, with_totals: bool) -> Iterator[str]:
    total = ["total"] if with_totals else []
    yield _row("", [*(figures.day(expiry.status.chain.expiry) for expiry in expiries), *total])
    yield _row("state", [expiry.status.state for expiry in expiries])
    oldest = [figures.age(max(of.ages.values(), default=None))] if with_totals else []
    yield _row("age", [*(figures.age(expiry.status.age_s) for expiry in expiries), *oldest])
    yield _row("left when made", [_left(expiry) for expiry in expiries])
    for name, label in _LABELS.items():
        measures = [expiry.measures.get(name) for expiry in expiries]
        totals = [of.across.totals.get(name)] if with_totals else []
        mark = "*" if any(each is not None and each.slice_only for each in measures) else ""
        yield _row(label + mark, [value_text(name, each) for each in (*measures, *totals)])
    yield ""


def _row(label: str, cells: Sequence[str]) -> str:
    return f" {label:<{_LABEL}}{''.join(f' {cell:>{_CELL}}' for cell in cells)}".rstrip()


def _left(expiry: Expiry) -> str:
    """Return how long a chain runs on after its snapshot, and whether it settles on the open or the close."""
    maturity = expiry.chain.maturity if expiry.chain else None
    return f"{figures.age(maturity.seconds)} {maturity.settles}" if maturity else figures.MISSING


def _conventions(found: Sequence[Underlying]) -> Iterator[str]:
    """Yield what each row is, with its unit."""
    yield _SLICED
    for name, label in _LABELS.items():
        measures = [expiry.measures[name] for of in found for expiry in of.expiries if name in expiry.measures]
        for said in dict.fromkeys(f"{measure.convention} [{measure.unit}]" for measure in measures):
            yield f"{label}: {said}"


def _contracts(of: Underlying) -> Iterator[str]:
    """Yield how many contracts each row rests on, all expirations together, and which were left out and why."""
    told: dict[str, list[str]] = {}
    for name in _LABELS:
        measures = [expiry.measures[name] for expiry in of.expiries if name in expiry.measures]
        if not measures:
            continue
        skipped = together(*(measure.skipped for measure in measures))
        left_out = f", {sum(skipped.values())} skipped ({_reasons(skipped)})" if skipped else ""
        told.setdefault(f"{sum(measure.used for measure in measures)} contracts{left_out}", []).append(LABELS[name])
    for words, labels in told.items():
        yield f"{words}: {', '.join(labels)}"


def _reasons(skipped: dict[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(skipped.items()))


def _notes(of: Underlying) -> Iterator[str]:
    """Yield why numbers are missing, and what to know of others: each once, with the rows and columns it concerns."""
    days: dict[tuple[str, str], list[str]] = {}
    columns = [(f"{expiry.status.chain.expiry:%m-%d}", expiry.measures) for expiry in of.expiries]
    for day, measures in (*columns, ("total", of.across.totals)):
        for name, measure in measures.items():
            if measure.note:
                days.setdefault((measure.note, name), []).append(day)
    labels: dict[tuple[str, str], list[str]] = {}
    for (note, name), noted in days.items():
        labels.setdefault((note, ", ".join(noted)), []).append(LABELS[name])
    for (note, on), names in labels.items():
        yield f"{on} {', '.join(names)}: {note}"

"""A measure: its formula, inputs, the contracts it rests on and those left out, and each snapshot that went into it."""

from collections.abc import Iterator, Mapping, Sequence

from chain.analytics.derive import ChainAnalytics, derive
from chain.analytics.measures.measure import Measure
from chain.analytics.measures.underlying import ACROSS, underlying_measures
from chain.analytics.slice import ChainSlice, slice_of
from chain.model.grid import StrikeGrid
from chain.monitor.analytics import chain_measures
from chain.monitor.evaluate.freshness import age_ms
from chain.monitor.evaluate.provenance import made_at
from chain.monitor.explain.explanation import Explanation, Fact, Section, number, seconds, section, stamp
from chain.monitor.explain.origin import snapshot_section
from chain.monitor.explain.payload import Payload
from chain.monitor.explain.question import MeasureOf, Question
from chain.monitor.explain.subjects.contracts import contract_facts

_YEAR_S = 365 * 86_400
_NO_SNAPSHOT = "no valid snapshot has been read of what it is made of"
_NOT_OF_ONE = "it is of all expirations together: there is none of one alone"
_SEEN = "of snapshots that this deck has seen; Redis need not have them any more"
_NO_TOTAL = "it is of one expiration: there is none of all together"


def explain_measure(question: Question, asked: MeasureOf) -> Explanation:
    """Return where a measure comes from."""
    words = _words(asked)
    if asked.given is not None:
        title = f"{question.chain.underlying if asked.across else question.chain} {words}"
        return Explanation(title, asked.given.value, tuple(_of_history(question, asked, asked.given)))
    if asked.across or asked.name in ACROSS:
        return _explain_across(question, asked, words)
    title = f"{question.chain} {words}"
    if question.good is None:
        return Explanation(title, None, (snapshot_section(question),))
    return Explanation(title, *_of_chain(question, asked))


def _words(asked: MeasureOf) -> str:
    if asked.label:
        return asked.label
    less = f" less {asked.less}" if asked.less else ""
    part = f", its {asked.input}" if asked.input else ""
    return f"{asked.name}{part}{less}".replace("_", " ")


def _of_chain(question: Question, asked: MeasureOf) -> tuple[float | None, tuple[Section, ...]]:
    assert question.good is not None
    payload = Payload.of(question.good.snapshot)
    derived = derive_asked(question, payload)
    measures = derived.measures.told_in(asked.convention).measures
    if asked.name not in measures:
        return None, (section("VALUE", ("missing", _NOT_OF_ONE)), snapshot_section(question))
    measure = measures[asked.name]
    at_strike = contract_facts(question, slice_asked(question, derived.grid), payload, asked.name, measure.value)
    contracts = Section("CONTRACTS", (*counts(measure), *at_strike))
    return _value(asked, measures), (*_values(asked, measures), contracts, snapshot_section(question))


def _value(asked: MeasureOf, measures: Mapping[str, Measure]) -> float | None:
    """Return the number that is asked about: a measure, one of its inputs, or how far it is from another."""
    measure = measures[asked.name]
    if asked.input:
        return measure.inputs.get(asked.input)
    if not asked.less:
        return measure.value
    other = measures[asked.less].value
    return None if measure.value is None or other is None else measure.value - other


def _values(asked: MeasureOf, measures: Mapping[str, Measure]) -> Iterator[Section]:
    """Yield what is said of the measure, and of that which is taken from it."""
    yield value_section(asked.name, measures[asked.name], asked.name.replace("_", " ").upper())
    if asked.less:
        yield value_section(asked.less, measures[asked.less], f"LESS {asked.less.replace('_', ' ').upper()}")


def derive_asked(question: Question, payload: Payload) -> ChainAnalytics:
    """Return the grid and the measures of the snapshot that is asked about, computed anew."""
    record, good = question.record, question.good
    assert good is not None
    return derive(payload.received, made_at(record, good), record.source.calendar)


def slice_asked(question: Question, grid: StrikeGrid) -> ChainSlice:
    """Return the grid that is asked about as the measures take it."""
    record, good = question.record, question.good
    assert good is not None
    return slice_of(grid, made_at(record, good), record.source.calendar)


def value_section(name: str, measure: Measure, heading: str) -> Section:
    """Return a measure's value, by which formula it is made, and of which inputs."""
    value = "" if measure.value is None else f"{number(measure.value)} {measure.unit}"
    inputs = [(each.replace("_", " "), _input(each, figure)) for each, figure in measure.inputs.items()]
    cut = "strikes beyond the snapshots' range are not in it, so it is not of the whole market"
    return section(
        heading,
        ("value", value),
        ("missing", "" if measure.value is not None else measure.note or "an input is missing"),
        ("name", f"{name} in chaindeck analytics --json"),
        ("formula", measure.convention),
        *inputs,
        ("note", measure.note if measure.value is not None else ""),
        ("slice only", cut if measure.slice_only else ""),
    )


def _input(name: str, figure: float | None) -> str:
    if figure is not None and name.endswith("years"):
        return f"{number(figure)}, which is {seconds(figure * _YEAR_S)} to settlement in years of 365 days"
    return number(figure)


def counts(measure: Measure) -> Iterator[Fact]:
    """Yield how many contracts a measure rests on, and how many were left out for which reason."""
    yield Fact("used", str(measure.used))
    for reason, count in sorted(measure.skipped.items()):
        yield Fact("skipped", f"{count}: {reason}")


def _of_history(question: Question, asked: MeasureOf, measure: Measure) -> Iterator[Section]:
    """Yield what is said of a measure that is made of what was seen before, which cannot be read again."""
    yield value_section(asked.name, measure, asked.name.replace("_", " ").upper())
    yield Section(asked.counted.upper(), tuple(counts(measure)))
    seen = sorted(set(measure.snapshots), key=lambda one: one.ts_ms)
    ends = [("first", seen[0]), ("last", seen[-1])] if seen else []
    named = (Fact(end, f"{question.keys.snapshot(one)}, {stamp(one.ts_ms / 1000)}") for end, one in ends)
    yield Section("SNAPSHOTS", (Fact("count", f"{len(seen)}, {_SEEN}"), *named))


def _explain_across(question: Question, asked: MeasureOf, words: str) -> Explanation:
    """Return where a measure of several expirations comes from, with the age of each snapshot, oldest named."""
    ones = question.siblings
    found_of = (chain_measures(one.record) for one in ones)
    chains = [each.told_in(asked.convention) for each in found_of if each is not None]
    title = f"{question.chain.underlying if asked.across else question.chain} {words}"
    across = underlying_measures(chains)
    found = across.totals
    if not asked.across:
        forwards = dict(zip((one.snapshot.chain for one in across.chains), across.forward_vols, strict=True))
        found = {asked.name: forwards[question.chain]} if question.chain in forwards else {}
    if asked.name not in found:
        return Explanation(title, None, (section("VALUE", ("missing", _NO_TOTAL if chains else _NO_SNAPSHOT)),))
    measure = found[asked.name]
    contracts = Section("CONTRACTS", tuple(counts(measure)))
    snapshots = Section("SNAPSHOTS", tuple(_snapshots(ones, measure)))
    return Explanation(title, _value(asked, found), (*_values(asked, found), contracts, snapshots))


def _snapshots(ones: Sequence[Question], measure: Measure) -> Iterator[Fact]:
    """Yield each snapshot that a measure is made of, with its key, its time and its age."""
    used = set(measure.snapshots)
    for one in ones:
        good = one.good
        if good is None or good.snapshot.id not in used:
            continue
        age = seconds(age_ms(good, one.moment.now, one.record.source) / 1000)
        oldest = ", the oldest" if good.snapshot.id == measure.oldest and len(used) > 1 else ""
        yield Fact("key", one.keys.snapshot(good.snapshot.id))
        yield Fact("ts", f"{stamp(good.snapshot.ts)}, epoch {good.snapshot.ts!r}; {age} old{oldest}")

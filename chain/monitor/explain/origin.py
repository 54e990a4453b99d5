"""What every explanation says of its snapshot: keys, stamp, age by both clocks, and kind of source."""

from chain.model.kinds import KIND_MEANING, kind_word
from chain.monitor.board import LastGood
from chain.monitor.evaluate.freshness import age_ms, ages_ms
from chain.monitor.evaluate.provenance import made_at
from chain.monitor.explain.explanation import Section, seconds, section, stamp
from chain.monitor.explain.question import Question

_NO_SNAPSHOT = "no valid snapshot of this chain has been read"


def snapshot_section(question: Question, heading: str = "SNAPSHOT") -> Section:
    """Return what is known of the snapshot that is shown."""
    good, keys = question.good, question.keys
    if good is None:
        return section(heading, ("pointer", keys.latest(question.chain)), ("missing", _NO_SNAPSHOT))
    return section(
        heading,
        ("key", keys.snapshot(good.snapshot.id)),
        ("pointer", keys.latest(question.chain)),
        ("ts", f"{stamp(good.snapshot.ts)}, epoch {good.snapshot.ts!r}"),
        ("recorded", _recorded(question, good)),
        *age_facts(question, good),
        ("shown", _shown(question)),
        ("source", source_words(question, good)),
    )


def age_facts(question: Question, good: LastGood) -> tuple[tuple[str, str], ...]:
    """Return how old a snapshot is, and by which clocks."""
    source, now = question.record.source, question.moment.now
    age, ages = seconds(age_ms(good, now, source) / 1000), ages_ms(good, now, source)
    by_stamp = f"{seconds(ages.by_stamp / 1000)}: now less ts"
    if ages.by_sight is None:
        return ("age", f"{age}, by the clock of the replay"), ("by clock", by_stamp)
    then, since = seconds(good.age_then_ms / 1000), seconds((ages.by_sight - good.age_then_ms) / 1000)
    by_sight = f"{seconds(ages.by_sight / 1000)}: {then} when its pointer was first read here, and {since} since"
    return ("age", f"{age}, the worse of two"), ("by clock", by_stamp), ("by sight", by_sight)


def _recorded(question: Question, good: LastGood) -> str:
    made = made_at(question.record, good)
    return "" if made == good.snapshot.ts else f"{stamp(made)}: the data are of then, ts is when they were published"


def _shown(question: Question) -> str:
    now = question.moment.board.now_s(question.moment.now)
    if question.is_past:
        return f"as of {stamp(now)}, in the past"
    if question.frozen_at is not None:
        return f"frozen at {stamp(question.frozen_at)}; the chain goes on"
    return f"live, {stamp(now)}"


def source_word(question: Question, good: LastGood) -> str:
    """Return the kind of source of a snapshot in a word: LIVE, MOCK, CAPTURE, REPLAY, TEST and a host, SOURCE ?."""
    source = question.record.source
    kind = good.kind or source.kind
    return kind_word(kind, source.detail if source.kind == kind else None)


def source_words(question: Question, good: LastGood) -> str:
    """Return the kind of source of a snapshot, what that means, and where it comes from."""
    source = question.record.source
    kind = good.kind or source.kind
    meaning = next((meaning for name, meaning in KIND_MEANING.items() if name == kind), "")
    whose = [part for part in (source.detail, source.record) if part and source.kind == kind]
    return ", ".join(part for part in (source_word(question, good), meaning, *whose) if part)

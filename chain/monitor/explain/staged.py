"""A figure that the stream has painted over the snapshot's: where it stands in staging, and of which event it is."""

from collections.abc import Mapping

from chain.analytics.painted import streamed_columns
from chain.monitor.explain.explanation import Section, number, section, stamp
from chain.monitor.explain.fields import Path
from chain.monitor.explain.question import Question
from chain.pipeline.staging import StagedContract, StagingMeta, Value
from chain.text import clean

_NAMES: Mapping[Path, tuple[str, str]] = {  # by path in the payload: the name in staging, and the column that shows it
    ("last_quote", "bid"): ("bid", "Bid"),
    ("last_quote", "ask"): ("ask", "Ask"),
    ("last_quote", "bid_size"): ("bid_size", "BSz"),
    ("last_quote", "ask_size"): ("ask_size", "ASz"),
    ("last_trade", "price"): ("last", "Last"),
}
_NAME, _KEY = 40, 128  # characters of what another program has written
_ABSENT = "the stream's newest event says that there is none"


def is_painted(staged: StagedContract | None, path: Path) -> bool:
    """Whether a field of the payload is shown as the stream has it, be that no value at all."""
    return staged is not None and path in _NAMES and _NAMES[path][1] in streamed_columns(staged)


def input_words(question: Question, ticker: str, staged: StagedContract, path: Path) -> str:
    """Return where an input that the stream has painted stands, and of which event it is."""
    name = _NAMES[path][0]
    held = _held(staged, name)
    event = _event(held) if held else _ABSENT
    return f"{question.keys.staging(question.chain)} {clean(ticker, _NAME)} {name}, {event}"


def staging_section(question: Question, meta: StagingMeta, ticker: str, staged: StagedContract, path: Path) -> Section:
    """Return where a value of the stream stands, and how much of the stream is merged."""
    name, keys = _NAMES[path][0], question.keys
    held = _held(staged, name)
    sequence = staged.trade_seq if name == "last" else staged.quote_seq
    return section(
        "OF THE STREAM",
        ("value", f"{number(held.value)}, newer than the snapshot's" if held else ""),
        ("missing", "" if held else _ABSENT),
        ("key", keys.staging(question.chain)),
        ("field", f"{clean(ticker, _NAME)}, in it {name}"),
        ("event", _event(held) if held else ""),
        ("sequence", f"{sequence} by the vendor" if isinstance(sequence, int) else ""),
        ("position", f"{clean(meta.position, _NAME)} of {keys.stream()}: the last entry merged"),
        ("merged", stamp(meta.flushed)),
        ("stands on", clean(meta.snapshot, _KEY)),
    )


def _held(staged: StagedContract, name: str) -> Value | None:
    held = getattr(staged, name)
    return held if isinstance(held, Value) else None


def _event(held: Value) -> str:
    """Return the vendor's time of the event that brought a value."""
    return f"event of {stamp(held.ts_ms / 1000)} ({held.ts_ms} ms)"

"""What the vendor says of when a figure is, and how late it comes."""

from chain.model.contract import stamp_ns
from chain.monitor.evaluate.provenance import made_at
from chain.monitor.explain.explanation import seconds, stamp
from chain.monitor.explain.fields import Path, value_at
from chain.monitor.explain.payload import Contract
from chain.monitor.explain.question import Question

_NS = 10**9


def vendor_time(question: Question, contract: Contract, path: Path | None) -> str:
    """Return the vendor's time at a path, and how old it was when the snapshot was made; empty where none is meant."""
    if path is None:
        return ""
    written, at = contract.written(path), stamp_ns(value_at(contract.item, path))
    if at is None:
        return f"none: {written.absent or f'it is {written.text}'}"
    good = question.good
    assert good is not None
    made = made_at(question.record, good)
    then = "ts" if made == good.snapshot.ts else "the time of recording"
    away = made - at / _NS
    old = f"{seconds(away)} old at {then}" if away >= 0 else f"{seconds(-away)} after {then}"
    return f"{stamp(at / _NS)}, {old}"


def vendor_stamp(contract: Contract, path: Path | None) -> str:
    """Return the vendor's stamp as it is written, and where."""
    written = contract.written(path) if path else None
    return f"{written.text}, {written.path}" if written and written.text else ""


def vendor_delay(contract: Contract, path: Path | None) -> str:
    """Return what the vendor says of a figure's delay."""
    if path is None:
        return ""
    written = contract.written(path)
    return written.text and f"{written.text}, says the vendor's {'.'.join(path)}"

"""The contracts that a number at a strike rests on: what is used of each, and where that stands in the payload."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from chain.analytics.slice import ChainSlice
from chain.model.grid import PriceSource, leg_of
from chain.model.placement import Place
from chain.monitor.explain.explanation import Fact, number
from chain.monitor.explain.fields import FIGURES, Field, Path
from chain.monitor.explain.payload import Contract, Payload
from chain.monitor.explain.question import Question
from chain.monitor.explain.times import vendor_time

PRICES: Mapping[PriceSource, Sequence[str]] = {
    PriceSource.MID: ("bid", "ask"),
    PriceSource.TRADE: ("last",),
    PriceSource.CLOSE: ("close",),
    PriceSource.NONE: (),
}
_PRICED, _BY_IV = ("straddle", "expected_move_straddle"), ("atm_iv", "expected_move_iv")
_AT_ITS_STRIKE: Mapping[str, Sequence[str]] = {
    "call_wall": ("gamma", "open_interest"),
    "put_wall": ("gamma", "open_interest"),
    "max_pain": ("open_interest",),
}

StrikeOfRoot = tuple[float, str]


def contract_facts(
    question: Question, chain: ChainSlice, payload: Payload, name: str, value: float | None
) -> Iterator[Fact]:
    """Yield the contracts at the strike that a measure is of; nothing where it is of all strikes."""
    if name in _AT_ITS_STRIKE:
        strikes = [(row.strike, row.root) for row in chain.grid.rows if row.strike == value]
        return facts_at(question, payload, strikes, _AT_ITS_STRIKE[name])
    figures = PRICES[chain.source] if name in _PRICED else ("iv",) if name in _BY_IV else ()
    at_money = [(chain.atm.strike, chain.atm.root)] if chain.atm and figures else []
    return facts_at(question, payload, at_money, figures)


def facts_at(
    question: Question, payload: Payload, strikes: Iterable[StrikeOfRoot], figures: Sequence[str]
) -> Iterator[Fact]:
    """Yield figures of call and put at some strikes, each with its path, or why it is not there."""
    for strike, root in strikes:
        for side in ("call", "put"):
            found = payload.at(Place(strike, root, side))
            if found is None:
                yield Fact(f"{side} {strike:g}", f"no {root} {side} at {strike:g} is listed")
            else:
                yield from (Fact(f"{side} {strike:g}", _read(found, name)) for name in figures)
                stamps = dict.fromkeys(path for name in figures if (path := _stamp_of(name)) is not None)
                yield from (Fact("", f"vendor time {vendor_time(question, found, path)}") for path in stamps)


def _stamp_of(name: str) -> Path | None:
    """Return the path of a figure's vendor time; None where it has none of its own."""
    field = FIGURES[name]
    return field.stamp if isinstance(field, Field) else None


def _read(contract: Contract, name: str) -> str:
    """Return a figure of a contract, its path, and where it is not shown why."""
    field = FIGURES[name]
    assert isinstance(field, Field)
    written, value = contract.written(field.path), field.of(leg_of(contract.item))
    why = "" if value is not None else f": {field.why_missing(written, contract.item)}"
    return f"{field.words} {number(value)}  {written.path}{why}"

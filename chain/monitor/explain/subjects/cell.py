"""A figure of one contract: where it stands in the payload, or by which formula it is made of such figures."""

from collections.abc import Iterator

from msgspec import Struct

from chain.analytics.painted import painted_leg
from chain.model.grid import Leg, leg_of
from chain.model.placement import Misfit, Place, placed
from chain.monitor.evaluate.provenance import made_at
from chain.monitor.explain.explanation import Explanation, Section, number, section, stamp
from chain.monitor.explain.fields import (
    AGES,
    CHECKED,
    FIGURES,
    QUALITY,
    QUOTE,
    STRIKE,
    Aged,
    Checked,
    Derived,
    Field,
    Judged,
    value_at,
)
from chain.monitor.explain.origin import snapshot_section
from chain.monitor.explain.payload import Contract, Payload
from chain.monitor.explain.question import CellOf, Question
from chain.monitor.explain.staged import input_words, is_painted, staging_section
from chain.monitor.explain.subjects.axis import axis_sections
from chain.monitor.explain.subjects.measure import derive_asked
from chain.monitor.explain.times import vendor_delay, vendor_stamp, vendor_time
from chain.pipeline.staging import StagedContract


def explain_cell(question: Question, asked: CellOf) -> Explanation:
    """Return where a figure of one contract comes from."""
    figure, place = _figure(asked.figure), asked.place
    whose = f"{place.root} {place.strike:g}" + ("" if asked.figure == STRIKE else f" {place.side}")
    title = f"{question.chain} {whose} {figure.words}"
    if question.good is None:
        return Explanation(title, None, (snapshot_section(question),))
    payload = Payload.of(question.good.snapshot)
    contract = payload.at(place)
    if contract is None and asked.figure == STRIKE:  # one side of it may not be listed
        contract = payload.at(place._replace(side="put"))
    if contract is None:
        missing = section("VALUE", ("missing", _not_listed(payload, place)))
        return Explanation(title, None, (missing, snapshot_section(question)))
    found = asked.staged.at(place) if asked.staged else None
    own = leg_of(contract.item)
    leg = painted_leg(own, found[1]) if found else own
    cell = _Cell(question, asked, contract, leg, *(found or ("", None)))
    if isinstance(figure, Aged):
        value, sections = cell.aged(figure)
    elif isinstance(figure, Checked):
        value, sections = cell.checked(figure, payload)
    elif isinstance(figure, Judged):
        value, sections = None, cell.judged(figure)
    else:
        value, sections = cell.value(figure), tuple(cell.sections(figure))
    if asked.figure == STRIKE:
        sections = (*sections, *axis_sections(derive_asked(question, payload).measures, place))
    return Explanation(title, value, (*sections, snapshot_section(question)))


def _figure(name: str) -> Field | Derived | Checked | Aged | Judged:
    if name == QUOTE:
        return QUALITY
    return FIGURES.get(name) or CHECKED.get(name) or AGES[name]


def _not_listed(payload: Payload, place: Place) -> str:
    """Return why the payload has no contract at a place: none is listed, or one that no grid shows."""
    listed = f"none of its {len(payload.raws)} contracts is a {place.root} {place.side} at {place.strike:g}"
    for index, (item, at) in enumerate(placed(payload.received.contracts, payload.received.id.chain)):
        strike = value_at(item, ("details", "strike_price"))
        side = value_at(item, ("details", "contract_type"))
        if isinstance(at, Misfit) and (strike, side) == (place.strike, place.side):
            return f"{listed}; contracts[{index}] is left out: {at.reason}"
    return listed


class _Cell(Struct, frozen=True):
    """One contract as it is shown: its figures, and what of them is the stream's."""

    question: Question
    asked: CellOf
    contract: Contract
    leg: Leg  # as shown
    ticker: str
    staged: StagedContract | None

    def value(self, figure: Field | Derived) -> float | None:
        """Return the figure."""
        return self.asked.place.strike if self.asked.figure == STRIKE else figure.of(self.leg)

    def sections(self, figure: Field | Derived) -> Iterator[Section]:
        """Yield what is said of the figure itself."""
        if isinstance(figure, Derived):
            yield from self._derived(figure)
            return
        if self.staged and self.asked.staged and is_painted(self.staged, figure.path):
            yield staging_section(self.question, self.asked.staged.meta, self.ticker, self.staged, figure.path)
            yield self._written("SNAPSHOT BENEATH", figure, figure.of(leg_of(self.contract.item)))
        else:
            yield self._written("VALUE", figure, self.value(figure))

    def aged(self, figure: Aged) -> tuple[float | None, tuple[Section, ...]]:
        """Return how old something was when the snapshot was made, seconds, and what is said of that."""
        stamp_ms, good = figure.of(self.leg), self.question.good
        assert good is not None
        made = made_at(self.question.record, good)
        value = None if stamp_ms is None else made - stamp_ms / 1000
        is_own = figure.of(leg_of(self.contract.item)) == stamp_ms
        own = vendor_time(self.question, self.contract, figure.path)
        said = section(
            "VALUE",
            ("value", "" if value is None else f"{number(round(value, 3))} s"),
            ("missing", "" if value is not None else own),
            ("formula", f"the snapshot's time, {stamp(made)}, less the vendor's"),
            ("vendor time", own if is_own else f"{stamp((stamp_ms or 0) / 1000)}, of the stream"),
            ("stamp", vendor_stamp(self.contract, figure.path) if is_own else ""),
        )
        return value, (said,)

    def judged(self, figure: Judged) -> tuple[Section, ...]:
        """Return what is wrong with the quote, and of which figures that follows."""
        said = section(
            "VALUE",
            ("value", self.leg.condition.value or "sound"),
            ("rule", figure.rule),
            ("contract", self.contract.written(("details", "ticker")).text),
        )
        return said, section("INPUTS", *(line for name in figure.inputs for line in self._input(name)))

    def checked(self, figure: Checked, payload: Payload) -> tuple[float | None, tuple[Section, ...]]:
        """Return a figure that is computed with the whole chain, and what is said of it."""
        place = self.asked.place
        measures = derive_asked(self.question, payload).measures.told_in(self.asked.convention)
        check = next(each for each in measures.contracts if (each.strike, each.root, each.side) == place)
        value = figure.of(check)
        said = section(
            "VALUE",
            ("value", "" if value is None else f"{number(value)} {figure.unit or measures.gex.convention.unit.words}"),
            ("missing", "" if value is not None else figure.missing(check)),
            ("formula", figure.formula(measures)),
            ("contract", self.contract.written(("details", "ticker")).text),
        )
        forward = measures["implied_forward"].value
        inputs = section(
            "INPUTS",
            *(line for name in figure.inputs for line in self._input(name)),
            ("spot", number(measures.spot)),
            ("forward", f"{number(forward)} implied" if forward is not None else "none implied: spot stands for it"),
        )
        return value, (said, inputs)

    def _written(self, heading: str, figure: Field, value: float | None) -> Section:
        """Return where a figure stands in the payload, and of when it is."""
        written, item = self.contract.written(figure.path), self.contract.item
        missing = "" if value is not None else figure.why_missing(written, item)
        return section(
            heading,
            ("value", "" if value is None else f"{number(value)} {figure.unit}"),
            ("missing", missing),
            ("field", written.path),
            ("written", written.text),
            ("contract", self.contract.written(("details", "ticker")).text),
            ("vendor time", vendor_time(self.question, self.contract, figure.stamp)),
            ("stamp", vendor_stamp(self.contract, figure.stamp)),
            ("delay", vendor_delay(self.contract, figure.timeframe)),
            ("note", figure.note),
        )

    def _derived(self, figure: Derived) -> Iterator[Section]:
        value = figure.of(self.leg)
        yield section(
            "VALUE",
            ("value", "" if value is None else f"{number(value)} {figure.unit}"),
            ("missing", "" if value is not None else figure.why_missing(self.leg)),
            ("formula", figure.formula),
            ("contract", self.contract.written(("details", "ticker")).text),
        )
        yield section("INPUTS", *(line for name in figure.inputs for line in self._input(name)))

    def _input(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield an input with its place, and its time."""
        field = FIGURES[name]
        assert isinstance(field, Field)
        value = field.of(self.leg)
        if self.staged and is_painted(self.staged, field.path):
            yield field.words, f"{number(value)}, of the stream"
            yield "", input_words(self.question, self.ticker, self.staged, field.path)
            return
        written = self.contract.written(field.path)
        missing = "" if value is not None else f": {field.why_missing(written, self.contract.item)}"
        yield field.words, f"{number(value)}  {written.path}{missing}"
        yield "", vendor_time(self.question, self.contract, field.stamp)

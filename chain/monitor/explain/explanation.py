"""An explanation: a number's title, its value, and sections of named facts. Plain text all through."""

import math
from collections.abc import Iterator

from msgspec import Struct

from chain.model.session import new_york

MISSING = "-"


class Fact(Struct, frozen=True):
    """One line: what is said of, and what. `name` is unique within its section but for listed contracts."""

    name: str
    text: str


class Section(Struct, frozen=True):
    """Facts that belong together."""

    heading: str
    facts: tuple[Fact, ...]


class Explanation(Struct, frozen=True):
    """Where one number comes from.

    `value` is the number computed again, in the unit that its explanation names. It is None where there is none, and
    then a fact `missing` says why; and where what is explained is no single number.
    """

    title: str
    value: float | None
    sections: tuple[Section, ...]

    def facts(self, name: str) -> list[str]:
        """Return what is said of a name, in order."""
        return [fact.text for section in self.sections for fact in section.facts if fact.name == name]

    def text(self, shown: str) -> str:
        """Return all of it as text; `shown` is the number as it reads on screen."""
        return "\n".join((f"{self.title}: {shown}" if shown else self.title, *self._lines(), ""))

    def _lines(self) -> Iterator[str]:
        for section in self.sections:
            yield ""
            yield section.heading
            for fact in section.facts:
                yield f"  {fact.name:<12}  {fact.text}"


def section(heading: str, *facts: tuple[str, str]) -> Section:
    """Return a section of the facts that have a text."""
    return Section(heading, tuple(Fact(name, text) for name, text in facts if text))


def stamp(epoch_s: float) -> str:
    """Return an instant as New York's date and time, to the millisecond that it lies in."""
    at = new_york(epoch_s)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} ET"


def seconds(span: float) -> str:
    """Return a span of time in its own unit, cut and not rounded: `3.1 s`, `4 min 2 s`, `3 h 5 min`, `12 d 4 h`."""
    size = abs(span)
    if size < 100:
        return f"{int(span * 10 + (1e-6 if span >= 0 else -1e-6)) / 10:.1f} s"
    whole = int(size)
    days, hours, minutes = whole // 86_400, whole // 3600 % 24, whole // 60 % 60
    words = f"{minutes} min {whole % 60} s" if whole < 3600 else f"{hours} h {minutes} min"
    return f"{'-' if span < 0 else ''}{f'{days} d {hours} h' if days else words}"


def number(value: float | None) -> str:
    """Return a number with all the digits that tell it from its neighbours; `-` where there is no finite one."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else repr(value)

"""A chart as data: what is to be seen and what it rests on, before there is a size or a set of characters."""

from enum import Enum

from msgspec import Struct

from tui.lines.line import Role

NOTHING, NO_ROOM = "no value to draw", "too little room for a chart"

Point = tuple[float, float | None]  # x and y; None is a gap
Values = tuple[float | None, ...]


class Look(Enum):
    """How points are connected."""

    LINE = "line"  # neighbours, where three or more follow each other without a gap
    DOTS = "dots"  # not at all
    LEVELS = "levels"  # in pairs: a value that holds from one x to the next


class Series(Struct, frozen=True):
    """One line of a chart, x ascending; `label` names it at its end where there are several."""

    label: str
    points: tuple[Point, ...]
    role: Role = Role.ACCENT
    look: Look = Look.LINE


class Mark(Struct, frozen=True):
    """A value worth a line of its own across a chart; `label` names it with its figure, `sign` stands at its foot."""

    at: float
    label: str
    role: Role = Role.DIM
    sign: str = ""


class Axis(Struct, frozen=True):
    """What an axis measures, in the unit in which values are given; `clock`: they are epoch seconds.

    `ends` are values that belong to the range whatever is drawn. `named` are values that are labelled with a name of
    their own, in place of round ones.
    """

    unit: str
    ends: tuple[float, ...] = ()
    clock: bool = False
    named: tuple[tuple[float, str], ...] = ()


class Curves(Struct, frozen=True):
    """Lines over a common x. `upright` are marks at an x, `level` at a y; marks outside the range are only named."""

    x: Axis
    y: Axis
    series: tuple[Series, ...]
    upright: tuple[Mark, ...] = ()
    level: tuple[Mark, ...] = ()


class Bar(Struct, frozen=True):
    """One strike: a value for each layer on both sides, None where there is none; `note` says what is special."""

    label: str
    left: Values
    right: Values
    note: str = ""
    role: Role = Role.TEXT


class Bars(Struct, frozen=True):
    """Bars to both sides of a column of strikes, lowest strike first, all on one scale.

    Of one layer, or of two that share a bar's height: the first its upper half, the second its lower. `centre` is the
    bar around which is shown what fits; `missing` is written for a value that is not there, and `places`
    are its decimals, None of counts.
    """

    unit: str
    left: str
    right: str
    layers: tuple[str, ...]
    bars: tuple[Bar, ...]
    centre: int = 0
    left_role: Role = Role.ACCENT
    right_role: Role = Role.ACCENT
    missing: str = "-"
    places: int | None = None


class Chart(Struct, frozen=True):
    """A whole chart. `words` say why there is no picture, or what it leaves out; `figures` what else there is to know.

    `about` is what it rests on. `last_good` says that a part of it may be true no longer, `dim` that so is the picture.
    """

    name: str
    subject: str
    picture: Curves | Bars | None
    words: str = ""
    figures: str = ""
    convention: str = ""
    about: str = ""
    last_good: str = ""
    dim: bool = False

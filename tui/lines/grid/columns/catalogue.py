"""The figures of a contract that the grid can show: each a column with its heading, its width and how it reads."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from chain.model.grid import Condition, Leg
from chain.text import clean
from tui.lines import figures

STRIKE = "STRIKE"  # the heading between the two sides
STRIKE_WIDTH = 8
NARROWEST = len(STRIKE)  # that a strike can be, with marks beside it
ROOT_WIDTH = 6

_NEWER_S = 1.0  # so much after the snapshot was made a quote is of a clock ahead, or of the stream


class Facts(Struct, frozen=True, gc=False):
    """What is known of a contract beside its own figures.

    `made_ms`, epoch ms, is the instant to which its quote and its trade have aged. `gex` is signed, in the unit of the
    chain's convention; `iv_mid`, a fraction, is what its mid implies; `apart`: the vendor's greeks disagree with
    Black-Scholes.
    """

    made_ms: float = 0.0
    gex: float | None = None
    iv_mid: float | None = None
    apart: bool = False


NO_FACTS = Facts()
Figure = Any  # what a column reads off a contract: a number, two, a condition, or None


class Column(Struct, frozen=True, eq=False):
    """One figure of a contract: its heading, how wide, what it is, and how that reads. `bar`: drawn, not written."""

    name: str
    width: int
    value: Callable[[Leg, Facts], Figure]
    text: Callable[[Figure], str]
    bar: bool = False


def _age(stamp_ms: int | None, facts: Facts) -> float | None:
    """Return how old something was when the snapshot was made, seconds to the tenth: less cannot be read."""
    return None if stamp_ms is None or not facts.made_ms else round((facts.made_ms - stamp_ms) / 1000, 1)


def _condition(leg: Leg, _: Facts) -> Condition:
    return leg.condition


SOUND = "sound"  # nothing to be looked at
_CONDITIONS = {Condition.OK: SOUND, Condition.NONE: "no quote"}


def _age_text(seconds: float | None) -> str:
    if seconds is None:
        return figures.MISSING
    return "newer" if seconds <= -_NEWER_S else figures.age(max(0.0, seconds))


def _ratio(value: float | None) -> str:
    if value is None:
        return figures.MISSING
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else figures.count(value)


def _exposure(value: float | None) -> str:
    return figures.MISSING if value is None else figures.large(value)


def _gamma(value: float | None) -> str:
    return figures.greek(value, 4)


COLUMNS = {
    column.name: column
    for column in (
        Column("Bid", 8, lambda leg, _: leg.bid, figures.price),
        Column("Ask", 8, lambda leg, _: leg.ask, figures.price),
        Column("Mid", 8, lambda leg, _: leg.mid, figures.price),
        Column("Last", 8, lambda leg, _: leg.last, figures.price),
        Column("Close", 8, lambda leg, _: leg.close, figures.price),
        Column("Spr%", 6, lambda leg, _: leg.relative_spread, figures.percent),
        Column("Spr", 7, lambda leg, _: leg.spread, figures.price),
        Column("BSz", 6, lambda leg, _: leg.bid_size, figures.count),
        Column("ASz", 6, lambda leg, _: leg.ask_size, figures.count),
        Column("Quote", 10, _condition, lambda value: _CONDITIONS.get(value, str(value))),
        Column("Lag", 6, lambda leg, facts: _age(leg.quote_ms, facts), _age_text),
        Column("Traded", 7, lambda leg, facts: _age(leg.trade_ms, facts), _age_text),
        Column("IV", 5, lambda leg, _: leg.iv, figures.percent),
        Column("IVmid", 6, lambda _, facts: facts.iv_mid, figures.percent),
        Column("D", 5, lambda leg, _: leg.delta, figures.greek),
        Column("Gamma", 7, lambda leg, _: leg.gamma, _gamma),
        Column("Theta", 8, lambda leg, _: leg.theta, figures.greek),
        Column("Vega", 7, lambda leg, _: leg.vega, figures.greek),
        Column("OI", 6, lambda leg, _: leg.open_interest, figures.count),
        Column("Vol", 6, lambda leg, _: leg.volume, figures.count),
        Column("Vol/OI", 7, lambda leg, _: leg.volume_on_interest, _ratio),
        Column("GEX", 9, lambda _, facts: facts.gex, _exposure),
        Column("OI bar", 9, lambda leg, _: leg.open_interest, str, bar=True),
        Column("Vol bar", 10, lambda leg, _: leg.volume, str, bar=True),
    )
}
QUOTED = frozenset(
    ("Last", "Spr%", "Spr", "BSz", "ASz", "Quote", "Lag", "Mid", "Bid", "Ask", "IVmid")
)  # by a plan of quotes
APART = frozenset(("D", "Gamma"))  # the greeks that are held against Black-Scholes
ODD = frozenset(("Bid", "Ask"))  # the figures that bear the sign of an odd quote


def parse_columns(value: object) -> tuple[str, ...]:
    """Return the names of columns as they are headed, of a list or a text with commas; ValueError says which exist."""
    parts = value if isinstance(value, list | tuple) else str(value).split(",")
    known = {name.lower(): name for name in COLUMNS}
    given = [str(part).strip() for part in parts if str(part).strip()]
    unknown = next((part for part in given if part.lower() not in known), None)
    if not given or unknown is not None:
        none = "" if unknown is None else f"; {clean(unknown, 32)!r} is none of them"
        raise ValueError(f"a list of columns among {', '.join(COLUMNS)}{none}")
    return tuple(dict.fromkeys(known[part.lower()] for part in given))

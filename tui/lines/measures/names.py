"""What measures are called, in which order and groups they stand, and how their values read."""

from msgspec import Struct

from chain.analytics.measures.gamma import GexUnit
from chain.analytics.measures.measure import FRACTION, POINTS, RATIO, Measure
from tui.lines import figures

LABELS = {
    "straddle": "straddle",
    "expected_move_iv": "EM, 1 SD by IV",
    "expected_move_straddle": "EM, 0.85 x straddle",
    "implied_forward": "implied forward",
    "atm_iv": "ATM IV",
    "forward_vol": "forward vol",
    "rr25": "RR25",
    "bf25": "BF25",
    "put_call_oi": "put/call OI",
    "put_call_volume": "put/call volume",
    "max_pain": "max pain",
    "gex_net": "net GEX",
    "call_wall": "call wall",
    "put_wall": "put wall",
    "zero_gamma_profile": "zero gamma (profile)",
    "zero_gamma_cumulative": "zero gamma (cumulative)",
    "realised_vol": "realised vol",
    "realised_less_implied": "realised less ATM IV",
    "greeks_apart": "vendor greeks apart",
}
REALISED = "realised_vol"
FROM_HISTORY = frozenset({REALISED, "realised_less_implied"})  # which a single look cannot give
PERCENT = frozenset({"atm_iv", "forward_vol", "rr25", "bf25", "greeks_apart", "realised_vol", "realised_less_implied"})
_SIGNED = frozenset({"rr25", "bf25", "realised_less_implied"})

_UNITS = {
    POINTS: "points",
    FRACTION: "%",
    RATIO: "ratio",
    GexUnit.PERCENT.words: "$/1%",
    GexUnit.POINT.words: "$/pt",
    GexUnit.SHARES.words: "sh/pt",
}
UNIT_WIDTH = max(map(len, _UNITS.values())) + 1


class MeasureRow(Struct, frozen=True):
    """A line of the page: a measure, or what follows from it: one of its `input`s, or its distance to `other`."""

    group: str
    name: str
    input: str = ""
    other: str = ""

    @property
    def label(self) -> str:
        """What it is called."""
        if self.input:
            return f"{self.input}, forward less spot"
        return "profile less cumulative" if self.other else LABELS[self.name]

    @property
    def is_measure(self) -> bool:
        """Whether it is the measure itself."""
        return not (self.input or self.other)


ROWS = (
    MeasureRow("ATM", "straddle"),
    MeasureRow("ATM", "expected_move_iv"),
    MeasureRow("ATM", "expected_move_straddle"),
    MeasureRow("ATM", "implied_forward"),
    MeasureRow("ATM", "implied_forward", input="basis"),
    MeasureRow("ATM", "atm_iv"),
    MeasureRow("skew", "rr25"),
    MeasureRow("skew", "bf25"),
    MeasureRow("flow", "put_call_oi"),
    MeasureRow("flow", "put_call_volume"),
    MeasureRow("flow", "max_pain"),
    MeasureRow("gamma", "gex_net"),
    MeasureRow("gamma", "call_wall"),
    MeasureRow("gamma", "put_wall"),
    MeasureRow("gamma", "zero_gamma_profile"),
    MeasureRow("gamma", "zero_gamma_cumulative"),
    MeasureRow("gamma", "zero_gamma_profile", other="zero_gamma_cumulative"),
    MeasureRow("across", "forward_vol"),
    MeasureRow("realised", "realised_vol"),
    MeasureRow("realised", "realised_less_implied"),
    MeasureRow("quality", "greeks_apart"),
)


def unit_text(measure: Measure) -> str:
    """Return a measure's unit, in at most `UNIT_WIDTH` characters."""
    return _UNITS[measure.unit]


def value_text(name: str, measure: Measure | None) -> str:
    """Return a measure's value in its unit: a volatility in percent, gamma exposure abbreviated."""
    if measure is None or measure.value is None:
        return figures.MISSING
    value = measure.value
    if measure.unit == FRACTION:
        return f"{value * 100:+.2f}" if name in _SIGNED else figures.percent(value)
    if measure.unit == RATIO:
        return f"{value:.2f}"
    return figures.level(value) if measure.unit == POINTS else figures.large(value)

"""The charts there are, in their order, and how many of them a page shows at once."""

from dataclasses import dataclass
from enum import Enum

from tui.lines.charts.facts import Facts
from tui.lines.charts.gex import profile_chart, strikes_chart
from tui.lines.charts.interest import interest_chart
from tui.lines.charts.plot.chart import Chart
from tui.lines.charts.smile import smile_chart
from tui.lines.charts.term import term_chart
from tui.lines.charts.timing import Clocked, age_chart, cycle_chart, seen_chart
from tui.lines.line import Line, Role, Span, justify

AGES_S, READINGS_S = 120.0, 600.0  # seconds that charts over time go back
_TWO_FROM, _FOUR_FROM = 30, 150  # lines, and with these columns, from which there is room for so many charts


class ChartKind(Enum):
    """The charts, each with its word on the line of tabs."""

    SMILE = "smile"
    TERM = "term"
    PROFILE = "GEX profile"
    STRIKES = "GEX strikes"
    INTEREST = "OI volume"
    AGE = "age"
    SEEN = "seen"
    CYCLE = "cycle"

    @property
    def of_measures(self) -> bool:
        """Whether it shows what snapshots say, and not when."""
        return self in _OF_MEASURES

    @property
    def measure(self) -> str:
        """The name of the measure that it is about; empty where it is about none."""
        return _MEASURES.get(self, "")


KINDS = tuple(ChartKind)
_MEASURES = {
    ChartKind.SMILE: "atm_iv",
    ChartKind.TERM: "atm_iv",
    ChartKind.PROFILE: "zero_gamma_profile",
    ChartKind.STRIKES: "gex_net",
    ChartKind.INTEREST: "put_call_oi",
}
_OF_MEASURES = {
    ChartKind.SMILE: smile_chart,
    ChartKind.TERM: term_chart,
    ChartKind.PROFILE: profile_chart,
    ChartKind.STRIKES: strikes_chart,
    ChartKind.INTEREST: interest_chart,
}


@dataclass(slots=True)
class ChartChoice:
    """What the reader looks at: a chart; `every` expiration or the chosen one; strikes in SD or in points."""

    kind: ChartKind = ChartKind.SMILE
    every: bool = True
    in_sd: bool = False

    def step(self, by: int) -> None:
        """Turn to another chart, as far as there are any."""
        self.kind = KINDS[max(0, min(len(KINDS) - 1, KINDS.index(self.kind) + by))]


def chart_of(kind: ChartKind, facts: Facts, clocked: Clocked) -> Chart:
    """Return a chart of a kind."""
    if kind in _OF_MEASURES:
        return _OF_MEASURES[kind](facts)
    if kind is ChartKind.AGE:
        return age_chart(clocked, AGES_S)
    return seen_chart(clocked, READINGS_S) if kind is ChartKind.SEEN else cycle_chart(clocked, READINGS_S)


def across_and_down(width: int, height: int) -> tuple[int, int]:
    """Return how many charts stand beside and under each other on a page of this size."""
    return (2 if width >= _FOUR_FROM else 1), (2 if height >= _TWO_FROM else 1)


def on_page(chosen: ChartKind, count: int) -> tuple[ChartKind, ...]:
    """Return the charts that are shown where there is room for `count`: always the same ones together."""
    first = KINDS.index(chosen) // count * count
    first = min(first, len(KINDS) - count)
    return KINDS[first : first + count]


def tabs(chosen: ChartKind, width: int) -> Line:
    """Return the names of the charts, the chosen one marked."""
    names = (
        Span(f"[{kind.value}]", Role.STRONG) if kind is chosen else Span(f" {kind.value} ", Role.DIM) for kind in KINDS
    )
    return justify([Span(" "), *names], [], width)


def tab_at(column: int) -> ChartKind | None:
    """Return the chart whose name stands at a column of the line of tabs."""
    end = 1
    for kind in KINDS:
        end += len(kind.value) + 2
        if 1 <= column < end:
            return kind
    return None

"""What the measures of a chain add to its grid: levels and deviations on the strike axis, facts of each contract."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from chain.analytics.measures.chain import ChainMeasures
from chain.analytics.measures.gamma import GexUnit
from chain.model.grid import StrikeGrid, StrikeRow
from chain.model.placement import Place
from tui.lines.grid.columns.catalogue import Facts

# The tags of levels, the most important first, each with the measure that it stands for.
TAGS: Mapping[str, str] = MappingProxyType(
    {
        "CW": "call_wall",
        "PW": "put_wall",
        "MP": "max_pain",
        "Zp": "zero_gamma_profile",
        "Zc": "zero_gamma_cumulative",
        "F": "implied_forward",
    }
)
INSIDE = ("║", "╎")  # within one standard deviation of the forward, and within two
GEX_HEADING = {GexUnit.PERCENT: "GEX$/1%", GexUnit.POINT: "GEX$/pt", GexUnit.SHARES: "GEXsh/pt"}


class Annotations(Struct, frozen=True, eq=False):
    """For each row of a grid the tags of its levels and its place in the bands, and for each contract its facts.

    `gex`: the heading of gamma exposure, with its unit.
    """

    tags: Mapping[int, tuple[str, ...]] = MappingProxyType({})
    bands: Mapping[int, str] = MappingProxyType({})
    facts: Mapping[Place, Facts] = MappingProxyType({})
    gex: str = GEX_HEADING[GexUnit.PERCENT]


NOT_ANNOTATED = Annotations()


def annotations(grid: StrikeGrid, measures: ChainMeasures) -> Annotations:
    """Return what the measures of a grid's snapshot add to it."""
    root = measures.maturity.root if measures.maturity else ""
    mine = [at for at, row in enumerate(grid.rows) if row.root == root] or list(range(len(grid.rows)))
    made_ms = measures.at * 1000
    facts = {
        Place(each.strike, each.root, each.side): Facts(made_ms, each.gex, each.iv_mid, bool(each.disagrees))
        for each in measures.contracts
    }
    return Annotations(
        tags=_tags(grid.rows, mine, measures),
        bands=_bands(grid.rows, mine, measures),
        facts=facts,
        gex=GEX_HEADING[measures.gex.convention.unit],
    )


def _tags(rows: Sequence[StrikeRow], mine: Sequence[int], measures: ChainMeasures) -> dict[int, tuple[str, ...]]:
    """Return the tags by row: each level at the strike nearest to it; none where it lies outside the strikes."""
    found: dict[int, tuple[str, ...]] = {}
    strikes = [rows[at].strike for at in mine]
    for tag, name in TAGS.items():
        level = measures[name].value
        if level is not None and strikes and strikes[0] <= level <= strikes[-1]:
            at = min(mine, key=lambda row: abs(rows[row].strike - level))
            found[at] = (*found.get(at, ()), tag)
    return found


def _bands(rows: Sequence[StrikeRow], mine: Sequence[int], measures: ChainMeasures) -> dict[int, str]:
    """Return a sign for each row within two standard deviations; a number at the last row within one, or two.

    A band whose edge lies outside the strikes has no number there.
    """
    away = {(each.root, each.strike): each.deviations for each in measures.contracts}
    steps = [_step(away.get((rows[at].root, rows[at].strike))) for at in mine]
    found: dict[int, str] = {}
    for place, (at, step) in enumerate(zip(mine, steps, strict=True)):
        if step is None:
            continue
        beside = [steps[near] for near in (place - 1, place + 1) if 0 <= near < len(steps)]
        is_edge = any(other is None or other > step for other in beside)
        found[at] = str(step) if is_edge else INSIDE[step - 1]
    return found


def _step(away: float | None) -> int | None:
    """Return within how many standard deviations, at most two, a strike lies."""
    return None if away is None or abs(away) > 2 else 1 if abs(away) <= 1 else 2


def tag_text(tags: tuple[str, ...], width: int) -> str:
    """Return the tags that fit, a `+` where that is not all."""
    text = " ".join(tags)
    if len(text) <= width:
        return text
    kept = list(tags)
    while len(kept) > 1 and len(" ".join(kept)) + 1 > width:
        kept.pop()
    return (" ".join(kept) + "+")[:width]

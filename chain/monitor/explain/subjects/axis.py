"""What stands beside a strike: how far it is from the forward in standard deviations, and the levels nearest to it."""

from collections.abc import Iterator

from chain.analytics.measures.chain import ChainMeasures
from chain.model.placement import Place
from chain.monitor.explain.explanation import Section, number, section

# The measures that are marked at the strike nearest to them.
LEVELS = (
    "call_wall",
    "put_wall",
    "max_pain",
    "zero_gamma_profile",
    "zero_gamma_cumulative",
    "implied_forward",
)


def axis_sections(measures: ChainMeasures, place: Place) -> Iterator[Section]:
    """Yield the distance of a strike, with its formula and inputs, and the levels whose nearest strike it is."""
    mine = (each for each in measures.contracts if (each.strike, each.root) == place[:2])
    away = next((each.deviations for each in mine), None)
    yield section(
        "DISTANCE",
        ("deviations", f"{away:+.2f} standard deviations" if away is not None else ""),
        ("missing", "there is no expected move, or neither forward nor spot" if away is None else ""),
        ("formula", "(strike - forward) / expected move by IV; spot stands for a forward that is not implied"),
        ("forward", number(measures["implied_forward"].value)),
        ("spot", number(measures.spot)),
        ("move", number(measures["expected_move_iv"].value)),
    )
    here = [name for name in LEVELS if _nearest(measures, measures[name].value, place.root) == place.strike]
    if here:
        facts = (
            (name.replace("_", " "), f"{number(measures[name].value)}: {measures[name].convention}") for name in here
        )
        yield section("LEVELS NEAREST TO IT", *facts)


def _nearest(measures: ChainMeasures, level: float | None, root: str) -> float | None:
    """Return the strike nearest to a level, of the root that levels are marked at; None beyond the strikes."""
    strikes = sorted({each.strike for each in measures.contracts if each.root == root})
    is_marked = measures.maturity is None or measures.maturity.root == root
    if level is None or not is_marked or not strikes or not strikes[0] <= level <= strikes[-1]:
        return None
    return min(strikes, key=lambda strike: abs(strike - level))

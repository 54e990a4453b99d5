"""The term structure: ATM volatility of each expiry over its days to settlement, and the forward volatility between."""

from collections.abc import Iterator
from itertools import pairwise

from chain.analytics.measures.chain import ChainMeasures
from chain.analytics.measures.measure import Measure, together
from tui.lines import figures
from tui.lines.charts.facts import Facts
from tui.lines.charts.plot.chart import Axis, Chart, Curves, Look, Mark, Point, Series
from tui.lines.line import Role

_NAME = "TERM STRUCTURE"
_CONVENTION = (
    "vendor's IV of ATM call and put, mean; forward volatility sqrt((IV2^2 T2 - IV1^2 T1) / (T2 - T1)), from one "
    "expiry to the next; T in days / 365 to settlement"
)
_YEAR_DAYS = 365


def term_chart(facts: Facts) -> Chart:
    """Return ATM IV and forward volatility in percent, over calendar days to settlement."""
    facts = facts._replace(every=True)
    chains = [one for one in facts.shown if one.maturity is not None]
    found = [one["atm_iv"] for one in chains]
    known = [one for one in chains if one["atm_iv"].value is not None]
    series = [
        Series("forward vol", tuple(_levels(facts, chains)), Role.TEXT, Look.LEVELS),
        Series("ATM IV", tuple((_days(one), _percent(one["atm_iv"])) for one in chains)),
    ]
    snapshots = [one.snapshot for one in chains]
    realised = facts.across.realised if facts.across else None
    level = () if realised is None or realised.value is None else (_level(realised.value),)
    days = Axis("days to settlement", named=tuple((_days(one), _day(one)) for one in chains))
    volatility = Axis("volatility, %", ends=tuple(mark.at for mark in level))
    return Chart(
        _NAME,
        facts.subject,
        Curves(days, volatility, tuple(series), _chosen(facts, chains), level),
        words=facts.why_none or _words(known, facts),
        figures=_realised(realised),
        convention=_CONVENTION,
        about=facts.about(snapshots, sum(one.used for one in found), together(*(one.skipped for one in found))),
        last_good=facts.last_good(snapshots),
        dim=facts.any_past(snapshots),
    )


def _level(realised: float) -> Mark:
    return Mark(realised * 100, f"realised {figures.percent(realised)} %", Role.STRONG)


def _realised(realised: Measure | None) -> str:
    """Return how what spot has realised was found, or why it was not; empty where nobody keeps spots."""
    if realised is None:
        return ""
    if realised.value is None:
        return f"realised volatility -: {realised.note}"
    error, minutes = realised.inputs["standard_error"], realised.inputs["minutes"]
    over = "" if minutes is None else f" over {minutes:.0f} min"
    value = f"{figures.percent(realised.value)} ±{figures.percent(error)} %"
    return f"realised {value} of {realised.used} returns of spot{over}"


def _days(chain: ChainMeasures) -> float:
    return chain.maturity.years * _YEAR_DAYS if chain.maturity else 0.0


def _day(chain: ChainMeasures) -> str:
    return f"{chain.snapshot.chain.expiry:%m-%d} {_days(chain):.1f}d"


def _percent(measure: Measure) -> float | None:
    return None if measure.value is None else figures.in_percent(measure.value)


def _forwards(facts: Facts) -> dict[str, Measure]:
    """Return the forward volatility up to each expiry, by its snapshot's name."""
    if facts.across is None:
        return {}
    return {str(one.snapshot): vol for one, vol in zip(facts.across.chains, facts.across.forward_vols, strict=True)}


def _levels(facts: Facts, chains: list[ChainMeasures]) -> Iterator[Point]:
    """Yield forward volatility as levels, each from one expiry to the next, and a gap after each."""
    forwards = _forwards(facts)
    for near, far in pairwise(chains):
        value = _percent(forwards[str(far.snapshot)])
        if value is not None:
            yield _days(near), value
            yield _days(far), value
            yield _days(far), None


def _words(known: list[ChainMeasures], facts: Facts) -> str:
    if not known:
        return "no ATM IV"
    if len(known) < 3:
        return f"{len(known)} {'expiries have' if len(known) > 1 else 'expiry has'} ATM IV: too few for a line"
    negative = [
        f"{one.snapshot.chain.expiry:%m-%d}" for one in known if "negative" in _forwards(facts)[str(one.snapshot)].note
    ]
    return f"no forward volatility up to {', '.join(negative)}: negative forward variance" if negative else ""


def _chosen(facts: Facts, chains: list[ChainMeasures]) -> tuple[Mark, ...]:
    return tuple(
        Mark(
            _days(one),
            f"{figures.day(facts.chain.expiry)} {_days(one):.2f} days, {figures.percent(one['atm_iv'].value)} %",
            sign="^",
        )
        for one in chains
        if one.snapshot.chain == facts.chain
    )

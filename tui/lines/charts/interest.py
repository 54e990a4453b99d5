"""Open interest and the day's volume by strike, calls and puts mirrored about it."""

from chain.analytics.measures.interest import StrikeInterest
from chain.analytics.measures.measure import Measure
from tui.lines import figures
from tui.lines.charts.facts import Facts, counted
from tui.lines.charts.plot.chart import Bar, Bars, Chart
from tui.lines.charts.strikes import nearest
from tui.lines.line import Role

_NAME = "OI AND VOLUME"
_CONVENTION = (
    "contracts by strike, all roots together; open interest of the evening before, volume of the day; slice only"
)


def interest_chart(facts: Facts) -> Chart:
    """Return volume and open interest by strike, calls to the left."""
    across, shown = facts.across, facts.shown
    if across is None or not shown:
        return Chart(_NAME, facts.subject, None, words=facts.why_none)
    strikes, measures = (across.interest, across.totals) if facts.every else (shown[0].interest, shown[0].measures)
    spot = across.spot if facts.every else shown[0].spot
    pain = None if facts.every else measures["max_pain"].value
    centre = nearest([each.strike for each in strikes], spot)
    bars = tuple(
        _bar(each, at_spot=spot is not None and place == centre, at_pain=each.strike == pain)
        for place, each in enumerate(strikes)
    )
    snapshots = [one.snapshot for one in shown]
    oi, volume = measures["put_call_oi"], measures["put_call_volume"]
    told = [
        "" if spot is None else f"spot {figures.level(spot)}",
        _ratio("OI", oi),
        _ratio("volume", volume),
        "" if pain is None else f"max pain {figures.strike(pain)}",
    ]
    about = facts.about(snapshots, oi.used, oi.skipped)
    if (volume.used, volume.skipped) != (oi.used, oi.skipped):
        about += f"; of volume {counted(volume.used, volume.skipped)}"
    return Chart(
        _NAME,
        facts.subject,
        Bars("contracts", "calls", "puts", ("volume", "OI"), bars, centre, Role.CALL, Role.PUT),
        words="" if oi.used or volume.used else "no contract has open interest or volume",
        figures=";  ".join(filter(None, told)),
        convention=_CONVENTION,
        about=about,
        last_good=facts.last_good(snapshots),
        dim=facts.any_past(snapshots),
    )


def _bar(each: StrikeInterest, *, at_spot: bool, at_pain: bool) -> Bar:
    calls, puts = (each.call_volume, each.call_oi), (each.put_volume, each.put_oi)
    notes = ", ".join(["spot"] * at_spot + ["max pain"] * at_pain)
    return Bar(figures.strike(each.strike), calls, puts, notes, Role.STRONG if at_spot else Role.TEXT)


def _ratio(of: str, measure: Measure) -> str:
    return f"P/C {of} {measure.value:.2f}" if measure.value is not None else f"P/C {of} -: {measure.note}"

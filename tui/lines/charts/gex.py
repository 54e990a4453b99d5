"""Gamma exposure: the total over levels of the underlying, and the net by strike."""

from collections.abc import Mapping
from typing import NamedTuple

from chain.analytics.measures.flip import Curve, Profile
from chain.analytics.measures.gamma import Exposure
from chain.analytics.measures.measure import Measure
from chain.model.keys import SnapshotId
from tui.lines import figures
from tui.lines.charts.facts import Facts
from tui.lines.charts.plot.chart import Axis, Bar, Bars, Chart, Curves, Mark, Series, Values
from tui.lines.charts.strikes import nearest, scale_of
from tui.lines.line import Role

_PROFILE, _STRIKES = "GEX PROFILE", "GEX BY STRIKE"
_DOLLARS = "dollars per 1 % move"
_MARKS = (
    ("zero_gamma_profile", "Z", "zero gamma by profile"),
    ("zero_gamma_cumulative", "R", "by running sum"),
    ("call_wall", "C", "call wall"),
    ("put_wall", "P", "put wall"),
)


class _Gamma(NamedTuple):
    """Gamma exposure of what is looked at: of one expiry or of all."""

    exposure: Exposure
    profile: Profile
    curve: Curve
    measures: Mapping[str, Measure]

    @property
    def snapshots(self) -> tuple[SnapshotId, ...]:
        return self.profile.snapshots


def profile_chart(facts: Facts) -> Chart:
    """Return total GEX over levels of the underlying within the slice, its zero and where spot stands."""
    found = _found(facts)
    if found is None:
        return Chart(_PROFILE, facts.subject, None, words=facts.why_none)
    profile = found.profile
    scale, prefix = scale_of(value for _, value in found.curve)
    series = Series("total", tuple((level, value / scale) for level, value in found.curve))
    marks = [] if profile.spot is None else [Mark(profile.spot, f"spot {figures.level(profile.spot)}", Role.STRONG)]
    for name, sign, words in _MARKS:
        value = found.measures[name].value
        if value is not None:
            marks.append(Mark(value, f"{words} {_level(value)}", Role.DIM, sign))
    zero = found.measures["zero_gamma_profile"]
    note, at_spot = zero.note, zero.inputs["gex_at_spot"]
    axes = Axis("level of the underlying, points"), Axis(f"GEX in {prefix}{_DOLLARS}", ends=(0.0,))
    return Chart(
        _PROFILE,
        facts.subject,
        Curves(*axes, (series,), tuple(marks), (Mark(0.0, ""),)),
        words=profile.note or (note and f"zero gamma by profile: {note}"),
        figures="" if at_spot is None else f"total at spot {at_spot / scale:,.2f} {prefix}{_DOLLARS}",
        convention=f"every gamma by Black-Scholes at each of {len(found.curve)} levels, vendor's IV kept, r = 0, "
        f"calls +, puts -, linear between; slice only; {profile.exercise}",
        about=facts.about(found.snapshots, profile.used, profile.skipped),
        last_good=facts.last_good(found.snapshots),
        dim=facts.any_past(found.snapshots),
    )


def strikes_chart(facts: Facts) -> Chart:
    """Return net GEX by strike, negative to the left."""
    found = _found(facts)
    if found is None:
        return Chart(_STRIKES, facts.subject, None, words=facts.why_none)
    exposure, net = found.exposure, found.measures["gex_net"].value
    scale, prefix = scale_of(each.net for each in exposure.strikes)
    told = ["" if net is None else f"net {net / scale:,.2f} {prefix}".rstrip()]
    told.append("" if exposure.spot is None else f"spot {figures.level(exposure.spot)}")
    return Chart(
        _STRIKES,
        facts.subject,
        _bars(exposure, found.measures, scale, f"{prefix}{exposure.convention.unit.words}"),
        words=exposure.note,
        figures=";  ".join(filter(None, (*told, *_told(found.measures)))),
        convention=f"{exposure.convention.words}; each at its own snapshot's spot; slice only",
        about=facts.about(found.snapshots, exposure.used, exposure.skipped),
        last_good=facts.last_good(found.snapshots),
        dim=facts.any_past(found.snapshots),
    )


def _bars(exposure: Exposure, measures: Mapping[str, Measure], scale: float, unit: str) -> Bars:
    """Return the net of each strike to its side."""
    notes, bars = _notes(exposure, measures), []
    for each in exposure.strikes:
        value, note = each.net / scale, notes.get(each.strike, "")
        left: Values = (value,) if value < 0 else (None,)
        right: Values = (value,) if value >= 0 else (None,)
        role = Role.STRONG if "spot" in note else Role.TEXT
        bars.append(Bar(figures.strike(each.strike), left, right, note, role))
    centre = nearest([each.strike for each in exposure.strikes], exposure.spot)
    roles = Role.PUT, Role.CALL
    return Bars(unit, "negative", "positive", ("net",), tuple(bars), centre, *roles, missing="", places=2)


def _found(facts: Facts) -> _Gamma | None:
    across = facts.across
    if across is None or not facts.shown:
        return None
    if not facts.every:
        [one] = facts.shown
        curves = dict(zip((each.snapshot for each in across.chains), across.curves, strict=True))
        return _Gamma(one.gex, one.profile, curves[one.snapshot], one.measures)
    if across.gex is None or across.profile is None:
        return None
    return _Gamma(across.gex, across.profile, across.curve, across.totals)


def _notes(exposure: Exposure, measures: Mapping[str, Measure]) -> dict[float, str]:
    """Return what is special about strikes: walls, and the one nearest to spot."""
    strikes = [each.strike for each in exposure.strikes]
    told: dict[float, list[str]] = {}
    if strikes and exposure.spot is not None:
        told.setdefault(strikes[nearest(strikes, exposure.spot)], []).append("spot")
    for name, words in (("call_wall", "call wall"), ("put_wall", "put wall")):
        value = measures[name].value
        if value is not None:
            told.setdefault(value, []).append(words)
    return {strike: ", ".join(words) for strike, words in told.items()}


def _told(measures: Mapping[str, Measure]) -> list[str]:
    """Return walls and both zero gammas with their names."""
    known = ((words, measures[name].value) for name, _, words in _MARKS)
    return [f"{words} {_level(value)}" for words, value in known if value is not None]


def _level(value: float) -> str:
    """Return a level in points, without idle decimals."""
    return figures.level(value).removesuffix(".00")

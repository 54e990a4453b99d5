"""The smile: implied volatility by strike, of one expiry or of all of them."""

from collections import Counter

from chain.analytics.measures.chain import ChainMeasures
from tui.lines import figures
from tui.lines.charts.facts import Facts
from tui.lines.charts.plot.chart import Axis, Chart, Curves, Mark, Series
from tui.lines.line import Role

_NAME = "SMILE"
_CONVENTION = "vendor's IV of the side out of the money, puts below the forward and calls above; no strike without IV"


def smile_chart(facts: Facts) -> Chart:
    """Return IV in percent over the strike in points, or over its distance from the forward in standard deviations."""
    shown = facts.shown
    snapshots = [one.snapshot for one in shown]
    used = sum(point.iv is not None for one in shown for point in one.smile)
    skipped = Counter({"no IV": sum(point.iv is None for one in shown for point in one.smile)})
    axis = Axis("distance from the forward, SD" if facts.in_sd else "strike, points")
    curves = Curves(axis, Axis("IV, %"), _series(facts), _marks(facts))
    words = facts.why_none or ("" if used else "no contract has IV")
    return Chart(
        _NAME,
        facts.subject,
        curves,
        words=words or _few(shown),
        convention=_CONVENTION,
        about=facts.about(snapshots, used, +skipped),
        last_good=facts.last_good(snapshots),
        dim=all(facts.past(one.snapshot.chain) for one in shown),
    )


def _series(facts: Facts) -> tuple[Series, ...]:
    """Return a line for each expiry, the chosen one last and so on top."""
    found = []
    for one in facts.shown:
        chain = one.snapshot.chain
        chosen = chain == facts.chain
        role = Role.DIM if facts.past(chain) else Role.ACCENT if chosen else Role.TEXT
        label = f"{chain.expiry:%m-%d}" + (" LAST GOOD" if facts.past(chain) else "")
        points = tuple(
            (x, None if point.iv is None else figures.in_percent(point.iv))
            for point in one.smile
            if (x := point.deviations if facts.in_sd else point.strike) is not None
        )
        found.append((chosen, Series(label, points, role)))
    return tuple(series for _, series in sorted(found, key=lambda pair: pair[0]))


def _marks(facts: Facts) -> tuple[Mark, ...]:
    """Return spot, and of one expiry the forward and one standard deviation to both sides of it.

    In standard deviations the latter are the same places for all expirations.
    """
    names = zip("<F>", ("1 SD below", "forward", "1 SD above"), (-1.0, 0.0, 1.0), strict=True)
    if facts.in_sd:
        return tuple(Mark(away, name, Role.DIM, sign) for sign, name, away in names)
    spot = facts.across.spot if facts.across else None
    marks = [] if spot is None else [Mark(spot, f"spot {figures.level(spot)}", Role.TEXT)]
    one = facts.shown[0] if facts.shown and not facts.every else None
    forward, move = (one[name].value if one else None for name in ("implied_forward", "expected_move_iv"))
    if forward is not None and move is not None:
        places = ((sign, name, forward + away * move) for sign, name, away in names)
        marks += [Mark(at, f"{name} {figures.level(at)}", Role.DIM, sign) for sign, name, at in places]
    return tuple(marks)


def _few(shown: tuple[ChainMeasures, ...]) -> str:
    """Say of which expiries there is too little for a line."""
    thin = [one for one in shown if 0 < sum(point.iv is not None for point in one.smile) < 3]
    return (
        f"too few strikes with IV for a line: {', '.join(f'{one.snapshot.chain.expiry:%m-%d}' for one in thin)}"
        if thin
        else ""
    )

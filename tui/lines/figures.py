"""Figures as the desk reads them. Missing is `-`, never zero; an age is cut, never rounded up or down past a limit."""

import math
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from chain.model.session import new_york

MISSING = "-"
_CENT = Decimal("0.01")
_CENTS_END = 1e13  # from here a float holds no cents
_LARGE = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def age(seconds: float | None) -> str:
    """Return an age: tenths below 100 s, then m:ss, then hours and minutes as 3h05, then days."""
    if seconds is None:
        return MISSING
    tenths = math.floor(seconds * 10 + 1e-6)
    if tenths < 1000:
        return f"{tenths // 10}.{tenths % 10}"
    whole = tenths // 10
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    if whole < 86_400:
        return f"{whole // 3600}h{whole // 60 % 60:02d}"
    days = whole // 86_400
    return f"{days}d{whole // 3600 % 24:02d}h" if days < 10 else f"{min(days, 9999)}d"


def how_old(seconds: float | None) -> str:
    """Return an age with its unit, where it is of one only: `41.2 s`, else as it stands alone, `2:04`, `3h05`, `5d`."""
    text = age(seconds)
    return f"{text} s" if "." in text else text


def elapsed(seconds: float | None) -> str:
    """Return how long something has lasted, whole seconds; from a day on, days and hours."""
    if seconds is None:
        return MISSING
    whole = max(0, math.floor(seconds))
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    return age(float(whole))


def time_left(seconds: float) -> str:
    """Return what is left of an expiration's last day as `5h54m`, no time of day; cut to the minute."""
    return f"{int(seconds) // 3600}h{int(seconds) // 60 % 60:02d}m" if seconds > 0 else "over"


def since(epoch_s: float, now_s: float) -> str:
    """Return a beginning as a time of day, with its date where that is not today's."""
    at, now = new_york(epoch_s), new_york(now_s)
    return f"{at:%H:%M:%S}" if at.date() == now.date() else f"{at:%m-%d %H:%M:%S}"


def countdown(seconds: float | None) -> str:
    """Return seconds left, rounded up so that a living key never shows 0; from 1,000 on whole minutes, hours, days."""
    if seconds is None:
        return MISSING
    whole = math.ceil(seconds)
    for limit, unit, scale in ((1_000, "", 1), (6_000, "m", 60), (360_000, "h", 3_600)):
        if whole < limit:
            return f"{whole // scale}{unit}"
    return f"{whole // 86_400}d"


def price(value: float | None) -> str:
    """Return an option price in points, two decimals; half a cent rounds up, away from zero."""
    return MISSING if value is None else f"{_to_the_cent(value):.2f}"


def level(value: float | None) -> str:
    """Return an underlying's level, thousands grouped, to the cent as prices are."""
    return MISSING if value is None else f"{_to_the_cent(value):,.2f}"


def in_percent(fraction: float) -> float:
    """Return a fraction in percent, without the last digits that binary fractions add."""
    return float(Decimal(repr(fraction)).scaleb(2))


def signed(value: float | None) -> str:
    """Return a difference of levels with its sign, to the cent."""
    return MISSING if value is None else f"{_to_the_cent(value):+,.2f}"


def _to_the_cent(value: float) -> Decimal | float:
    """Round what a person would write down, not its binary neighbour: 0.425 is 0.43, as 0.325 is 0.33."""
    return Decimal(repr(value)).quantize(_CENT, ROUND_HALF_UP) if abs(value) < _CENTS_END else value


def strike(value: float) -> str:
    """Return a strike without idle decimals."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def percent(fraction: float | None) -> str:
    """Return a volatility fraction in percent: one decimal below a hundred, none above."""
    if fraction is None:
        return MISSING
    value = fraction * 100
    return f"{value:.1f}" if abs(value) < 99.95 else f"{value:.0f}"


def greek(value: float | None, decimals: int = 2) -> str:
    """Return a greek without the idle zero before its point."""
    if value is None:
        return MISSING
    text = f"{value:.{decimals}f}"
    if not text.strip("-0."):
        text = text.removeprefix("-")
    if decimals == 2 and text in ("1.00", "-1.00"):
        return text[:-1]
    if text.startswith("0."):
        return text[1:]
    return "-" + text[2:] if text.startswith("-0.") else text


def count(value: float | None) -> str:
    """Return a count in at most five characters: 812, 1.2k, 14.1k, 310k, 1.2M."""
    if value is None:
        return MISSING
    size = abs(value)
    if size < 1000:
        return f"{value:.0f}"
    for limit, unit, scale in ((99_950, "k", 1e3), (999_500, "k", 1e3), (99_950_000, "M", 1e6)):
        if size < limit:
            return f"{value / scale:.1f}{unit}" if limit != 999_500 else f"{value / scale:.0f}{unit}"
    return f"{value / 1e6:.0f}M"


def large(value: float) -> str:
    """Return a large number with its sign in at most seven characters: +161.7M, -2.88B, +812."""
    for scale, unit in _LARGE:
        if abs(value) >= 0.9995 * scale:
            scaled = value / scale
            return f"{scaled:+.{2 if abs(scaled) < 9.995 else 1}f}{unit}"
    return f"{value:+.0f}"


def clock(epoch_s: float) -> str:
    """Return an instant as New York's time of day."""
    return f"{new_york(epoch_s):%H:%M:%S}"


@lru_cache
def day(expiry: date) -> str:
    """Return an expiration as `01-02 Fri`."""
    return f"{expiry:%m-%d} {('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[expiry.weekday()]}"

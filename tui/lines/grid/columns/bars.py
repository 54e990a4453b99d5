"""Bars of open interest and volume, mirrored about the strike, all of one scale."""

from collections.abc import Iterable

from tui.lines import figures

_STEPS = (1, 1.5, 2, 3, 4, 6, 8, 10)  # of a power of ten: a full bar is a round number, which seldom changes


def scale_of(values: Iterable[float | None]) -> float:
    """Return what a full bar stands for: the next round number; 0 where there is nothing to draw."""
    most = max((value for value in values if value is not None), default=0.0)
    if most <= 0:
        return 0.0
    power = 10.0 ** (len(str(int(most))) - 1)
    return next(step * power for step in _STEPS if most <= step * power)


def bar(value: float | None, full: float, width: int, *, leftwards: bool) -> str:
    """Return a bar in exactly `width` characters, a blank among them where it ends at the neighbouring figure.

    Half characters count; what is above zero is always seen.
    """
    room = width - 1
    halves = 0 if not value or not full else min(2 * room, round(2 * room * value / full))
    whole, half = divmod(halves, 2)
    thin, thick = ("▕", "▐") if leftwards else ("▏", "▌")
    end = thin if value and full and not halves else thick * half
    return f" {(end + '█' * whole).rjust(room)}" if leftwards else f" {('█' * whole + end).ljust(room)}"


def bar_heading(name: str, full: float, width: int, *, leftwards: bool) -> str:
    """Return the heading of a column of bars: its scale from the strike outwards."""
    what, end = name.removesuffix(" bar"), figures.count(full).replace(".0", "")
    scale = f"{end}-0" if leftwards else f"0-{end}"
    text = f"{scale} {what}" if leftwards else f"{what} {scale}"
    text = text if len(text) < width else scale
    return f" {text.rjust(width - 1)}" if leftwards else f" {text.ljust(width - 1)}"

"""Contrast of two colours, and the colours of those terminals that have few."""

from functools import lru_cache
from itertools import product
from typing import Final

RGB = tuple[int, int, int]

LEGIBLE: Final = 4.5  # WCAG 2 AA, for text of any size
BLACK: Final[RGB] = (0, 0, 0)
WHITE: Final[RGB] = (255, 255, 255)


def _hex(*codes: str) -> tuple[RGB, ...]:
    return tuple((int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16)) for code in codes)


# The sixteen are the terminal's own affair; these are the two palettes that most others resemble.
XTERM: Final = _hex(
    *("000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5".split()),  # noqa: SIM905
    *("7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff".split()),  # noqa: SIM905
)
VGA: Final = _hex(
    *("000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa".split()),  # noqa: SIM905
    *("555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff".split()),  # noqa: SIM905
)
_LEVELS = (0, 95, 135, 175, 215, 255)
# Entries 16 to 255 are the same everywhere: a cube, then greys.
FIXED: Final[dict[int, RGB]] = {
    **{16 + number: (red, green, blue) for number, (red, green, blue) in enumerate(product(_LEVELS, repeat=3))},
    **{232 + step: (8 + 10 * step, 8 + 10 * step, 8 + 10 * step) for step in range(24)},
}


@lru_cache(4096)
def luminance(colour: RGB) -> float:
    """Return relative luminance by WCAG, 0 to 1."""
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: RGB, other: RGB) -> float:
    """Return the ratio of two colours, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def pole(ground: RGB) -> RGB:
    """Return black or white, whichever reads better on a ground."""
    return BLACK if contrast(BLACK, ground) > contrast(WHITE, ground) else WHITE


def mix(one: RGB, other: RGB, share: float) -> RGB:
    """Return a colour with so much of the other in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


@lru_cache(4096)
def nearest(colour: RGB) -> int:
    """Return the fixed entry of the 256 that comes closest."""
    return min(FIXED, key=lambda number: sum((a - b) ** 2 for a, b in zip(FIXED[number], colour, strict=True)))

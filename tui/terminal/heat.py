"""The steps of the heatmap: colours away from the ground's own lightness, evenly spaced to the eye, or shades.

Lightness goes one way at every step, so that the order is seen also by eyes that tell red from green, or blue from
yellow, badly. Black or white text reads on each.
"""

from typing import Final

from tui.terminal.contrast import FIXED, RGB
from tui.terminal.depth import Depth

# Even steps of lightness in OKLab; hue turns from blue to yellow, as in viridis and cividis.
_TRUE_DARK: Final[tuple[RGB, ...]] = (
    (34, 43, 91),
    (39, 74, 118),
    (46, 106, 138),
    (58, 140, 149),
    (93, 174, 141),
    (168, 198, 114),
    (237, 216, 114),
)
_TRUE_LIGHT: Final[tuple[RGB, ...]] = (
    (247, 242, 207),
    (204, 216, 160),
    (136, 195, 148),
    (77, 165, 160),
    (47, 131, 160),
    (39, 95, 149),
    (40, 60, 127),
)
# Of the 256 those that come nearest to the same, without greys, which are the deck's own grounds.
_ENTRIES_DARK: Final = (17, 19, 25, 30, 72, 150, 228)
_ENTRIES_LIGHT: Final = (228, 187, 77, 73, 30, 25, 19)
# Where there are sixteen, how light an entry is nobody knows: blue is dark in old palettes and light in many a new one.
SHADES: Final = (" ", "░", "▒", "▓", "█")


def steps_of(depth: Depth, *, ansi: bool) -> int:
    """Return how many steps a theme shows on a terminal: as many as colours, or as shades."""
    return len(SHADES if is_shaded(depth, ansi=ansi) else _TRUE_DARK)


def is_shaded(depth: Depth, *, ansi: bool) -> bool:
    """Whether steps are told by shades: without colours, or with those of the terminal's own palette."""
    return ansi or depth < Depth.EIGHT_BIT


def heat_colours(depth: Depth, *, dark: bool) -> tuple[RGB, ...]:
    """Return the ground of each step, from the lowest, for a terminal of 256 colours or more."""
    if depth is Depth.TRUE:
        return _TRUE_DARK if dark else _TRUE_LIGHT
    return tuple(FIXED[entry] for entry in (_ENTRIES_DARK if dark else _ENTRIES_LIGHT))

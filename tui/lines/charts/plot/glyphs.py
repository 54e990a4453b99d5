"""With which characters a chart is drawn, on each level of what a terminal can show."""

from collections.abc import Mapping
from typing import NamedTuple

from tui.terminal.symbols import Symbols

_BRAILLE = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by line and column of a cell's dots
_HALVES = ((1,), (2,))


class Glyphs(NamedTuple):
    """The characters of one level. Each dot of a cell has a bit, and each sum of bits its character.

    `lettered`: dots of several lines are told apart by a letter for each.
    """

    bits: tuple[tuple[int, ...], ...]  # by line, then column
    cells: Mapping[int, str]
    upright: str  # a line at one x
    level: str  # a line at one y
    axis: str  # beside the plot
    tick: str  # the same at a label
    base: str  # under the plot
    base_tick: str
    corner: str
    point: str  # a value that stands alone
    lettered: bool = False

    @property
    def across(self) -> int:
        """Dots of a cell from left to right."""
        return len(self.bits[0])

    @property
    def down(self) -> int:
        """Dots of a cell from top to bottom."""
        return len(self.bits)


_GLYPHS = {
    Symbols.BRAILLE: Glyphs(
        _BRAILLE, {bits: chr(0x2800 + bits) for bits in range(1, 256)}, "┊", "┄", "│", "┤", "─", "┬", "└", "●"
    ),
    Symbols.BLOCK: Glyphs(_HALVES, {1: "▀", 2: "▄", 3: "█"}, "│", "─", "│", "┤", "─", "┬", "└", "●"),
    Symbols.ASCII: Glyphs(_HALVES, {1: "'", 2: ".", 3: ":"}, "|", "-", "|", "+", "-", "+", "+", "o", lettered=True),
}


def glyphs_of(symbols: Symbols) -> Glyphs:
    """Return what lines are drawn with."""
    return _GLYPHS[symbols]


def bar_glyphs(symbols: Symbols) -> Glyphs:
    """Return what bars are drawn with: the dots of braille would leave them full of holes."""
    return _GLYPHS[Symbols.BLOCK if symbols is Symbols.BRAILLE else symbols]

"""The last step before the terminal: every piece of text reads against what lies behind it, in any colour depth."""

from functools import lru_cache

from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from tui.terminal.contrast import BLACK, FIXED, LEGIBLE, RGB, VGA, WHITE, XTERM, contrast, mix, nearest, pole
from tui.terminal.depth import Depth

_STEP = 0.1
_DIM = 0.34  # how far dim text goes towards its ground, as far as it stays legible
_NO_DIM = Style(dim=False)
_NO_BOLD = Style(bold=False)
_PLAIN = Style.from_color(RichColor.default(), RichColor.default())
_GREY, _LIGHT = 7, 15


class Legible(LineFilter):
    """Keeps a colour as long as it reads at 4.5:1; else moves it towards black or white until it does.

    With sixteen colours it keeps to entries that read in every usual palette; with none, what was a coloured ground
    becomes reversed text.
    """

    def __init__(self, depth: Depth, *, ansi: bool, dark: bool, painted: bool) -> None:
        super().__init__()
        self._depth = depth
        self._ansi = ansi
        self._dark = dark
        self._painted = painted
        self._style = lru_cache(4096)(self._legible)

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with legible styles."""
        style = self._style
        ground = (background.r, background.g, background.b)
        return [
            segment if segment.style is None or segment.control else Segment(segment.text, style(segment.style, ground))
            for segment in segments
        ]

    def _legible(self, style: Style, behind: RGB) -> Style:
        if self._depth is Depth.NONE:
            return _without_colour(style)
        return _sixteen(style, dark=self._dark, painted=self._painted) if self._ansi else self._shaded(style, behind)

    def _shaded(self, style: Style, behind: RGB) -> Style:
        """Return a style of exact colours, from the 256 where there are no more."""
        ground = _triplet(style.bgcolor) or behind
        text = _triplet(style.color) or pole(ground)
        if style.dim:
            text = mix(text, ground, _DIM)
        if self._depth is Depth.TRUE:
            text = _readable(text, ground)
            return style + Style.from_color(RichColor.from_rgb(*text), RichColor.from_rgb(*ground)) + _NO_DIM
        record = nearest(ground)
        number = _readable_entry(text, FIXED[record])
        return style + Style.from_color(RichColor.from_ansi(number), RichColor.from_ansi(record)) + _NO_DIM


def _readable(text: RGB, ground: RGB) -> RGB:
    towards = pole(ground)
    for step in range(11):
        colour = mix(text, towards, step * _STEP)
        if contrast(colour, ground) >= LEGIBLE:
            return colour
    return towards


def _readable_entry(text: RGB, ground: RGB) -> int:
    towards = pole(ground)
    for step in range(11):
        record = nearest(mix(text, towards, step * _STEP))
        if contrast(FIXED[record], ground) >= LEGIBLE:
            return record
    return nearest(towards)


def _triplet(colour: RichColor | None) -> RGB | None:
    if colour is None or colour.is_default:
        return None
    red, green, blue = colour.triplet or colour.get_truecolor()
    return red, green, blue


def _without_colour(style: Style) -> Style:
    """Return attributes only; text on a coloured ground is reversed."""
    ground = style.bgcolor
    shown = ground is not None and not ground.is_default and _number(ground) != 0
    return style + _PLAIN + _NO_DIM + (Style(reverse=True) if shown else Style())


def _sixteen(style: Style, *, dark: bool, painted: bool) -> Style:
    """Return entries of the sixteen that read whatever the terminal makes of them."""
    ground, text = _number(style.bgcolor), _number(style.color)
    if ground is None and painted:
        ground = 0 if dark else _LIGHT
    if text is None and ground is not None:
        text = _GREY if dark else 0
    number = _entry(text, ground, dark)
    colour = RichColor.default() if number is None else RichColor.from_ansi(number)
    back = RichColor.default() if ground is None else RichColor.from_ansi(ground)
    # On many a terminal bold is brighter too: black is then grey.
    brighter = number is not None and number < 8 and worst(number + 8, ground, dark=dark) < LEGIBLE
    return style + Style.from_color(colour, back) + _NO_DIM + (_NO_BOLD if style.bold and brighter else Style())


@lru_cache(1024)
def _entry(text: int | None, ground: int | None, dark: bool) -> int | None:
    """Return a text's own entry, its brighter or darker twin, else what reads best.

    None is the terminal's own, which nobody knows: it never stands against an entry of ours.
    """
    own: list[int | None] = [None] if ground is None else []
    wanted: list[int | None] = own if text is None else [text, text ^ 8]
    choices = [*wanted, *own, _LIGHT, 0]
    legible = [one for one in choices if worst(one, ground, dark=dark) >= LEGIBLE]
    return legible[0] if legible else max(choices, key=lambda one: worst(one, ground, dark=dark))


def worst(text: int | None, ground: int | None, *, dark: bool) -> float:
    """Return the least contrast of two entries over the usual palettes, on a dark or a light terminal."""
    return min(
        contrast(_own(palette[_GREY], dark) if text is None else palette[text], _behind(palette, ground, dark))
        for palette in (XTERM, VGA)
    )


def _own(grey: RGB, dark: bool) -> RGB:
    return grey if dark else BLACK


def _behind(palette: tuple[RGB, ...], ground: int | None, dark: bool) -> RGB:
    return palette[ground] if ground is not None else BLACK if dark else WHITE


def _number(colour: RichColor | None) -> int | None:
    if colour is None or colour.is_default:
        return None
    if colour.number is not None and colour.number < 16:
        return colour.number
    downgraded: RichColor = colour.downgrade(ColorSystem.STANDARD)
    return downgraded.number

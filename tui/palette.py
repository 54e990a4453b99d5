"""Meanings to styles: one accent, one caution, one alarm; change colours kept apart; 16 colours as good as millions."""

from collections.abc import Mapping

from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from tui.lines import Ground, Role

DECK_DARK = Theme(
    name="chaindeck",
    primary="#5fa8d3",
    secondary="#8d99ae",
    accent="#5fd3c5",
    warning="#e6b450",
    error="#ff6b6b",
    success="#7fb685",
    foreground="#cdd3de",
    background="#0f1419",
    surface="#141a21",
    panel="#1b232d",
    dark=True,
    variables={"deck-up": "#6cb6ff", "deck-down": "#f0a35e", "deck-itm": "#18222d", "deck-atm": "#2a3a4d"},
)

Palette = Mapping[tuple[Role, Ground], Style]


def build_palette(variables: Mapping[str, str], *, ansi: bool) -> Palette:
    """Return a style for every meaning on every ground, from a theme's variables."""
    fore, back = _ansi() if ansi else _rgb(variables)
    styles = {(role, ground): fore[role] + back[ground] for role in Role for ground in Ground}
    if ansi:  # a reversed colour is a coloured patch: the cursor's row keeps to one
        styles |= {(role, Ground.CURSOR): back[Ground.CURSOR] for role in Role}
    return styles


def _ansi() -> tuple[dict[Role, Style], dict[Ground, Style]]:
    """Sixteen colours and attributes only: the terminal's own palette decides."""
    fore = {
        Role.TEXT: Style(),
        Role.DIM: Style(dim=True),
        Role.HEAD: Style(bold=True),
        Role.STRONG: Style(bold=True),
        Role.OK: Style(color="green"),
        Role.CAUTION: Style(color="yellow", bold=True),
        Role.ALARM: Style(color="red", bold=True),
        Role.BADGE: Style(color="magenta", bold=True),
        Role.ACCENT: Style(color="cyan"),
        Role.UP: Style(color="blue", bold=True),
        Role.DOWN: Style(color="yellow", bold=True),
    }
    back = {
        Ground.PLAIN: Style(),
        Ground.BAR: Style(bold=True),
        Ground.ITM: Style(),
        Ground.ATM: Style(bold=True, underline=True),
        Ground.CURSOR: Style(reverse=True, bold=True),
        Ground.ALARM: Style(reverse=True, bold=True),
    }
    return fore, back


def _rgb(variables: Mapping[str, str]) -> tuple[dict[Role, Style], dict[Ground, Style]]:
    base = Color.parse(variables["background"])
    text = Color.parse(variables["foreground"])

    def of(name: str, instead: str) -> Color:
        return Color.parse(variables.get(name, variables[instead]))

    def style(colour: Color, *, bold: bool = False) -> Style:
        return Style(color=_rich(base.blend(colour, colour.a)), bold=bold or None)

    def ground(colour: Color, *, bold: bool = False) -> Style:
        return Style(bgcolor=_rich(colour), bold=bold or None)

    primary = of("primary", "foreground")
    fore = {
        Role.TEXT: style(text),
        Role.DIM: style(base.blend(text, 0.58)),
        Role.HEAD: style(text, bold=True),
        Role.STRONG: style(text.lighten(0.1), bold=True),
        Role.OK: style(of("success", "foreground")),
        Role.CAUTION: style(of("warning", "foreground"), bold=True),
        Role.ALARM: style(of("error", "foreground"), bold=True),
        Role.BADGE: style(of("warning", "foreground")),
        Role.ACCENT: style(of("accent", "primary")),
        Role.UP: style(of("deck-up", "primary"), bold=True),
        Role.DOWN: style(of("deck-down", "warning"), bold=True),
    }
    back = {
        Ground.PLAIN: ground(base),
        Ground.BAR: ground(of("panel", "surface")),
        Ground.ITM: ground(of("deck-itm", "surface")),
        Ground.ATM: ground(of("deck-atm", "panel"), bold=True),
        Ground.CURSOR: ground(base.blend(primary, 0.35)),
        Ground.ALARM: ground(base.blend(of("error", "primary"), 0.25)),
    }
    return fore, back


def _rich(colour: Color) -> RichColor:
    return RichColor.from_rgb(colour.r, colour.g, colour.b)

"""Meanings to styles: one accent, one caution, one alarm; change colours kept apart; 16 colours as good as millions."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rich.color import Color as RichColor
from rich.style import Style
from textual.app import App
from textual.color import Color

from tui.lines.line import HEAT, Ground, Role
from tui.terminal.contrast import pole
from tui.terminal.depth import Depth, HasDepth
from tui.terminal.heat import heat_colours
from tui.terminal.themes import SAFE_MARK

Palette = Mapping[tuple[Role, Ground], Style]


def palette_of(app: App[Any]) -> Palette:
    """Return the styles of an application's theme on its terminal."""
    depth = app.depth if isinstance(app, HasDepth) else Depth.TRUE
    return build_palette(app.theme_variables, ansi=app.native_ansi_color, dark=app.current_theme.dark, depth=depth)


def build_palette(variables: Mapping[str, str], *, ansi: bool, dark: bool, depth: Depth) -> Palette:
    """Return a style for every meaning on every ground, from a theme's variables.

    What is too faint on its ground is mended where it is painted, for all widgets alike.
    """
    if not ansi:
        fore, back = _exact(variables)
        back |= _exact_heat(depth, dark=dark)
    elif depth is Depth.NONE:
        fore, back = _attributes()
    else:
        fore, back = _sixteen(_SAFE_ENTRIES if SAFE_MARK in variables else _DARK_ENTRIES if dark else _LIGHT_ENTRIES)
    styles = {(role, ground): fore[role] + back[ground] for role in Role for ground in Ground}
    if ansi:  # a reversed colour is a coloured patch: the cursor's row and an alarm's patch keep to one
        styles |= {(role, ground): back[ground] for role in Role for ground in (Ground.CURSOR, Ground.ALARM)}
    return styles


def _attributes() -> tuple[dict[Role, Style], dict[Ground, Style]]:
    """No colours: words say what is meant, weight and shape where to look."""
    bold = Style(bold=True)
    fore = dict.fromkeys(Role, Style())
    fore |= dict.fromkeys((Role.HEAD, Role.STRONG, Role.CAUTION, Role.ALARM, Role.BADGE, Role.UP, Role.DOWN), bold)
    back = {
        Ground.PLAIN: Style(),
        Ground.BAR: bold,
        Ground.ITM: Style(),
        Ground.ATM: Style(bold=True, underline=True),
        Ground.CURSOR: Style(reverse=True, bold=True),
        Ground.ALARM: Style(reverse=True, bold=True),
        **dict.fromkeys(HEAT, Style()),
    }
    return fore, back


def _exact_heat(depth: Depth, *, dark: bool) -> dict[Ground, Style]:
    """Return the steps of the heatmap, each with the text that reads on it."""
    colours = heat_colours(depth, dark=dark)
    return {
        ground: Style(color=RichColor.from_rgb(*pole(colour)), bgcolor=RichColor.from_rgb(*colour), bold=False)
        for ground, colour in zip(HEAT, colours, strict=True)
    }


class _Entries(NamedTuple):
    """What is meant, as entries of the sixteen that read in every usual palette."""

    ok: str
    caution: str
    alarm: str
    badge: str
    accent: str
    up: str
    down: str
    call: str
    put: str
    alarm_patch: tuple[str, str] = ("bright_white", "red")  # text and ground
    dark: bool = True


_DARK_ENTRIES = _Entries(
    ok="bright_green",
    caution="bright_yellow",
    alarm="bright_red",
    badge="bright_white",
    accent="bright_cyan",
    up="bright_cyan",
    down="bright_yellow",
    call="bright_cyan",
    put="bright_white",
)
_SAFE_ENTRIES = _DARK_ENTRIES._replace(
    ok="bright_cyan", alarm="bright_yellow", put="bright_yellow", alarm_patch=("black", "bright_yellow")
)
_LIGHT_ENTRIES = _Entries(
    ok="black",
    caution="red",
    alarm="red",
    badge="blue",
    accent="blue",
    up="blue",
    down="red",
    call="blue",
    put="magenta",
    dark=False,
)


def _sixteen(entries: _Entries) -> tuple[dict[Role, Style], dict[Ground, Style]]:
    """Sixteen colours, on the theme's own ground or the terminal's.

    A ground is an entry that is light, or dark, in every usual palette: blue is neither.
    """
    dark, (patch_text, patch) = entries.dark, entries.alarm_patch
    fore = {
        Role.TEXT: Style(),
        Role.DIM: Style(),
        Role.HEAD: Style(bold=True),
        Role.STRONG: Style(color="bright_white" if dark else "black", bold=True),
        Role.OK: Style(color=entries.ok),
        Role.CAUTION: Style(color=entries.caution, bold=True),
        Role.ALARM: Style(color=entries.alarm, bold=True, reverse=entries.alarm == entries.caution),
        Role.BADGE: Style(color=entries.badge, bold=True),
        Role.ACCENT: Style(color=entries.accent),
        Role.UP: Style(color=entries.up, bold=True),
        Role.DOWN: Style(color=entries.down, bold=True),
        Role.CALL: Style(color=entries.call),
        Role.PUT: Style(color=entries.put),
    }
    back = {
        Ground.PLAIN: Style(),
        Ground.BAR: Style(bold=True) if dark else Style(bgcolor="white"),
        Ground.ITM: Style(bgcolor=None if dark else "white"),  # there is no dark shade that is calm; the rule says it
        Ground.ATM: Style(bgcolor="bright_cyan", color="black"),
        Ground.CURSOR: Style(bgcolor="white" if dark else "black", color="black" if dark else "bright_white"),
        Ground.ALARM: Style(color=patch_text, bgcolor=patch, bold=True),
        **dict.fromkeys(HEAT, Style()),  # its steps are shades
    }
    return fore, back


def _exact(variables: Mapping[str, str]) -> tuple[dict[Role, Style], dict[Ground, Style]]:
    base = Color.parse(variables["background"])
    text = Color.parse(variables["foreground"])

    def colour_of(name: str, instead: str) -> Color:
        return Color.parse(variables.get(name, variables[instead]))

    def style(colour: Color, *, bold: bool = False) -> Style:
        return Style(color=_rich(base.blend(colour, colour.a)), bold=bold or None)

    def ground(name: str, instead: Color, *, bold: bool = False) -> Style:
        colour = Color.parse(variables[name]) if name in variables else instead
        return Style(bgcolor=_rich(base.blend(colour, colour.a)), bold=bold or None)

    fore = {
        Role.TEXT: style(text),
        Role.DIM: style(base.blend(text, 0.58)),
        Role.HEAD: style(text, bold=True),
        Role.STRONG: style(text.lighten(0.1), bold=True),
        Role.OK: style(colour_of("success", "foreground")),
        Role.CAUTION: style(colour_of("warning", "foreground"), bold=True),
        Role.ALARM: style(colour_of("error", "foreground"), bold=True),
        Role.BADGE: style(colour_of("deck-badge", "secondary")),
        Role.ACCENT: style(colour_of("accent", "primary")),
        Role.UP: style(colour_of("deck-up", "primary"), bold=True),
        Role.DOWN: style(colour_of("deck-down", "warning"), bold=True),
        Role.CALL: style(colour_of("deck-call", "primary")),
        Role.PUT: style(colour_of("deck-put", "secondary")),
    }
    back = {
        Ground.PLAIN: ground("background", base),
        Ground.BAR: ground("panel", base),
        Ground.ITM: ground("deck-itm", base.blend(text, 0.12)),
        Ground.ATM: ground("deck-atm", base.blend(text, 0.26), bold=True),
        Ground.CURSOR: ground("deck-cursor", base.blend(colour_of("primary", "foreground"), 0.6)),
        Ground.ALARM: ground("deck-alarm", base.blend(colour_of("error", "primary"), 0.25)),
    }
    return fore, back


def _rich(colour: Color) -> RichColor:
    return RichColor.from_rgb(colour.r, colour.g, colour.b)

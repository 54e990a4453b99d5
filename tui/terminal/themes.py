"""The deck's own themes, each in an edition for every colour depth."""

from dataclasses import replace
from typing import Final

from textual.theme import BUILTIN_THEMES, Theme

from tui.terminal.depth import Depth

DARK: Final = "chaindeck"
LIGHT: Final = "chaindeck-light"

_DARK_TRUE = Theme(
    name=DARK,
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
    variables={
        "deck-up": "#6cb6ff",
        "deck-down": "#f0a35e",
        "deck-itm": "#18222d",
        "deck-atm": "#2a3a4d",
        "deck-cursor": "#2b485a",
    },
)
# The entries are chosen, not found by distance: that makes the cursor's row and the ATM's one teal, and ITM black.
_DARK_256 = Theme(
    name=DARK,
    primary="#5fafd7",
    secondary="#8a8a8a",
    accent="#5fd7d7",
    warning="#d7af5f",
    error="#ff8787",
    success="#87d787",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#303030",
    dark=True,
    variables={
        "deck-up": "#5fafff",
        "deck-down": "#ffaf5f",
        "deck-itm": "#262626",
        "deck-atm": "#444444",
        "deck-cursor": "#005f87",
        "deck-alarm": "#5f0000",
    },
)
_LIGHT_TRUE = Theme(
    name=LIGHT,
    primary="#0b5c8a",
    secondary="#52606d",
    accent="#0a6e66",
    warning="#8a5300",
    error="#b3261e",
    success="#2b6a33",
    foreground="#1f2933",
    background="#fafbfc",
    surface="#f1f4f6",
    panel="#e2e8ee",
    dark=False,
    variables={
        "deck-up": "#0b57b0",
        "deck-down": "#9a4a00",
        "deck-itm": "#ecf2f7",
        "deck-atm": "#cfe0ee",
        "deck-cursor": "#ffe3a8",
    },
)
_LIGHT_256 = Theme(
    name=LIGHT,
    primary="#005f87",
    secondary="#585858",
    accent="#005f5f",
    warning="#875f00",
    error="#af0000",
    success="#005f00",
    foreground="#262626",
    background="#ffffff",
    surface="#eeeeee",
    panel="#dadada",
    dark=False,
    variables={
        "deck-up": "#005faf",
        "deck-down": "#875f00",
        "deck-itm": "#eeeeee",
        "deck-atm": "#afd7ff",
        "deck-cursor": "#ffd787",
        "deck-alarm": "#ffd7d7",
    },
)


def theme_names() -> list[str]:
    """Return the names of all themes, the deck's own first."""
    return [DARK, LIGHT, *sorted(BUILTIN_THEMES)]


def own_themes(depth: Depth) -> tuple[Theme, Theme]:
    """Return the dark and the light theme for a colour depth."""
    if depth is Depth.TRUE:
        return _DARK_TRUE, _LIGHT_TRUE
    if depth is Depth.EIGHT_BIT:
        return _DARK_256, _LIGHT_256
    dark = replace(BUILTIN_THEMES["ansi-dark"], name=DARK, warning="ansi_bright_yellow", error="ansi_bright_red")
    return dark, replace(BUILTIN_THEMES["ansi-light"], name=LIGHT)


def painted(theme: Theme, depth: Depth) -> bool:
    """Whether a theme paints its own ground, so that the terminal's, which may be dark or light, does not matter."""
    return depth >= Depth.SIXTEEN and theme.name in (DARK, LIGHT)


def offered(themes: dict[str, Theme], depth: Depth) -> dict[str, Theme]:
    """Return the themes that a terminal can show: exact colours need 256 at least."""
    return themes if depth >= Depth.EIGHT_BIT else {name: theme for name, theme in themes.items() if theme.ansi}

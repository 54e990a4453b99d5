"""The deck's own themes, each in an edition for every colour depth."""

from dataclasses import replace
from typing import Final

from textual.theme import BUILTIN_THEMES, Theme

from tui.terminal.depth import Depth

DARK: Final = "chaindeck"
LIGHT: Final = "chaindeck-light"
SAFE: Final = "chaindeck-safe"
SAFE_MARK: Final = "deck-safe"  # a variable that only the edition of the safe theme for sixteen colours has

_DARK_TRUE = Theme(
    name=DARK,
    primary="#5fa8d3",
    secondary="#8d99ae",
    accent="#5fd3c5",
    warning="#efbf5f",
    error="#fb5f5f",
    success="#76c7ae",
    foreground="#cdd3de",
    background="#0f1419",
    surface="#141a21",
    panel="#1b232d",
    dark=True,
    variables={
        "deck-up": "#6cb6ff",
        "deck-down": "#f0a35e",
        "deck-call": "#4fa3e0",
        "deck-put": "#c9a98a",
        "deck-badge": "#c9a2e0",
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
    warning="#ffd75f",
    error="#ff5f5f",
    success="#5fd7af",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#303030",
    dark=True,
    variables={
        "deck-up": "#5fafff",
        "deck-down": "#ffaf5f",
        "deck-call": "#5fafd7",
        "deck-put": "#d7af87",
        "deck-badge": "#d7afff",
        "deck-itm": "#262626",
        "deck-atm": "#444444",
        "deck-cursor": "#005f87",
        "deck-alarm": "#5f0000",
    },
)
# Blue, orange and yellow, as in the palette of Okabe and Ito (2008): what is meant differs also in lightness, so that
# eyes that tell red from green, or blue from yellow, badly see it too. The grounds are the dark theme's.
_SAFE_TRUE = replace(
    _DARK_TRUE,
    name=SAFE,
    primary="#56b4e9",
    accent="#9fd4f5",
    warning="#f2e23a",
    error="#ff7a2f",
    success="#56b4e9",
    foreground="#bdc4ce",
    variables={
        **_DARK_TRUE.variables,
        "deck-up": "#79c0ff",
        "deck-down": "#e69f00",
        "deck-call": "#56b4e9",
        "deck-put": "#e69f00",
        "deck-badge": "#d29ac6",
    },
)
_SAFE_256 = replace(
    _DARK_256,
    name=SAFE,
    accent="#87d7ff",
    warning="#ffff5f",
    error="#ff8700",
    success="#5fafd7",
    foreground="#c6c6c6",
    variables={
        **_DARK_256.variables,
        "deck-down": "#ffaf00",
        "deck-put": "#d78700",
        "deck-badge": "#d787d7",
        "deck-alarm": "#875f00",
    },
)
_LIGHT_TRUE = Theme(
    name=LIGHT,
    primary="#0b5c8a",
    secondary="#52606d",
    accent="#0a6e66",
    warning="#8c6500",
    error="#98002a",
    success="#00705f",
    foreground="#1f2933",
    background="#fafbfc",
    surface="#f1f4f6",
    panel="#e2e8ee",
    dark=False,
    variables={
        "deck-up": "#0b57b0",
        "deck-down": "#9a4a00",
        "deck-call": "#0067b8",
        "deck-put": "#a03a6a",
        "deck-badge": "#7a3e9d",
        "deck-itm": "#ecf2f7",
        "deck-atm": "#cfe0ee",
        "deck-cursor": "#bfe3dc",
    },
)
_LIGHT_256 = Theme(
    name=LIGHT,
    primary="#005f87",
    secondary="#585858",
    accent="#005f5f",
    warning="#875f00",
    error="#870000",
    success="#005f5f",
    foreground="#262626",
    background="#ffffff",
    surface="#eeeeee",
    panel="#dadada",
    dark=False,
    variables={
        "deck-up": "#005faf",
        "deck-down": "#875f00",
        "deck-call": "#005faf",
        "deck-put": "#87005f",
        "deck-badge": "#5f00af",
        "deck-itm": "#eeeeee",
        "deck-atm": "#afd7ff",
        "deck-cursor": "#87d7d7",
        "deck-alarm": "#ffd7d7",
    },
)


OWN: Final = (DARK, LIGHT, SAFE)


def theme_names() -> list[str]:
    """Return the names of all themes, the deck's own first."""
    return [*OWN, *sorted(BUILTIN_THEMES)]


def own_themes(depth: Depth) -> tuple[Theme, ...]:
    """Return the deck's own themes for a colour depth: dark, light, and the one for colour-blind eyes."""
    if depth is Depth.TRUE:
        return _DARK_TRUE, _LIGHT_TRUE, _SAFE_TRUE
    if depth is Depth.EIGHT_BIT:
        return _DARK_256, _LIGHT_256, _SAFE_256
    dark, light = terminal_themes()
    safe = replace(
        dark,
        name=SAFE,
        success="ansi_bright_cyan",
        error="ansi_bright_yellow",
        variables={**dark.variables, SAFE_MARK: "1"},
    )
    return replace(dark, name=DARK), replace(light, name=LIGHT), safe


def terminal_themes() -> tuple[Theme, Theme]:
    """Return `ansi-dark` and `ansi-light` with one accent, and in entries that read in every usual palette."""
    dark, light = BUILTIN_THEMES["ansi-dark"], BUILTIN_THEMES["ansi-light"]
    return (
        replace(
            dark,
            primary="ansi_bright_cyan",
            accent="ansi_bright_cyan",
            success="ansi_bright_green",
            warning="ansi_bright_yellow",
            error="ansi_bright_red",
            variables={**dark.variables, "border": "ansi_bright_cyan", "footer-key-foreground": "ansi_bright_cyan"},
        ),
        replace(light, accent="ansi_blue", variables={**light.variables, "footer-key-foreground": "ansi_blue"}),
    )


def painted(theme: Theme, depth: Depth) -> bool:
    """Whether a theme paints its own ground, so that the terminal's, which may be dark or light, does not matter."""
    return depth >= Depth.SIXTEEN and theme.name in OWN


def offered(themes: dict[str, Theme], depth: Depth) -> dict[str, Theme]:
    """Return the themes that a terminal can show: exact colours need 256 at least."""
    return themes if depth >= Depth.EIGHT_BIT else {name: theme for name, theme in themes.items() if theme.ansi}

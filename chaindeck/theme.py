"""Checks that a theme exists, before anything is shown."""

import difflib

from chain.text import clean
from chaindeck.config.settings import Settings


def check_theme(settings: Settings) -> None:
    """Raise ConfigError, naming the setting's origin, for a theme that does not exist."""
    if settings.theme is None:
        return
    from tui.terminal.themes import theme_names  # noqa: PLC0415 - loads Textual, for those who choose a theme

    names = theme_names()
    if settings.theme not in names:
        near = difflib.get_close_matches(settings.theme, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose among {', '.join(names)}"
        raise settings.refused("theme", f"there is no theme {clean(settings.theme, 40)!r}: {hint}")

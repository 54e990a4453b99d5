"""What is settled before a screen loads: its theme, how many frames a second it paints at most, where to it exports."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from chain.text import clean
from chaindeck.config.settings import Settings

FPS: Final = 60
FPS_OVER_SSH: Final = 15  # enough to follow by eye, on a line that others share
_SSH = ("SSH_CONNECTION", "SSH_TTY")  # either may be lost to sudo or a multiplexer


def prepare_looks(settings: Settings) -> None:
    """Settle how a screen will look. Raise ConfigError, naming the setting's origin, for what cannot be.

    Textual reads the frame rate from the environment once, when it is loaded.
    """
    os.environ["TEXTUAL_FPS"] = str(frame_rate(settings.fps, os.environ))
    check_theme(settings)
    export_folder(settings)


def frame_rate(wanted: int | None, environment: Mapping[str, str]) -> int:
    """Return frames a second at most: what is wanted, else fewer where the terminal is at the end of an SSH line."""
    if wanted is not None:
        return wanted
    return FPS_OVER_SSH if any(environment.get(name) for name in _SSH) else FPS


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


def export_folder(settings: Settings) -> Path | None:
    """Return the folder that is set for exports, None for the user's own; raise ConfigError for one that cannot be."""
    if settings.export_dir is None:
        return None
    if "\0" in settings.export_dir:
        raise settings.refused("export_dir", f"no folder can be called {clean(settings.export_dir, 80)!r}")
    try:
        return Path(settings.export_dir).expanduser().absolute()
    except RuntimeError:  # nobody's home
        raise settings.refused("export_dir", f"there is no home for {clean(settings.export_dir, 80)!r}") from None

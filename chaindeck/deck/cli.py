"""The command line of `chaindeck open`; what does the work is loaded when it is asked for."""

from typing import Annotated

from cyclopts import Parameter

from chaindeck.config.flags import ConnectionFlags, File, ScreenFlags, Theme, config_of
from chaindeck.engine.context import make_context


def open_tape(
    tape: Annotated[File, Parameter(metavar="TAPE")],
    /,
    *,
    at: Annotated[str | None, Parameter(metavar="TIME")] = None,
    theme: Theme = None,
    config: File | None = None,
) -> int:
    """Show a recording in the deck, at its end or at a time, without any Redis; nothing is written.

    Not on a terminal: print one frame and end.

    Args:
        tape: the recording, or a folder of days.
        at: 10:30 or 10:30:15 in New York on its last day, 2026-01-02T10:30, or -5m before its end.
        theme: a Textual theme, such as dracula; `ansi-dark` keeps to the terminal's own 16 colours.
        config: a TOML file of settings [CHAINDECK_CONFIG].
    """
    from chaindeck.deck.open import run_open  # noqa: PLC0415

    settings = config_of(ConnectionFlags(config=config), screen=ScreenFlags(theme=theme)).settings
    return run_open(make_context(settings.thresholds), settings, tape, at)

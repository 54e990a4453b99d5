"""Named ways to arrange the screen: for a trading desk, for operations, for a demonstration."""

from msgspec import Struct
from msgspec.structs import replace

from tui.pages import Panel
from tui.prefs import Prefs


class Preset(Struct, frozen=True):
    """What a screen is like at first; every key changes it from there. What is left out is as the deck comes."""

    name: str
    meaning: str
    choices: Prefs = Prefs()  # of those that a reader has
    focus: Panel = Panel.BOARD
    whole_board: bool = False  # board and signals have the whole width; the grid opens over them
    timeline: bool = False  # open
    log_from: int | None = None  # lines of height from which the log is open
    hint: bool = False  # whether a line says what to try

    def chosen(self, *, own: bool) -> Prefs:
        """Return the choices that it stands for; columns none, where the reader has their `own`."""
        return replace(self.choices, preset=self.name, columns=None if own else self.choices.columns)


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("standard", "board, signals and grid side by side"),
        Preset(
            "desk",
            "for trading: the grid first, with prices, bars and the cursor in it",
            Prefs(columns="price"),
            focus=Panel.GRID,
        ),
        Preset(
            "ops",
            "for operations: board and signals over the whole width, the log below; the grid's columns are of quality",
            Prefs(columns="quality"),
            whole_board=True,
            log_from=34,
        ),
        Preset("demo", "for showing around: the timeline open, and a line with what to try", timeline=True, hint=True),
    )
}
STANDARD = PRESETS["standard"]


def preset_of(name: str | None) -> Preset:
    """Return a preset by its name; the standard one for a name that there is not."""
    return PRESETS.get(name or "", STANDARD)

"""What the key bar shows, from left to right, page by page and in the past; what gives way where not all fit."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from tui.actions.catalogue.everything import BY_ID, together
from tui.actions.keymap import Keymap
from tui.pages import Page


class Entry(Struct, frozen=True):
    """A place on a bar: the action that a click does; keys of the actions beside it are shown too."""

    id: str
    word: str = ""  # instead of the action's own
    spare: int = 0  # where not all fit, 1 is left out first, then 2; 0 stays
    keys_of: tuple[str, ...] = ()  # whose keys are shown, where those are others

    def text(self, keymap: Keymap) -> tuple[str, str]:
        """Return the keys as shown, and what they are for; no keys where they are turned off."""
        return keymap.shown(*(self.keys_of or together(self.id))), self.word or BY_ID[self.id].word


class Bar(StrEnum):
    """The bars that there are: one for each page, one while keys go to the grid, and one for the past."""

    DECK = Page.DECK.value
    HEATMAP = Page.HEATMAP.value
    MEASURES = Page.MEASURES.value
    STRADDLES = Page.STRADDLES.value
    CHARTS = Page.CHARTS.value
    GRID = "grid"
    PAST = "past"


_SCREENS = Entry("show-next", keys_of=tuple(f"show-{page}" for page in Page))
_END = (Entry("help"), Entry("quit"))
_ALERTS = Entry("acknowledge-alerts")

BARS: Mapping[Bar, tuple[Entry, ...]] = {
    Bar.DECK: (
        Entry("down"),
        Entry("underlying-next"),
        Entry("open"),
        _SCREENS,
        Entry("atm", spare=5),
        Entry("order", spare=4),
        Entry("freeze", spare=7),
        Entry("filter", spare=6),
        Entry("timeline", spare=8),
        Entry("demo", spare=9),
        Entry("inspect", spare=3),
        Entry("export", spare=2),
        Entry("palette", spare=1),
        *_END,
    ),
    Bar.GRID: (
        Entry("down", "cell", keys_of=("left", "down", "up", "right")),
        Entry("open", "origin"),
        Entry("back", "board"),
        Entry("expiry-next", spare=9),
        Entry("underlying-next", spare=7),
        _SCREENS,
        Entry("columns", spare=8),
        Entry("atm", spare=6),
        Entry("order", spare=2),
        Entry("freeze", spare=5),
        Entry("timeline", spare=4),
        Entry("export", spare=3),
        Entry("palette", spare=1),
        *_END,
    ),
    Bar.HEATMAP: (
        _SCREENS,
        Entry("down", "tile", keys_of=("left", "down", "up", "right")),
        Entry("strategy"),
        Entry("side"),
        Entry("axes"),
        Entry("expiry-next", "other", spare=4),
        Entry("open", "legs", spare=5),
        Entry("atm", spare=3),
        Entry("underlying-next", spare=2),
        Entry("export", spare=1),
        *_END,
    ),
    Bar.MEASURES: (
        _SCREENS,
        Entry("down", "measure"),
        Entry("left", "expiry"),
        Entry("underlying-next", spare=5),
        Entry("gex"),
        Entry("freeze", spare=4),
        Entry("timeline", spare=3),
        Entry("open", "origin", spare=2),
        Entry("export", spare=1),
        *_END,
    ),
    Bar.STRADDLES: (
        _SCREENS,
        Entry("down", "cell", keys_of=("left", "down", "up", "right")),
        Entry("underlying-next", spare=5),
        Entry("axes", "rows"),
        Entry("order", spare=6),
        Entry("atm"),
        Entry("freeze", spare=4),
        Entry("timeline", spare=3),
        Entry("open", "origin", spare=2),
        Entry("export", spare=1),
        *_END,
    ),
    Bar.CHARTS: (
        _SCREENS,
        Entry("left", "chart"),
        Entry("down", "expiry, all"),
        Entry("page-up", "strikes", spare=4),
        Entry("axes"),
        Entry("underlying-next", spare=6),
        Entry("atm", spare=3),
        Entry("freeze", spare=7),
        Entry("timeline", spare=5),
        Entry("open", "origin", spare=2),
        Entry("export", spare=1),
        *_END,
    ),
    Bar.PAST: (
        Entry("live"),
        Entry("snapshot-on"),
        Entry("minute-on"),
        Entry("change-on", spare=4),
        Entry("freeze", "play"),
        Entry("faster", spare=2),
        Entry("time"),
        Entry("mark-a"),
        Entry("diff"),
        Entry("help"),
        Entry("quit", spare=3),
        replace(_SCREENS, spare=1),
    ),
}

# What there is to try.
HINTS = (
    Entry("demo", "break something"),
    Entry("snapshot-on", "step in time", spare=3),
    Entry("down", "another expiry", spare=2),
    Entry("open", "grid, and there where a figure comes from"),
    Entry("filter", "filter", spare=1),
    Entry("help", "all keys"),
)


def bar_of(page: Page, *, past: bool, alerts: bool = False, in_grid: bool = False) -> tuple[Entry, ...]:
    """Return what the key bar shows on a page, or there in the past; first of all what `alerts` wait for.

    `in_grid`: keys go to the grid of the first page, where the same ones move a cursor.
    """
    bar = Bar.PAST if past else Bar.GRID if in_grid and page is Page.DECK else Bar(page.value)
    return (*((_ALERTS,) if alerts else ()), *BARS[bar])

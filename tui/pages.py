"""The pages of the deck, each chosen by its number."""

from enum import StrEnum


class Page(StrEnum):
    """What fills the screen between the two top lines and the keys."""

    DECK = "deck"
    HEATMAP = "heatmap"
    MEASURES = "measures"
    STRADDLES = "straddles"
    CHARTS = "charts"


class Panel(StrEnum):
    """What can have the focus on the first page, and the timeline on every page; each is the id of its widget."""

    BOARD = "board"
    GRID = "grid"
    SIGNALS = "signals"
    TIMELINE = "timeline"


Place = Page | Panel
PAGED = frozenset(Page) - {Page.DECK}  # pages with a cursor of their own
TITLES = {Panel.BOARD: "BOARD", Panel.GRID: "STRIKE GRID", Panel.SIGNALS: "SIGNALS", Panel.TIMELINE: "TIMELINE"}


def title_of(place: Place) -> str:
    """Return what a page or a panel is called where its keys are told."""
    return TITLES[place] if isinstance(place, Panel) else place.upper()

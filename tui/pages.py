"""The pages of the deck, each chosen by its number."""

from enum import StrEnum


class Page(StrEnum):
    """What fills the screen between the two top lines and the keys."""

    DECK = "deck"
    HEATMAP = "heatmap"

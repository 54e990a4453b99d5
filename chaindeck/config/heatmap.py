"""The settings of the heatmap model as text: widths by symbol, as in `SPX=20,25,30 NDX=50,60`."""

import re
from collections.abc import Sequence

from chain.errors import InvalidNameError
from chain.model.keys import parse_underlying
from mmaker.heatmap.options import DEFAULT_WIDTHS, THOUSANDTHS, HeatmapOptions

_EXAMPLE = "widths in points by symbol, as in SPX=20,25,30 NDX=50,60"
_PARTS = re.compile(r"[,\s]+")
_WIDTH = re.compile(r"\d{1,5}(\.\d{1,3})?", re.ASCII)
_MOST_WIDTHS = 20


def parse_widths(value: object) -> tuple[str, ...]:
    """Return the words of a text or a list, each `SYMBOL=WIDTH` or a further `WIDTH`; raise ValueError."""
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    words = tuple(word for word in _PARTS.split(text) if word)
    _by_symbol(words)
    return words


def heatmap_options(words: Sequence[str], strikes: int) -> HeatmapOptions:
    """Return what a model covers: these widths, MarketSwarm's where a symbol of theirs is not named."""
    return HeatmapOptions({**DEFAULT_WIDTHS, **_by_symbol(words)}, strikes)


def _by_symbol(words: Sequence[str]) -> dict[str, tuple[float, ...]]:
    found: dict[str, set[float]] = {}
    widths: set[float] | None = None
    for word in words:
        symbol, named, width = word.rpartition("=")
        if named:
            widths = found.setdefault(_symbol(symbol), set())
        if widths is None or not _WIDTH.fullmatch(width) or float(width) * THOUSANDTHS < 1:
            raise ValueError(_EXAMPLE)
        widths.add(float(width))
    if any(len(each) > _MOST_WIDTHS for each in found.values()):
        raise ValueError(f"at most {_MOST_WIDTHS} widths a symbol")
    return {symbol: tuple(sorted(each)) for symbol, each in found.items()}


def _symbol(text: str) -> str:
    try:
        return parse_underlying(text.upper())
    except InvalidNameError:
        raise ValueError(_EXAMPLE) from None

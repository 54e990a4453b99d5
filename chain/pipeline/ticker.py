"""Option tickers as the vendor writes them: `O:SPXW260102C06930000`, the strike in thousandths of a point."""

import re
from datetime import date
from functools import lru_cache
from typing import Literal, NamedTuple

from chain.errors import InvalidNameError
from chain.text import clean

Side = Literal["call", "put"]

_TICKER = re.compile(r"O:([A-Z0-9.]{1,6}?)(\d{2})(\d{2})(\d{2})([CP])(\d{8})", re.ASCII)


class OptionTicker(NamedTuple):
    """What an option ticker names; strike in points."""

    root: str
    expiry: date
    side: Side
    strike: float

    def __str__(self) -> str:
        letter = "C" if self.side == "call" else "P"
        return f"O:{self.root}{self.expiry:%y%m%d}{letter}{round(self.strike * 1000):08d}"


@lru_cache(maxsize=16_384)
def parse_ticker(text: str) -> OptionTicker:
    """Return what a ticker names; raise InvalidNameError where it is no option ticker."""
    found = _TICKER.fullmatch(text)
    if found is None:
        raise InvalidNameError(f"{clean(text, 32)!r} is not an option ticker such as O:SPXW260102C06930000")
    root, year, month, day, letter, thousandths = found.groups()
    try:
        expiry = date(2000 + int(year), int(month), int(day))
    except ValueError:
        raise InvalidNameError(f"{clean(text, 32)!r} names no date") from None
    return OptionTicker(root, expiry, "call" if letter == "C" else "put", int(thousandths) / 1000)

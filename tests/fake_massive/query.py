"""The vendor's query language: filters with ranges, sort, limit, and the cursor that carries them all."""

import base64
import binascii
import json
import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

from .reply import bad_request

PUBLIC_HOST = "https://api.massive.com"  # what every next_url names, whatever host was asked
_CURSOR_ONLY = ("ap", "pg")  # after which row, which page: they travel in the cursor and nowhere else
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Value = TypeVar("Value", str, float)
SortKey = tuple[Any, str]  # value of the sort field, ticker


@dataclass(frozen=True, slots=True)
class Range(Generic[Value]):
    """An interval; an end that is None is unbounded."""

    low: Value | None = None
    high: Value | None = None
    above_low: bool = False  # the low end itself is left out
    below_high: bool = False

    def span(self, ordered: Sequence[Value]) -> tuple[int, int]:
        """Return begin and end of the values that lie within, in an ascending sequence."""
        begin, end = 0, len(ordered)
        if self.low is not None:
            begin = bisect_right(ordered, self.low) if self.above_low else bisect_left(ordered, self.low)
        if self.high is not None:
            end = bisect_left(ordered, self.high) if self.below_high else bisect_right(ordered, self.high)
        return begin, max(begin, end)

    def admits(self, value: Value) -> bool:
        return self.span((value,)) == (0, 1)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which contracts are asked for."""

    expiry: Range[str] = field(default_factory=Range)
    strike: Range[float] = field(default_factory=Range)
    side: str = ""  # call, put, or empty for all


@dataclass(frozen=True, slots=True)
class Listing:
    """One page asked of an ordered listing."""

    filters: Filters
    sort: str
    descending: bool
    limit: int
    after: SortKey | None  # the last row already given


def to_date(text: str) -> str:
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            pass
    raise bad_request(f"failed to parse date '{text}': must be YYYY-MM-DD")


def to_number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise bad_request(f"failed to parse number '{text}'") from None
    if not math.isfinite(number):
        raise bad_request(f"failed to parse number '{text}'")
    return number


def read_range(params: Mapping[str, str], name: str, read: Callable[[str], Value]) -> Range[Value]:
    """Return what `name`, `name.gt`, `.gte`, `.lt` and `.lte` leave together."""
    lows: list[tuple[Value, bool]] = []
    highs: list[tuple[Value, bool]] = []
    for suffix, ends, is_open in (
        ("", (lows, highs), False),
        (".gt", (lows,), True),
        (".gte", (lows,), False),
        (".lt", (highs,), True),
        (".lte", (highs,), False),
    ):
        if name + suffix in params:
            value = read(params[name + suffix])
            for end in ends:
                end.append((value, is_open))
    low, above = max(lows, default=(None, False))
    high, below = min(highs, key=lambda end: (end[0], not end[1]), default=(None, False))
    return Range(low, high, above, below)


def read_choice(params: Mapping[str, str], name: str, choices: Sequence[str], default: str) -> str:
    value = params.get(name, default)
    if value != default and value not in choices:
        raise bad_request(f"'{name}' must be one of {', '.join(choices)}, not '{value}'")
    return value


def read_limit(params: Mapping[str, str], most: int) -> int:
    text = params.get("limit", "10")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise bad_request(f"'limit' must be from 1 to {most}, not '{text}'")
    return int(text)


def read_listing(params: Mapping[str, str], *, most: int, sorts: Sequence[str]) -> Listing:
    """Return the page that the parameters, cursor already unrolled, ask for; raise RefusalError (400)."""
    if "cursor" in params:
        raise bad_request("'cursor' is not valid")
    filters = Filters(
        read_range(params, "expiration_date", to_date),
        read_range(params, "strike_price", to_number),
        read_choice(params, "contract_type", ("call", "put"), ""),
    )
    sort = read_choice(params, "sort", sorts, "ticker")
    descending = read_choice(params, "order", ("asc", "desc"), "asc") == "desc"
    after = params.get("ap")
    key = None if after is None else tuple(json.loads(after))
    return Listing(filters, sort, descending, read_limit(params, most), key)


def unroll(params: Mapping[str, str]) -> tuple[dict[str, str], int]:
    """Return the parameters that a cursor stands for, and the page's number.

    Without a cursor: the parameters themselves, page 1. A cursor that is none stays in place, to be refused.
    """
    plain = {name: value for name, value in params.items() if name not in (*_CURSOR_ONLY, "apiKey")}
    if "cursor" not in params:
        return plain, 1
    text = params["cursor"]
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode("ascii")
        state = dict(parse_qsl(decoded, strict_parsing=True, keep_blank_values=True))
        json.loads(state.get("ap", "0"))
        return state, int(state["pg"])
    except (binascii.Error, ValueError, KeyError):
        return plain, 1


def next_url(path: str, params: Mapping[str, str], page: int, after: SortKey | None) -> str:
    """Return the address of page number `page`, which begins behind `after` and keeps every filter."""
    state = {name: value for name, value in params.items() if name not in _CURSOR_ONLY}
    if after is not None:
        state["ap"] = json.dumps(after)
    state["pg"] = str(page)
    cursor = base64.urlsafe_b64encode(urlencode(state).encode()).rstrip(b"=").decode()
    return f"{PUBLIC_HOST}{path}?cursor={cursor}"

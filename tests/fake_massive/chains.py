"""The data the fake serves: whole chains, indexed once so that a filtered page costs a few bisections."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson

from .query import Filters, Listing, SortKey
from .reply import Page
from .views import Item

_MOST_CACHED = 512  # selections, and compressed pages, per chain
View = Callable[[Item], Item]


class Chain:
    """Every contract of one underlying, in ticker order; taken as immutable, so that answers can be kept."""

    def __init__(self, symbol: str, spot: float, items: Iterable[Item]) -> None:
        self.symbol = symbol  # as in the vendor's path: I:SPX, SPY
        self.spot = spot
        self.items = sorted(items, key=lambda item: str(item["details"]["ticker"]))
        details = [item["details"] for item in self.items]
        self.tickers = [str(row["ticker"]) for row in details]
        self.at = {ticker: position for position, ticker in enumerate(self.tickers)}
        self._sorted_by: dict[str, Sequence[Any]] = {
            "ticker": self.tickers,
            "expiration_date": [str(row["expiration_date"]) for row in details],
            "strike_price": [float(row["strike_price"]) for row in details],
        }
        self.expirations = sorted(set(self._sorted_by["expiration_date"]))
        self._shelves = self._index([str(row["contract_type"]) for row in details])
        self._selected: dict[tuple[Filters, str], list[int]] = {}
        self._rendered: dict[View, dict[int, bytes]] = {}
        self._pages: dict[tuple[View, tuple[int, ...]], Page] = {}

    def _index(self, sides: list[str]) -> dict[str, dict[str, tuple[list[float], list[int]]]]:
        """Return for each expiration and side the strikes, ascending, and the positions beside them."""
        strikes, expiries = self._sorted_by["strike_price"], self._sorted_by["expiration_date"]
        shelves: dict[str, dict[str, tuple[list[float], list[int]]]] = {}
        for position in sorted(range(len(strikes)), key=strikes.__getitem__):
            shelf = shelves.setdefault(expiries[position], {}).setdefault(sides[position], ([], []))
            shelf[0].append(strikes[position])
            shelf[1].append(position)
        return shelves

    def select(self, filters: Filters, sort: str) -> list[int]:
        """Return the positions that pass, ascending by the sort field, then by ticker."""
        kept = self._selected.get((filters, sort))
        if kept is None:
            kept = self._search(filters)
            kept.sort()
            if sort != "ticker":
                kept.sort(key=self._sorted_by[sort].__getitem__)
            if len(self._selected) >= _MOST_CACHED:
                self._selected.clear()
            self._selected[filters, sort] = kept
        return kept

    def _search(self, filters: Filters) -> list[int]:
        found: list[int] = []
        first, last = filters.expiry.span(self.expirations)
        for expiry in self.expirations[first:last]:
            for side, (strikes, positions) in self._shelves[expiry].items():
                if filters.side in ("", side):
                    begin, end = filters.strike.span(strikes)
                    found += positions[begin:end]
        return found

    def key(self, position: int, sort: str) -> SortKey:
        return self._sorted_by[sort][position], self.tickers[position]

    def page(self, listing: Listing) -> tuple[list[int], bool]:
        """Return the positions of one page in the order asked, and whether rows remain behind it."""
        rows = self.select(listing.filters, listing.sort)
        if listing.descending:
            end = len(rows)
            if listing.after is not None:
                end = bisect_left(rows, listing.after, key=lambda at: self.key(at, listing.sort))
            begin = max(0, end - listing.limit)
            return rows[begin:end][::-1], begin > 0
        begin = 0
        if listing.after is not None:
            begin = bisect_right(rows, listing.after, key=lambda at: self.key(at, listing.sort))
        end = begin + listing.limit
        return rows[begin:end], end < len(rows)

    def render(self, positions: Sequence[int], view: View) -> Page:
        """Return the beginning of the body that lists these contracts under a view."""
        wanted = (view, tuple(positions))
        page = self._pages.get(wanted)
        if page is None:
            if len(self._pages) >= _MOST_CACHED:
                self._pages.clear()
            page = self._pages[wanted] = Page([self.row(position, view) for position in positions])
        return page

    def row(self, position: int, view: View) -> bytes:
        """Return one contract as JSON under a view, rendered at most once."""
        rendered = self._rendered.setdefault(view, {})
        row = rendered.get(position)
        if row is None:
            row = rendered[position] = orjson.dumps(view(self.items[position]))
        return row


@dataclass(frozen=True, slots=True)
class IndexQuote:
    """An index level, in points."""

    value: float
    previous_close: float
    last_updated: int  # epoch ns
    name: str = ""


@dataclass(frozen=True)
class ChainBook:
    """All that is listed at one moment: chains by vendor symbol, and index levels by ticker (`I:VIX`)."""

    chains: Mapping[str, Chain]
    indices: Mapping[str, IndexQuote] = field(default_factory=dict)

    @classmethod
    def of(cls, *chains: Chain, indices: Mapping[str, IndexQuote] | None = None) -> "ChainBook":
        """Return a book of chains; the level of an index that has a chain comes from its spot."""
        levels = {
            chain.symbol: IndexQuote(chain.spot, chain.spot, _last_updated(chain))
            for chain in chains
            if chain.symbol.startswith("I:")
        }
        return cls({chain.symbol: chain for chain in chains}, levels | dict(indices or {}))

    def with_chains(self, *chains: Chain) -> "ChainBook":
        """Return a book with these chains in place of those of the same symbols; other things stay."""
        fresh = ChainBook.of(*chains)
        return ChainBook({**self.chains, **fresh.chains}, {**self.indices, **fresh.indices})

    @cached_property
    def everything(self) -> Chain:
        """All chains as one."""
        if len(self.chains) == 1:
            return next(iter(self.chains.values()))
        return Chain("", 0.0, (item for chain in self.chains.values() for item in chain.items))


def _last_updated(chain: Chain) -> int:
    stamps = (item.get("underlying_asset", {}).get("last_updated", 0) for item in chain.items)
    return next(iter(stamps), 0)

"""The vendor's endpoints as a function from a call to a reply; no sockets here."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from .capture import NEW_YORK
from .chains import Chain, ChainBook, View
from .query import Listing, next_url, read_listing, read_range, unroll
from .reply import Page, RefusalError, Reply, bad_request, json_reply, request_id
from .views import PLANS, Item, Plan, reference, universal

_CHAIN_PATH = "/v3/snapshot/options/"
_SORTS = ("ticker", "expiration_date", "strike_price")
_PUBLIC_TYPES = ("options", "indices", "stocks", "crypto", "fx")
_UPGRADE = "You are not entitled to this data. Please upgrade your plan at https://massive.com/pricing"


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the vendor understands it: `params` are those the cursor stands for."""

    method: str
    path: str
    query: Mapping[str, str]  # as sent, the key masked
    params: Mapping[str, str]
    page: int
    keys: Mapping[str, str]  # the key by where it stood: header, query

    @classmethod
    def of(cls, method: str, target: str, headers: Mapping[str, str]) -> "Call":
        """Return the call of a request line and its headers (lower-case names)."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        keys = {"query": query["apiKey"]} if "apiKey" in query else {}
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            keys["header"] = token.strip()
        params, page = unroll(query)
        shown = {name: "***" if name == "apiKey" else value for name, value in query.items()}
        return cls(method, unquote(parts.path), shown, params, page, keys)

    @property
    def expiry(self) -> str | None:
        """The one expiration asked for, exactly or by a range of one day."""
        first, last = (self.params.get(f"expiration_date.{end}") for end in ("gte", "lte"))
        return self.params.get("expiration_date", first if first == last else None)

    @property
    def symbol(self) -> str:
        """The underlying in a chain's path, else empty."""
        rest = self.path.removeprefix(_CHAIN_PATH)
        return "" if rest == self.path else rest.partition("/")[0]


def _upcoming_holidays() -> list[Item]:
    """Return a closed day in thirty days and a half day after it, one row per exchange as the vendor does."""
    closed = datetime.now(NEW_YORK).date() + timedelta(days=30)
    half = closed + timedelta(days=1)
    hours = {
        name: datetime(half.year, half.month, half.day, hour, minute, tzinfo=NEW_YORK)
        .astimezone(UTC)
        .strftime("%Y-%m-%dT%H:%M:%S.000Z")
        for name, hour, minute in (("open", 9, 30), ("close", 13, 0))
    }
    rows: list[Item] = [
        {"date": closed.isoformat(), "exchange": exchange, "name": "Thanksgiving", "status": "closed"}
        for exchange in ("NYSE", "NASDAQ", "OTC")
    ]
    return rows + [
        {"date": half.isoformat(), "exchange": exchange, "name": "Thanksgiving", "status": "early-close"} | hours
        for exchange in ("NASDAQ", "NYSE")
    ]


@dataclass
class VendorApi:
    """Everything the vendor knows and allows; any field may be changed between requests."""

    book: ChainBook
    key: str = "demo"
    plan: str = "advanced"
    indices: bool = True  # whether the key has an indices subscription too
    market: str = "open"  # open, closed, extended-hours
    delayed_status: str = "OK"  # what a delayed plan's bodies say in `status`: not documented
    clock_skew_s: float = 0.0  # of serverTime, against this machine
    holidays: Sequence[Item] = field(default_factory=_upcoming_holidays)

    def answer(self, call: Call) -> Reply:
        """Return the reply to any call."""
        try:
            self._authorise(call)
            return self._route(call)
        except RefusalError as refusal:
            return refusal.reply()

    def row_as_seen(self, item: Item) -> Item:
        """Return a contract as the present plan shows it."""
        return PLANS[self.plan].show(item)

    def _authorise(self, call: Call) -> None:
        if not call.keys:
            raise RefusalError(401, "ERROR", error="API Key was not provided")
        if any(key != self.key for key in call.keys.values()):
            raise RefusalError(401, "ERROR", error="Unknown API Key")
        if call.method != "GET":
            raise RefusalError(405, "ERROR", error=f"method {call.method} is not allowed")

    def _route(self, call: Call) -> Reply:
        fixed: dict[str, Callable[[Call], Reply]] = {
            "/v3/snapshot": self._universal,
            "/v3/snapshot/indices": self._index_levels,
            "/v3/reference/options/contracts": self._reference,
            "/v1/marketstatus/now": self._market_now,
            "/v1/marketstatus/upcoming": lambda _: json_reply(200, self.holidays),
        }
        if call.path in fixed:
            return fixed[call.path](call)
        names = call.path.removeprefix(_CHAIN_PATH).split("/")
        if call.symbol and len(names) == 1:
            return self._chain(call)
        if call.symbol and len(names) == 2 and names[1]:
            return self._contract(call, names[1])
        raise RefusalError(404, "NOT_FOUND", message=f"The requested resource {call.path} was not found")

    def _snapshot_plan(self) -> Plan:
        plan = PLANS[self.plan]
        if not plan.snapshots:
            raise RefusalError(403, "NOT_AUTHORIZED", message=_UPGRADE)
        return plan

    def _status(self) -> str:
        return "OK" if PLANS[self.plan].timeframe == "REAL-TIME" else self.delayed_status

    def _chain_of(self, symbol: str) -> Chain:
        """Return a chain, empty for an unknown symbol; a bare index is refused."""
        if symbol in self.book.chains:
            return self.book.chains[symbol]
        if f"I:{symbol}" in self.book.chains or f"I:{symbol}" in self.book.indices:
            raise RefusalError(403, "NOT_AUTHORIZED", message=_UPGRADE)
        return Chain(symbol, 0.0, [])

    def _chain(self, call: Call) -> Reply:
        plan = self._snapshot_plan()
        listing = read_listing(call.params, most=250, sorts=_SORTS)
        return self._page(call, self._chain_of(call.symbol), listing, plan.show)

    def _contract(self, call: Call, ticker: str) -> Reply:
        plan = self._snapshot_plan()
        chain = self._chain_of(call.symbol)
        if ticker not in chain.at:
            raise RefusalError(404, "NOT_FOUND", message="Options contract not found.")
        row = plan.show(chain.items[chain.at[ticker]])
        return json_reply(200, {"results": row, "status": self._status(), "request_id": request_id()})

    def _reference(self, call: Call) -> Reply:
        """List contracts, also for plans without snapshots; `I:` names are unknown here, and not an error."""
        listing = read_listing(call.params, most=1000, sorts=(*_SORTS, "underlying_ticker"))
        name = call.params.get("underlying_ticker")
        named = [chain for symbol, chain in self.book.chains.items() if symbol.removeprefix("I:") == name]
        empty = Chain("", 0.0, [])
        chain = self.book.everything if name is None else next(iter(named), empty)
        return self._page(call, chain, listing, reference)

    def _page(self, call: Call, chain: Chain, listing: Listing, view: View) -> Reply:
        positions, more = chain.page(listing)
        after = chain.key(positions[-1], listing.sort) if more else None
        return Reply(200, self._tail(call, after), chain.render(positions, view))

    def _tail(self, call: Call, after: tuple[Any, str] | None) -> bytes:
        rest = {"status": self._status(), "request_id": request_id()}
        if after is not None:
            rest["next_url"] = next_url(call.path, call.params, call.page + 1, after)
        return b"]," + orjson.dumps(rest)[1:]

    def _universal(self, call: Call) -> Reply:
        self._snapshot_plan()
        everything = self.book.everything
        known = [*everything.tickers, *self.book.indices, *self.book.chains]
        return self._by_ticker(call, known, self._universal_row)

    def _index_levels(self, call: Call) -> Reply:
        if not self.indices:
            raise RefusalError(403, "NOT_AUTHORIZED", message=_UPGRADE)
        return self._by_ticker(call, list(self.book.indices), self._index_row)

    def _by_ticker(self, call: Call, known: Sequence[str], row: Callable[[str], Item]) -> Reply:
        """Answer a listing whose rows are named by ticker; `ticker.any_of` may name what does not exist."""
        listing = read_listing(call.params, most=250, sorts=("ticker",))
        wanted = call.params.get("ticker.any_of")
        names = [name for name in (wanted or "").split(",") if name]
        if len(names) > 250:
            raise bad_request("'ticker.any_of' takes at most 250 tickers")
        within = read_range(call.params, "ticker", str)
        tickers = sorted({name for name in (known if wanted is None else names) if within.admits(name)})
        if listing.descending:
            tickers.reverse()
        if listing.after is not None:
            last = listing.after[1]
            tickers = [name for name in tickers if (name < last if listing.descending else name > last)]
        rows = (found for found in map(row, tickers) if _has_type(found, call.params.get("type")))
        shown = list(islice(rows, listing.limit))
        after = (shown[-1]["ticker"],) * 2 if next(rows, None) else None
        return Reply(200, self._tail(call, after), Page([orjson.dumps(found) for found in shown]))

    def _universal_row(self, ticker: str) -> Item:
        chain = self.book.everything
        if ticker in chain.at:
            status = "open" if self.market == "open" else "closed"
            return universal(chain.items[chain.at[ticker]], PLANS[self.plan], status)
        if ticker in self.book.indices and self.indices:
            return self._index_row(ticker)
        if ticker in self.book.indices or ticker in self.book.chains:  # stocks have their own subscription
            return {"ticker": ticker, "error": "NOT_ENTITLED", "message": "Not entitled to this ticker."}
        return _not_found(ticker)

    def _index_row(self, ticker: str) -> Item:
        quote = self.book.indices.get(ticker)
        if quote is None:
            return _not_found(ticker)
        change = quote.value - quote.previous_close
        return {
            "ticker": ticker,
            "name": quote.name or ticker,
            "type": "indices",
            "value": quote.value,
            "market_status": "regular_trading" if self.market == "open" else "closed",
            "last_updated": quote.last_updated,
            "timeframe": PLANS[self.plan].timeframe,
            "session": {
                "change": round(change, 4),
                "change_percent": round(change / quote.previous_close * 100, 4),
                "close": quote.value,
                "high": max(quote.value, quote.previous_close),
                "low": min(quote.value, quote.previous_close),
                "open": quote.previous_close,
                "previous_close": quote.previous_close,
            },
        }

    def _market_now(self, _: Call) -> Reply:
        now = datetime.fromtimestamp(time.time() + self.clock_skew_s, NEW_YORK)
        extended = self.market == "extended-hours"
        return json_reply(
            200,
            {
                "afterHours": extended and now.hour >= 12,
                "currencies": {"crypto": "open", "fx": "open"},
                "earlyHours": extended and now.hour < 12,
                "exchanges": {"nasdaq": self.market, "nyse": self.market, "otc": self.market},
                "indicesGroups": {"s_and_p": self.market, "dow_jones": self.market, "cccy": "open"},
                "market": self.market,
                "serverTime": now.isoformat(timespec="seconds"),
            },
        )


def _has_type(row: Item, wanted: str | None) -> bool:
    if wanted is not None and wanted not in _PUBLIC_TYPES:
        raise bad_request(f"'type' must be one of {', '.join(_PUBLIC_TYPES)}")
    return wanted is None or row.get("type") == wanted


def _not_found(ticker: str) -> Item:
    return {"ticker": ticker, "error": "NOT_FOUND", "message": "Ticker not found."}

"""A chain as snapshots and stream make it. Pure: no I/O, no clock; what goes out is frozen.

Each contract keeps what its snapshot says, and the latest quote and trade of the stream by (time, sequence number).
What staging shows is a function of the three: an event is painted over the snapshot where it is later than the
snapshot's own value of that kind. So it does not matter in which order events come, how often, or in what batches; and
taking in again what was taken in before changes nothing.
"""

from collections.abc import Iterable, Mapping

from msgspec import UNSET, Struct, structs

from chain.model.contract import MAX_LEVEL
from chain.model.grid import midpoint, offered
from chain.model.keys import ChainId
from chain.model.placement import Misfit, placed
from chain.model.snapshot import Received
from chain.pipeline.events import Quote, StreamEvent, Trade
from chain.pipeline.staging import Dropped, Held, StagedContract, Value
from chain.thresholds import FUTURE_TOLERANCE_MS, OLD_SOURCE_DELAYED_S
from mmaker.merge.backdrop import Backdrop, backdrop, ticker_of

# The vendor's snapshot knows whatever happened longer before it than a delayed feed is late.
KNOWN_BEFORE_MS = round(OLD_SOURCE_DELAYED_S * 1000)
_MAX_SIZE = 1e9


class Changes(Struct, frozen=True):
    """What a chain shows since it was last asked: all contracts by ticker, those that changed, those that are gone."""

    contracts: Mapping[str, StagedContract]
    changed: frozenset[str]
    removed: frozenset[str]
    whole: bool  # a snapshot was laid beneath


class _Contract:
    """One contract: the snapshot's part, and the latest of the stream."""

    __slots__ = ("backdrop", "quote", "trade")

    def __init__(self, beneath: Backdrop) -> None:
        self.backdrop = beneath
        self.quote: Quote | None = None
        self.trade: Trade | None = None


class StagedChainState:
    """One chain. It has the contracts of its last snapshot and no others."""

    def __init__(self, chain: ChainId) -> None:
        self.chain = chain
        self.events = 0
        self.unknown = 0
        self._older = self._absurd = self._crossed = 0
        self.kind = ""  # of the source of its snapshot
        self._since_ms = 0  # events before this time tell nothing
        self._foreign_ms = 0  # the same, of events that another kind of source wrote
        self._contracts: dict[str, _Contract] = {}
        self._dirty: set[str] = set()
        self._shown: Mapping[str, StagedContract] = {}
        self._whole = False

    @property
    def tickers(self) -> Iterable[str]:
        """The contracts that there are."""
        return self._contracts.keys()

    @property
    def roots(self) -> set[str]:
        """The roots of their tickers."""
        return {contract.backdrop.staged.root for contract in self._contracts.values()}

    @property
    def dirty(self) -> bool:
        """Whether there may be changes to show."""
        return bool(self._dirty) or self._whole

    @property
    def dropped(self) -> Dropped:
        """How many events were left out."""
        return Dropped(unknown=self.unknown, older=self._older, absurd=self._absurd, crossed=self._crossed)

    def apply_snapshot(self, snapshot: Received, *, kind: str = "", since_ms: int = 0) -> None:
        """Lay a snapshot beneath what the stream has painted; contracts that it does not have are gone.

        `kind` is that of its source; events before `since_ms`, epoch ms, are no longer shown: another kind made them.
        """
        made_ms = snapshot.id.ts_ms
        self.kind = kind
        self._since_ms = max(since_ms, made_ms - KNOWN_BEFORE_MS, self._foreign_ms)
        before, self._contracts = self._contracts, {}
        for item, at in placed(snapshot.contracts, self.chain):
            if isinstance(at, Misfit):
                continue
            ticker = ticker_of(at, self.chain.expiry)
            beneath = backdrop(item, at, made_ms)
            contract = before.get(ticker)
            if contract is None:
                contract = _Contract(beneath)
            else:
                contract.backdrop = beneath
            self._contracts[ticker] = contract
        self._dirty = set(self._contracts)
        self._whole = True

    def apply(self, event: StreamEvent, received_ms: int) -> None:
        """Take in an event that was received at `received_ms`, epoch ms. One that is not the latest changes nothing."""
        contract = self._contracts.get(event.ticker)
        if contract is None:
            self.unknown += 1
        elif type(event) is Quote:
            self._apply_quote(contract, event, received_ms)
        else:
            self._apply_trade(contract, event, received_ms)  # type: ignore[arg-type]  # it is one of the two

    def _apply_quote(self, contract: _Contract, quote: Quote, received_ms: int) -> None:
        if not _is_quote(quote, received_ms):
            self._absurd += 1
        elif not _later(quote, contract.quote):
            self._older += 1
        else:
            contract.quote = quote
            if quote.ts_ms <= contract.backdrop.quote_ms or quote.ts_ms < self._since_ms:
                self._older += 1
                return
            if quote.bid > quote.ask > 0:
                self._crossed += 1
            self.events += 1
            self._dirty.add(quote.ticker)

    def _apply_trade(self, contract: _Contract, trade: Trade, received_ms: int) -> None:
        if not _is_trade(trade, received_ms):
            self._absurd += 1
        elif not _later(trade, contract.trade):
            self._older += 1
        else:
            contract.trade = trade
            if trade.ts_ms <= contract.backdrop.trade_ms or trade.ts_ms < self._since_ms:
                self._older += 1
                return
            self.events += 1
            self._dirty.add(trade.ticker)

    def leave_out(self, until_ms: int) -> None:
        """Show nothing of the stream up to a time, epoch ms: another kind of source wrote it."""
        if until_ms < self._foreign_ms:
            return
        self._foreign_ms = until_ms + 1
        self._since_ms = max(self._since_ms, self._foreign_ms)
        self._dirty |= {ticker for ticker, contract in self._contracts.items() if contract.quote or contract.trade}

    def resume(self, staged: Mapping[str, StagedContract], now_ms: int) -> None:
        """Take in what the stream had painted over contracts that are staged already; it counts as no event."""
        for ticker, shown in staged.items():
            contract = self._contracts.get(ticker)
            if contract is None:
                continue
            quote, trade = _quote_in(ticker, shown), _trade_in(ticker, shown)
            if quote is not None and _is_quote(quote, now_ms) and _later(quote, contract.quote):
                contract.quote = quote
                self._dirty.add(ticker)
            if trade is not None and _is_trade(trade, now_ms) and _later(trade, contract.trade):
                contract.trade = trade
                self._dirty.add(ticker)

    def take_changes(self) -> Changes:
        """Return what has changed since the last call."""
        before, whole = self._shown, self._whole
        new = {ticker: self._staged(self._contracts[ticker]) for ticker in self._dirty}
        changed = frozenset([ticker for ticker, staged in new.items() if staged != before.get(ticker)])
        removed = frozenset(before.keys() - self._contracts.keys()) if whole else frozenset()
        # In the snapshot's order where it is whole, whatever the stream touched first.
        self._shown = {ticker: new[ticker] for ticker in self._contracts} if whole else {**before, **new}
        self._dirty, self._whole = set(), False
        return Changes(self._shown, changed, removed, whole)

    def _staged(self, contract: _Contract) -> StagedContract:
        beneath, quote, trade = contract.backdrop, contract.quote, contract.trade
        if quote is not None and (quote.ts_ms <= beneath.quote_ms or quote.ts_ms < self._since_ms):
            quote = None
        if trade is not None and (trade.ts_ms <= beneath.trade_ms or trade.ts_ms < self._since_ms):
            trade = None
        return beneath.staged if quote is None and trade is None else _painted(beneath.staged, quote, trade)


def _painted(beneath: StagedContract, quote: Quote | None, trade: Trade | None) -> StagedContract:
    """Return a contract with a quote and a trade of the stream over its snapshot; each touches its own fields only."""
    bid, ask, bid_size, ask_size = beneath.bid, beneath.ask, beneath.bid_size, beneath.ask_size
    mid, last, last_size = beneath.mid, beneath.last, beneath.last_size
    if quote is not None:
        at, (offered_bid, offered_ask) = quote.ts_ms, offered(quote.bid, quote.ask)
        bid, ask, mid = _held(offered_bid, at), _held(offered_ask, at), _held(midpoint(offered_bid, offered_ask), at)
        bid_size, ask_size = _held(quote.bid_size, at), _held(quote.ask_size, at)
    if trade is not None:
        last, last_size = _held(trade.price, trade.ts_ms), _held(trade.size, trade.ts_ms)
    return StagedContract(
        side=beneath.side,
        strike=beneath.strike,
        root=beneath.root,
        bid=bid,
        ask=ask,
        bid_size=bid_size,
        ask_size=ask_size,
        last=last,
        last_size=last_size,
        mid=mid,
        iv=beneath.iv,
        delta=beneath.delta,
        gamma=beneath.gamma,
        theta=beneath.theta,
        vega=beneath.vega,
        open_interest=beneath.open_interest,
        volume=beneath.volume,
        quote_seq=UNSET if quote is None else quote.seq,
        trade_seq=UNSET if trade is None else trade.seq,
    )


def _held(value: float | None, ts_ms: int) -> Held:
    return UNSET if value is None else Value(value + 0.0, ts_ms, "stream")  # of two zeros the positive one


def _is_quote(quote: Quote, received_ms: int) -> bool:
    """Return whether a quote can be, whatever the market does; NaN is none."""
    return (
        0 <= quote.bid <= MAX_LEVEL
        and 0 <= quote.ask <= MAX_LEVEL
        and 0 <= quote.bid_size <= _MAX_SIZE
        and 0 <= quote.ask_size <= _MAX_SIZE
        and quote.ts_ms <= received_ms + FUTURE_TOLERANCE_MS
    )


def _is_trade(trade: Trade, received_ms: int) -> bool:
    """Return whether a trade can be."""
    return (
        0 < trade.price <= MAX_LEVEL
        and 0 <= trade.size <= _MAX_SIZE
        and trade.ts_ms <= received_ms + FUTURE_TOLERANCE_MS
    )


def _later(event: StreamEvent, held: StreamEvent | None) -> bool:
    """Return whether an event is later than what is held: by time, by sequence number, and last by what it says.

    The last makes the order total where two of one number differ, as they may where a writer leaves numbers out.
    """
    if held is None:
        return True
    if event.ts_ms != held.ts_ms:
        return event.ts_ms > held.ts_ms
    return event.seq > held.seq if event.seq != held.seq else structs.astuple(event) > structs.astuple(held)


def _quote_in(ticker: str, staged: StagedContract) -> Quote | None:
    """Return the stream's quote in a staged contract; its sizes are always there, a side may not be."""
    size = staged.bid_size
    if staged.quote_seq is UNSET or size is UNSET or size.origin != "stream":
        return None
    return Quote(
        ticker,
        _figure(staged.bid),
        _figure(staged.ask),
        size.value,
        _figure(staged.ask_size),
        size.ts_ms,
        staged.quote_seq,
    )


def _trade_in(ticker: str, staged: StagedContract) -> Trade | None:
    last = staged.last
    if staged.trade_seq is UNSET or last is UNSET or last.origin != "stream":
        return None
    return Trade(ticker, last.value, _figure(staged.last_size), last.ts_ms, staged.trade_seq)


def _figure(held: Held) -> float:
    return 0.0 if held is UNSET else held.value

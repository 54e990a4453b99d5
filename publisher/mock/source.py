"""The mock source: an invented market in the vendor's own shape, the same for the same seed and clock."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from msgspec import Struct

from chain.clock import Clock
from chain.model.keys import ChainId, vendor_symbol
from chain.model.session import days_to_expiry, settlement, years_to_expiry
from chain.model.snapshot import Contract
from chain.text import clean
from publisher import window
from publisher.mock import listing, market
from publisher.mock.listing import PRODUCTS, OptionSide, Product, TradingSession
from publisher.mock.market import SessionBar, Smile
from publisher.source import ChainWindow, SourceError, SourceStatus, Survey
from publisher.window import EM_MULT

TIMEFRAME = "REAL-TIME"
CONDITIONS = ([209], [209], [209], [232])  # a trade is mostly automatic, now and then the leg of a spread
LAG_NS = 0x1FFFFFFF  # quotes are up to about half a second old
UNSOLVED_BEYOND = 1.5  # standard deviations in the money past which the vendor's model may find no greeks
UNSOLVED_SHARE = 0.15

# Odd multipliers that draw unrelated numbers from one seed.
_FOR_INTEREST, _FOR_VOLUME, _FOR_SOLUTION = 2_654_435_761, 2_246_822_519, 3_266_489_917


class _Day(Struct, frozen=True):
    """The session that a market is in; spots by underlying."""

    session: TradingSession
    opened: dict[str, float]
    previous: dict[str, float]


class _Frame(Struct, frozen=True):
    """What all contracts of one window share."""

    product: Product
    ticker: str  # the underlying's, as the vendor writes it
    spot_field: str
    spot: float
    spot_x200: int  # a mean of two prices in cents is exact in this unit
    now_ns: int
    traded_until_ns: int  # now, or the close of the session where that is past
    volume_done: float  # share of the session's volume, 0..1
    salt: int


@dataclass(slots=True)
class _Line:
    """One contract in one session: what holds all day, and its trades so far."""

    details: Contract
    sign: int  # 1 call, -1 put
    strike_x200: int
    seed: int  # of this contract: hash of the market's seed and the ticker
    solved: bool  # whether the vendor's model gives greeks
    open_interest: int
    session_volume: int  # by the close
    day_ns: int  # midnight of the session, the vendor's stamp of a day block
    bar: SessionBar
    day: Contract
    last_trade: Contract | None = None

    def trade(self, price: int, volume: int, noise: int, frame: _Frame) -> None:
        """Let the session's volume rise to `volume`, the last trade being at `price`."""
        bar = self.bar
        fresh = bar.trade(price, volume, frame.traded_until_ns, noise >> 8 & 0xFFFF)
        self.last_trade = {
            "price": price / 100,
            "size": min(1 + (noise >> 24 & 31), fresh),
            "exchange": frame.product.venues[noise >> 5 & 7],
            "conditions": CONDITIONS[noise >> 3 & 3],
            "sip_timestamp": bar.traded_ns,
            "timeframe": TIMEFRAME,
        }
        self.day = bar.summary() | {"last_updated": self.day_ns}


class _Root:
    """The contracts of one root and expiry through one session, each made when first asked for."""

    def __init__(self, product: Product, root: str, expiry: date, day: _Day, seed: int) -> None:
        self._product, self._root, self._expiry, self._seed = product, root, expiry, seed
        self._session = day.session
        before = listing.session_before(day.session)
        self._opening = _smile(product, root, expiry, day.opened[product.symbol], day.session.opens)
        self._closing = _smile(product, root, expiry, day.previous[product.symbol], before.closes)
        self._pairs: dict[int, tuple[_Line, _Line]] = {}

    def pair(self, strike: int) -> tuple[_Line, _Line]:
        """Return the call and the put of a strike."""
        pair = self._pairs.get(strike)
        if pair is None:
            first, last = self._opening.value(strike), self._closing.value(strike)
            pair = self._pairs[strike] = (
                self._line(strike, "call", first.call, last.call),
                self._line(strike, "put", first.put, last.put),
            )
        return pair

    def _line(self, strike: int, side: OptionSide, opened: float, closed: float) -> _Line:
        product, session = self._product, self._session
        details = listing.details(product, self._root, self._expiry, side, strike)
        seed = zlib.crc32(f"{self._seed} {details['ticker']}".encode())
        sign = 1 if side == "call" else -1
        days = max(0, (self._expiry - session.day).days)
        first, last = market.on_tick(opened, product.ticks), market.on_tick(closed, product.ticks)
        bar = SessionBar(last, first, first, first, first, round(session.opens * 1e9))
        day_ns = round(session.midnight * 1e9)
        interest, volume = market.unit(seed, _FOR_INTEREST), market.unit(seed, _FOR_VOLUME)
        deep = -sign * self._opening.deviations(strike) > UNSOLVED_BEYOND
        return _Line(
            details=details,
            sign=sign,
            strike_x200=strike * 200,
            seed=seed,
            solved=not (deep and market.unit(seed, _FOR_SOLUTION) < UNSOLVED_SHARE),
            open_interest=listing.open_interest(product, self._expiry, days, strike, sign, interest),
            session_volume=listing.session_volume(product, self._opening.spot, days, strike, sign, volume),
            day_ns=day_ns,
            bar=bar,
            day=bar.summary() | {"last_updated": day_ns},
        )


def _smile(product: Product, root: str, expiry: date, spot: float, epoch_s: float) -> Smile:
    """Return the smile of a root's expiry at an instant."""
    return Smile.of(product.regime, spot, years_to_expiry(expiry, epoch_s, settlement(root)))


def _items(frame: _Frame, root: _Root, smile: Smile, strikes: Sequence[int]) -> Iterator[Contract]:
    """Yield call and put of every strike."""
    for strike in strikes:
        away = smile.deviations(strike)
        wider = market.widening(away)
        worth = market.black_scholes(frame.spot, strike, smile.vol(away), smile.years)
        # Cut to decimals by int(): a third of the cost of round(), and no -0.0.
        vol, gamma = int(worth.vol * 1e5) / 1e5, int(worth.gamma * 1e7) / 1e7
        theta, vega = int(worth.theta * 1e4) / 1e4, int(worth.vega * 1e4) / 1e4
        sides = (worth.call, worth.call_delta), (worth.put, worth.call_delta - 1)
        for line, (value, delta) in zip(root.pair(strike), sides, strict=True):
            item = _item(line, value, wider, frame)
            item["implied_volatility"] = vol
            if line.solved:
                item["greeks"] = {"delta": int(delta * 1e4) / 1e4, "gamma": gamma, "theta": theta, "vega": vega}
            yield item


def _item(line: _Line, value: float, wider: float, frame: _Frame) -> Contract:
    """Return the vendor's object of a contract worth `value`, less its model's part, after letting it trade."""
    product = frame.product
    bid, ask = market.two_sided(value, wider, product.ticks, product.spread_slope)
    both = bid + ask
    even_x200 = line.strike_x200 + line.sign * both
    noise = line.seed * frame.salt >> 24 & 0x3FFFFFFF
    volume = int(line.session_volume * frame.volume_done)
    if volume > line.bar.volume:
        line.trade(bid if bid and noise & 1 else ask, volume, noise, frame)
    item: Contract = {
        "details": line.details,
        "day": line.day,
        "last_quote": {
            "bid": bid / 100,
            "bid_size": 1 + (noise >> 3 & 63) if bid else 0,
            "bid_exchange": product.venues[noise >> 9 & 7],
            "ask": ask / 100,
            "ask_size": 1 + (noise >> 12 & 63),
            "ask_exchange": product.venues[noise >> 18 & 7],
            "midpoint": both / 200,
            "last_updated": frame.now_ns - (noise & LAG_NS),
            "timeframe": TIMEFRAME,
        },
        "open_interest": line.open_interest,
        "break_even_price": even_x200 / 200,
        "underlying_asset": {
            "ticker": frame.ticker,
            frame.spot_field: frame.spot,
            "change_to_break_even": (even_x200 - frame.spot_x200) / 200,
            "last_updated": frame.now_ns - (frame.salt & LAG_NS),
            "timeframe": TIMEFRAME,
        },
    }
    if line.last_trade is not None:
        item["last_trade"] = line.last_trade
    return item


class MockSource:
    """A market invented from a seed; see `publisher.source.Source` for what each call promises."""

    def __init__(
        self, clock: Clock, *, seed: int = 7, underlyings: Sequence[str] = tuple(PRODUCTS), mult: float = EM_MULT
    ) -> None:
        self._clock, self._seed, self._mult = clock, seed, mult
        self._underlyings = tuple(dict.fromkeys(listing.product_of(name).symbol for name in underlyings))
        self._walk = market.Walk({name: product.regime for name, product in PRODUCTS.items()}, seed)
        self._ladders = {name: listing.ladder(PRODUCTS[name]) for name in self._underlyings}
        self._roots: dict[tuple[str, date], _Root] = {}
        self._day: _Day | None = None
        self._moved = 0.0  # monotonic instant of the last move
        self._salt = 1

    in_memory = True

    @property
    def underlyings(self) -> tuple[str, ...]:
        """The underlyings it supplies, as they stand in keys."""
        return self._underlyings

    def status(self) -> SourceStatus:
        """Say that this market is invented, and from which seed."""
        return SourceStatus(kind="mock", detail=f"seed {self._seed}")

    async def begin_cycle(self) -> None:
        """Let the market move for as long as the clock says; the first call opens it with a gap."""
        epoch_s, moved = self._clock.wall_ns() / 1e9, self._clock.monotonic()
        session = listing.session_at(epoch_s)
        before = self._spots()
        if self._day is None:
            self._walk.gap()
        else:
            self._walk.step(moved - self._moved, market.activity(session.progress(epoch_s)))
        if self._day is None or self._day.session != session:
            self._day = _Day(session, self._spots(), before)
            self._roots.clear()
        self._moved, self._salt = moved, self._walk.salt()

    async def survey(self, underlying: str) -> Survey:
        """Return spot and the expirations listed now; raise SourceError for an underlying not supplied."""
        self._opened(underlying)
        as_of = self._clock.wall_ns() / 1e9
        return Survey(underlying, self._walk.spot(underlying), as_of, listing.expirations(as_of))

    async def fetch_window(self, survey: Survey, expiry: date) -> ChainWindow:
        """Return the contracts of one expiry around the ATM; raise SourceError for a date not listed."""
        await self._clock.sleep(0)  # one expiry is some milliseconds of work: let others run between two
        name, spot = survey.underlying, survey.spot
        day = self._opened(name)
        if expiry not in survey.expirations:
            raise SourceError(f"mock market lists no {name} {expiry}: take a date that the survey lists")
        product = PRODUCTS[name]
        roots = listing.roots(product, expiry, survey.as_of)
        smiles = {root: _smile(product, root, expiry, spot, survey.as_of) for root in roots}
        dte = days_to_expiry(expiry, survey.as_of)
        frame, strikes = self._frame(product, day.session, spot), self._strikes(name, spot, smiles.values(), dte)
        items: list[Contract] = []
        for root, smile in smiles.items():
            items.extend(_items(frame, self._root(product, root, expiry, day), smile, strikes))
        indexed = window.index_expiry(items)
        return window.cut(ChainId(name, expiry), indexed, spot=spot, dte=dte, mult=self._mult)

    async def aclose(self) -> None:
        """Do nothing: a mock holds no connection."""

    def _frame(self, product: Product, session: TradingSession, spot: float) -> _Frame:
        now_ns = self._clock.wall_ns()
        return _Frame(
            product=product,
            ticker=vendor_symbol(product.symbol),
            spot_field="value" if product.index else "price",
            spot=spot,
            spot_x200=round(spot * 200),
            now_ns=now_ns,
            traded_until_ns=min(now_ns, round(session.closes * 1e9)),
            volume_done=market.volume_done(session.progress(now_ns / 1e9)),
            salt=self._salt,
        )

    def _spots(self) -> dict[str, float]:
        return {name: self._walk.spot(name) for name in self._underlyings}

    def _opened(self, underlying: str) -> _Day:
        if underlying not in self._underlyings:
            raise SourceError(f"mock market has no {clean(underlying, 24)}: it runs {', '.join(self._underlyings)}")
        if self._day is None:
            raise SourceError("mock market has not opened: begin a cycle first")
        return self._day

    def _strikes(self, name: str, spot: float, smiles: Iterable[Smile], dte: int) -> Sequence[int]:
        """Return the strikes that the window can need: the cut is at most as wide as the most volatile root's."""
        ladder = self._ladders[name]
        atm = window.nearest_strike(ladder, spot)
        sigma = max(smile.vol(smile.deviations(atm)) for smile in smiles)
        return listing.around(ladder, atm, window.range_points(spot, sigma, dte, self._mult) + 1)

    def _root(self, product: Product, root: str, expiry: date, day: _Day) -> _Root:
        known = self._roots.get((root, expiry))
        if known is None:
            known = self._roots[root, expiry] = _Root(product, root, expiry, day, self._seed)
        return known

"""The contracts of one root and expiry through one session: what holds all day, their trades so far, their quotes."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from msgspec import Struct

from chain.analytics.black_scholes import Valuation, black_scholes
from chain.model.session import settlement, years_to_expiry
from chain.model.snapshot import Contract
from publisher.mock import listing, market
from publisher.mock.listing import OptionSide, Product, TradingSession
from publisher.mock.market import SessionBar, Smile

TIMEFRAME = "REAL-TIME"
CONDITIONS = ([209], [209], [209], [232])  # a trade is mostly automatic, now and then the leg of a spread
LAG_NS = 0x1FFFFFFF  # quotes are up to about half a second old
UNSOLVED_BEYOND = 1.5  # standard deviations in the money past which the vendor's model may find no greeks
UNSOLVED_SHARE = 0.15

# Odd multipliers that draw unrelated numbers from one seed.
_FOR_INTEREST, _FOR_VOLUME, _FOR_SOLUTION = 2_654_435_761, 2_246_822_519, 3_266_489_917


class Day(Struct, frozen=True):
    """The session that a market is in; spots by underlying."""

    session: TradingSession
    opened: dict[str, float]
    previous: dict[str, float]


class Moment(Struct, frozen=True):
    """What all contracts of an underlying share at one instant."""

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
class Line:
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
    quoted_ns: int = 0  # last quote that the stream told of, epoch ns

    def quote(self, worth: Valuation, wider: float, product: Product) -> tuple[int, int]:
        """Return bid and ask in cents, where its strike is worth so much."""
        value = worth.call if self.sign > 0 else worth.put
        return market.two_sided(value, wider, product.ticks, product.spread_slope)

    def untraded(self, volume_done: float) -> int:
        """Return the session's volume by now where that is more than has traded, else 0."""
        volume = int(self.session_volume * volume_done)
        return volume if volume > self.bar.volume else 0

    def trade(self, price: int, volume: int, until_ns: int, noise: int, luck: int, product: Product) -> Contract:
        """Let the session's volume rise to `volume`, and return the vendor's object of the last trade, at `price`.

        `luck` (16 bits) places it between the trade before and `until_ns`: 0 puts it there.
        """
        bar = self.bar
        fresh = bar.trade(price, volume, until_ns, luck)
        self.last_trade = traded = {
            "price": price / 100,
            "size": min(1 + (noise >> 24 & 31), fresh),
            "exchange": product.venues[noise >> 5 & 7],
            "conditions": CONDITIONS[noise >> 3 & 3],
            "sip_timestamp": bar.traded_ns,
            "timeframe": TIMEFRAME,
        }
        self.day = bar.summary() | {"last_updated": self.day_ns}
        return traded


class Book:
    """The contracts of one root and expiry through one session, each made when first asked for."""

    def __init__(self, product: Product, root: str, expiry: date, day: Day, seed: int) -> None:
        self._product, self._root, self._expiry, self._seed = product, root, expiry, seed
        self._session = day.session
        before = listing.session_before(day.session)
        self._opening = smile_of(product, root, expiry, day.opened[product.symbol], day.session.opens)
        self._closing = smile_of(product, root, expiry, day.previous[product.symbol], before.closes)
        self._pairs: dict[int, tuple[Line, Line]] = {}

    def pair(self, strike: int) -> tuple[Line, Line]:
        """Return the call and the put of a strike."""
        pair = self._pairs.get(strike)
        if pair is None:
            first, last = self._opening.value(strike), self._closing.value(strike)
            pair = self._pairs[strike] = (
                self._line(strike, "call", first.call, last.call),
                self._line(strike, "put", first.put, last.put),
            )
        return pair

    def _line(self, strike: int, side: OptionSide, opened: float, closed: float) -> Line:
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
        return Line(
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


def smile_of(product: Product, root: str, expiry: date, spot: float, epoch_s: float) -> Smile:
    """Return the smile of a root's expiry at an instant."""
    return Smile.of(product.regime, spot, years_to_expiry(expiry, epoch_s, settlement(root)))


def items(moment: Moment, book: Book, smile: Smile, strikes: Sequence[int]) -> Iterator[Contract]:
    """Yield call and put of every strike, as the vendor's objects."""
    for strike in strikes:
        away = smile.deviations(strike)
        wider = market.widening(away)
        worth = black_scholes(moment.spot, strike, smile.vol(away), smile.years)
        # Cut to decimals by int(): a third of the cost of round(), and no -0.0.
        vol, gamma = int(worth.vol * 1e5) / 1e5, int(worth.gamma * 1e7) / 1e7
        theta, vega = int(worth.theta * 1e4) / 1e4, int(worth.vega * 1e4) / 1e4
        deltas = worth.call_delta, worth.call_delta - 1
        for line, delta in zip(book.pair(strike), deltas, strict=True):
            item = _item(line, line.quote(worth, wider, moment.product), moment)
            item["implied_volatility"] = vol
            if line.solved:
                item["greeks"] = {"delta": int(delta * 1e4) / 1e4, "gamma": gamma, "theta": theta, "vega": vega}
            yield item


def _item(line: Line, quote: tuple[int, int], moment: Moment) -> Contract:
    """Return the vendor's object of a contract with a quote in cents, less its model's part, after letting it trade."""
    product = moment.product
    bid, ask = quote
    both = bid + ask
    even_x200 = line.strike_x200 + line.sign * both
    noise = line.seed * moment.salt >> 24 & 0x3FFFFFFF
    if volume := line.untraded(moment.volume_done):
        price = bid if bid and noise & 1 else ask
        line.trade(price, volume, moment.traded_until_ns, noise, noise >> 8 & 0xFFFF, product)
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
            "last_updated": max(moment.now_ns - (noise & LAG_NS), line.quoted_ns),
            "timeframe": TIMEFRAME,
        },
        "open_interest": line.open_interest,
        "break_even_price": even_x200 / 200,
        "underlying_asset": {
            "ticker": moment.ticker,
            moment.spot_field: moment.spot,
            "change_to_break_even": (even_x200 - moment.spot_x200) / 200,
            "last_updated": moment.now_ns - (moment.salt & LAG_NS),
            "timeframe": TIMEFRAME,
        },
    }
    if line.last_trade is not None:
        item["last_trade"] = line.last_trade
    return item

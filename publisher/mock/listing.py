"""What a mock exchange lists: trading days and sessions, expirations, roots, strikes and tickers."""

import math
from bisect import bisect_left, bisect_right
from calendar import FRIDAY
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from chain.errors import ConfigError
from chain.model.calendar import RULE, nth_weekday
from chain.model.keys import parse_underlying
from chain.model.session import AM_OPEN, NEW_YORK, closing, new_york, settlement, tradable, years_to_expiry
from chain.model.snapshot import Contract
from publisher.mock import market
from publisher.mock.market import Regime
from publisher.window import MIN_STRIKES_EACH_SIDE

DAILY_HORIZON_DAYS = 35  # every trading day this far ahead has an expiry, then only the monthlies
MONTHS_AHEAD = 6
MONTHLY_CROWD = 4.0  # open interest of a monthly expiry against a daily one
LADDER_REACH = 0.4  # of the home spot, each way


OptionSide = Literal["call", "put"]


class Product(Struct, frozen=True):
    """An underlying as its options exchange lists it."""

    symbol: str
    regime: Regime
    index: bool  # European style on an index, otherwise American style on a share
    daily_root: str
    monthly_root: str | None  # a second root on third Fridays, settled on the open
    steps: tuple[tuple[float, int], ...]  # (distance as a fraction of spot, strike step within it), inner first
    ticks: tuple[int, int]  # cents, below 3.00 and from there on
    spread_slope: float  # of an option's value
    rounds: tuple[tuple[int, float], ...]  # (multiple, how much more interest its strikes draw), largest first
    interest: int  # contracts at a plain strike near the money
    turnover: int  # the same for a session's volume on the day of expiry
    venues: tuple[int, ...]  # eight vendor ids of exchanges, drawn with equal odds


PRODUCTS = {
    product.symbol: product
    for product in (
        Product(
            "SPX",
            Regime(6930.0, 0.130, 0.012, 0.0),
            index=True,
            daily_root="SPXW",
            monthly_root="SPX",
            steps=((0.06, 5), (LADDER_REACH, 25)),
            ticks=(5, 10),
            spread_slope=0.008,
            rounds=((100, 4.0), (50, 2.4), (25, 1.6)),
            interest=1_500,
            turnover=12_000,
            venues=(302,) * 8,
        ),
        Product(
            "NDX",
            Regime(25_300.0, 0.175, 0.012, 0.35),
            index=True,
            daily_root="NDXP",
            monthly_root="NDX",
            steps=((0.025, 10), (0.06, 25), (LADDER_REACH, 50)),
            ticks=(5, 10),
            spread_slope=0.02,
            rounds=((500, 4.0), (100, 2.4), (50, 1.6)),
            interest=60,
            turnover=400,
            venues=(308,) * 8,
        ),
        Product(
            "SPY",
            Regime(691.0, 0.129, 0.012, 0.02),
            index=False,
            daily_root="SPY",
            monthly_root=None,
            steps=((LADDER_REACH, 1),),
            ticks=(1, 1),
            spread_slope=0.004,
            rounds=((10, 4.0), (5, 2.4)),
            interest=6_000,
            turnover=120_000,
            venues=(300, 301, 302, 308, 309, 312, 316, 323),
        ),
    )
}


def product_of(underlying: str) -> Product:
    """Return the product of an underlying; raise ConfigError, or InvalidNameError where it is no symbol."""
    symbol = parse_underlying(underlying)
    if symbol not in PRODUCTS:
        raise ConfigError(f"mock market has no {symbol}: choose among {', '.join(PRODUCTS)}")
    return PRODUCTS[symbol]


@lru_cache(maxsize=64)
def monthly(year: int, month: int) -> date:
    """Return the monthly expiry: the third Friday, or the trading day before where that is a holiday."""
    return RULE.trading_day_before(nth_weekday(year, month, FRIDAY, 3) + timedelta(days=1))


def is_monthly(expiry: date) -> bool:
    """Return whether a date is its month's monthly expiry."""
    return expiry == monthly(expiry.year, expiry.month)


@lru_cache(maxsize=16)
def _listed_from(today: date) -> tuple[date, ...]:
    ahead = (today + timedelta(days=days) for days in range(DAILY_HORIZON_DAYS))
    months = ((today.year * 12 + today.month - 1 + more) for more in range(MONTHS_AHEAD))
    return (*filter(RULE.is_trading_day, ahead), *(monthly(at // 12, at % 12 + 1) for at in months))


def expirations(epoch_s: float) -> tuple[date, ...]:
    """Return the dates that have contracts not yet expired at an instant, ascending."""
    return tuple(tradable(_listed_from(new_york(epoch_s).date()), epoch_s))


def roots(product: Product, expiry: date, epoch_s: float) -> list[str]:
    """Return the roots listed for an expiry: both on monthly dates, none once it has settled."""
    named = [product.daily_root]
    if product.monthly_root and is_monthly(expiry):
        named.insert(0, product.monthly_root)
    return [root for root in named if years_to_expiry(expiry, epoch_s, settlement(root)) > 0]


class TradingSession(Struct, frozen=True):
    """One day of trading; instants are epoch seconds."""

    day: date
    midnight: float
    opens: float
    closes: float

    @classmethod
    def on(cls, day: date) -> "TradingSession":
        """Return the session of a trading day, from 09:30 to its close in New York."""
        midnight, opens = (datetime.combine(day, at, NEW_YORK).timestamp() for at in (time.min, AM_OPEN))
        return cls(day, midnight, opens, closing(day).timestamp())

    def progress(self, epoch_s: float) -> float:
        """Return how far the session is at an instant: 0 at the open, 1 at the close, more after it."""
        return (epoch_s - self.opens) / (self.closes - self.opens)


def session_at(epoch_s: float) -> TradingSession:
    """Return the session that is running, or the last one that ran."""
    now = new_york(epoch_s)
    day = now.date()
    if not RULE.is_trading_day(day) or now.time() < AM_OPEN:
        day = RULE.trading_day_before(day)
    return TradingSession.on(day)


def session_before(session: TradingSession) -> TradingSession:
    """Return the session of the trading day before."""
    return TradingSession.on(RULE.trading_day_before(session.day))


def ladder(product: Product) -> tuple[int, ...]:
    """Return every strike listed, ascending: fine steps near the home spot, coarse further out."""
    home = product.regime.spot

    def step(strike: int) -> int:
        away = abs(strike / home - 1)
        return next((size for distance, size in product.steps if away <= distance), product.steps[-1][1])

    stride = math.gcd(*(size for _, size in product.steps))
    low = math.ceil(home * (1 - LADDER_REACH) / stride) * stride
    return tuple(k for k in range(low, int(home * (1 + LADDER_REACH)) + 1, stride) if k % step(k) == 0)


def around(strikes: Sequence[int], atm: float, points: int) -> Sequence[int]:
    """Return the strikes within `points` of `atm`, with as many beyond as a window may need."""
    first = bisect_left(strikes, atm) - MIN_STRIKES_EACH_SIDE
    last = bisect_right(strikes, atm) + MIN_STRIKES_EACH_SIDE
    low, high = bisect_left(strikes, atm - points), bisect_right(strikes, atm + points)
    return strikes[max(0, min(first, low)) : max(last, high)]


def ticker(root: str, expiry: date, side: OptionSide, strike: int) -> str:
    """Return the vendor's option ticker."""
    stamp = f"{expiry.year % 100:02d}{expiry.month:02d}{expiry.day:02d}"
    return f"O:{root}{stamp}{side[0].upper()}{strike * 1000:08d}"


def details(product: Product, root: str, expiry: date, side: OptionSide, strike: int) -> Contract:
    """Return the vendor's `details` of a contract."""
    return {
        "ticker": ticker(root, expiry, side, strike),
        "contract_type": side,
        "exercise_style": "european" if product.index else "american",
        "expiration_date": expiry.isoformat(),
        "shares_per_contract": 100,
        "strike_price": strike,
    }


def _draw(product: Product, strike: int) -> float:
    """Return how much more interest a strike draws for being a round number."""
    return next((more for multiple, more in product.rounds if strike % multiple == 0), 1.0)


def open_interest(product: Product, expiry: date, days: int, strike: int, sign: int, lump: float) -> int:
    """Return a contract's open interest from what holds all day; `sign` is 1 for a call, -1 for a put.

    `lump` (0..1) is the contract's own luck.
    """
    otm = sign * market.distance(product.regime, strike, product.regime.spot, max(days, 5))
    crowd = MONTHLY_CROWD if is_monthly(expiry) else 1.0
    return int(product.interest * crowd * _draw(product, strike) * market.interest(otm, days, lump))


def session_volume(product: Product, opened: float, days: int, strike: int, sign: int, lump: float) -> int:
    """Return what a contract trades by the close of a session whose spot opened at `opened`."""
    otm = sign * market.distance(product.regime, strike, opened, max(days, 1))
    return int(product.turnover * math.sqrt(_draw(product, strike)) * market.turnover(otm, days, lump))

"""What a mock exchange lists: trading days and sessions, expirations, roots, strikes and tickers."""

import math
from bisect import bisect_left, bisect_right
from calendar import FRIDAY, MONDAY, SATURDAY, SUNDAY, THURSDAY
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal

from chain.errors import ConfigError
from chain.model.keys import parse_underlying
from chain.model.session import AM_OPEN, CLOSE, NEW_YORK, new_york, settlement, tradable, years_to_expiry
from chain.model.snapshot import Contract
from publisher.mock import market
from publisher.mock.market import Regime
from publisher.slicing import MIN_STRIKES_EACH_SIDE

DAILY_HORIZON_DAYS = 35  # every trading day this far ahead has an expiry, then only the monthlies
MONTHS_AHEAD = 6
MONTHLY_CROWD = 4.0  # open interest of a monthly expiry against a daily one
LADDER_REACH = 0.4  # of the home spot, each way


Side = Literal["call", "put"]


@dataclass(frozen=True, slots=True)
class Product:
    """An underlying as its options exchange lists it."""

    symbol: str
    regime: Regime
    index: bool  # European style on an index, otherwise American style on a share
    daily_root: str
    monthly_root: str | None  # a second root on third Fridays, settled on the open
    steps: tuple[tuple[float, int], ...]  # (reach as a fraction of spot, strike step within it), inner first
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


def _observed(day: date) -> date:
    """Return when the exchange keeps a fixed holiday: Friday for a Saturday, Monday for a Sunday."""
    return day + timedelta(days={SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0))


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    """Return the nth given weekday of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _easter(year: int) -> date:
    """Return Easter Sunday by the anonymous Gregorian computus (Meeus, Astronomical Algorithms, chapter 8)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    skipped, leap = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - skipped - moon + 15) % 30
    to_sunday = (32 + 2 * leap + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=16)
def holidays(year: int) -> frozenset[date]:
    """Return the full-day holidays of the New York Stock Exchange in a year (rule 7.2, as kept since 2022)."""
    new_year = date(year, 1, 1)
    memorial = date(year, 5, 31)
    days = {
        _nth(year, 1, MONDAY, 3),  # Martin Luther King
        _nth(year, 2, MONDAY, 3),  # Washington
        _easter(year) - timedelta(days=2),  # Good Friday
        memorial - timedelta(days=memorial.weekday()),
        _observed(date(year, 6, 19)),
        _observed(date(year, 7, 4)),
        _nth(year, 9, MONDAY, 1),  # Labor
        _nth(year, 11, THURSDAY, 4),  # Thanksgiving
        _observed(date(year, 12, 25)),
    }
    if new_year.weekday() != SATURDAY:  # the Friday before belongs to the old year's accounts and stays open
        days.add(_observed(new_year))
    return frozenset(days)


def is_trading_day(day: date) -> bool:
    """Return whether the exchange opens on a date."""
    return day.weekday() < SATURDAY and day not in holidays(day.year)


def trading_day_before(day: date) -> date:
    """Return the last trading day before a date."""
    before = day - timedelta(days=1)
    while not is_trading_day(before):
        before -= timedelta(days=1)
    return before


@lru_cache(maxsize=64)
def monthly(year: int, month: int) -> date:
    """Return the monthly expiry: the third Friday, or the trading day before where that is a holiday."""
    return trading_day_before(_nth(year, month, FRIDAY, 3) + timedelta(days=1))


def is_monthly(expiry: date) -> bool:
    """Return whether a date is its month's monthly expiry."""
    return expiry == monthly(expiry.year, expiry.month)


@lru_cache(maxsize=16)
def _listed_from(today: date) -> tuple[date, ...]:
    ahead = (today + timedelta(days=days) for days in range(DAILY_HORIZON_DAYS))
    months = ((today.year * 12 + today.month - 1 + more) for more in range(MONTHS_AHEAD))
    return (*filter(is_trading_day, ahead), *(monthly(at // 12, at % 12 + 1) for at in months))


def expirations(epoch_s: float) -> tuple[date, ...]:
    """Return the dates that have contracts not yet expired at an instant, ascending."""
    return tuple(tradable(_listed_from(new_york(epoch_s).date()), epoch_s))


def roots(product: Product, expiry: date, epoch_s: float) -> list[str]:
    """Return the roots listed for an expiry: both on monthly dates, none once it has settled."""
    named = [product.daily_root]
    if product.monthly_root and is_monthly(expiry):
        named.insert(0, product.monthly_root)
    return [root for root in named if years_to_expiry(expiry, epoch_s, settlement(root)) > 0]


@dataclass(frozen=True, slots=True)
class TradingSession:
    """One day of trading; instants are epoch seconds."""

    day: date
    midnight: float
    opens: float
    closes: float

    @classmethod
    def on(cls, day: date) -> "TradingSession":
        """Return the session of a trading day, 09:30 to 16:00 New York."""
        midnight, opens, closes = (datetime.combine(day, at, NEW_YORK).timestamp() for at in (time.min, AM_OPEN, CLOSE))
        return cls(day, midnight, opens, closes)

    def progress(self, epoch_s: float) -> float:
        """Return how far the session is at an instant: 0 at the open, 1 at the close, more after it."""
        return (epoch_s - self.opens) / (self.closes - self.opens)


def session_at(epoch_s: float) -> TradingSession:
    """Return the session that is running, or the last one that ran."""
    now = new_york(epoch_s)
    day = now.date()
    if not is_trading_day(day) or now.time() < AM_OPEN:
        day = trading_day_before(day)
    return TradingSession.on(day)


def session_before(session: TradingSession) -> TradingSession:
    """Return the session of the trading day before."""
    return TradingSession.on(trading_day_before(session.day))


def ladder(product: Product) -> tuple[int, ...]:
    """Return every strike listed, ascending: fine steps near the home spot, coarse further out."""
    home = product.regime.spot

    def step(strike: int) -> int:
        away = abs(strike / home - 1)
        return next((size for reach, size in product.steps if away <= reach), product.steps[-1][1])

    stride = math.gcd(*(size for _, size in product.steps))
    low = math.ceil(home * (1 - LADDER_REACH) / stride) * stride
    return tuple(k for k in range(low, int(home * (1 + LADDER_REACH)) + 1, stride) if k % step(k) == 0)


def around(strikes: Sequence[int], atm: float, points: int) -> Sequence[int]:
    """Return the strikes within `points` of `atm`, with as many beyond as a slice may need."""
    first = bisect_left(strikes, atm) - MIN_STRIKES_EACH_SIDE
    last = bisect_right(strikes, atm) + MIN_STRIKES_EACH_SIDE
    low, high = bisect_left(strikes, atm - points), bisect_right(strikes, atm + points)
    return strikes[max(0, min(first, low)) : max(last, high)]


def ticker(root: str, expiry: date, side: Side, strike: int) -> str:
    """Return the vendor's option ticker."""
    stamp = f"{expiry.year % 100:02d}{expiry.month:02d}{expiry.day:02d}"
    return f"O:{root}{stamp}{side[0].upper()}{strike * 1000:08d}"


def details(product: Product, root: str, expiry: date, side: Side, strike: int) -> Contract:
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

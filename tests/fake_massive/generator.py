"""Invented chains of any size: the same arguments always give the same contracts."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from .capture import NEW_YORK
from .chains import Chain
from .views import INDEX_NAMES, Item

_ROOTS = {"SPX": ("SPX", "SPXW"), "NDX": ("NDX", "NDXP"), "RUT": ("RUT", "RUTW"), "VIX": ("VIX", "VIXW")}
_YEAR_S = 365 * 86_400
_UNSOLVED = 0.995  # beyond this delta the vendor's model has no solution, and greeks are left out


def is_third_friday(day: date) -> bool:
    return day.weekday() == 4 and 15 <= day.day <= 21


def expirations(first: date, count: int) -> list[date]:
    """Return dates as an index lists them: weekdays for five weeks, then Fridays, after half a year third ones."""

    def listed(day: date) -> bool:
        ahead = (day - first).days
        if ahead < 35:
            return day.weekday() < 5
        return day.weekday() == 4 if ahead < 182 else is_third_friday(day)

    days = (first + timedelta(days=n) for n in range(40 * 366))
    return list(islice(filter(listed, days), count))


def generate(
    underlying: str,
    *,
    as_of: float,
    spot: float,
    dates: Sequence[date],
    strikes: int,
    step: float,
    centre: float | None = None,
    iv: float = 0.16,
    seed: int = 1,
) -> Chain:
    """Return a chain as of an instant (epoch seconds): `strikes` per date, root and side.

    Third Fridays list the AM and the PM root of an index that has both. The strikes stand around `centre`, by
    default the spot: give it, and vary `spot` and `seed`, to move prices under an unchanged listing.
    """
    market = _Market(underlying, spot, as_of, iv, random.Random(seed))
    middle = round((spot if centre is None else centre) / step)
    lowest = max(1, middle - strikes // 2)
    grid = [step * (lowest + n) for n in range(strikes)]
    items = [
        market.contract(root, day, strike, side)
        for day in dates
        for root in _roots_on(underlying, day)
        for strike in grid
        for side in ("call", "put")
    ]
    return Chain(market.symbol, spot, items)


def generate_count(underlying: str, contracts: int, as_of: float, spot: float = 6850.0) -> Chain:
    """Return a chain of exactly so many contracts over fifty dates; some lack their outermost strike."""
    dates = expirations(datetime.fromtimestamp(as_of, NEW_YORK).date(), 50)
    ladders = 2 * sum(len(_roots_on(underlying, day)) for day in dates)
    whole = generate(underlying, as_of=as_of, spot=spot, dates=dates, strikes=math.ceil(contracts / ladders), step=5)
    inner_first = sorted(whole.items, key=lambda item: abs(item["details"]["strike_price"] - spot))
    return Chain(whole.symbol, spot, inner_first[:contracts])


def _roots_on(underlying: str, day: date) -> tuple[str, ...]:
    monthly, weekly = _ROOTS.get(underlying, (underlying, underlying))
    if monthly == weekly:
        return (underlying,)
    return (monthly, weekly) if is_third_friday(day) else (weekly,)


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


@dataclass(frozen=True, slots=True)
class _Market:
    """One underlying at one instant, which prices its contracts (Black-Scholes, no rates)."""

    underlying: str
    spot: float
    as_of: float
    iv: float
    dice: random.Random

    @property
    def symbol(self) -> str:
        return f"I:{self.underlying}" if self.underlying in INDEX_NAMES else self.underlying

    def _roll(self, low: int, high: int) -> int:
        """Return an int of `low <= n < high`; several times faster than randrange."""
        return low + int(self.dice.random() * (high - low))

    def contract(self, root: str, day: date, strike: float, side: str) -> Item:
        """Return one vendor item; blocks that the vendor tends to leave out are left out here too."""
        stamp = round(self.as_of * 1e9) - self._roll(1, 2_000_000_000)
        iv = round(self.iv * (1 + 0.4 * abs(math.log(strike / self.spot))), 6)
        price, delta, gamma, theta, vega = self._value(day, strike, side, iv)
        break_even = strike + price if side == "call" else strike - price
        is_index = self.symbol.startswith("I:")
        item: Item = {
            "break_even_price": round(break_even, 4),
            "day": self._day(price, stamp),
            "details": {
                "contract_type": side,
                "exercise_style": "european" if is_index else "american",
                "expiration_date": day.isoformat(),
                "shares_per_contract": 100,
                "strike_price": int(strike) if strike == int(strike) else strike,
                "ticker": f"O:{root}{day:%y%m%d}{side[0].upper()}{round(strike * 1000):08d}",
            },
        }
        if abs(delta) < _UNSOLVED:
            item["greeks"] = {"delta": delta, "gamma": gamma, "theta": theta, "vega": vega}
            item["implied_volatility"] = iv
        item["last_quote"] = self._quote(price, stamp)
        if item["day"]:
            item["last_trade"] = self._trade(item["day"]["close"], stamp)
        item["open_interest"] = self._roll(0, 20_000)
        item["underlying_asset"] = {
            "change_to_break_even": round(break_even - self.spot, 4),
            "last_updated": round(self.as_of * 1e9),
            "ticker": self.symbol,
            "timeframe": "REAL-TIME",
            "value" if is_index else "price": self.spot,
        }
        return item

    def _value(self, day: date, strike: float, side: str, iv: float) -> tuple[float, ...]:
        """Return price, delta, gamma, theta per day and vega per point of volatility."""
        settles = datetime(day.year, day.month, day.day, 16, tzinfo=NEW_YORK).timestamp()
        years = max(settles - self.as_of, 600.0) / _YEAR_S
        spread = iv * math.sqrt(years)
        d1 = math.log(self.spot / strike) / spread + spread / 2
        density = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
        call = self.spot * _normal(d1) - strike * _normal(d1 - spread)
        price, delta = (call, _normal(d1)) if side == "call" else (call - self.spot + strike, _normal(d1) - 1)
        gamma = density / (self.spot * spread)
        theta = -self.spot * density * iv / (2 * math.sqrt(years)) / 365
        vega = self.spot * density * math.sqrt(years) / 100
        return max(0.0, round(price, 4)), round(delta, 6), round(gamma, 8), round(theta, 6), round(vega, 6)

    def _day(self, price: float, stamp: int) -> Item:
        volume = self._roll(-20, 5_000)
        if volume <= 0:  # never traded today
            return {}
        low, high = round(price * 0.9, 2), round(price * 1.1 + 0.05, 2)
        close = round(price + 0.01, 2)
        return {
            "change": round(close - low, 4),
            "change_percent": round((close - low) / (low or 0.05) * 100, 4),
            "close": close,
            "high": high,
            "last_updated": stamp,
            "low": low,
            "open": low,
            "previous_close": low,
            "volume": volume,
            "vwap": round((low + high) / 2, 4),
        }

    def _quote(self, price: float, stamp: int) -> Item:
        bid = math.floor(price * 0.99 * 20) / 20
        ask = max(math.ceil(price * 1.01 * 20) / 20, bid + 0.05)
        return {
            "ask": round(ask, 2),
            "ask_exchange": 302,
            "ask_size": self._roll(1, 200),
            "bid": round(bid, 2),
            "bid_exchange": 302,
            "bid_size": self._roll(1, 200),
            "last_updated": stamp,
            "midpoint": round((bid + ask) / 2, 4),
            "timeframe": "REAL-TIME",
        }

    def _trade(self, price: float, stamp: int) -> Item:
        return {
            "conditions": [232],
            "exchange": 302,
            "price": price,
            "sip_timestamp": stamp,
            "size": self._roll(1, 50),
            "timeframe": "REAL-TIME",
        }

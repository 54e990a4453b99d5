"""The mock's market model: a walk of correlated spots, a volatility smile, quotes, volume and open interest.

Pure maths: nothing here knows a clock, a calendar or a source.
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import Struct

from chain.analytics.black_scholes import Valuation, black_scholes

DAY_S = 86_400
YEAR_S = 365 * DAY_S
SESSION_S = 6.5 * 3600
SESSIONS_A_YEAR = 252
MIN_YEARS = 300 / YEAR_S  # five minutes: keeps greeks finite through the last moments of an expiry
MIN_STEP_S = 0.25  # the market moves a little even when no time has passed
REVERSION_S = SESSION_S  # a spot forgets its distance from home at this pace
OVERNIGHT_SESSIONS = 0.1  # variance of the opening gap, in sessions
QUIET_ACTIVITY = 0.25  # variance outside trading hours, against an average hour within
U_DEPTH = 2.0  # how much busier the edges of a session are than its middle
DEFAULT_RATE = 200.0  # events of the stream a second, on average over a session
BURST_EVERY_S, BURST = 16, 4.0  # how often the stream is in a burst, and how much busier it is then

SMILE_WIDTH = 0.8  # eta of the surface; eta^2 * (1 + |rho|) <= 4 keeps each expiry free of butterfly arbitrage
SKEW_LONG, SKEW_SHORT, SKEW_DAYS = -0.35, -0.12, 10.0  # rho far out, what short tenors add, and how fast it fades
VOL_PER_SPOT = 6.0  # relative rise of volatility per relative fall of spot
VOL_FLOOR = 0.05
DRIFT_LIMIT = 0.1

_U32 = 0xFFFFFFFF


class Regime(Struct, frozen=True):
    """How one underlying behaves; volatilities are annual fractions."""

    spot: float  # where the walk starts, and what it reverts to
    vol: float  # at the money, at the shortest tenor
    vol_slope: float  # what 30 days add to it, growing with the square root of time
    own: float  # share of its shocks that no other underlying has, 0..1


class Walk:
    """Spots that share most of one shock: Ornstein-Uhlenbeck in the logarithm, exact for any step length."""

    def __init__(self, regimes: Mapping[str, Regime], seed: int) -> None:
        self._regimes = dict(regimes)
        self._random = random.Random(seed)  # noqa: S311 - a reproducible market, not a secret
        self._drift = dict.fromkeys(self._regimes, 0.0)
        self._drawn: dict[str, float] = {}  # the shocks of the next move, once drawn

    def gap(self) -> None:
        """Move every spot by an overnight gap."""
        self._shock(OVERNIGHT_SESSIONS)

    def step(self, seconds: float, activity: float) -> None:
        """Move every spot on; `activity` scales variance, 1 being an average moment of a session."""
        kept, sessions = _reversion(seconds, activity)
        for name in self._drift:
            self._drift[name] *= kept
        self._shock(sessions)

    def ahead(self, name: str, seconds: float, activity: float) -> float:
        """Return where a spot will be if the next step is this one; the walk stays where it is.

        The shocks of that step are drawn already, and grow with the root of its length: looked at again and again, the
        spot moves steadily to where the step then puts it.
        """
        kept, sessions = _reversion(seconds, activity)
        drift = self._drift[name] * kept + self._move(name, sessions)
        return round(self._regimes[name].spot * math.exp(drift), 2)

    def spot(self, name: str) -> float:
        """Return a spot in points or dollars, to the cent."""
        return round(self._regimes[name].spot * math.exp(self._drift[name]), 2)

    def salt(self) -> int:
        """Return an odd number of this state: multiplied into a contract's seed it gives fresh noise."""
        return self._random.getrandbits(31) * 2 + 1

    def _shock(self, sessions: float) -> None:
        for name in self._drift:
            self._drift[name] += self._move(name, sessions)
        self._drawn = {}

    def _move(self, name: str, sessions: float) -> float:
        """Return by how much the next shock moves a logarithm."""
        if not self._drawn:
            common = self._random.gauss()
            for each, regime in self._regimes.items():
                self._drawn[each] = math.sqrt(1 - regime.own**2) * common + regime.own * self._random.gauss()
        return self._regimes[name].vol * math.sqrt(sessions / SESSIONS_A_YEAR) * self._drawn[name]


def _reversion(seconds: float, activity: float) -> tuple[float, float]:
    """Return what a step keeps of a drift, and its variance in sessions."""
    kept = math.exp(-max(seconds, MIN_STEP_S) / REVERSION_S)
    return kept, activity * (1 - kept * kept) / 2 * REVERSION_S / SESSION_S


def activity(progress: float) -> float:
    """Return the U of a session, averaging 1 over `progress` 0..1; outside of it, the quiet of closed hours."""
    if not 0 <= progress < 1:
        return QUIET_ACTIVITY
    return (1 + U_DEPTH * (2 * progress - 1) ** 2) / (1 + U_DEPTH / 3)


def bustle(seed: int, second: int) -> float:
    """Return how busy a second of the epoch is, 1 on average: one in sixteen is a burst."""
    return (
        BURST
        if unit(seed + second, 2_654_435_761) < 1 / BURST_EVERY_S
        else (BURST_EVERY_S - BURST) / (BURST_EVERY_S - 1)
    )


def volume_done(progress: float) -> float:
    """Return the share of a session's volume traded by `progress` (clamped to 0..1): the integral of the U."""
    at = min(max(progress, 0.0), 1.0)
    return (at + U_DEPTH * ((2 * at - 1) ** 3 + 1) / 6) / (1 + U_DEPTH / 3)


class Smile(Struct, frozen=True):
    """One expiry's volatilities: SSVI (Gatheral and Jacquier, 2014) with phi = eta / sqrt(theta).

    That choice makes the smile a function of moneyness in standard deviations, so skew per point is steepest at
    short tenors, and it has no butterfly arbitrage.
    """

    spot: float
    years: float
    atm: float  # volatility where strike equals spot
    deviation: float  # atm * sqrt(years)
    rho: float

    @classmethod
    def of(cls, regime: Regime, spot: float, years: float) -> "Smile":
        """Return the smile of a tenor; volatility rises as spot falls below the regime's home."""
        span = max(years, MIN_YEARS)
        days = span * 365
        drift = min(max(math.log(spot / regime.spot), -DRIFT_LIMIT), DRIFT_LIMIT)
        level = (regime.vol + regime.vol_slope * math.sqrt(days / 30)) * math.exp(-VOL_PER_SPOT * drift)
        atm = max(level, VOL_FLOOR)
        rho = SKEW_LONG + SKEW_SHORT * math.exp(-days / SKEW_DAYS)
        return cls(spot, span, atm, atm * math.sqrt(span), rho)

    def deviations(self, strike: float) -> float:
        """Return how far a strike lies above spot, in standard deviations at the money."""
        return math.log(strike / self.spot) / self.deviation

    def vol(self, deviations: float) -> float:
        """Return the volatility (annual fraction) at a distance from spot."""
        tilt = SMILE_WIDTH * deviations
        rho = self.rho
        curve = 1 + rho * tilt + math.sqrt((tilt + rho) ** 2 + 1 - rho * rho)
        return self.atm * math.sqrt(0.5 * curve)

    def value(self, strike: float) -> Valuation:
        """Return the worth of a strike under this smile."""
        return black_scholes(self.spot, strike, self.vol(self.deviations(strike)), self.years)


def widening(deviations: float) -> float:
    """Return how much wider quotes are at a distance from spot: 1 at the money, 1.9 from three deviations on."""
    return 1 + 0.1 * min(deviations * deviations, 9.0)


def two_sided(value: float, wider: float, ticks: tuple[int, int], slope: float) -> tuple[int, int]:
    """Return bid and ask in cents around a value in dollars, each on its tick, the value never outside.

    The spread before rounding is one fine tick plus `slope` of the value, `wider` times.
    """
    fine, coarse = ticks
    cents = 100 * value
    half = 0.5 * wider * (fine + slope * cents)
    bid = int(cents - half) if cents > half else 0
    ask = int(cents + half) + 1
    return bid - bid % (fine if bid < 300 else coarse), ask + -ask % (fine if ask < 300 else coarse)


def on_tick(value: float, ticks: tuple[int, int]) -> int:
    """Return the nearest price in cents that can trade, at least one tick."""
    step = ticks[0] if value < 3 else ticks[1]
    return max(round(100 * value / step) * step, step)


@dataclass(slots=True)
class SessionBar:
    """One contract's trades in one session; prices in cents, never zero."""

    previous: int  # close of the session before
    open: int
    high: int
    low: int
    last: int
    traded_ns: int  # last trade, or the session's open; epoch ns
    volume: int = 0

    def trade(self, price: int, volume: int, until_ns: int, luck: int) -> int:
        """Take in the trades that bring the volume to `volume`, the last at `price`; return how many contracts.

        The more of them, the nearer the last one lies to `until_ns`; `luck` (16 bits) places it.
        """
        fresh = volume - self.volume
        span = max(0, until_ns - self.traded_ns)
        self.traded_ns = until_ns - span * luck // (0x10000 * fresh)
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.last, self.volume = price, volume
        return fresh

    def summary(self) -> dict[str, float]:
        """Return the session so far in dollars, under the vendor's names; before any trade, yesterday's close."""
        prices = (self.open, self.high, self.low, self.last) if self.volume else (self.previous,) * 4
        first, high, low, close = prices
        change = close - self.previous
        return {
            "open": first / 100,
            "high": high / 100,
            "low": low / 100,
            "close": close / 100,
            "previous_close": self.previous / 100,
            "change": change / 100,
            "change_percent": round(100 * change / self.previous, 3),
            "volume": self.volume,
            "vwap": sum(prices) / 400,
        }


def unit(seed: int, salt: int) -> float:
    """Return a number in 0..1 that depends on a contract's seed and an odd salt alone."""
    return (seed * salt & _U32) / 2**32


def distance(regime: Regime, strike: float, spot: float, days: int) -> float:
    """Return how far a strike lies above spot, in standard deviations of `days` at the regime's plain volatility."""
    return math.log(strike / spot) / (regime.vol * math.sqrt(days / 365))


def interest(otm: float, days: int, lump: float) -> float:
    """Return relative open interest: most a little out of the money, less in far tenors, lumpy (`lump` 0..1).

    `otm` is in standard deviations out of the money, so puts pile up below spot and calls above.
    """
    crowd = math.exp(-0.5 * ((otm - 0.7) / 1.3) ** 2)
    return crowd * (0.25 + 2 * lump * lump) / (1 + 0.12 * days)


def turnover(otm: float, days: int, lump: float) -> float:
    """Return a session's relative volume: gathered at the money, largest by far in the nearest expiry."""
    crowd = math.exp(-0.5 * ((otm - 0.2) / 0.75) ** 2)
    return crowd * (0.25 + 2 * lump * lump) / (1 + 1.5 * days)

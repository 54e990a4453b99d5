"""Black-Scholes (1973) at zero rate and dividend: the worth of a strike, its greeks, and the volatility of a price.

On a forward in place of the spot it is Black (1976). With neither rate nor dividend early exercise is worth nothing, so
the same values serve American contracts; where there is one, they are an approximation for those.
"""

import math
from typing import NamedTuple

_ROOT_HALF = math.sqrt(0.5)
_DENSITY_0 = 1 / math.sqrt(2 * math.pi)
_CLOSE_ENOUGH = 1e-6  # relative step at which the solver ends: convergence is quadratic, what is left is its square
_MOST_STEPS = 60


class Valuation(NamedTuple):
    """A strike's worth and the sensitivities that call and put share, in the vendor's units."""

    call: float
    put: float
    vol: float  # annual fraction
    call_delta: float  # the put's is one less
    gamma: float  # per point of the underlying
    theta: float  # per calendar day
    vega: float  # per volatility point


def black_scholes(spot: float, strike: float, vol: float, years: float) -> Valuation:
    """Return the value of a strike; `vol` an annual fraction, `years` of 365 days, both above zero."""
    root_t = math.sqrt(years)
    deviation = vol * root_t
    d1 = math.log(spot / strike) / deviation + deviation / 2
    n1 = 0.5 + 0.5 * math.erf(d1 * _ROOT_HALF)
    n2 = 0.5 + 0.5 * math.erf((d1 - deviation) * _ROOT_HALF)
    density = _DENSITY_0 * math.exp(-0.5 * d1 * d1)
    forward = spot - strike
    call = spot * n1 - strike * n2
    if call < forward or call < 0:  # rounding far from the money
        call = max(forward, 0.0)
    return Valuation(
        call,
        call - forward,
        vol,
        n1,
        density / (spot * deviation),
        -spot * density * vol / (2 * root_t) / 365,
        spot * density * root_t / 100,
    )


def implied_vol(
    price: float, forward: float, strike: float, years: float, side: str, guess: float | None = None
) -> float | None:
    """Return the volatility, an annual fraction, at which a call or put is worth `price`; None where there is none.

    A price has one only strictly between its intrinsic value and its bound, the forward for a call and the strike for a
    put. `guess` is a volatility to begin at. Newton's method within a bracket; below the inflection point of the price
    on the reciprocal of its logarithm, as in Jaeckel, Let's Be Rational (2015).
    """
    intrinsic = max(forward - strike if side == "call" else strike - forward, 0.0)
    beta = (price - intrinsic) / math.sqrt(forward * strike)
    x = -abs(math.log(forward / strike))  # of the side that is out of the money: by parity its worth is the time value
    if years <= 0 or not 0 < beta < math.exp(x / 2):
        return None
    root_t = math.sqrt(years)
    start = math.sqrt(-2 * x) or beta / _DENSITY_0  # the inflection point: from there Newton cannot miss
    found = _deviation(beta, x, guess * root_t if guess else start)
    return None if found is None else found / root_t


def _deviation(beta: float, x: float, start: float) -> float | None:
    """Return the total deviation at which an option at log-moneyness `x` <= 0 has the normalised value `beta`."""
    low, high, at = 0.0, math.inf, start
    up, down, inflection = math.exp(x / 2), math.exp(-x / 2), math.sqrt(-2 * x)
    log_beta = math.log(beta)
    for _ in range(_MOST_STEPS):
        h, t = x / at, at / 2
        value = 0.5 * (up * math.erfc(-(h + t) * _ROOT_HALF) - down * math.erfc((t - h) * _ROOT_HALF))
        slope = _DENSITY_0 * math.exp(-0.5 * (h * h + t * t))
        if value < beta:
            low = at
        else:
            high = at
        following = math.nan
        if slope > 0 and value > 0:
            step = (beta - value) / slope
            if at < inflection:
                log_value = math.log(value)
                step = (log_beta - log_value) * log_value / log_beta * value / slope
            following = at + step
        if abs(following - at) <= _CLOSE_ENOUGH * at:
            return following
        if not low < following < high:
            following = (low + high) / 2 if high < math.inf else at * 2
        at = following
    return None

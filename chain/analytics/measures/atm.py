"""What the contracts at the money say: volatility, straddle, expected move, and the forward that they imply."""

import math
from collections import Counter
from enum import Enum
from statistics import median
from typing import NamedTuple

from msgspec import Struct

from chain.analytics.measures.measure import FRACTION, POINTS, Measure
from chain.analytics.slice import NOT_LISTED, ChainSlice, no_mid, price_of
from chain.model.grid import Leg, PriceSource, StrikeRow

_STRIKES_OF_FORWARD = 5
_IV_MOVE = "S * IV * sqrt(T), one standard deviation, T calendar days / 365"


class MoveRule(Enum):
    """By how much a straddle is multiplied to an expected move; the rules differ by half, so each is named."""

    COMMON = (0.85, "0.85 x straddle, the common rule of thumb")
    MEAN = (1.0, "straddle, the mean absolute move")
    ONE_SD = (math.sqrt(math.pi / 2), "1.2533 x straddle, one standard deviation")


class StrikeStraddle(Struct, frozen=True, gc=False):
    """Call and put of one strike, points, by the chain's kind of price, and together; None where one has no price.

    `iv` is the mean of the vendor's IV of both, or that of the only one that has any; a fraction.
    """

    strike: float
    call: float | None
    put: float | None
    value: float | None
    iv: float | None


class Pair(NamedTuple):
    """A strike whose call and put have sound quotes, and its C - P, points."""

    row: StrikeRow
    difference: float

    @property
    def forward(self) -> float:
        """The forward by put-call parity at a rate of zero."""
        return self.row.strike + self.difference

    @property
    def width(self) -> float:
        """The half widths of both quotes together: by so much C - P can be off."""
        return sum(_half_width(leg) for leg in _sides(self.row))


def expected_move(spot: float, sigma: float, years: float) -> float:
    """Return one standard deviation in points: `S * sigma * sqrt(T)`, T in years of 365 days."""
    return spot * sigma * math.sqrt(years)


def atm_iv(chain: ChainSlice) -> Measure:
    """Return the mean of the vendor's IV of call and put at the ATM strike, a fraction."""
    ivs, skipped = [], Counter[str]()
    for leg in _sides(chain.atm):
        if leg is None:
            skipped[NOT_LISTED] += 1
        elif leg.iv is None:
            skipped["no IV"] += 1
        else:
            ivs.append(leg.iv)
    value = sum(ivs) / len(ivs) if ivs else None
    note = chain.no_atm or ("" if ivs else "no IV at the ATM strike")
    inputs = {"strike": _strike(chain)}
    words = "mean of the vendor's IV of ATM call and put"
    return Measure(value, FRACTION, words, chain.snapshots, len(ivs), skipped, inputs, note=note)


def straddle(chain: ChainSlice) -> Measure:
    """Return call plus put at the ATM strike, points, both by the chain's kind of price."""
    prices: dict[str, float | None] = {}
    skipped = Counter[str]()
    for side, leg in zip(("call", "put"), _sides(chain.atm), strict=False):
        prices[side], why = price_of(leg, chain.source)
        if why:
            skipped[why] += 1
    found = [price for price in prices.values() if price is not None]
    value = sum(found) if len(found) == 2 else None
    note = chain.no_atm or ("" if value is not None else f"needs both sides: {', '.join(skipped)}")
    words = f"call + put at the ATM strike, {chain.source}"
    inputs = {"strike": _strike(chain), **prices}
    return Measure(value, POINTS, words, chain.snapshots, len(found), skipped, inputs, note=note)


def straddles(chain: ChainSlice) -> tuple[StrikeStraddle, ...]:
    """Return the straddle at every strike of the root at the money, ascending."""
    found = []
    for row in chain.rows:
        call, put = (_price(chain, row, side, leg) for side, leg in (("call", row.call), ("put", row.put)))
        value = None if call is None or put is None else call + put
        if value is not None and not math.isfinite(value):
            value = None  # each is a number, and their sum is beyond every one
        ivs = [leg.iv for leg in (row.call, row.put) if leg is not None and leg.iv is not None]
        found.append(StrikeStraddle(row.strike, call, put, value, sum(ivs) / len(ivs) if ivs else None))
    return tuple(found)


def _price(chain: ChainSlice, row: StrikeRow, side: str, leg: Leg | None) -> float | None:
    if chain.source is PriceSource.MID:
        return chain.mids.get((row.root, row.strike, side))
    return None if leg is None else leg.price(chain.source)


def expected_move_iv(chain: ChainSlice, sigma: Measure) -> Measure:
    """Return the expected move by ATM IV, points, one standard deviation."""
    spot, years = chain.spot, chain.years
    value = None
    if sigma.value is not None and spot is not None and years is not None:
        value = expected_move(spot, sigma.value, years)
    note = sigma.note or ("no spot" if spot is None else "")
    inputs = {"spot": spot, "atm_iv": sigma.value, "years": years}
    return Measure(value, POINTS, _IV_MOVE, chain.snapshots, sigma.used, sigma.skipped, inputs, note=note)


def expected_move_straddle(chain: ChainSlice, priced: Measure, rule: MoveRule = MoveRule.COMMON) -> Measure:
    """Return the expected move by the straddle, points, and what it says of one standard deviation."""
    factor, words = rule.value
    value = None if priced.value is None else factor * priced.value
    one_sd = None if priced.value is None else MoveRule.ONE_SD.value[0] * priced.value
    inputs = {"straddle": priced.value, "factor": factor, "one_sd": one_sd}
    words = f"{words}, {chain.source}"
    return Measure(value, POINTS, words, chain.snapshots, priced.used, priced.skipped, inputs, note=priced.note)


def implied_forward(chain: ChainSlice) -> Measure:
    """Return the forward by put-call parity, points, and whether it agrees with spot.

    The median over the strikes with the smallest |C - P|, of which the CBOE's VIX method takes the one.
    A basis (forward less spot) wider than the quotes that it is made of shows a dividend, a rate or a stale spot.
    """
    pairs, skipped = _pairs(chain)
    nearest = sorted(pairs, key=lambda pair: (abs(pair.difference), pair.row.strike))[:_STRIKES_OF_FORWARD]
    value = median(pair.forward for pair in nearest) if nearest else None
    value = value if value is not None and value > 0 else None
    width = median(pair.width for pair in nearest) if nearest else None
    basis = None if value is None or chain.spot is None else value - chain.spot
    inputs = {"spot": chain.spot, "rate": 0.0, "basis": basis, "width": width}
    words = f"put-call parity K + C - P, r = 0, median over the {_STRIKES_OF_FORWARD} strikes with the least |C - P|"
    words = f"{words}; {chain.exercise}"
    note = _forward_note(chain, value, basis, width)
    return Measure(value, POINTS, words, chain.snapshots, 2 * len(nearest), skipped, inputs, note=note)


def _forward_note(chain: ChainSlice, value: float | None, basis: float | None, width: float | None) -> str:
    if value is None:
        return chain.no_atm or ("no strike with sound quotes on both sides" if width is None else "not above zero")
    if basis is not None and width is not None and abs(basis) > width:
        return f"{basis:+.2f} from spot, more than the quotes' {width:.2f}: a dividend, a rate or a stale spot"
    return ""


def _pairs(chain: ChainSlice) -> tuple[list[Pair], Counter[str]]:
    """Return strikes with two sound quotes, and why contracts of the other strikes are left out."""
    pairs, skipped = [], Counter[str]()
    for row in chain.rows:
        call = chain.mids.get((row.root, row.strike, "call"))
        put = chain.mids.get((row.root, row.strike, "put"))
        if call is not None and put is not None:
            pairs.append(Pair(row, call - put))
            continue
        for leg, mid, other in ((row.call, call, row.put), (row.put, put, row.call)):
            if leg is not None:
                alone = f"other side {NOT_LISTED}" if other is None else "other side has no sound quote"
                skipped[no_mid(leg) if mid is None else alone] += 1
    return pairs, skipped


def _half_width(leg: Leg | None) -> float:
    assert leg is not None and leg.bid is not None and leg.ask is not None
    return (leg.ask - leg.bid) / 2


def _sides(row: StrikeRow | None) -> tuple[Leg | None, ...]:
    return (row.call, row.put) if row else ()


def _strike(chain: ChainSlice) -> float | None:
    return chain.atm.strike if chain.atm else None

"""Open interest and volume of one expiry: puts over calls, and max pain. Open interest is of the evening before."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from operator import mul

from msgspec import Struct

from chain.analytics.measures.measure import POINTS, RATIO, Measure
from chain.analytics.slice import ChainSlice
from chain.model.placement import STANDARD_SHARES

_OI = "open interest"
_STEPS = 1000  # of a point: the smallest step of a strike in an option's symbol


class StrikeInterest(Struct, frozen=True, gc=False):
    """Contracts of one strike, all roots together; None where nothing is known of a side."""

    strike: float
    call_oi: float | None
    put_oi: float | None
    call_volume: float | None
    put_volume: float | None


def by_strike(chain: ChainSlice) -> tuple[StrikeInterest, ...]:
    """Return open interest and the day's volume by strike, ascending."""
    rows = []
    for row in chain.grid.rows:
        oi = [None if leg is None else leg.open_interest for leg in (row.call, row.put)]
        volume = [None if leg is None else leg.volume for leg in (row.call, row.put)]
        rows.append(StrikeInterest(row.strike, *oi, *volume))
    return summed_by_strike(rows)


def summed_by_strike(parts: Iterable[StrikeInterest]) -> tuple[StrikeInterest, ...]:
    """Return parts of any order with those of one strike added up."""
    found: dict[float, StrikeInterest] = {}
    for part in parts:
        known = found.get(part.strike)
        found[part.strike] = part if known is None else _added(known, part)
    return tuple(part for _, part in sorted(found.items()))


def _added(one: StrikeInterest, other: StrikeInterest) -> StrikeInterest:
    return StrikeInterest(
        one.strike,
        _sum(one.call_oi, other.call_oi),
        _sum(one.put_oi, other.put_oi),
        _sum(one.call_volume, other.call_volume),
        _sum(one.put_volume, other.put_volume),
    )


def _sum(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else one + other


def put_call_oi(chain: ChainSlice) -> Measure:
    """Return open interest of puts over that of calls."""
    return _put_call(chain, "open_interest", _OI)


def put_call_volume(chain: ChainSlice) -> Measure:
    """Return the day's volume of puts over that of calls."""
    return _put_call(chain, "volume", "volume")


def put_over_call(puts: float | None, calls: float | None) -> float | None:
    """Return a put/call ratio; None where nothing is known of a side, or there are no calls."""
    return puts / calls if puts is not None and calls else None


def _put_call(chain: ChainSlice, field: str, words: str) -> Measure:
    sums: dict[str, float | None] = {"put": None, "call": None}
    used, missing = 0, 0
    for _, side, leg in chain.contracts():
        figure: float | None = getattr(leg, field)
        if figure is None:
            missing += 1
        else:
            sums[side] = (sums[side] or 0.0) + figure
            used += 1
    value = put_over_call(sums["put"], sums["call"])
    note = "" if value is not None else f"no {words} of {'calls' if not sums['call'] else 'puts'}"
    skipped = {f"no {words}": missing} if missing else {}
    inputs = {"puts": sums["put"], "calls": sums["call"]}
    return Measure(
        value, RATIO, f"{words} of puts over calls", chain.snapshots, used, skipped, inputs, slice_only=True, note=note
    )


def max_pain(chain: ChainSlice) -> Measure:
    """Return the strike at which holders of open contracts get least at expiry, points; the lowest of a tie."""
    calls: dict[float, float] = {}
    puts: dict[float, float] = {}
    used, missing = 0, 0
    for row in chain.grid.rows:
        for held, leg in ((calls, row.call), (puts, row.put)):
            held.setdefault(row.strike, 0.0)
            if leg is None:
                continue
            if leg.open_interest is None:
                missing += 1
                continue
            used += 1
            held[row.strike] += leg.open_interest
    strikes = list(calls)
    pains = payouts(strikes, calls, puts) if any(calls.values()) or any(puts.values()) else []
    least = min(pains, default=None)
    tied = pains.count(least) if least is not None else 0
    value = strikes[pains.index(least)] if least is not None else None
    note = f"no {_OI}" if least is None else f"a tie of {tied} strikes" if tied > 1 else ""
    inputs = {"payout": None if least is None else least * STANDARD_SHARES}
    skipped = {f"no {_OI}": missing} if missing else {}
    words = "listed strike with the least payout of open interest at expiry, the lowest of a tie"
    return Measure(value, POINTS, words, chain.snapshots, used, skipped, inputs, slice_only=True, note=note)


def payouts(strikes: Sequence[float], calls: Mapping[float, float], puts: Mapping[float, float]) -> list[float]:
    """Return what open calls and puts pay, in points per share, if the underlying ends at each of the strikes, sorted.

    Payout at K: the sum over strikes k of calls(k) max(0, K - k) + puts(k) max(0, k - K).
    """
    levels = [round(strike * _STEPS) for strike in strikes]  # whole numbers: a tie is one to the last digit
    below = _running(levels, [calls.get(strike, 0.0) for strike in strikes])
    above = _running([-level for level in reversed(levels)], [puts.get(strike, 0.0) for strike in reversed(strikes)])
    return [(call + put) / _STEPS for call, put in zip(below, reversed(above), strict=True)]


def _running(levels: Sequence[int], held: Sequence[float]) -> list[float]:
    """Return what contracts below each level pay there, levels ascending."""
    counts, worths = accumulate(held), accumulate(map(mul, held, levels))
    return [level * count - worth for level, count, worth in zip(levels, counts, worths, strict=True)]

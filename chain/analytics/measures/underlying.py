"""Across the expiries of one underlying: forward volatility, term structure, and totals."""

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from chain.analytics.measures.chain import ChainMeasures, exposed
from chain.analytics.measures.flip import Curve, Profile, curve, summed
from chain.analytics.measures.gamma import Exposure, StrikeGex
from chain.analytics.measures.interest import StrikeInterest, put_over_call, summed_by_strike
from chain.analytics.measures.measure import FRACTION, RATIO, Measure, together
from chain.analytics.slice import MIN_YEARS

# The measures by name: of a chain, of a chain beside the one before it, and of all expiries together.
OF_A_CHAIN = (
    "straddle",
    "expected_move_iv",
    "expected_move_straddle",
    "implied_forward",
    "atm_iv",
    "rr25",
    "bf25",
    "put_call_oi",
    "put_call_volume",
    "max_pain",
    "gex_net",
    "call_wall",
    "put_wall",
    "zero_gamma_profile",
    "zero_gamma_cumulative",
    "greeks_apart",
)
ACROSS = ("forward_vol",)
TOTALS = (
    "put_call_oi",
    "put_call_volume",
    "gex_net",
    "call_wall",
    "put_wall",
    "zero_gamma_profile",
    "zero_gamma_cumulative",
)

_FORWARD = "sqrt((IV2^2 T2 - IV1^2 T1) / (T2 - T1)) of ATM IV, from the expiry before to this one"
_LEVELS, _LEVELS_OF_ONE = 41, 17  # of a curve: it is smooth, and each costs an exponential a contract


class TermPoint(Struct, frozen=True):
    """ATM IV of one expiry, a fraction, at its time to settlement in years."""

    years: float
    atm_iv: Measure


class UnderlyingMeasures(Struct, frozen=True):
    """What the snapshots of one underlying say, each and together; `chains` by expiration.

    `spot` is that of the newest snapshot, points. Each measure knows its snapshots, so also how old its oldest part is.
    """

    spot: float | None
    chains: tuple[ChainMeasures, ...]
    forward_vols: tuple[Measure, ...]  # one a chain
    term: tuple[TermPoint, ...]
    totals: dict[str, Measure]
    gex: Exposure | None  # by strike, all together; None without any chain
    profile: Profile | None  # total GEX at any level
    curve: Curve = ()  # and over the slice's levels
    curves: tuple[Curve, ...] = ()  # that of each chain alone
    interest: tuple[StrikeInterest, ...] = ()  # all together
    realised: Measure | None = None  # volatility of spot; None where nobody keeps what it was
    less_implied: tuple[Measure, ...] = ()  # realised less implied, one a chain where there is any


def underlying_measures(chains: Sequence[ChainMeasures]) -> UnderlyingMeasures:
    """Return the measures across chains of one underlying, which all have the same convention."""
    ordered = tuple(sorted(chains, key=lambda one: one.snapshot.chain.expiry))
    newest = max((one for one in ordered if one.spot is not None), key=lambda one: one.snapshot.ts_ms, default=None)
    term = tuple(TermPoint(_years(one), one["atm_iv"]) for one in ordered if one.maturity is not None)
    firsts = [_forward_vol(None, one) for one in ordered[:1]]
    forwards = (*firsts, *(_forward_vol(near, far) for near, far in pairwise(ordered)))
    if not ordered:
        return UnderlyingMeasures(None, (), (), (), {}, None, None)
    gex = _exposures([one.gex for one in ordered])
    naive = gex if all(one.gex is one.naive for one in ordered) else _exposures([one.naive for one in ordered])
    profile = summed([one.profile for one in ordered])
    ratios = {name: _ratio([one[name] for one in ordered]) for name in ("put_call_oi", "put_call_volume")}
    totals = {name: each.finite for name, each in (ratios | exposed(gex, naive, profile)).items()}
    alone = tuple(curve(one.profile, _LEVELS_OF_ONE, one["zero_gamma_profile"].value) for one in ordered)
    return UnderlyingMeasures(
        newest.spot if newest else None,
        ordered,
        forwards,
        term,
        totals,
        gex,
        profile,
        curve(profile, _LEVELS, totals["zero_gamma_profile"].value),
        alone,
        summed_by_strike(each for one in ordered for each in one.interest),
    )


def _years(chain: ChainMeasures) -> float:
    return max(chain.maturity.years, MIN_YEARS) if chain.maturity else MIN_YEARS


def forward_vol(near: tuple[float, float], far: tuple[float, float]) -> float | None:
    """Return volatility between two expiries, each (volatility, years); None where the variance is not above zero."""
    (near_vol, near_years), (far_vol, far_years) = near, far
    if far_years <= near_years:
        return None
    variance = (far_vol**2 * far_years - near_vol**2 * near_years) / (far_years - near_years)
    return math.sqrt(variance) if variance > 0 else None


def _forward_vol(near: ChainMeasures | None, far: ChainMeasures) -> Measure:
    late = far["atm_iv"]
    if near is None:
        return Measure(None, FRACTION, _FORWARD, late.snapshots, 0, {}, {}, note="no earlier expiry")
    early, years = near["atm_iv"], (_years(near), _years(far))
    value, note = None, early.note or late.note
    if early.value is not None and late.value is not None:
        value = forward_vol((early.value, years[0]), (late.value, years[1]))
        note = "" if value is not None else "negative forward variance"
    inputs = {"near_iv": early.value, "near_years": years[0], "far_iv": late.value, "far_years": years[1]}
    skipped = together(early.skipped, late.skipped)
    both = (*early.snapshots, *late.snapshots)
    return Measure(value, FRACTION, _FORWARD, both, early.used + late.used, skipped, inputs, note=note)


def _ratio(parts: Sequence[Measure]) -> Measure:
    """Return a put/call ratio over several chains."""
    sums: dict[str, float | None] = {}
    for side in ("puts", "calls"):
        known = [figure for part in parts if (figure := part.inputs[side]) is not None]
        sums[side] = sum(known) if known else None
    value = put_over_call(sums["puts"], sums["calls"])
    note = "" if value is not None else parts[0].note
    snapshots = tuple(snapshot for part in parts for snapshot in part.snapshots)
    used, skipped = sum(part.used for part in parts), together(*(part.skipped for part in parts))
    return Measure(value, RATIO, parts[0].convention, snapshots, used, skipped, sums, slice_only=True, note=note)


def _exposures(parts: Sequence[Exposure]) -> Exposure:
    """Return the gamma exposure of several chains together; each is taken at its own snapshot's spot."""
    sides: defaultdict[float, list[list[float]]] = defaultdict(lambda: [[], []])
    for part in parts:
        for each in part.strikes:
            for known, figure in zip(sides[each.strike], (each.call, each.put), strict=True):
                if figure is not None:
                    known.append(figure)
    strikes = tuple(
        StrikeGex(strike, *(sum(known) if known else None for known in both)) for strike, both in sorted(sides.items())
    )
    newest = max(parts, key=lambda part: (part.spot is not None, part.snapshots[0].ts_ms))
    snapshots = tuple(snapshot for part in parts for snapshot in part.snapshots)
    used, skipped = sum(part.used for part in parts), together(*(part.skipped for part in parts))
    note = "" if strikes else newest.note
    return Exposure(strikes, newest.spot, newest.convention, snapshots, used, skipped, note)

"""Expirations with measures whose every number is its own, as pages of several expirations take them."""

from collections.abc import Mapping

from chain.analytics.measures.gamma import GexUnit
from chain.analytics.measures.measure import FRACTION, POINTS, RATIO, Measure
from chain.model.keys import ChainId, SnapshotId
from tests.support.scenes import START_NS
from tui.lines.measures.names import LABELS

POINTS_OF = ("straddle", "expected_move_iv", "expected_move_straddle", "implied_forward", "max_pain")
LEVELS = ("call_wall", "put_wall", "zero_gamma_profile", "zero_gamma_cumulative")
SLICED = ("rr25", "bf25", "put_call_oi", "put_call_volume", "max_pain", "gex_net", *LEVELS)


def unit_of(name: str) -> str:
    """Return the unit in which a measure is told."""
    if name in (*POINTS_OF, *LEVELS):
        return POINTS
    if name == "gex_net":
        return GexUnit.PERCENT.words
    return RATIO if name.startswith("put_call") else FRACTION


def numbered(serial: int, chain: ChainId, *, age_ms: int = 0) -> Mapping[str, Measure]:
    """Return all measures of a chain; no two of them share a value, nor do those of another serial below 100."""
    made = SnapshotId(chain, START_NS // 1_000_000 - age_ms)
    found = {}
    for at, name in enumerate(LABELS):
        whole = 100 * at + serial
        unit = unit_of(name)
        value = {POINTS: whole + 0.25, FRACTION: whole / 1000, RATIO: whole / 100}.get(unit, (500 + serial) * 1e6)
        inputs = {"spot": 7000.0 + whole, "basis": whole / 100}
        found[name] = Measure(
            value,
            unit,
            f"convention {whole} in words",
            (made,),
            used=whole,
            skipped={f"no reason {serial}": at + 1},
            inputs=inputs,
            slice_only=name in SLICED,
        )
    return found

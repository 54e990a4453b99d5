"""How fresh each expiration of a model is, and which have passed, at an instant that is handed in."""

from datetime import date

from chain.model.session import closing
from chain.monitor.states import State
from chain.pipeline.staging import StagingMeta
from chain.thresholds import Thresholds
from mmaker.heatmap.builder import HeatmapBuilder


def state_of(meta: StagingMeta, wall_s: float, limits: Thresholds) -> State:
    """Return how fresh a snapshot is by its age at `wall_s`, epoch seconds."""
    age_ms = round((wall_s - meta.ts) * 1000)
    if age_ms <= limits.warn_ms:
        return State.FRESH
    return State.AGING if age_ms <= limits.stale_ms else State.STALE


def has_gone(expiry: date, meta: StagingMeta, wall_s: float, limits: Thresholds) -> bool:
    """Return whether a chain is over: its session closed since its snapshot was made, or that has outlived its time."""
    return meta.ts < closing(expiry).timestamp() <= wall_s or wall_s - meta.ts > limits.ttl_s


def bring_up_to(builder: HeatmapBuilder, wall_s: float, limits: Thresholds) -> bool:
    """Drop what has gone, and set every state as of `wall_s`; return whether anything left is not stale."""
    usable = False
    for expiry in builder.expirations:
        meta = builder.meta(expiry)
        if has_gone(expiry, meta, wall_s, limits):
            builder.drop(expiry)
            continue
        state = state_of(meta, wall_s, limits)
        builder.set_state(expiry, state)
        usable = usable or state is not State.STALE
    return usable

"""Contexts for tests: any clock, any limits, and at each call a publisher that is nobody else."""

from chain.clock import Clock, SystemClock
from chain.context import Context, Identity
from chain.model.keys import KeySchema
from chain.thresholds import DEFAULT_INTERVAL_S, DEFAULT_TTL_S, Thresholds
from chaindeck.config.settings import Settings


def context_of(
    clock: Clock | None = None,
    *,
    interval_s: float = DEFAULT_INTERVAL_S,
    ttl_s: float = DEFAULT_TTL_S,
    keys: KeySchema | None = None,
) -> Context:
    """Return the context of a run of its own, on the machine's clock unless another is handed in."""
    identity = Identity.of_this_process()
    return Context(clock or SystemClock(), keys or KeySchema(), Thresholds(interval_s, ttl_s), identity)


def context_for(settings: Settings, clock: Clock | None = None) -> Context:
    """Return the context of a run with these settings."""
    return context_of(clock, interval_s=settings.thresholds.interval_s, ttl_s=settings.thresholds.ttl_s)

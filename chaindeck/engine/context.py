"""The one place where a run gets its clock, its key schema and its identity."""

from chain.clock import SystemClock
from chain.context import Context, Identity
from chain.model.keys import LIVE_PREFIX, KeySchema
from chain.thresholds import Thresholds


def make_context(thresholds: Thresholds, prefix: str = LIVE_PREFIX) -> Context:
    """Return the context of this run; raise InvalidNameError for a prefix that no key can have."""
    return Context(SystemClock(), KeySchema(prefix), thresholds, Identity.of_this_process())

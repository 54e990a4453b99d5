"""The rules: each tells one signal and bears its name. What is to be told beside them is appended here.

A rule is a pure function of a `Context`: a Board, an instant, and each chain read at that instant.
"""

from chain.monitor.evaluate.rules import chains, deck, parts, publishers
from chain.monitor.evaluate.rules.context import Context, Rule
from chain.monitor.evaluate.rules.severity import SEVERITY, signal

__all__ = ["RULES", "SEVERITY", "Context", "Rule", "signal"]

# Of signals that are equally grave, the first here stands first in every voice.
RULES: tuple[Rule, ...] = (
    chains.all_stale,
    deck.poll_silent,
    deck.redis_unreachable,
    chains.depth,
    chains.stream_over_stale,
    chains.dangling,
    chains.invalid,
    chains.future,
    chains.stale,
    chains.aging,
    chains.partial,
    chains.failing,
    chains.old_source,
    chains.rolled_back,
    chains.past_dated,
    chains.limits_unfit,
    chains.source_changed,
    chains.mixed_sources,
    parts.part_failed,
    publishers.publisher_unknown,
    publishers.source,
    publishers.heartbeat_refused,
    publishers.heartbeat_misfit,
    publishers.publisher_silent,
    publishers.publisher_clock,
    deck.clock_skew,
    publishers.withdrawn,
    deck.clock_step,
    deck.stream_clock,
    deck.eviction,
    deck.eviction_policy,
    deck.discovery,
    deck.starting,
    deck.nothing_published,
)

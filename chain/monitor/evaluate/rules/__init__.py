"""The rules: each tells one signal and bears its name. What is to be told beside them is appended here.

A rule is a pure function of a `Context`: a Board, an instant, and each chain read at that instant.

```
chains      rules about chains: how old, how whole, how many
publishers  rules about publishers, as far as their heartbeats tell
deck        rules about what carries the chains: the poll loop, Redis, this machine's clock, the stream
parts       rules about the parts that a program is made of
context     what every rule is given, and the words that several share
severity    how grave each signal is, in every voice
causality   root cause first: which signals can follow from which
```
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

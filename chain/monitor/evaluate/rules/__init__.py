"""The rules, a file for each component of the Board. A new signal is a function in one of them and a line here.

```
chains      how old, how whole, how many
publishers  who they are and how they are doing, by their heartbeats
redis       whether it answers, and what it does to keys when it is full
streams     activity of the vendor's stream
clock       the poll loop, this machine's clock, Redis's clock
compositor  whether staging and models are kept, by the compositor's heartbeat
recorder    whether what is answered is kept, by the recorder's heartbeat
parts       the supervised parts of a program
rule        what a rule is, its input, and wording shared by several
```
The table below is the one place that sets each signal's severity: deck, check, events and alert rules follow it. Its
scale is the contract's: an old snapshot is a warning, a missing expiration is partial degradation, a stream that
runs over a stale snapshot is degraded. Critical means that the desk has no data to work with.
"""

from chain.monitor.evaluate.rules import chains, clock, compositor, parts, publishers, recorder, redis, streams
from chain.monitor.evaluate.rules.rule import Notice, Rule, RuleInput
from chain.monitor.states import DeckState

__all__ = ["FAILED_RULE", "RULES", "SEVERITY", "Notice", "Rule", "RuleInput"]

_W, _C = DeckState.WARNING, DeckState.CRITICAL

FAILED_RULE = "rule-failed"  # the signal of a rule that raises

# Signals of equal severity are listed in this order everywhere.
RULES: tuple[Rule, ...] = (
    Rule(_C, chains.all_stale),
    Rule(_C, clock.poll_silent),
    Rule(_C, redis.redis_unreachable),
    Rule(DeckState.PARTIAL_DEGRADATION, chains.depth),
    Rule(DeckState.DEGRADED, streams.stream_over_stale),
    Rule(_W, chains.dangling),
    Rule(_W, chains.invalid),
    Rule(_W, chains.future),
    Rule(_W, chains.stale),
    Rule(_W, chains.aging),
    Rule(_W, chains.partial),
    Rule(_W, chains.failing),
    Rule(_W, chains.old_source),
    Rule(_W, chains.rolled_back),
    Rule(_W, chains.past_dated),
    Rule(_W, chains.limits_unfit),
    Rule(_W, chains.source_changed),
    Rule(_W, chains.mixed_sources),
    Rule(DeckState.DEGRADED, parts.part_failed),  # of this program or of a publisher: data may still come, for now
    Rule(_W, publishers.publisher_unknown),
    Rule(_W, publishers.source),
    Rule(_W, publishers.heartbeat_refused),
    Rule(_W, publishers.heartbeat_misfit),
    Rule(_W, publishers.publisher_silent),
    Rule(_W, publishers.publisher_clock),
    Rule(_W, clock.clock_skew),
    Rule(DeckState.OK, publishers.withdrawn),
    Rule(_W, clock.clock_step),
    Rule(_W, streams.stream_failing),
    Rule(_W, streams.stream_clock),
    Rule(DeckState.OK, streams.stream_quiet),
    Rule(_W, redis.eviction),
    Rule(_W, redis.eviction_policy),
    Rule(DeckState.DEGRADED, compositor.compositor_failing),
    Rule(_W, compositor.compositor_behind),
    Rule(_W, compositor.compositor_silent),
    Rule(_W, compositor.model_withheld),
    Rule(_W, recorder.recorder_failing),
    Rule(_W, recorder.recorder_behind),
    Rule(_W, recorder.recorder_silent),
    Rule(_W, recorder.recorder_disk),
    Rule(_W, chains.discovery),
    Rule(DeckState.STARTING, chains.starting),
    Rule(_C, chains.nothing_published),
)

SEVERITY = {rule.name: rule.severity for rule in RULES} | {FAILED_RULE: _W}

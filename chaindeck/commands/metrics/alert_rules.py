"""Prometheus alert rules with our limits, so that the deck, the check and the pager agree."""

import json

from msgspec import Struct

from chain.monitor.evaluate.rules import SEVERITY
from chain.thresholds import Thresholds


class _Rule(Struct, frozen=True):
    """One alert, with the severity of the signal of the same name; it fires without waiting for a second scrape."""

    alert: str
    signal: str
    expression: str
    summary: str

    @property
    def severity(self) -> str:
        """The signal's own level, in the pager's words."""
        return SEVERITY[self.signal].level


_RULES = (
    _Rule("ChaindeckRedisDown", "redis-unreachable", "chaindeck_redis_up == 0", "Redis does not answer the deck"),
    _Rule(
        "ChaindeckCritical",
        "all-stale",
        'chaindeck_state{chaindeck_state="CRITICAL"} == 1',
        "the whole deck is CRITICAL: no chain can be worked with",
    ),
    _Rule(
        "ChaindeckDepth",
        "depth",
        "chaindeck_depth < chaindeck_depth_wanted",
        "{{ $labels.underlying }} has {{ $value }} expirations, fewer than meant",
    ),
    _Rule(
        "ChaindeckDegraded",
        "stream-over-stale",
        'chaindeck_state{chaindeck_state="DEGRADED"} == 1',
        "the stream is active while a snapshot is stale",
    ),
    _Rule(
        "ChaindeckNothingPublished",
        "nothing-published",
        'chaindeck_state{chaindeck_state="CRITICAL"} == 1 and on (job, instance) chaindeck_redis_up == 1 '
        "unless on (job, instance) chaindeck_depth_wanted",
        "Redis answers, and no chain is published in it",
    ),
    _Rule(
        "ChaindeckPublisherSilent",
        "publisher-silent",
        "chaindeck_publisher_alive == 0",
        "publisher {{ $labels.service }} is silent",
    ),
    _Rule(
        "ChaindeckCompositorDown",
        "compositor-failing",
        "chaindeck_compositor_alive == 0",
        "the compositor is silent, or cannot write: staging and models stand still",
    ),
    _Rule(
        "ChaindeckNotRecording",
        "recorder-failing",
        "chaindeck_recorder_recording == 0",
        "the recorder is silent, or cannot write: nothing is recorded",
    ),
    _Rule(
        "ChaindeckWarning",
        "aging",
        'chaindeck_state{chaindeck_state=~"WARNING|PARTIAL DEGRADATION"} == 1',
        "the deck says {{ $labels.chaindeck_state }}",
    ),
    _Rule(
        "ChaindeckAbsent",
        "poll-silent",
        "absent(chaindeck_redis_up)",
        "nobody watches: the metrics endpoint is gone",
    ),
)


def alert_rules(thresholds: Thresholds) -> str:
    """Return a rules file (YAML) for publishers of this interval and TTL."""
    head = (
        f"# For an interval of {thresholds.interval_s:g} s and a TTL of {thresholds.ttl_s:g} s, "
        "made by `chaindeck metrics --rules`.\ngroups:\n  - name: chaindeck\n    rules:\n"
    )
    return head + "".join(map(_yaml, (*_age_rules(thresholds), *_RULES)))


def _age_rules(thresholds: Thresholds) -> tuple[_Rule, _Rule]:
    chain = "{{ $labels.underlying }} {{ $labels.expiry }}"
    age = "chaindeck_snapshot_age_seconds"
    late = f"{chain} is {{{{ $value }}}} s old"
    stale = f"{chain} is stale, {{{{ $value }}}} s old"
    return (
        _Rule("ChaindeckSnapshotAging", "aging", f"{age} > {thresholds.warn_s:g}", late),
        _Rule("ChaindeckSnapshotStale", "stale", f"{age} > {thresholds.stale_s:g}", stale),
    )


def _yaml(rule: _Rule) -> str:
    """Return one rule; every text is a JSON string, which YAML reads as it is."""
    return (
        f"      - alert: {rule.alert}\n"
        f"        expr: {json.dumps(rule.expression)}\n"
        f"        labels:\n          severity: {rule.severity}\n"
        f"        annotations:\n          summary: {json.dumps(rule.summary)}\n"
    )

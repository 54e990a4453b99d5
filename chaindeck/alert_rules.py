"""Prometheus alert rules whose limits are ours: one truth for the deck, the check and the pager."""

import json
from dataclasses import dataclass

from chain.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class _Rule:
    alert: str
    expression: str
    hold: str
    severity: str
    summary: str


_RULES = (
    _Rule("ChaindeckRedisDown", "chaindeck_redis_up == 0", "10s", "critical", "Redis does not answer the deck"),
    _Rule(
        "ChaindeckDepth",
        "chaindeck_depth < chaindeck_depth_wanted",
        "10s",
        "warning",
        "{{ $labels.underlying }} has {{ $value }} expirations, fewer than meant",
    ),
    _Rule(
        "ChaindeckDegraded",
        'chaindeck_state{chaindeck_state="DEGRADED"} == 1',
        "5s",
        "critical",
        "the stream is active while a snapshot is stale",
    ),
    _Rule(
        "ChaindeckNothingPublished",
        "chaindeck_redis_up == 1 unless on (job, instance) chaindeck_depth_wanted",
        "30s",
        "critical",
        "Redis answers, and no chain is published in it",
    ),
    _Rule(
        "ChaindeckPublisherSilent",
        "chaindeck_publisher_alive == 0",
        "15s",
        "critical",
        "publisher {{ $labels.service }} is silent",
    ),
    _Rule(
        "ChaindeckAbsent",
        "absent(chaindeck_redis_up)",
        "1m",
        "critical",
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
        _Rule("ChaindeckSnapshotAging", f"{age} > {thresholds.warn_s:g}", "5s", "warning", late),
        _Rule("ChaindeckSnapshotStale", f"{age} > {thresholds.stale_s:g}", "5s", "critical", stale),
    )


def _yaml(rule: _Rule) -> str:
    """Return one rule; every text is a JSON string, which YAML reads as it is."""
    return (
        f"      - alert: {rule.alert}\n"
        f"        expr: {json.dumps(rule.expression)}\n"
        f"        for: {rule.hold}\n"
        f"        labels:\n          severity: {rule.severity}\n"
        f"        annotations:\n          summary: {json.dumps(rule.summary)}\n"
    )

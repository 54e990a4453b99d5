"""Rules about the Redis that is watched."""

from collections.abc import Iterable

from chain.monitor.evaluate.rules.rule import Notice, RuleInput, poll_overdue_s
from chain.thresholds import EVICTION_SHOWN_S

_SAFE_POLICIES = ("volatile-ttl", "noeviction")


def redis_unreachable(inputs: RuleInput) -> Iterable[Notice]:
    """Redis did not answer the last poll."""
    health = inputs.board.redis.health
    if health.asked is not None and not health.ok and poll_overdue_s(inputs.board, inputs.now) is None:
        yield Notice(health.trouble, health.since)


def eviction(inputs: RuleInput) -> Iterable[Notice]:
    """Redis is full and evicts keys."""
    server = inputs.board.redis.server
    if server.evicted_at is not None and inputs.now.wall_s - server.evicted_at < EVICTION_SHOWN_S:
        text = f"Redis is full: {server.evicted} keys evicted since this watcher began; raise maxmemory"
        yield Notice(text, server.evicted_at)


def eviction_policy(inputs: RuleInput) -> Iterable[Notice]:
    """When full, Redis would not evict the snapshots closest to expiry first."""
    policy = inputs.board.redis.server.policy
    if policy not in ("", *_SAFE_POLICIES):
        yield Notice(f"Redis would evict by {policy}, pointers too: set maxmemory-policy volatile-ttl")

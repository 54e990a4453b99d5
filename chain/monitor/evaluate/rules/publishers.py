"""Rules about publishers, by their heartbeats."""

from collections.abc import Iterable

from chain.monitor.evaluate.rules.rule import Notice, RuleInput, apart, listed
from chain.monitor.heartbeat import STOPPED, WITHDRAWN
from chain.monitor.states import Flag
from chain.thresholds import FUTURE_TOLERANCE_S, HEARTBEAT_TTL_S


def publisher_unknown(inputs: RuleInput) -> Iterable[Notice]:
    """There are chains that no publisher announces."""
    board = inputs.board
    unknown = inputs.flagged(Flag.SOURCE_UNKNOWN)
    if not board.redis.health.ok or not board.chains.records:
        return
    if not board.publishers.known:
        refused = next((limit for limit in board.redis.limits if "heartbeats" in limit), "")
        concerns = () if refused else None  # a heartbeat we may not read is not missing
        why = refused or "no publisher's heartbeat"
        yield Notice(f"{why}: source of data unknown", concerns=concerns)
    elif unknown:
        text = f"{listed(unknown)}: of no publisher that beats, source of data unknown"
        yield Notice(text, concerns={status.chain.underlying for status in unknown})


def source(inputs: RuleInput) -> Iterable[Notice]:
    """A living publisher reports an error of its source."""
    for publisher in inputs.board.publishers.known:
        info = publisher.heartbeat.source
        if publisher.alive and info.last_error and publisher.heartbeat.status != WITHDRAWN:
            yield Notice(f"source {info.kind}: {info.last_error}", concerns=publisher.underlyings)


def heartbeat_refused(inputs: RuleInput) -> Iterable[Notice]:
    """The value under a heartbeat's key is not a heartbeat of that service."""
    refusals = inputs.board.publishers.refusals
    if refusals:
        text = "; ".join(f"heartbeat of {refusal.service} refused: {refusal.reason}" for refusal in refusals)
        yield Notice(text, min(refusal.since for refusal in refusals))


def heartbeat_misfit(inputs: RuleInput) -> Iterable[Notice]:
    """Some fields of a heartbeat are invalid and ignored."""
    for publisher in inputs.board.publishers.known:
        left_out = publisher.heartbeat.left_out
        if publisher.alive and left_out:
            more = f", and {len(left_out) - 1} more" if len(left_out) > 1 else ""
            yield Notice(f"heartbeat of {publisher.heartbeat.service}: {left_out[0]}, ignored{more}")


def publisher_clock(inputs: RuleInput) -> Iterable[Notice]:
    """A publisher's clock is off: what it stamps looks older than it is, or comes from the future.

    If it agrees with our clock, the fault is ours, and another signal reports it.
    """
    board = inputs.board
    ours = board.redis.skew_s or 0.0
    for publisher in board.publishers.known:
        ahead = publisher.ahead_s + ours
        shared = abs(ours) > FUTURE_TOLERANCE_S and not _is_off(publisher.ahead_s)
        if publisher.alive and _is_off(ahead) and not shared:
            whose = "this machine's" if board.redis.skew_s is None else "Redis's"
            text = f"publisher {publisher.heartbeat.service}'s clock is {apart(ahead)} {whose}"
            yield Notice(text, concerns=publisher.underlyings)


def _is_off(ahead_s: float) -> bool:
    """Return whether a heartbeat's timestamp shows a wrong clock; when first read it may be as old as its key's TTL."""
    return ahead_s > FUTURE_TOLERANCE_S or ahead_s < -HEARTBEAT_TTL_S - FUTURE_TOLERANCE_S


def withdrawn(inputs: RuleInput) -> Iterable[Notice]:
    """A publisher of invented or recorded data withdrew in favour of a live one: no fault, but worth knowing."""
    for publisher in inputs.board.publishers.known:
        beat = publisher.heartbeat
        if publisher.alive and beat.status == WITHDRAWN:
            who = f"{beat.source.kind} publisher (process {beat.pid})"
            text = f"{who} has withdrawn, until asked to publish again: {beat.source.last_error}"
            yield Notice(text, concerns=publisher.underlyings - _published(inputs))


def publisher_silent(inputs: RuleInput) -> Iterable[Notice]:
    """A publisher no longer sends heartbeats."""
    for publisher in inputs.board.publishers.known:
        if not publisher.alive:
            how = "has stopped" if publisher.heartbeat.status == STOPPED else "is silent"
            text = f"publisher {publisher.heartbeat.service} {how}"
            yield Notice(text, publisher.gone_since, concerns=publisher.underlyings - _published(inputs))


def _published(inputs: RuleInput) -> frozenset[str]:
    """Return the underlyings published by a living publisher."""
    living = [p for p in inputs.board.publishers.known if p.alive and p.heartbeat.status != WITHDRAWN]
    return frozenset[str]().union(*(publisher.underlyings for publisher in living))

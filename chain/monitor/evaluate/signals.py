"""Evaluation of a Board: a pure function of the Board and an instant. All outputs use its wording."""

import logging
from collections.abc import Sequence

from chain.clock import Instant
from chain.model.session import days_to_expiry
from chain.monitor.board import Board, ChainRecord
from chain.monitor.evaluate.causality import root_first
from chain.monitor.evaluate.flags import flags_of
from chain.monitor.evaluate.freshness import reason_of, state_of
from chain.monitor.evaluate.report import ChainStatus, HealthReport, Signal, usable
from chain.monitor.evaluate.rules import FAILED_RULE, RULES, SEVERITY, Rule, RuleInput
from chain.monitor.evaluate.rules.rule import blind_since
from chain.monitor.states import DeckState, State

__all__ = ["ChainStatus", "HealthReport", "Signal", "evaluate", "usable"]

log = logging.getLogger(__name__)

_ONCE = {"once": True}  # Boards are evaluated many times a second: one trace of a defect is enough


def evaluate(board: Board, now: Instant, rules: Sequence[Rule] = RULES) -> HealthReport:
    """Return the evaluation of a Board at `now`."""
    blind = blind_since(board, now)
    statuses = tuple(_status_or_invalid(record, now, blind) for record in board.chains.records)
    inputs = RuleInput(board, now, statuses)
    signals = [signal for rule in rules for signal in _apply(rule, inputs)]
    state = max((signal.severity for signal in signals), key=lambda severity: severity.rank, default=DeckState.OK)
    return HealthReport(now, board, state, statuses, root_first(signals))


def _apply(rule: Rule, inputs: RuleInput) -> Sequence[Signal]:
    """Return a rule's signals; a rule that raises becomes a signal itself and stops no other."""
    try:  # a defect in one rule must not silence the others
        return rule.signals(inputs)
    except Exception as error:
        log.exception("rule %s failed", rule.name, extra=_ONCE)
        text = f"rule {rule.name} failed ({type(error).__name__}): whether it is so is unknown"
        return [Signal(FAILED_RULE, SEVERITY[FAILED_RULE], text, None, rule.name)]


def _status_or_invalid(record: ChainRecord, now: Instant, blind: float | None) -> ChainStatus:
    """Return one chain's status; a record that cannot be evaluated is INVALID and affects no other chain."""
    try:
        return _status(record, now, blind)
    except Exception as error:
        log.exception("%s cannot be evaluated", record.chain, extra=_ONCE)
        note = f"it cannot be judged ({type(error).__name__})"
        return ChainStatus(record, State.INVALID, flags=(), age_s=None, ttl_s=None, dte=0, since=None, note=note)


def _status(record: ChainRecord, now: Instant, blind: float | None) -> ChainStatus:
    """Return one chain's status; `blind`: since when Redis has not answered, epoch seconds."""
    state, age = state_of(record, now.wall_ms, now.mono)
    since, note = reason_of(record, state, age, now)
    if blind is not None:
        state, since, note = State.UNREACHABLE, blind, ""
    ttl = max(0.0, record.deadline - now.mono) if record.deadline is not None else None
    return ChainStatus(
        record=record,
        state=state,
        flags=flags_of(record, now),
        age_s=None if age is None else age / 1000,
        ttl_s=ttl,
        dte=days_to_expiry(record.chain.expiry, record.source.now_s(now)),
        since=since,
        note=note,
    )

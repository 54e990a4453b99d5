"""An Audit as JSON, by type: what `verify --json` prints, and its published schema."""

from typing import Annotated

from msgspec import Meta, Struct

from chain.audit.audit import Audit
from chain.audit.clauses import Clause, Outcome, Verdict

UNREACHABLE = "unreachable"
NOTHING_PUBLISHED = "nothing published"

Count = Annotated[int, Meta(ge=0)]
RedisTime = Annotated[float | None, Meta(description="epoch seconds of Redis's clock")]


class ClauseBody(Struct, frozen=True):
    """What is known of one clause; key, evidence and time are those of its first breach, null where it has none."""

    clause: Annotated[str, Meta(extra_json_schema={"enum": [clause.slug for clause in Clause]})]
    section: Annotated[str, Meta(description="of docs/contract.md")]
    text: str
    verdict: Outcome
    checks: Count
    breaches: Count
    at: RedisTime
    key: str | None
    evidence: str | None
    note: str | None


class AuditBody(Struct, frozen=True):
    """A whole watch; null where Redis never answered, or there is nothing to say."""

    verdict: Annotated[
        str, Meta(extra_json_schema={"enum": [Outcome.HELD, Outcome.BROKEN, UNREACHABLE, NOTHING_PUBLISHED]})
    ]
    redis: Annotated[str, Meta(description="without user and password")]
    prefix: str
    sources: Annotated[str | None, Meta(description="what kinds of source the chains come from")]
    error: Annotated[str | None, Meta(description="why Redis does not answer")]
    limits: Annotated[list[str], Meta(description="what could not be asked, and why")]
    began: RedisTime
    seconds: Annotated[float, Meta(ge=0)]
    looks: Count
    looks_lost: Count
    pointers: Count
    moves: Count
    payloads: Count
    clauses: Annotated[list[ClauseBody], Meta(description="in the contract's order")]


def audit_body(audit: Audit, *, url: str) -> AuditBody:
    """Return what `verify --json` prints; `url` is Redis's without user and password."""
    return AuditBody(
        verdict=verdict_of(audit),
        redis=url,
        prefix=audit.prefix,
        sources=audit.sources or None,
        error=audit.error or None,
        limits=list(audit.limits),
        began=_seconds(audit.began_ms),
        seconds=round(seconds_of(audit), 3),
        looks=audit.polls,
        looks_lost=audit.lost,
        pointers=audit.pointers,
        moves=audit.moves,
        payloads=audit.payloads,
        clauses=[_clause(verdict) for verdict in audit.verdicts],
    )


def verdict_of(audit: Audit) -> str:
    """Return the verdict on the whole watch in a word or two; a broken clause before anything else."""
    if audit.verdicts_of(Outcome.BROKEN):
        return Outcome.BROKEN
    if audit.error:
        return UNREACHABLE
    return Outcome.HELD if audit.keys else NOTHING_PUBLISHED


def seconds_of(audit: Audit) -> float:
    """Return how long the watch took, seconds of Redis's clock; 0 where it never answered."""
    return 0.0 if audit.began_ms is None or audit.ended_ms is None else (audit.ended_ms - audit.began_ms) / 1000


def _clause(verdict: Verdict) -> ClauseBody:
    return ClauseBody(
        clause=verdict.clause.slug,
        section=verdict.clause.section,
        text=verdict.clause.text,
        verdict=verdict.outcome,
        checks=verdict.checks,
        breaches=verdict.breaches,
        at=_seconds(verdict.at_ms),
        key=verdict.key or None,
        evidence=verdict.evidence or None,
        note=verdict.note or None,
    )


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000

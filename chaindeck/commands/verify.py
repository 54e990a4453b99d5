"""`verify`: watches any publisher of the contract for a while, reads only, and reports clause by clause."""

import asyncio
import math
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
import orjson
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.audit.audit import Audit, Auditor
from chain.audit.clauses import Outcome, Verdict
from chain.audit.reader import REREAD_BYTES, AuditReader
from chain.audit.report import audit_body, seconds_of, verdict_of
from chain.clock import Clock
from chain.context import Context
from chain.errors import ConfigError, RedisUnavailableError
from chain.model.kinds import kind_name, kind_phrase
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.publish.records import KindRecords
from chaindeck.config.redis_location import running_place
from chaindeck.exits import Exit
from chaindeck.process.collector import when_loaded
from chaindeck.process.logs import log_nowhere

LOOK_EVERY_S = 0.2
SCAN_EVERY_S = 2.0
_SCAN_S = 0.5  # time per poll for SCAN: in a large keyspace the scan continues with the next poll

Sleep = Callable[[float], Awaitable[None]]


def run_verify(context: Context, url: str | None, for_s: float, *, as_json_text: bool) -> int:
    """Watch, print the report and return its exit code; an interrupt ends the watch early, with what was seen.

    Raises ConfigError for a time that is not above zero, and if there is no Redis to watch.
    """
    log_nowhere()
    if not for_s > 0:
        raise ConfigError(f"--for {for_s:g}: a watch takes more than 0 seconds")
    auditor = Auditor(context.keys)
    target = running_place(url).target
    if sys.stderr.isatty():
        print(
            f"watching {context.keys.prefix} at {target.shown} for {for_s:g} s, Ctrl-C to end sooner", file=sys.stderr
        )
    sources = ""
    when_loaded()
    with suppress(KeyboardInterrupt):
        sources = asyncio.run(_watch_target(target, auditor, for_s, context))
    audit = replace(auditor.conclude(), sources=sources)
    if as_json_text:
        body = msgspec.to_builtins(audit_body(audit, url=target.shown))
        print(orjson.dumps(body, option=orjson.OPT_INDENT_2).decode())
    else:
        print(as_text(audit, target))
    return exit_code(audit)


async def _watch_target(target: RedisTarget, auditor: Auditor, for_s: float, context: Context) -> str:
    """Watch, and return the kinds of source of the chains, as far as they are recorded."""
    redis = target.connect(name="chaindeck-verify")
    try:
        await watch(redis, auditor, context.clock, for_s)
        held = await KindRecords(redis, context.keys).held(auditor.chains)
        return kind_phrase(kind_name(kind) for _, kind in held.values())
    except RedisUnavailableError:
        return ""  # the audit says why
    finally:
        await redis.aclose()


async def watch(redis: Redis, auditor: Auditor, clock: Clock, for_s: float, sleep: Sleep | None = None) -> None:
    """Look about five times a second for `for_s` seconds; the last look reads every known payload once more.

    Never raises for Redis: the audit says what happened. Gives up if Redis does not answer the first poll.
    `sleep` passes the time between two looks; without one, the clock does.
    """
    reader = AuditReader(redis, auditor, clock)
    until = clock.monotonic() + for_s
    scan_due, seen_all = -math.inf, False
    while True:
        began = clock.monotonic()
        last = began >= until
        try:
            if began >= scan_due:
                walked = await reader.discover(_SCAN_S)
                seen_all = seen_all or walked
                if walked:
                    scan_due = clock.monotonic() + SCAN_EVERY_S
            await reader.poll(math.inf if last else REREAD_BYTES)
        except RedisUnavailableError as error:
            auditor.on_lost(str(error))
        if last and not seen_all:
            auditor.on_refusal("not all keys of this Redis were looked through: watch longer")
        if last or not auditor.polls:
            return
        await (sleep or clock.sleep)(max(0.0, began + LOOK_EVERY_S - clock.monotonic()))


def exit_code(audit: Audit) -> int:
    """Return 1 for a broken clause, 2 where Redis did not answer or nothing is published, else 0."""
    codes: dict[str, int] = {Outcome.HELD: Exit.DONE, Outcome.BROKEN: Exit.INCOMPLETE}
    return codes.get(verdict_of(audit), Exit.UNAVAILABLE)


def as_text(audit: Audit, target: RedisTarget) -> str:
    """Return the report as a table for a person, the verdict its last line; all text has passed the sanitiser."""
    source = f", source {audit.sources}" if audit.sources else ""
    lines = [f" contract v1.0 under {audit.prefix} at {target.shown}{source}", ""] if audit.polls else []
    if audit.keys:
        lines += [line for verdict in audit.verdicts for line in _rows(verdict)] + [""]
    return "\n".join([*lines, _last_line(audit, target)])


def _rows(verdict: Verdict) -> Iterator[str]:
    """Yield a clause's line, then its evidence and its note where there are any."""
    clause, outcome = verdict.clause, verdict.outcome
    word = outcome.upper() if outcome is Outcome.BROKEN else outcome
    yield f" {word:<9} {clause.section:<4} {clause.slug:<20} {clause.text}"
    indent = " " * 16
    if verdict.at_ms is not None:
        first = datetime.fromtimestamp(verdict.at_ms / 1000, UTC).isoformat(timespec="milliseconds")
        yield f"{indent}{verdict.breaches} of {verdict.checks} checks, the first at {first}"
        yield f"{indent}{verdict.key}"
        yield f"{indent}{verdict.evidence}"
    if verdict.note:
        yield f"{indent}{verdict.note}"


def _last_line(audit: Audit, target: RedisTarget) -> str:
    broken, held, unseen = (audit.verdicts_of(outcome) for outcome in (Outcome.BROKEN, Outcome.HELD, Outcome.NOT_SEEN))
    words = [f"{len(held)} clauses held"]
    if broken:
        words.insert(0, f"{len(broken)} broken: {_keys(broken)}")
    if unseen:
        words.append(f"{len(unseen)} not seen: {_keys(unseen)}")
    if not audit.keys:
        words = [f"redis {target.label}: {audit.error}" if audit.error else "no pointer found"]
    return f"{verdict_of(audit).upper()}: {'; '.join(words)} ({_extent(audit)})"


def _keys(verdicts: list[Verdict]) -> str:
    return ", ".join(verdict.clause.slug for verdict in verdicts)


def _extent(audit: Audit) -> str:
    parts = [
        f"{seconds_of(audit):.1f} s",
        f"{audit.polls} looks",
        f"{audit.pointers} pointers",
        f"{audit.moves} moves",
        f"{audit.payloads} payloads",
    ]
    if audit.lost:
        parts.append(f"{audit.lost} looks without an answer")
    if audit.error and audit.keys:
        parts.append(f"Redis: {audit.error}")
    parts += audit.limits
    return ", ".join(parts)

"""The clauses of the contract that a watcher can judge, and the ledger in which every check of one is entered."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from chain.text import clean

_KEY_SHOWN = 130  # the longest key that the grammar allows, and one more to show that it was cut
_EVIDENCE_SHOWN = 200


class Clause(Enum):
    """One promise of the contract: its name, the contract's section, and what has to be true."""

    POINTER_KEY = "pointer-key", "2.2", "a pointer key ends in UNDERLYING:YYYY-MM-DD"
    POINTER_VALUE = "pointer-value", "2.2", "a pointer is the plain name of a payload key, same prefix and chain"
    POINTER_TTL = "pointer-ttl", "2.2", "a pointer has a time to live"
    TTL_MIRROR = "ttl-mirror", "2.2", "a pointer and its payload end together"
    POINTER_RESOLVES = "pointer-resolves", "2.2", "a pointer never names a payload that is not there"
    POINTER_FORWARD = "pointer-forward", "2.2", "a pointer never goes back to an older snapshot"
    POINTER_KEPT = "pointer-kept", "2.2", "a pointer is renewed before its time to live ends"
    PAYLOAD_KEY = "payload-key", "2.1", "a payload key ends in UNDERLYING:YYYY-MM-DD:epoch milliseconds"
    PAYLOAD_TTL = "payload-ttl", "2.1", "a payload has a time to live"
    PAYLOAD_IMMUTABLE = "payload-immutable", "2.1", "a payload's bytes never change while it lives"
    PAYLOAD_JSON = "payload-json", "2.1", "a payload is a string of JSON, an object of a size that readers take"
    PAYLOAD_FIELDS = "payload-fields", "3", "a snapshot has the six fields"
    TS = "ts", "3", "ts is a float of epoch seconds"
    TS_KEY = "ts-key", "2.1", "ts and the payload key's milliseconds agree within 1 ms"
    TS_FORWARD = "ts-forward", "3", "ts moves forward from snapshot to snapshot"
    TS_NOT_FUTURE = "ts-not-future", "3", "ts is not ahead of Redis's clock by more than 2 s"
    UNDERLYING = "underlying", "3", "underlying is the key's"
    EXPIRATION = "expiration", "3", "expiration is YYYY-MM-DD, the key's"
    ATM = "atm", "3", "atm is an int"
    RANGE_POINTS = "range-points", "3", "range_points is an int, not negative"
    CONTRACTS = "contracts", "3", "contracts is an array of objects, not empty"
    BOTH_SIDES = "both-sides", "4.1", "contracts are calls and puts, and both are there"
    STRIKE_GRID = "strike-grid", "4.1", "strikes are numbers, each once a root and side, 95 % of them with both sides"
    IN_RANGE = "in-range", "4.1", "strikes lie inside atm ± range_points"
    CONTRACT_EXPIRATION = "contract-expiration", "4.1", "contracts expire on the key's date"
    UNEXPIRED = "unexpired", "5", "no expired chain is published; today's counts until its session's close"
    DEPTH = "depth", "5", "the number of expirations is stable, and as many as the publisher's heartbeat says"

    def __init__(self, slug: str, section: str, text: str) -> None:
        self.slug = slug
        self.section = section
        self.text = text


class Outcome(StrEnum):
    """What is known of a clause after a watch."""

    HELD = "held"
    BROKEN = "broken"
    NOT_SEEN = "not seen"


class Finding(NamedTuple):
    """One check of one clause: `fault` is what broke it, empty where it held; `note` is worth a word either way."""

    clause: Clause
    fault: str = ""
    note: str = ""


class Verdict(Struct, frozen=True):
    """All checks of one clause. `key`, `evidence` and `at_ms` (epoch ms of Redis) are those of the first breach."""

    clause: Clause
    checks: int = 0
    breaches: int = 0
    key: str = ""
    evidence: str = ""
    at_ms: int | None = None
    note: str = ""

    @property
    def outcome(self) -> Outcome:
        """Broken by a single breach; not seen where nothing happened that could have broken it."""
        if self.breaches:
            return Outcome.BROKEN
        return Outcome.HELD if self.checks else Outcome.NOT_SEEN


@dataclass(slots=True)
class Ledger:
    """Counts checks and keeps the evidence of each clause's first breach; all text has passed the sanitiser."""

    _verdicts: dict[Clause, Verdict] = field(default_factory=lambda: {clause: Verdict(clause) for clause in Clause})

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """One verdict for every clause."""
        return tuple(self._verdicts.values())

    def enter(self, findings: Iterable[Finding], key: str, at_ms: int) -> None:
        """Enter checks made on one key at one time."""
        for clause, fault, note in findings:
            verdict = self._verdicts[clause]
            verdict = replace(verdict, checks=verdict.checks + 1, note=verdict.note or clean(note, _EVIDENCE_SHOWN))
            if fault:
                verdict = replace(verdict, breaches=verdict.breaches + 1)
                if verdict.breaches == 1:
                    shown, evidence = clean(key, _KEY_SHOWN), clean(fault, _EVIDENCE_SHOWN)
                    verdict = replace(verdict, key=shown, evidence=evidence, at_ms=at_ms)
            self._verdicts[clause] = verdict

    def remark(self, clause: Clause, note: str) -> None:
        """Put a note, such as a measurement, beside a clause that was checked."""
        verdict = self._verdicts[clause]
        if note and verdict.checks:
            self._verdicts[clause] = replace(verdict, note=clean(note, _EVIDENCE_SHOWN))

    def copy(self) -> "Ledger":
        """Return a ledger of its own with the same entries."""
        return Ledger(dict(self._verdicts))

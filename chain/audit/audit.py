"""The audit of a publisher: what a watcher saw of one prefix, judged clause by clause. Reads no Redis and no clock."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from chain.audit.clauses import Clause, Finding, Ledger, Outcome, Verdict
from chain.audit.expiries import Expirations, expired
from chain.audit.payload import audit_payload
from chain.audit.pointer import NO_KEY, PointerSeen, PointerTrack
from chain.errors import InvalidNameError
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.text import clean


class Audit(Struct, frozen=True):
    """A whole watch. Times in epoch ms of Redis's clock, None where it never answered; `error`: why it does not now."""

    prefix: str
    began_ms: int | None
    ended_ms: int | None
    polls: int
    lost: int  # looks that Redis did not answer
    error: str
    pointers: int
    moves: int
    payloads: int
    keys: int  # pointer keys found, those of a broken grammar included
    verdicts: tuple[Verdict, ...]
    limits: tuple[str, ...] = ()  # what could not be asked, and why
    sources: str = ""  # what kinds of source the chains come from, as running text

    def verdicts_of(self, outcome: Outcome) -> list[Verdict]:
        """Return the verdicts of one outcome, in the contract's order."""
        return [verdict for verdict in self.verdicts if verdict.outcome is outcome]


@dataclass(slots=True)
class _Held:
    digest: bytes
    size: int


class Auditor:
    """Takes in what was read and judges it. Owned by one watch."""

    def __init__(self, keys: KeySchema) -> None:
        self.keys = keys
        self._ledger = Ledger()
        self._found: set[bytes] = set()
        self._tracks: dict[ChainId, PointerTrack] = {}
        self._expirations = Expirations(keys.prefix)
        self._payloads: dict[SnapshotId, _Held] = {}  # least recently read first
        self._stamps: dict[ChainId, tuple[int, float]] = {}  # of the newest snapshot: its key's ms, its ts
        self._read = self._polls = self._lost = 0
        self._began: int | None = None
        self._ended: int | None = None
        self._error = ""
        self._limits: dict[str, None] = {}

    @property
    def chains(self) -> tuple[ChainId, ...]:
        """The chains whose pointers are to be looked at."""
        return tuple(self._tracks)

    @property
    def polls(self) -> int:
        """How many looks Redis answered."""
        return self._polls

    def found(self, pointers: Iterable[bytes], at_ms: int) -> None:
        """Take in pointer keys as found by their pattern."""
        for key in pointers:
            if key in self._found:
                continue
            self._found.add(key)
            fault = ""
            try:
                chain = self.keys.parse_latest(key)
            except InvalidNameError as error:
                fault = str(error)
            else:
                self._tracks.setdefault(chain, PointerTrack(self.keys, chain)).met = True
            self._ledger.enter([Finding(Clause.POINTER_KEY, fault)], key.decode("utf-8", "replace"), at_ms)

    def on_heartbeats(self, beats: Mapping[str, bytes | None]) -> None:
        """Take in publishers' heartbeats as they stand under their keys.

        The chains that they name are looked at from now on: some may have come since keys were last looked through.
        """
        self._expirations.on_heartbeats(beats)
        for chain in self._expirations.named:
            self._tracks.setdefault(chain, PointerTrack(self.keys, chain))

    def on_poll(self, pointers: Sequence[PointerSeen], at_ms: int) -> None:
        """Take in one reading of every pointer."""
        for seen in pointers:
            today = self._expirations.today(seen.chain.underlying, at_ms / 1000)
            findings = self._tracks[seen.chain].see(seen, at_ms, expired=expired(seen.chain.expiry, today))
            self._ledger.enter(findings, self.keys.latest(seen.chain), at_ms)
        present = [seen.chain for seen in pointers if seen.deadline != NO_KEY]
        for underlying, finding in self._expirations.check_depth(present, at_ms / 1000):
            self._ledger.enter([finding], self._all_of(underlying), at_ms)
        self._polls += 1
        self._began = at_ms if self._began is None else self._began
        self._ended, self._error = at_ms, ""

    def on_lost(self, error: str) -> None:
        """Take in that Redis did not answer a look, and why."""
        self._lost += 1
        self._error = clean(error, 160)

    def on_refusal(self, words: str) -> None:
        """Take in what this Redis or this user does not let us ask, and why."""
        self._limits[clean(words, 160)] = None

    def wanted(self) -> list[SnapshotId]:
        """Return the payloads that pointers name and that were not read yet."""
        targets = [track.target for track in self._tracks.values() if track.present and track.target]
        return [target for target in targets if target not in self._payloads]

    def due(self, budget: float) -> list[SnapshotId]:
        """Return payloads to read again, the longest unread first, of `budget` bytes together; one at least."""
        chosen: list[SnapshotId] = []
        for snapshot_id, held in self._payloads.items():
            budget -= held.size
            if budget < 0 and chosen:
                break
            chosen.append(snapshot_id)
        return chosen

    def read(self, snapshot_id: SnapshotId, raw: bytes | None, at_ms: int) -> None:
        """Take in a payload's bytes, None for a key that is no string: judged once, and later only compared."""
        key, body = self.keys.snapshot(snapshot_id), raw or b""
        digest = hashlib.blake2b(body, digest_size=16).digest()
        before = self._payloads.pop(snapshot_id, None)
        self._payloads[snapshot_id] = _Held(digest, len(body))
        if before is not None:
            changed = f"its {before.size} bytes became {len(body)} others" if before.digest != digest else ""
            self._ledger.enter([Finding(Clause.PAYLOAD_IMMUTABLE, changed)], key, at_ms)
            return
        self._read += 1
        findings, ts = audit_payload(raw, snapshot_id, at_ms)
        if ts is not None:
            findings += self._forward(snapshot_id, ts)
        self._ledger.enter(findings, key, at_ms)

    def gone(self, snapshot_id: SnapshotId) -> None:
        """Forget a payload that is no longer there."""
        self._payloads.pop(snapshot_id, None)

    def conclude(self) -> Audit:
        """Return the audit as of now; watching may go on."""
        ledger = self._ledger.copy()
        self._close(ledger)
        return Audit(
            prefix=self.keys.prefix,
            began_ms=self._began,
            ended_ms=self._ended,
            polls=self._polls,
            lost=self._lost,
            error=self._error,
            limits=tuple(self._limits),
            pointers=sum(track.met for track in self._tracks.values()),
            moves=sum(track.moves for track in self._tracks.values()),
            payloads=self._read,
            keys=len(self._found),
            verdicts=ledger.verdicts,
        )

    def _forward(self, snapshot_id: SnapshotId, ts: float) -> list[Finding]:
        """Compare with the newest snapshot read before; one that is older by its key says nothing."""
        before = self._stamps.get(snapshot_id.chain)
        if before is None or snapshot_id.ts_ms > before[0]:
            self._stamps[snapshot_id.chain] = (snapshot_id.ts_ms, ts)
        if before is None or snapshot_id.ts_ms <= before[0]:
            return []
        fault = "" if ts > before[1] else f"ts {ts:.6f} after {before[1]:.6f}, in a later key"
        return [Finding(Clause.TS_FORWARD, fault)]

    def _close(self, ledger: Ledger) -> None:
        """Enter what only the whole watch can tell, and its measurements."""
        if self._ended is None:
            return
        for underlying, finding in self._expirations.announced(self._ended / 1000):
            ledger.enter([finding], self._all_of(underlying), self._ended)
        tracks = self._tracks.values()
        for track in tracks:
            if track.target is not None:
                finding = self._expirations.unexpired(track.chain, track.target.ts_ms)
                ledger.enter([finding], self.keys.latest(track.chain), self._ended)
        ledger.remark(Clause.TTL_MIRROR, _mirror_note(tracks))
        ledger.remark(Clause.POINTER_KEPT, _cadence_note(tracks))

    def _all_of(self, underlying: str) -> str:
        return f"{self.keys.prefix}:chain:latest:{underlying}:*"


def _mirror_note(tracks: Iterable[PointerTrack]) -> str:
    worst = max((track.mirror_ms for track in tracks), default=0)
    by_pttl = any(track.by_pttl for track in tracks)
    return f"largest difference {worst} ms" + (", told by PTTL, which reads to about 10 ms" if by_pttl else "")


def _cadence_note(tracks: Iterable[PointerTrack]) -> str:
    """Tell the longest time between renewals where two were seen, against the TTL; three should fit into it."""
    slowest = max(tracks, key=lambda track: track.gap_ms, default=None)
    if slowest is None or not slowest.gap_ms:
        return ""
    words = f"longest gap {slowest.gap_ms / 1000:.1f} s of a TTL of {slowest.ttl_ms / 1000:.1f} s"
    tight = 3 * slowest.gap_ms > slowest.ttl_ms > 0
    return words + (", more than a third: one missed cycle may end it" if tight else "")

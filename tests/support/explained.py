"""Explanations held against what they speak of: their paths are followed in the payload by other code than ours."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from chain.clock import Instant, ManualClock
from chain.model.snapshot import EncodedSnapshot, decode
from chain.monitor.analytics import DatedBoard
from chain.monitor.board import ChainRecord
from chain.monitor.explain.question import Question, Subject
from chain.monitor.heartbeat import SourceInfo
from chain.monitor.watch import record_updates
from tests.support.recorded_chains import recorded_inputs
from tests.support.scenes import board

PATH = re.compile(r"contracts\[\d+\](?:\.\w+)+")
_STEP = re.compile(r"(\w+)(?:\[(\d+)\])?")


def followed(raw: bytes, path: str) -> Any:
    """Return what stands at a path such as `contracts[17].last_quote.bid`; KeyError where nothing does."""
    at = orjson.loads(raw)
    for name, index in _STEP.findall(path):
        at = at[name][int(index)] if index else at[name]
    return at


def question(record: ChainRecord, now: Instant, subject: Subject, **how: Any) -> Question:
    """Return a question about the newest snapshot of a chain, alone on its Board."""
    return Question(subject, record.chain, DatedBoard(board([record], now), now), record.last_good, **how)


def record_of(snapshot: EncodedSnapshot, now: Instant, source: SourceInfo | None = None) -> ChainRecord:
    """Return the record of a chain that has just read a snapshot."""
    blank = ChainRecord(snapshot.id.chain, source=source or SourceInfo("capture"))
    received = decode(snapshot.raw, snapshot.id)
    return record_updates.accept(blank, received, snapshot.raw, 60_000, now)


async def recorded_records(path: Path, count: int) -> list[tuple[ChainRecord, Instant]]:
    """Return the chains of a capture as if each had been read two seconds after it was made."""
    return list(_read(await _snapshots(path, count)))


def _read(snapshots: Iterable[EncodedSnapshot]) -> Iterator[tuple[ChainRecord, Instant]]:
    for snapshot in snapshots:
        now = Instant.now(ManualClock(round((snapshot.ts + 2) * 1e9), 5_000.0))
        yield record_of(snapshot, now), now


async def _snapshots(path: Path, count: int) -> list[EncodedSnapshot]:
    found = await recorded_inputs(path, count)
    return [one.snapshot for ones in found.values() for one in ones if one.snapshot is not None]

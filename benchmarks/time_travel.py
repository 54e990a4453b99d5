"""Time travel: how soon a tape is open, any moment of it shown, and what the ring of recent answers costs.

`CHAINDECK_BENCHMARK_TAPE` names a tape to measure on, such as a whole day that `chaindeck record --mock --day` made, in
place of ten minutes of a mock.
"""

import asyncio
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.rows import Row, below, exactly
from benchmarks.tape import CYCLE_S, CYCLES, KEYS, START_NS, Chains, payloads_of
from chain.clock import Instant, ManualClock, SystemClock
from chain.model.keys import SnapshotId
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.watch.port import (
    Answer,
    FetchAnswer,
    FetchRequest,
    PollAnswer,
    RecheckAnswer,
    RecheckRequest,
    Request,
)
from chain.monitor.watch.tracker import Tracker
from chain.redis.contract.store import Payload
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.travel.line import Kept
from chaindeck.engine.travel.recent import Recent
from chaindeck.engine.travel.traveller import Traveller
from publisher.mock.source import MockSource
from tape.play.reel import FilePart, Reel, tape_paths
from tape.record.backlog import Backlog, Exchange, Frames, Known
from tape.record.changes import Changes
from tape.record.tap import Tap
from tape.store.facts import Moment, MomentKind
from tape.store.file import TapeFile
from tape.store.states import state_moment
from tape.store.words import PAYLOAD, PayloadWords, get
from tape.store.writer import TapeWriter
from tui.ports.time_travel import Cursor

SEEKS = 1_000
DAYS = 252  # of trading, a year
RING_MB = 64
SPEED = 1_000.0


def run() -> list[Row]:
    """Measure on a tape, and on the answers of ten minutes of a mock."""
    told = _told_of_a_mock()
    rows = _ring(told)
    with TemporaryDirectory(prefix="cd-") as folder:
        given = os.environ.get("CHAINDECK_BENCHMARK_TAPE")
        path = Path(given) if given else _written(Path(folder) / "a.tape", told)
        return [*rows, *_seeks(path), _year(path, Path(folder)), *_played(path)]


def recorded_mock(folder: Path) -> Path:
    """Put ten minutes of a mock on a tape; return its path."""
    return _written(folder / "a.tape", _told_of_a_mock())


def _told_of_a_mock() -> list[list[Exchange | Known]]:
    clock = ManualClock(START_NS)
    return [*_told(asyncio.run(payloads_of(MockSource(clock, underlyings=("SPX", "NDX")), clock, CYCLES)))]


def _told(chains: Chains) -> Iterator[list[Exchange | Known]]:
    """Yield, for each second, what a watcher is answered and knows."""
    backlog, tap, tracker = Backlog(2**40), Tap(), Tracker(KEYS)
    tap.add(backlog)
    for second in range(CYCLES * CYCLE_S):
        request: Request | None = tracker.begin()
        while request is not None:
            answer = _answer(chains, second, request)
            tap.on_answer(request, answer)
            request = tracker.on_answer(answer)
        tracker.board(started=0.0)
        tap.on_look(tracker)
        yield [one for one in backlog.take(0.0) if not isinstance(one, Frames)]


def _answer(chains: Chains, second: int, request: Request) -> Answer:
    now, at = Instant(START_NS + second * 10**9, float(second)), second // CYCLE_S
    if isinstance(request, FetchRequest):
        return FetchAnswer(now, now, {of: Payload(chains[of.chain][at][1], 60_000) for of in request.snapshots})
    pointers = {chain: KEYS.snapshot(SnapshotId(chain, made[at][0])).encode() for chain, made in chains.items()}
    if isinstance(request, RecheckRequest):
        return RecheckAnswer(now, now, pointers)
    return PollAnswer(now, now, pointers, discovered=frozenset(chains) if second == 0 else frozenset())


def _written(path: Path, told: list[list[Exchange | Known]]) -> Path:
    changes = Changes(KEYS)
    with TapeWriter(path, {"prefix": KEYS.prefix}) as tape:
        tape.add(Moment(MomentKind.RUN, Instant(START_NS, 0.0), Instant(START_NS, 0.0)))
        for one in (one for second in told for one in second):
            tape.add(changes.moment(*one) if isinstance(one, Exchange) else state_moment(one.state))
    return path


def _ring(told: list[list[Exchange | Known]]) -> list[Row]:
    """Measure what the ring costs while nobody looks back."""
    recent, slot, clock = Recent(KEYS, RING_MB * 1_000_000, ""), BoardSlot(), ManualClock(START_NS)
    traveller = recent.traveller(slot, clock)
    began = time.process_time()
    for second in told:
        for one in second:
            if isinstance(one, Exchange):
                recent.backlog.offer(*one)
            else:
                recent.backlog.offer_state(one.state)
        traveller.turn()
        clock.advance(1.0)
    spent = time.process_time() - began
    return [
        below(1.0, "ring of recent answers", "% of a core", 100 * spent / len(told), note=traveller.timeline(0).label),
    ]


def _opened(path: Path) -> tuple[Traveller, BoardSlot, float]:
    """Open a tape as the deck does, at its end; return also after how many ms its Board was there."""
    began = time.perf_counter()
    slot, reel = BoardSlot(), Reel([FilePart(one) for one in tape_paths(path)])
    traveller = Traveller(reel, slot, SystemClock(), kept=lambda _: Kept(""), can_be_live=False)
    traveller.live()
    traveller.turn()
    assert slot.scene() is not None
    return traveller, slot, 1000 * (time.perf_counter() - began)


def _seeks(path: Path) -> list[Row]:
    traveller, slot, opened = _opened(path)
    while traveller.turn() < 0.1:  # until all marks are found
        pass
    line, dice = traveller.timeline(0), random.Random(7)
    assert line.begin is not None and line.end is not None
    took, spent = list[float](), list[float]()
    for _ in range(SEEKS):
        began, cpu = time.perf_counter(), time.process_time()
        traveller.seek(dice.randrange(line.begin, line.end))
        traveller.turn()
        scene = slot.scene()
        assert scene is not None and scene.as_of is not None
        evaluate(scene.board, scene.as_of)
        took.append(1000 * (time.perf_counter() - began))
        spent.append(1000 * (time.process_time() - cpu))
    traveller.stop()
    took.sort()
    spent.sort()
    at = int(0.99 * SEEKS)
    note = (
        f"{SEEKS} random moments with their figures, median {took[SEEKS // 2]:.0f} ms; of CPU time {spent[at]:.0f} ms"
    )
    return [
        below(500.0, "open to first Board", "ms", opened, note=f"{(line.end - line.begin) / 60e9:.0f} min"),
        below(50.0, "seek and show, p99", "ms", took[at], note=note),
    ]


def _year(path: Path, folder: Path) -> Row:
    days = folder / "year"
    days.mkdir()
    for number in range(DAYS):
        day = days / f"massive-{2025 + number // 365}-{1 + number // 28:02d}-{1 + number % 28:02d}.tape"
        try:
            day.hardlink_to(path)
        except OSError:
            day.symlink_to(path)
    traveller, _, opened = _opened(days)
    traveller.stop()
    return below(500.0, "open a year of days", "ms", opened, note=f"a folder of {DAYS} tapes")


def _played(path: Path) -> list[Row]:
    """Play a tape from its beginning to its end, as fast as it goes up to 1,000 times."""
    traveller, slot, _ = _opened(path)
    traveller.seek(0)
    traveller.turn()
    first = slot.scene()
    assert first is not None
    there = sum(record.last_good is not None for record in first.board.chains.records)
    began = time.perf_counter()
    traveller.play(SPEED)
    cursor, frames = Cursor(0, SPEED), 0
    while cursor.speed:
        time.sleep(min(0.1, traveller.turn()))
        cursor, frames = traveller.cursor(), frames + 1
    spent = time.perf_counter() - began
    line = traveller.timeline(0)
    assert line.begin is not None and line.end is not None
    speed = (line.end - line.begin) / 1e9 / spent
    recorded = snapshots_on(path)
    passed = traveller.passed.count + there
    traveller.stop()
    return [
        exactly(recorded, "snapshots played", "count", passed, recorded, note=f"at {speed:.0f}x, {frames} frames"),
    ]


def snapshots_on(path: Path) -> int:
    """Return how many snapshots a tape holds, counted without playing it."""
    sql = "SELECT DISTINCT about FROM facts WHERE subject IN (SELECT id FROM subjects WHERE kind = 'payload')"
    with TapeFile(path) as tape:
        return len({get(PAYLOAD, str(about), PayloadWords("")).key for (about,) in tape.rows(sql)})

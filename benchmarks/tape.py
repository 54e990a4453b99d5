"""Recording on tape: how small payloads become, by level, how fast, and how soon any moment is found again."""

import asyncio
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.chains import CAPTURE
from benchmarks.rows import Row, below
from chain.clock import Instant, ManualClock
from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.model.snapshot import Snapshot, encode
from chain.monitor.watch.port import Answer, FetchAnswer, FetchRequest, PollAnswer, PollRequest, Request
from chain.redis.contract.store import Payload
from publisher.capture import CaptureSource
from publisher.mock.source import MockSource
from publisher.source import ChainWindow, Source, SourceError
from tape.play.player import Player
from tape.record.changes import Changes
from tape.store.codec import LEVEL, Packed, Packer
from tape.store.file import TapeFile
from tape.store.writer import TapeWriter

CYCLES = 60
CYCLE_S = 10
DEPTH = 6
SEEKS = 60
START_NS = 1_767_366_000_000_000_000  # a Friday, 10:00 in New York
RECORDED = tuple(CAPTURE.with_name(name) for name in ("TSLA-2026-07-15.jsonl.gz", "NVDA-2026-07-15.jsonl.gz"))

Chains = dict[ChainId, list[tuple[int, bytes]]]  # of each chain its payloads, with their stamps in epoch ms
KEYS = KeySchema()


def run() -> list[Row]:
    """Measure on ten minutes of a mock, and on recorded chains where they are at hand."""
    mock = asyncio.run(
        payloads_of(MockSource(clock := ManualClock(START_NS), underlyings=("SPX", "NDX")), clock, CYCLES)
    )
    rows = _levels("mock", mock)
    if all(path.is_file() for path in RECORDED):
        rows += _levels("captures", asyncio.run(payloads_of(CaptureSource(RECORDED), ManualClock(START_NS), 4)))
    return rows + _tape(mock)


async def payloads_of(source: Source, clock: ManualClock, cycles: int) -> Chains:
    found: Chains = {}
    for _ in range(cycles):
        await source.begin_cycle()
        for underlying in source.underlyings:
            survey = await source.survey(underlying)
            for expiry in survey.expirations[:DEPTH]:
                try:
                    piece: ChainWindow = await source.fetch_window(survey, expiry)
                except SourceError:
                    continue
                of = SnapshotId(piece.chain, clock.wall // 10**6)
                made = Snapshot.at(
                    of, clock.wall, atm=piece.atm, range_points=piece.range_points, contracts=piece.contracts
                )
                found.setdefault(piece.chain, []).append((of.ts_ms, encode(made)))
        clock.advance(CYCLE_S)
    return found


def _levels(name: str, chains: Chains) -> list[Row]:
    rows = []
    for level in (3, 6, LEVEL):
        packer, sizes = Packer(level=level), [0]

        def store(packed: Packed, sizes: list[int] = sizes) -> int:
            sizes[0] += len(packed.data)
            return 1

        raw, began = 0, time.perf_counter()
        for lane, payloads in enumerate(chains.values()):
            for _, payload in payloads:
                raw += len(payload)
                packer.pack(lane, payload, store)
        speed = raw / (time.perf_counter() - began) / 1e6
        note = f"{raw / 1e6:.0f} MB of JSON in {sizes[0] / 1e6:.1f} MB, {speed:.0f} MB/s"
        rows.append(Row(f"tape {name} level {level}", "x smaller", raw / sizes[0], note=note))
    return rows


def _tape(chains: Chains) -> list[Row]:
    """Measure a whole tape, a poll each second, and the Board of any moment of it."""
    with TemporaryDirectory(prefix="cd-") as folder:
        path = Path(folder) / "a.tape"
        raw, began = 0, time.process_time()
        changes = Changes(KEYS)
        with TapeWriter(path, {"prefix": KEYS.prefix}) as writer:
            for second in range(CYCLES * CYCLE_S):
                for request, answer in _answers(chains, second):
                    writer.add(changes.moment(request, answer))
                writer.commit()
        spent = time.process_time() - began
        raw = sum(len(payload) for payloads in chains.values() for _, payload in payloads)
        smaller = raw / path.stat().st_size
        seconds = CYCLES * CYCLE_S
        rows = [
            Row(
                "tape whole file",
                "x smaller",
                smaller,
                aim=">= 15x",
                met=smaller >= 15,
                note=f"{raw / 1e6:.0f} MB of JSON",
            ),
            below(1.0, "tape recording", "% of a core", 100 * spent / seconds, note=f"{spent:.1f} s for {seconds} s"),
        ]
        return rows + _seeks(path, seconds)


def _seeks(path: Path, seconds: int) -> list[Row]:
    dice, took = random.Random(7), list[float]()
    began = time.perf_counter()
    with TapeFile(path) as tape:
        player = Player(tape)
        player.at(player.reader.number_at(START_NS))
        opened = time.perf_counter() - began
        for _ in range(SEEKS):
            wanted = START_NS + dice.randrange(seconds) * 10**9
            began = time.perf_counter()
            player.at(player.reader.number_at(wanted))
            took.append(1000 * (time.perf_counter() - began))
    took.sort()
    note = f"{SEEKS} random moments, median {took[len(took) // 2]:.0f} ms"
    return [
        below(500.0, "tape open", "ms", 1000 * opened, note="to the first Board"),
        below(50.0, "tape seek p99", "ms", took[int(0.99 * len(took))], note=note),
    ]


def _answers(chains: Chains, second: int) -> list[tuple[Request, Answer]]:
    now = Instant(START_NS + second * 10**9, float(second))
    at = second // CYCLE_S
    current = {chain: SnapshotId(chain, payloads[at][0]) for chain, payloads in chains.items()}
    pointers = {chain: KEYS.snapshot(of).encode() for chain, of in current.items()}
    poll = PollAnswer(now, now, dict(pointers), discovered=frozenset(chains) if second == 0 else frozenset())
    found: list[tuple[Request, Answer]] = [(PollRequest(tuple(chains)), poll)]
    if second % CYCLE_S == 0:
        given = {of: Payload(chains[chain][at][1], 60_000) for chain, of in current.items()}
        found.append((FetchRequest(tuple(given)), FetchAnswer(now, now, given)))
    return found

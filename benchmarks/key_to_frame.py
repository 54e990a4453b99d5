"""From a key to the frame that answers it, while a dozen full chains arrive every second.

`python -m benchmarks.key_to_frame URL` is what makes them arrive, in a process of its own.
"""

import asyncio
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks.chains import many_snapshots
from benchmarks.first_grid import STRIKE_ROW
from benchmarks.rows import Row, below
from benchmarks.terminal import ROOT, running
from chain.model.keys import KeySchema, SnapshotId
from chain.model.snapshot import Snapshot
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.publish.writer import snapshot_writer
from chain.redis.server.embedded import EmbeddedServer

_CHAINS = 12
_SIZE = 362_000  # bytes: about 400 contracts
_MULT = 8.0  # expected moves: a window that holds as many
_TTL_S = 60.0
_WARM_UP_S = 4.0
_PRESSES = 150
_PAUSE_S = (0.05, 0.15)
_AIM_MS = 30.0
_DOWN, _UP = b"\x1b[B", b"\x1b[A"


def run() -> list[Row]:
    """Return the time from a key to its frame, ms: of a hundred keys the slowest but one, and the median."""
    chains = asyncio.run(_chains())
    with _server() as url, _arriving(url):
        waits = sorted(_waits(["-m", "chaindeck", "watch", url], chains))
    p99 = waits[int(len(waits) * 0.99)]
    contracts = round(median(len(chain.contracts) for chain in chains))
    note = f"{_CHAINS} chains of {contracts} contracts a second, {_PRESSES} keys along the board, 120x40"
    return [
        below(_AIM_MS, "key-to-frame p99", "ms", p99, note=note),
        Row("key-to-frame median", "ms", median(waits), samples=tuple(waits)),
    ]


async def _chains() -> list[Snapshot]:
    return await many_snapshots(_CHAINS, (_SIZE, _SIZE), mult=_MULT)


@contextmanager
def _server() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="cd-", dir="/tmp") as folder, EmbeddedServer() as server:
        yield server.start_or_attach(Path(folder)).url


@contextmanager
def _arriving(url: str) -> Iterator[None]:
    """Have the chains arrive meanwhile; they are there when this begins."""
    asyncio.run(_feed(url, once=True))
    feeder = subprocess.Popen([sys.executable, "-m", "benchmarks.key_to_frame", url], cwd=ROOT)
    try:
        yield
    finally:
        feeder.terminate()
        feeder.wait()


def _waits(command: Sequence[str], chains: Sequence[Snapshot]) -> list[float]:
    """Walk down and up the first underlying's expirations; return each key's wait, ms."""
    first = chains[0].id.chain.underlying
    days = [chain.id.chain.expiry for chain in chains if chain.id.chain.underlying == first]
    there_and_back = [*range(len(days)), *range(len(days) - 2, 0, -1)]
    rng, waits = random.Random(7), []
    with running(command, columns=120, rows=40) as terminal:
        terminal.drain_until(STRIKE_ROW)
        terminal.drain(_WARM_UP_S)
        for press in range(_PRESSES):
            now, wanted = (there_and_back[(press + step) % len(there_and_back)] for step in (0, 1))
            cursor = re.compile(rb"> " + f"{days[wanted]:%m-%d}".encode())
            waits.append(terminal.press(_DOWN if wanted > now else _UP, cursor) * 1000)
            terminal.drain(rng.uniform(*_PAUSE_S))
    return waits


async def _feed(url: str, *, once: bool = False) -> None:
    """Publish every chain anew once a second, until ended; or once."""
    chains = await _chains()
    redis = RedisTarget(url).connect(name="benchmark")
    writer, due = snapshot_writer(redis, KeySchema()), time.monotonic()
    while True:
        stamp = time.time_ns() // 1_000_000
        await writer.publish([replace(s, id=SnapshotId(s.id.chain, stamp), ts=stamp / 1000) for s in chains], _TTL_S)
        if once:
            return await redis.aclose()
        due += 1.0
        await asyncio.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    asyncio.run(_feed(sys.argv[1]))

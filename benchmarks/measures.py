"""All measures of six expirations of the mock SPX and NDX, and across them: what a cycle costs its reader."""

import asyncio
import time

from benchmarks.rows import Row, below
from chain.analytics.measures.chain import measures_of
from chain.analytics.measures.underlying import underlying_measures
from chain.clock import ManualClock
from chain.model.grid import StrikeGrid, build_grid
from chain.model.keys import ChainId, SnapshotId
from chain.model.snapshot import Snapshot, decode, encode
from publisher.mock.source import MockSource
from tests.support.builders import AS_OF, TS_NS

_EXPIRATIONS, _ROUNDS = 6, 60
_LIMIT_MS = 20.0


def run() -> list[Row]:
    """Return processor time of the measures of a cycle of each, ms; the grids are there already."""
    [spx, note], [ndx, more] = _measured("SPX"), _measured("NDX")
    name = "measures of 6 expirations"
    return [below(_LIMIT_MS, f"{name}, SPX", "ms", spx, note=note), Row(f"{name}, NDX", "ms", ndx, note=more)]


def _measured(underlying: str) -> tuple[float, str]:
    grids = asyncio.run(_grids(underlying))
    taken = sorted(_timed(grids) for _ in range(_ROUNDS))
    contracts = sum(len(grid.legs) for grid in grids)
    note = f"{contracts} contracts, IV from every mid among it; slowest of {_ROUNDS}: {taken[-1]:.1f} ms"
    return taken[len(taken) // 2], note


def _timed(grids: list[StrikeGrid]) -> float:
    began = time.process_time()
    underlying_measures([measures_of(grid, AS_OF) for grid in grids])
    return (time.process_time() - began) * 1000


async def _grids(underlying: str) -> list[StrikeGrid]:
    source = MockSource(ManualClock(TS_NS), underlyings=[underlying])
    await source.begin_cycle()
    survey = await source.survey(underlying)
    found = []
    for expiry in survey.expirations[:_EXPIRATIONS]:
        piece = await source.fetch_window(survey, expiry)
        at = SnapshotId(ChainId(underlying, expiry), TS_NS // 1_000_000)
        made = Snapshot.at(at, TS_NS, atm=piece.atm, range_points=piece.range_points, contracts=piece.contracts)
        found.append(build_grid(decode(encode(made), at)))
    return found

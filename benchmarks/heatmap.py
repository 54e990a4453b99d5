"""The heatmap model of six expirations, 50 strikes and seven widths: made whole, and where 1 % of its rows change."""

import math
import random
import time
from collections.abc import Callable, Mapping
from datetime import date, timedelta

from benchmarks.rows import Row, at_most, below, less_by
from chain.model.keys import ChainId
from chain.pipeline.heatmap import ENCODER
from chain.pipeline.staging import StagedContract
from chain.pipeline.ticker import OptionTicker, Side
from mmaker.flush import ChainFlush
from mmaker.heatmap.builder import HeatmapBuilder
from tests.support.builders import TS_MS
from tests.support.staged import meta_of, option, staged

_EXPIRATIONS, _STRIKES, _STEP, _ATM = 6, 50, 5, 6930
_ROUNDS = 40
_FULL_MS = 20.0
_CHEAPER = 20.0
_OVER_ENCODING = 4.0
_SIDES: tuple[Side, ...] = ("call", "put")

Staged = dict[str, StagedContract]


def run() -> list[Row]:
    """Return processor time of a full model and of 1 % dirty rows, ms, encoding included."""
    market = _Market()
    builder = HeatmapBuilder("SPX")
    cold = _timed(lambda: _publish_whole(builder, market.wholes()))
    full, ready, dirty = [], [], []
    for _ in range(_ROUNDS):
        market.move_all()
        wholes = market.wholes()
        full.append(_timed(lambda: _publish_whole(builder, wholes)))  # noqa: B023 - called at once
        model = builder.model()
        ready.append(_timed(lambda: ENCODER.encode(model)))  # noqa: B023
    for _ in range(_ROUNDS):
        changes = market.move_rows(round(_EXPIRATIONS * _STRIKES / 100))
        dirty.append(_timed(lambda: _publish_diff(builder, changes)))  # noqa: B023
    model = builder.model()
    size = f"{len(model.tiles):,} tiles, {len(ENCODER.encode(model)) / 1e6:.1f} MB"
    note = f"{size}; the very first, which lays out the positions, {cold:.0f} ms"
    return [
        below(_FULL_MS, "heatmap full", "ms", sorted(full)[len(full) // 2], note=note),
        at_most(_OVER_ENCODING, "heatmap full", "ms", full, ready, "the baseline encodes tiles that are ready"),
        less_by(
            _CHEAPER,
            "heatmap 1 % dirty rows",
            "ms",
            dirty,
            full,
            "diff made and encoded; the baseline is the full model",
        ),
    ]


def _publish_whole(builder: HeatmapBuilder, flushes: list[ChainFlush]) -> None:
    for flush in flushes:
        builder.update(flush)
    builder.take()
    ENCODER.encode(builder.model())


def _publish_diff(builder: HeatmapBuilder, flushes: list[ChainFlush]) -> None:
    for flush in flushes:
        builder.update(flush)
    diff = builder.take()
    assert diff is not None
    ENCODER.encode(diff)


def _timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


class _Market:
    """Chains whose mids follow the distance to spot, and wobble."""

    def __init__(self) -> None:
        self._chance = random.Random(7)
        self._step = 0
        first = date(2026, 1, 2)
        self._chains = [ChainId("SPX", first + timedelta(days=day)) for day in range(_EXPIRATIONS)]
        self._strikes = [_ATM + _STEP * (at - _STRIKES // 2) for at in range(_STRIKES)]
        self._staged: Mapping[ChainId, Staged] = {chain: {} for chain in self._chains}
        self.move_all()

    def move_all(self) -> None:
        """Give every contract another mid."""
        for chain in self._chains:
            for strike in self._strikes:
                self._move(chain, strike)

    def wholes(self) -> list[ChainFlush]:
        """Return flushes of all contracts, as after six snapshots."""
        self._step += 1
        return [self._flush(chain, frozenset(self._staged[chain]), whole=True) for chain in self._chains]

    def move_rows(self, count: int) -> list[ChainFlush]:
        """Give both sides of that many rows another mid; return the flushes of it."""
        self._step += 1
        dirty: dict[ChainId, set[str]] = {}
        rows = [(chain, strike) for chain in self._chains for strike in self._strikes]
        for chain, strike in self._chance.sample(rows, count):
            dirty.setdefault(chain, set()).update(self._move(chain, strike))
        return [self._flush(chain, frozenset(tickers), whole=False) for chain, tickers in dirty.items()]

    def _move(self, chain: ChainId, strike: int) -> list[str]:
        moved = [option(side, strike, chain) for side in _SIDES]
        for contract in moved:
            self._staged[chain][str(contract)] = staged(contract, (self._mid(contract), TS_MS + self._step))
        return [str(contract) for contract in moved]

    def _mid(self, contract: OptionTicker) -> float:
        away = _ATM - contract.strike if contract.side == "call" else contract.strike - _ATM
        worth = max(away, 0.0) + 40 * math.exp(-abs(away) / 60) + self._chance.uniform(-0.2, 0.2)
        return round(worth * 40) / 40

    def _flush(self, chain: ChainId, dirty: frozenset[str], *, whole: bool) -> ChainFlush:
        return ChainFlush(
            chain, meta_of(chain, position=f"{self._step}-0", atm=_ATM), self._staged[chain], dirty, whole
        )

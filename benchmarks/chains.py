"""Chains to measure with: the recorded SPY chain where it is at hand, else one generated in its size."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from benchmarks.terminal import ROOT
from chain.clock import ManualClock, SystemClock
from chain.model.keys import ChainId, SnapshotId
from chain.model.session import new_york
from chain.model.snapshot import Contract, Snapshot
from publisher.mock.source import MockSource

CAPTURE = ROOT.parent / "shared" / "data" / "captures" / "SPY-2026-07-14.jsonl.gz"
_CAPTURED_AT_S = 1_784_058_963
_CHAIN_IN_MOVES = 4.0  # a slice wide enough to hold as many contracts as the recorded chain


@contextmanager
def spy_capture() -> Iterator[tuple[Path, str]]:
    """Give a capture of SPY and a word on where it is from; a generated one is gone after."""
    if CAPTURE.is_file():
        yield CAPTURE, f"recorded chain {CAPTURE.name}"
        return
    with TemporaryDirectory(prefix="cd-") as folder:
        path = Path(folder) / "SPY-generated.jsonl"
        path.write_bytes(asyncio.run(_generated_record()))
        yield path, "generated chain (no recorded one at hand)"


async def _generated_record() -> bytes:
    clock = ManualClock(_CAPTURED_AT_S * 1_000_000_000)
    source = MockSource(clock, underlyings=["SPY"], mult=_CHAIN_IN_MOVES)
    await source.begin_cycle()
    survey = await source.survey("SPY")
    items: list[Contract] = []
    for expiry in survey.expirations:
        items += (await source.slice(survey, expiry)).contracts
    return orjson.dumps({"ts": survey.as_of, "underlying": "SPY", "spot": survey.spot, "results": items})


async def many_snapshots(count: int, sizes: tuple[int, int]) -> list[Snapshot]:
    """Return snapshots of `count` chains, six expirations an underlying, their payloads of so many bytes, from and to.

    The contracts are those of one mock chain around its ATM, under other names and dates: a payload's length is what
    matters, but every reader must find it whole.
    """
    clock = SystemClock()
    source = MockSource(clock, underlyings=["SPX"])
    await source.begin_cycle()
    survey = await source.survey("SPX")
    piece = await source.slice(survey, survey.expirations[8])
    each = len(orjson.dumps(piece.contracts)) / len(piece.contracts)
    nearest = sorted(piece.contracts, key=lambda item: abs(item["details"]["strike_price"] - piece.atm))
    tomorrow = new_york(survey.as_of).date() + timedelta(days=1)
    found = []
    for number in range(count):
        size = sizes[0] + (sizes[1] - sizes[0]) * number / (count - 1)
        chain = ChainId(f"U{number // 6:03d}", tomorrow + timedelta(days=number % 6))
        ts_ns = clock.wall_ns()
        kept = sorted(nearest[: round(size / each)], key=lambda item: float(item["details"]["strike_price"]))
        found.append(
            Snapshot.at(
                SnapshotId(chain, ts_ns // 1_000_000),
                ts_ns,
                atm=piece.atm,
                range_points=piece.range_points,
                contracts=[_moved(item, chain) for item in kept],
            )
        )
    return found


def _moved(item: Contract, chain: ChainId) -> Contract:
    """Return a contract as one of another chain."""
    details = item["details"]
    symbol = f"O:{chain.underlying}{chain.expiry:%y%m%d}{details['ticker'][-9:]}"
    return item | {
        "details": details | {"expiration_date": chain.expiry.isoformat(), "ticker": symbol},
        "underlying_asset": item["underlying_asset"] | {"ticker": chain.underlying},
    }

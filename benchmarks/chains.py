"""Chains to measure with: the recorded SPY chain, and any number of mock snapshots."""

from datetime import timedelta

import orjson

from chain.clock import SystemClock
from chain.model.keys import ChainId, SnapshotId
from chain.model.session import new_york
from chain.model.snapshot import Contract, Snapshot
from publisher.mock.source import MockSource
from publisher.window import EM_MULT
from tests.support.places import CAPTURES

CAPTURE = CAPTURES / "SPY-2026-07-14.jsonl.gz"


async def many_snapshots(count: int, sizes: tuple[int, int], *, mult: float = EM_MULT) -> list[Snapshot]:
    """Return snapshots of `count` chains, six expirations an underlying, their payloads of so many bytes, from and to.

    The contracts are those of one mock chain around its ATM, under other names and dates: a payload's length is what
    matters, but every reader must find it whole. A payload holds no more than the window of `mult` expected moves does.
    """
    clock = SystemClock()
    source = MockSource(clock, underlyings=["SPX"], mult=mult)
    await source.begin_cycle()
    survey = await source.survey("SPX")
    piece = await source.fetch_window(survey, survey.expirations[8])
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

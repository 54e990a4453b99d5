"""Staging for tests: contracts with a mid, and flushes of them."""

from collections.abc import Iterable, Mapping

from msgspec import UNSET

from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.monitor.states import State
from chain.pipeline.staging import StagedContract, StagingMeta, Value
from chain.pipeline.ticker import OptionTicker, Side
from mmaker.flush import ChainFlush
from tests.support.builders import SPX, TS_MS

Quoted = Mapping[OptionTicker, tuple[float, int] | None]  # mid in points and its time in epoch ms, by contract


def option(side: Side, strike: float, chain: ChainId = SPX, root: str = "SPXW") -> OptionTicker:
    """Return a contract of a chain."""
    return OptionTicker(root, chain.expiry, side, strike)


def staged(contract: OptionTicker, mid: tuple[float, int] | None) -> StagedContract:
    """Return a contract as staged, with a mid of the stream or without one."""
    value = Value(mid[0], mid[1], "stream") if mid else UNSET
    return StagedContract(side=contract.side, strike=contract.strike, root=contract.root, mid=value)


def meta_of(chain: ChainId = SPX, *, position: str = "0-0", atm: int = 6930, ts_ms: int = TS_MS) -> StagingMeta:
    """Return the meta of a chain's staging on a snapshot of that time."""
    key = KeySchema().snapshot(SnapshotId(chain, ts_ms))
    return StagingMeta(snapshot=key, ts=ts_ms / 1000, spot=atm + 1.25, atm=atm, position=position, flushed=ts_ms / 1000)


def flush_of(
    quoted: Quoted,
    chain: ChainId = SPX,
    *,
    dirty: Iterable[OptionTicker] | None = None,
    meta: StagingMeta | None = None,
    state: State = State.FRESH,
) -> ChainFlush:
    """Return a flush of these contracts: of the `dirty` ones, or where they are not named a whole one."""
    changed = frozenset(map(str, quoted if dirty is None else dirty))
    contracts = {str(contract): staged(contract, mid) for contract, mid in quoted.items()}
    return ChainFlush(chain, meta or meta_of(chain), contracts, changed, whole=dirty is None, state=state)

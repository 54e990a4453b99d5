"""What a compositor hands on when it has written a chain's staging, so that nobody needs to read it back from Redis."""

from collections.abc import Mapping

from msgspec import Struct

from chain.model.keys import ChainId
from chain.monitor.states import State
from chain.pipeline.staging import StagedContract, StagingMeta

WRITES_A_SECOND = 5.0  # of a chain, at most


class ChainFlush(Struct, frozen=True):
    """A chain as it now stands in staging.

    `dirty` are the tickers of `contracts` that changed since the last flush; `whole`: a snapshot was laid beneath, or
    the chain is new, and contracts may have gone. `state` is that of the snapshot, FRESH or AGING.
    """

    chain: ChainId
    meta: StagingMeta
    contracts: Mapping[str, StagedContract]
    dirty: frozenset[str]
    whole: bool
    state: State = State.FRESH

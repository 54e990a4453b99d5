"""All chains of a compositor, and which of them an event belongs to. Pure: no I/O, no clock."""

from collections.abc import Iterable

from msgspec.structs import replace

from chain.errors import DecodeError, InvalidNameError
from chain.model.keys import ChainId
from chain.model.kinds import may_be_mixed
from chain.model.snapshot import Received
from chain.pipeline.events import decode_frame
from chain.pipeline.staging import Dropped
from chain.pipeline.ticker import parse_ticker
from chain.thresholds import FUTURE_TOLERANCE_MS
from mmaker.merge.state import StagedChainState


class StagedMarket:
    """The chains that have a snapshot, by name, and counts of what belongs to none of them."""

    def __init__(self) -> None:
        self.chains: dict[ChainId, StagedChainState] = {}
        self._by_ticker: dict[str, StagedChainState] = {}
        self._by_root: dict[tuple[str, object], StagedChainState] = {}  # root and expiry
        self._unknown = 0
        self._malformed = 0
        self._left = Dropped()  # of chains that are gone
        self._left_events = 0

    @property
    def events(self) -> int:
        """How many events were taken in."""
        return self._left_events + sum(state.events for state in self.chains.values())

    @property
    def dropped(self) -> Dropped:
        """How many events were left out, of all chains and of none."""
        each = [self._left, *(state.dropped for state in self.chains.values())]
        return Dropped(
            unknown=self._unknown + sum(one.unknown for one in each),
            older=sum(one.older for one in each),
            malformed=self._malformed,
            absurd=sum(one.absurd for one in each),
            crossed=sum(one.crossed for one in each),
        )

    def apply_snapshot(self, snapshot: Received, *, kind: str = "", since_ms: int = 0) -> StagedChainState:
        """Lay a snapshot beneath its chain, and return the chain. `kind` and `since_ms` as for a chain."""
        chain = snapshot.id.chain
        state = self.chains.get(chain)
        if state is None:
            state = self.chains[chain] = StagedChainState(chain)
        for ticker in state.tickers:
            del self._by_ticker[ticker]
        state.apply_snapshot(snapshot, kind=kind, since_ms=since_ms)
        self._list(state)
        return state

    def adopt(self, other: "StagedMarket") -> None:
        """Take over the chains of another market in place of our own; what it counted of no chain does not count."""
        self.forget(other.chains)
        for chain, state in other.chains.items():
            self.chains[chain] = state
            self._list(state)

    def _list(self, state: StagedChainState) -> None:
        self._by_ticker |= dict.fromkeys(state.tickers, state)
        self._by_root |= {(root, state.chain.expiry): state for root in state.roots}

    def forget(self, chains: Iterable[ChainId]) -> None:
        """Let chains go, if they are here."""
        for chain in chains:
            state = self.chains.pop(chain, None)
            if state is None:
                continue
            self._by_ticker = {ticker: of for ticker, of in self._by_ticker.items() if of is not state}
            self._by_root = {root: of for root, of in self._by_root.items() if of is not state}
            self._left_events += state.events
            gone = state.dropped
            self._left = replace(
                self._left,
                unknown=self._left.unknown + gone.unknown,
                older=self._left.older + gone.older,
                absurd=self._left.absurd + gone.absurd,
                crossed=self._left.crossed + gone.crossed,
            )

    def on_writer(self, kind: str, ts_ms: int) -> bool:
        """Hear which kind of source wrote to the stream last, and when (epoch ms).

        What it wrote is left out of chains of a kind with which it may not be mixed. Returns whether there are any.
        """
        foreign = [state for state in self.chains.values() if not may_be_mixed(state.kind, kind)]
        for state in foreign:
            state.leave_out(ts_ms + FUTURE_TOLERANCE_MS)
        return bool(foreign)

    def apply_frame(self, payload: bytes, received_ms: int) -> None:
        """Take in a frame of the stream, received at `received_ms`, epoch ms; one that cannot be read is counted."""
        try:
            frame = decode_frame(payload)
        except DecodeError:
            self._malformed += 1
            return
        self._malformed += frame.malformed
        by_ticker = self._by_ticker
        for event in frame.events:
            state = by_ticker.get(event.ticker)
            if state is None:
                self._count_unknown(event.ticker)
            else:
                state.apply(event, received_ms)

    def _count_unknown(self, ticker: str) -> None:
        """Count an event of no contract for the chain to which it would belong, if that is known."""
        try:
            state = self._by_root.get(parse_ticker(ticker)[:2])
        except InvalidNameError:
            state = None
        if state is None:
            self._unknown += 1
        else:
            state.unknown += 1

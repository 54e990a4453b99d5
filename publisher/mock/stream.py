"""The mock's stream: trades and quotes of its exchange between two snapshots, in the vendor's frames.

A trade of the stream is a trade of the session: the next snapshot has it, or a later one. The nearest strikes of the
nearest expirations are the busiest, as are the edges of a session; one second in sixteen is a burst. Outside trading
hours the market is quoted at a quarter of the pace, as its snapshots go on too, and nothing trades.
"""

import random
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass

from msgspec import Struct

from chain.analytics.black_scholes import black_scholes
from chain.clock import Clock
from chain.model.keys import ChainId
from chain.model.snapshot import Contract, Snapshot
from chain.pipeline.events import Quote, StreamEvent, Trade
from chain.pipeline.frame import ReceivedFrame, encode_frame
from chain.pipeline.ticker import parse_ticker
from publisher.mock import listing, market
from publisher.mock.book import Line, Moment, smile_of
from publisher.mock.exchange import Exchange
from publisher.mock.listing import PRODUCTS
from publisher.mock.market import Smile
from publisher.stream.source import StreamState, StreamStatus

MOST_CONTRACTS = 1_000  # the vendor's limit for the quotes of one connection
TICK_S = 0.2
QUIET_TICK_S = 1.0
_LONGEST_TICK_S = 1.0  # what a paused program missed is not made up for
_EVENTS_A_FRAME = 10
_TRADES = 0.2  # of all events
_NEAR = 0.3  # a chain's contracts nearest to the money that two thirds of its events are of, as a share
_FADE = 0.3  # by how much a chain is less likely than the one before, from the nearest expiration on
_BROKEN = (b'[{"ev":"Q","sym":"O:SPXW', b'[{"ev":"T","sym":"O:SPXW","p":"dear","t":0}]', b'{"ev":"status"', b"\x1b[2J")


class _Contract(Struct, frozen=True):
    """A contract subscribed to; `side` is 0 for a call, 1 for a put."""

    ticker: str
    root: str
    strike: int
    side: int


class _Chain(Struct, frozen=True):
    """A chain as last published: its contracts, nearest to the money first."""

    id: ChainId
    shape: tuple[object, ...]  # what tells whether its contracts are still the same
    contracts: tuple[_Contract, ...]


@dataclass(slots=True)
class StreamFaults:
    """What is wrong with the stream on purpose."""

    quiet: bool = False
    ahead_s: float = 0.0  # how far its times lie in the future
    malformed: bool = False  # whether frames come that are none
    unknown: bool = False  # whether events come of contracts that no snapshot has

    def heal(self) -> None:
        """Let it be as it should."""
        self.quiet = self.malformed = self.unknown = False
        self.ahead_s = 0.0


class MockStream:
    """The stream of an exchange; see `publisher.stream.source.StreamSource` for what each call promises."""

    def __init__(self, exchange: Exchange, clock: Clock, *, rate: float = market.DEFAULT_RATE) -> None:
        """`rate`: events a second over all chains, on average over a session."""
        self.faults = StreamFaults()
        self.topics: frozenset[str] = frozenset()
        self._exchange, self._clock, self._rate = exchange, clock, rate
        self._random = random.Random(f"stream {exchange.seed}")  # noqa: S311 - a reproducible market, not a secret
        self._published: dict[ChainId, _Chain] = {}
        self._subscribed: list[_Chain] = []  # nearest expirations first
        self._owed = 0.0  # events that are due
        self._seq = 0

    def status(self) -> StreamStatus:
        """Say how many contracts it speaks of, and how many it had to leave out."""
        held = sum(len(chain.contracts) for chain in self._subscribed)
        listed = sum(len(chain.contracts) for chain in self._published.values())
        return StreamStatus(state=StreamState.STREAMING, subscriptions=held, left_out=listed - held)

    def on_published(self, snapshots: Sequence[Snapshot]) -> None:
        """Subscribe to the contracts of the newest snapshots, as many as one connection may have."""
        now_s = self._clock.wall_ns() / 1e9
        changed = False
        for snapshot in snapshots:
            shape = _shape(snapshot)
            before = self._published.get(snapshot.id.chain)
            if before is None or before.shape != shape:
                self._published[snapshot.id.chain] = _Chain(snapshot.id.chain, shape, _nearest_first(snapshot))
                changed = True
        for chain in [*self._published]:
            if not listing.roots(PRODUCTS[chain.underlying], chain.expiry, now_s):
                del self._published[chain]
                changed = True
        if changed:
            self._subscribe()

    def _subscribe(self) -> None:
        """Share out the connection's contracts: the same number for each chain, nearest strikes first."""
        chains = sorted(self._published.values(), key=lambda chain: (chain.id.expiry, chain.id.underlying))
        each = MOST_CONTRACTS // max(1, len(chains))
        self._subscribed = [_Chain(chain.id, chain.shape, chain.contracts[:each]) for chain in chains]
        tickers = [one.ticker for chain in self._subscribed for one in chain.contracts]
        self.topics = frozenset(f"{kind}.{ticker}" for ticker in tickers for kind in "QT")

    async def frames(self) -> AsyncGenerator[ReceivedFrame, None]:
        """Yield what was traded and quoted since the last frame, five times a second while there is anything."""
        before, wait = self._clock.monotonic(), TICK_S
        while True:
            await self._clock.sleep_until(before + wait)
            now = self._clock.monotonic()
            quiet = True
            for frame in self.tick(min(now - before, _LONGEST_TICK_S)):
                quiet = False
                yield frame
            before, wait = now, QUIET_TICK_S if quiet and not self._owed else TICK_S

    def tick(self, seconds: float) -> Iterator[ReceivedFrame]:
        """Yield the frames of the last `seconds`, stamped now."""
        if self.faults.quiet:
            return
        now_s = self._clock.wall_ns() / 1e9
        events = [*self._events(seconds, now_s)]
        ts = now_s + self.faults.ahead_s
        for at in range(0, len(events), _EVENTS_A_FRAME):
            batch = events[at : at + _EVENTS_A_FRAME]
            yield ReceivedFrame(ts, encode_frame(batch), len(batch))
        if self.faults.malformed:
            yield ReceivedFrame(ts, self._random.choice(_BROKEN))

    def _events(self, seconds: float, now_s: float) -> Iterator[StreamEvent]:
        """Yield the events of the last `seconds`, in order of time."""
        view = _View(self._exchange, now_s)
        chains = [chain for chain in self._subscribed if chain.contracts and view.moment(chain.id.underlying)]
        progress = listing.session_at(now_s).progress(now_s)
        pace = market.activity(progress) * market.bustle(self._exchange.seed, int(now_s))
        self._owed = self._owed + self._rate * pace * seconds if chains else 0.0
        count = int(self._owed)
        self._owed -= count
        ahead_ns = round(self.faults.ahead_s * 1e9)
        for number in range(1, count + 1):
            chain = chains[min(int(self._random.expovariate(_FADE)), len(chains) - 1)]
            far = int(abs(self._random.gauss(0.0, _NEAR)) * len(chain.contracts))
            contract = chain.contracts[min(far, len(chain.contracts) - 1)]
            ago_ns = round(seconds * 1e9 * (1 - number / count))
            yield self._event(view, chain.id, contract, ago_ns, ahead_ns)

    def _event(self, view: "_View", chain: ChainId, contract: _Contract, ago_ns: int, ahead_ns: int) -> StreamEvent:
        """Return a trade of a contract, or its quote, so many nanoseconds before now."""
        moment, smile, line = view.moment(chain.underlying), view.smile(chain, contract), view.line(chain, contract)
        assert moment is not None
        away = smile.deviations(contract.strike)
        worth = black_scholes(moment.spot, contract.strike, smile.vol(away), smile.years)
        bid, ask = line.quote(worth, market.widening(away), moment.product)
        noise = self._random.getrandbits(30)
        at_ns = max(moment.now_ns - ago_ns, line.bar.traded_ns, line.quoted_ns)
        ts_ms = (at_ns + ahead_ns) // 1_000_000
        self._seq += 1
        ticker = _nobody(contract) if self.faults.unknown and noise & 4 else contract.ticker
        if self._random.random() < _TRADES and (volume := line.untraded(moment.volume_done)):
            traded = line.trade(bid if bid and noise & 1 else ask, volume, at_ns, noise, 0, moment.product)
            return Trade(ticker, traded["price"], traded["size"], ts_ms, self._seq)
        line.quoted_ns = at_ns
        bid_size = 1 + (noise >> 3 & 63) if bid else 0
        return Quote(ticker, bid / 100, ask / 100, bid_size, 1 + (noise >> 12 & 63), ts_ms, self._seq)


class _View:
    """The exchange in one tick: what contracts share is worked out once."""

    def __init__(self, exchange: Exchange, now_s: float) -> None:
        self._exchange, self._now_s = exchange, now_s
        self._moments: dict[str, Moment | None] = {}
        self._smiles: dict[tuple[str, ChainId], Smile] = {}

    def moment(self, underlying: str) -> Moment | None:
        """Return an underlying's moment; None until a session's first snapshot is there."""
        if underlying not in self._moments:
            self._moments[underlying] = self._exchange.between(underlying)
        return self._moments[underlying]

    def smile(self, chain: ChainId, contract: _Contract) -> Smile:
        """Return the smile of a contract's root."""
        key = contract.root, chain
        known = self._smiles.get(key)
        if known is None:
            moment = self.moment(chain.underlying)
            assert moment is not None
            known = smile_of(moment.product, contract.root, chain.expiry, moment.spot, self._now_s)
            self._smiles[key] = known
        return known

    def line(self, chain: ChainId, contract: _Contract) -> Line:
        """Return a contract's line."""
        book = self._exchange.book(PRODUCTS[chain.underlying], contract.root, chain.expiry)
        return book.pair(contract.strike)[contract.side]


def _shape(snapshot: Snapshot) -> tuple[object, ...]:
    first, last = snapshot.contracts[0]["details"], snapshot.contracts[-1]["details"]
    return snapshot.atm, len(snapshot.contracts), first["ticker"], last["ticker"]


def _nearest_first(snapshot: Snapshot) -> tuple[_Contract, ...]:
    """Return a snapshot's contracts, nearest to the money first."""
    found = (_contract(item["details"]) for item in snapshot.contracts)
    return tuple(sorted(found, key=lambda one: (abs(one.strike - snapshot.atm), one.strike, one.side, one.root)))


def _contract(details: Contract) -> _Contract:
    root = parse_ticker(details["ticker"]).root
    return _Contract(details["ticker"], root, details["strike_price"], int(details["contract_type"] == "put"))


def _nobody(contract: _Contract) -> str:
    """Return the ticker of a contract that nobody lists."""
    return str(parse_ticker(contract.ticker)._replace(strike=99_999.0))

"""Which contracts to subscribe to: those of the current snapshots, the nearest strikes first. Pure.

Structure comes from snapshots alone. The plan is made anew only when that structure changes: contracts enter or leave,
or, where not all of them fit, an ATM has moved by some strikes. A price that ticks changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from chain.model.keys import ChainId
from chain.model.snapshot import Snapshot

QUOTE, TRADE = "Q.", "T."
MAX_QUOTES = 1_000  # the vendor's cap on contracts whose quotes one connection carries
MAX_TRADES = 10_000  # ours: no cap of the vendor's is known, and the list must end somewhere
LINGER_MS = (
    60_000  # for so long a contract at the edge stays after a snapshot without it: edges come and go with the ATM
)
ATM_STEPS = 2  # strikes that an ATM may move before a plan that leaves contracts out is made anew


class Layout(Struct, frozen=True):
    """The structure of a snapshot: strikes in points by ticker."""

    chain: ChainId
    ts_ms: int
    atm: float
    strikes: Mapping[str, float]

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Layout":
        """Return the structure of a snapshot that was published; its source has checked its contracts."""
        named = (item["details"] for item in snapshot.contracts)
        strikes = {details["ticker"]: float(details["strike_price"]) for details in named}
        return cls(snapshot.id.chain, snapshot.id.ts_ms, float(snapshot.atm), strikes)


class Plan(Struct, frozen=True):
    """What to subscribe to, nearest strikes first. `epoch` rises with each plan that differs."""

    epoch: int = 0
    quotes: tuple[str, ...] = ()  # tickers
    trades: tuple[str, ...] = ()  # tickers
    contracts: int = 0  # of the snapshots

    @property
    def left_out(self) -> int:
        """How many contracts have no quotes, because the vendor's cap is reached."""
        return self.contracts - len(self.quotes)

    @property
    def topics(self) -> tuple[str, ...]:
        """What to subscribe to, as the vendor names it: quotes first, for most of the market is in them."""
        return (*map(QUOTE.__add__, self.quotes), *map(TRADE.__add__, self.trades))


@dataclass(slots=True)
class _Held:
    """A chain as of its newest snapshot, and contracts that have just left it."""

    layout: Layout
    seen_ms: dict[str, int] = field(default_factory=dict)  # by ticker: the newest snapshot that had it
    strikes: dict[str, float] = field(default_factory=dict)


class Planner:
    """Makes plans from the structure of snapshots as they are published."""

    def __init__(self, max_quotes: int = MAX_QUOTES, max_trades: int = MAX_TRADES) -> None:
        self._max_quotes = max_quotes
        self._max_trades = max_trades
        self._chains: dict[ChainId, _Held] = {}
        self._newest_ms: dict[str, int] = {}  # by underlying
        self._planned_atm: dict[ChainId, float] = {}
        self._planned: frozenset[str] = frozenset()
        self.plan = Plan()

    def on_layouts(self, layouts: Iterable[Layout]) -> bool:
        """Take the structure of snapshots, newer ones of their chains; return whether the plan has changed."""
        for layout in layouts:
            self._take(layout)
        self._forget_gone()
        tickers = frozenset(ticker for held in self._chains.values() for ticker in held.strikes)
        if tickers == self._planned and not (self.plan.left_out and self._moved()):
            return False
        before, self.plan = self.plan, self._make(len(tickers))
        self._planned = tickers
        self._planned_atm = {chain: held.layout.atm for chain, held in self._chains.items()}
        if {*before.topics} == {*self.plan.topics}:
            self.plan = replace(self.plan, epoch=before.epoch)
            return False
        return True

    def _take(self, layout: Layout) -> None:
        held = self._chains.get(layout.chain)
        if held is None:
            held = self._chains[layout.chain] = _Held(layout)
        elif layout.ts_ms < held.layout.ts_ms:
            return
        held.layout = layout
        held.strikes.update(layout.strikes)
        held.seen_ms.update(dict.fromkeys(layout.strikes, layout.ts_ms))
        underlying = layout.chain.underlying
        self._newest_ms[underlying] = max(layout.ts_ms, self._newest_ms.get(underlying, 0))

    def _forget_gone(self) -> None:
        """Forget contracts that newer snapshots of their underlying no longer have.

        Where no newer snapshots come at all, nothing is forgotten: the stream goes on over a stale backdrop.
        """
        for chain, held in [*self._chains.items()]:
            since_ms = self._newest_ms[chain.underlying] - LINGER_MS
            for ticker in [ticker for ticker, seen in held.seen_ms.items() if seen < since_ms]:
                del held.seen_ms[ticker], held.strikes[ticker]
            if not held.strikes:
                del self._chains[chain]

    def _moved(self) -> bool:
        """Whether an ATM is some strikes away from where it was when the plan was made."""
        return any(
            abs(_steps(held.layout.strikes.values(), self._planned_atm.get(chain, 0.0), held.layout.atm)) >= ATM_STEPS
            for chain, held in self._chains.items()
        )

    def _make(self, contracts: int) -> Plan:
        ranked = [*self._ranked()]
        quotes, trades = _whole_strikes(ranked, self._max_quotes), _whole_strikes(ranked, self._max_trades)
        return Plan(self.plan.epoch + 1, quotes, trades, contracts)

    def _ranked(self) -> list[tuple[tuple[int, ChainId, float], str]]:
        """Return all contracts with their rank: how many strikes of their chain are nearer to its ATM, then by name.

        So every chain gets its nearest strikes before any gets its farther ones, whatever its price and grid.
        """
        ranked: list[tuple[tuple[int, ChainId, float], str]] = []
        for chain, held in self._chains.items():
            distance: Callable[[float], tuple[float, float]] = partial(_distance, held.layout.atm)
            rank = {strike: at for at, strike in enumerate(sorted(set(held.strikes.values()), key=distance))}
            ranked += (((rank[strike], chain, strike), ticker) for ticker, strike in held.strikes.items())
        return sorted(ranked)


def _distance(atm: float, strike: float) -> tuple[float, float]:
    return abs(strike - atm), strike


def _whole_strikes(ranked: Iterable[tuple[tuple[int, ChainId, float], str]], most: int) -> tuple[str, ...]:
    """Return as many tickers as fit, in order; calls and puts of a strike together or not at all."""
    chosen: list[str] = []
    for _, group in groupby(ranked, key=lambda each: each[0]):
        tickers = [ticker for _, ticker in group]
        if len(chosen) + len(tickers) > most:
            break
        chosen += tickers
    return tuple(chosen)


def _steps(strikes: Iterable[float], before: float, now: float) -> int:
    """Return how many strikes lie between two prices."""
    low, high = min(before, now), max(before, now)
    return sum(low < strike <= high for strike in set(strikes))

"""An invented exchange: spots that walk, the session they are in, and the books of what is listed.

Snapshots and the stream are two views of it. Between two snapshots the market is where it would be if the next one were
taken now, so a quote of the stream lies between the two, and the snapshots are the same with the stream or without.
"""

from collections.abc import Sequence
from datetime import date

from chain.clock import Clock
from chain.model.keys import vendor_symbol
from chain.text import clean
from publisher.mock import listing, market
from publisher.mock.book import Book, Day, Moment
from publisher.mock.listing import PRODUCTS, Product, TradingSession
from publisher.source import SourceError


class Exchange:
    """A market invented from a seed, the same for the same seed and clock."""

    def __init__(self, clock: Clock, seed: int, underlyings: Sequence[str]) -> None:
        """Open an exchange for these underlyings; raises ConfigError for one that it does not know."""
        self.seed = seed
        self.underlyings = tuple(dict.fromkeys(listing.product_of(name).symbol for name in underlyings))
        self._clock = clock
        self._walk = market.Walk({name: product.regime for name, product in PRODUCTS.items()}, seed)
        self._books: dict[tuple[str, date], Book] = {}
        self._day: Day | None = None
        self._moved = 0.0  # monotonic instant of the last move
        self._salt = 1

    def move(self) -> None:
        """Let the market move for as long as the clock says; the first call opens it with a gap."""
        epoch_s, moved = self._clock.wall_ns() / 1e9, self._clock.monotonic()
        session = listing.session_at(epoch_s)
        before = self._spots()
        if self._day is None:
            self._walk.gap()
        else:
            self._walk.step(moved - self._moved, market.activity(session.progress(epoch_s)))
        if self._day is None or self._day.session != session:
            self._day = Day(session, self._spots(), before)
            self._books.clear()
        self._moved, self._salt = moved, self._walk.salt()

    def spot(self, underlying: str) -> float:
        """Return the spot of the last move; raise SourceError for an underlying not listed, or before the first."""
        self._opened(underlying)
        return self._walk.spot(underlying)

    def moment(self, underlying: str, spot: float) -> Moment:
        """Return what contracts share now, at the spot of a survey."""
        return self._moment(PRODUCTS[underlying], self._opened(underlying).session, spot, self._clock.wall_ns())

    def between(self, underlying: str) -> Moment | None:
        """Return the same as it would be if the market moved now, without moving it.

        None once a new session has begun, until its first snapshot is made. Outside trading hours what is quoted moves
        little, and nothing trades.
        """
        now_ns = self._clock.wall_ns()
        session = listing.session_at(now_ns / 1e9)
        progress = session.progress(now_ns / 1e9)
        if self._day is None or self._day.session != session:
            return None
        elapsed = self._clock.monotonic() - self._moved
        spot = self._walk.ahead(underlying, elapsed, market.activity(progress))
        return self._moment(PRODUCTS[underlying], session, spot, now_ns)

    def book(self, product: Product, root: str, expiry: date) -> Book:
        """Return the contracts of a root and expiry in this session."""
        known = self._books.get((root, expiry))
        if known is None:
            day = self._opened(product.symbol)
            known = self._books[root, expiry] = Book(product, root, expiry, day, self.seed)
        return known

    def _moment(self, product: Product, session: TradingSession, spot: float, now_ns: int) -> Moment:
        return Moment(
            product=product,
            ticker=vendor_symbol(product.symbol),
            spot_field="value" if product.index else "price",
            spot=spot,
            spot_x200=round(spot * 200),
            now_ns=now_ns,
            traded_until_ns=min(now_ns, round(session.closes * 1e9)),
            volume_done=market.volume_done(session.progress(now_ns / 1e9)),
            salt=self._salt,
        )

    def _spots(self) -> dict[str, float]:
        return {name: self._walk.spot(name) for name in self.underlyings}

    def _opened(self, underlying: str) -> Day:
        if underlying not in self.underlyings:
            raise SourceError(f"mock market has no {clean(underlying, 24)}: it runs {', '.join(self.underlyings)}")
        if self._day is None:
            raise SourceError("mock market has not opened: begin a cycle first")
        return self._day

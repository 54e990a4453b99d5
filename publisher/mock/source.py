"""The mock source: an invented market in the vendor's own shape, the same for the same seed and clock."""

from collections.abc import Iterable, Sequence
from datetime import date

from chain.clock import Clock
from chain.model.keys import ChainId
from chain.model.session import days_to_expiry
from chain.model.snapshot import Contract
from publisher import window
from publisher.mock import listing
from publisher.mock.book import items, smile_of
from publisher.mock.exchange import Exchange
from publisher.mock.listing import PRODUCTS
from publisher.mock.market import Smile
from publisher.source import ChainWindow, SourceError, SourceStatus, Survey
from publisher.window import EM_MULT


class MockSource:
    """A market invented from a seed; see `publisher.source.Source` for what each call promises."""

    def __init__(
        self, clock: Clock, *, seed: int = 7, underlyings: Sequence[str] = tuple(PRODUCTS), mult: float = EM_MULT
    ) -> None:
        self._clock, self._mult = clock, mult
        self.exchange = Exchange(clock, seed, underlyings)
        self._ladders = {name: listing.ladder(PRODUCTS[name]) for name in self.exchange.underlyings}

    in_memory = True

    @property
    def underlyings(self) -> tuple[str, ...]:
        """The underlyings it supplies, as they stand in keys."""
        return self.exchange.underlyings

    def status(self) -> SourceStatus:
        """Say that this market is invented, and from which seed."""
        return SourceStatus(kind="mock", detail=f"seed {self.exchange.seed}")

    async def begin_cycle(self) -> None:
        """Let the market move for as long as the clock says; the first call opens it with a gap."""
        self.exchange.move()

    async def survey(self, underlying: str) -> Survey:
        """Return spot and the expirations listed now; raise SourceError for an underlying not supplied."""
        spot, as_of = self.exchange.spot(underlying), self._clock.wall_ns() / 1e9
        return Survey(underlying, spot, as_of, listing.expirations(as_of))

    async def fetch_window(self, survey: Survey, expiry: date) -> ChainWindow:
        """Return the contracts of one expiry around the ATM; raise SourceError for a date not listed."""
        await self._clock.sleep(0)  # one expiry is some milliseconds of work: let others run between two
        name, spot = survey.underlying, survey.spot
        moment = self.exchange.moment(name, spot)
        if expiry not in survey.expirations:
            raise SourceError(f"mock market lists no {name} {expiry}: take a date that the survey lists")
        product = PRODUCTS[name]
        roots = listing.roots(product, expiry, survey.as_of)
        smiles = {root: smile_of(product, root, expiry, spot, survey.as_of) for root in roots}
        dte = days_to_expiry(expiry, survey.as_of)
        strikes = self._strikes(name, spot, smiles.values(), dte)
        found: list[Contract] = []
        for root, smile in smiles.items():
            found.extend(items(moment, self.exchange.book(product, root, expiry), smile, strikes))
        indexed = window.index_expiry(found)
        return window.cut(ChainId(name, expiry), indexed, spot=spot, dte=dte, mult=self._mult)

    async def aclose(self) -> None:
        """Do nothing: a mock holds no connection."""

    def _strikes(self, name: str, spot: float, smiles: Iterable[Smile], dte: int) -> Sequence[int]:
        """Return the strikes that the window can need: the cut is at most as wide as the most volatile root's."""
        ladder = self._ladders[name]
        atm = window.nearest_strike(ladder, spot)
        sigma = max(smile.vol(smile.deviations(atm)) for smile in smiles)
        return listing.around(ladder, atm, window.range_points(spot, sigma, dte, self._mult) + 1)

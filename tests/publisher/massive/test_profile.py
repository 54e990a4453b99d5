"""Planning requests without knowing the grid: for any ladder of strikes the window is whole, soon from one request."""

import math
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from chain.model.keys import ChainId
from publisher.massive.profile import Band, Filters, Profile, first_band, wider
from publisher.source import ChainWindow
from publisher.window import ExpiryChain, cut, index_expiry
from tests.support.builders import contracts, law

CHAIN = ChainId("ANY", date(2026, 7, 17))
TRIES = 3

strikes_of_any_kind = st.one_of(
    st.lists(st.integers(1, 8_000).map(lambda quarters: quarters / 4), min_size=1, max_size=120, unique=True),
    st.tuples(st.floats(0.01, 50), st.sampled_from([0.5, 1.0, 2.5, 5.0, 20.0, 25.0]), st.integers(1, 150)).map(
        lambda grid: [round(grid[0] + grid[1] * n, 2) for n in range(grid[2])]
    ),
)


class Vendor:
    """Lists strikes, and answers filters as the vendor does."""

    def __init__(self, strikes: list[float], iv: float | None) -> None:
        rows = contracts(CHAIN, sorted(strikes))
        self.rows = [row | {"implied_volatility": iv} for row in rows]
        self.requests = 0

    def fetch(self, parts: list[Filters]) -> ExpiryChain:
        """Return what the filters let through, each contract once."""
        self.requests += 1
        found = [row for part in parts for row in self.rows if _passes(part, row["details"])]
        assert len({row["details"]["ticker"] for row in found}) == len(found), "parts overlap"
        return index_expiry(found)


def _passes(part: Filters, details: dict[str, float]) -> bool:
    strike = details["strike_price"]
    return (
        part.get("contract_type", details["contract_type"]) == details["contract_type"]
        and float(part.get("strike_price.gte", 0)) <= strike <= float(part.get("strike_price.lte", math.inf))
        and strike < float(part.get("strike_price.lt", math.inf))
    )


def fetched(vendor: Vendor, spot: float, dte: int, profile: Profile | None) -> tuple[ChainWindow, Profile]:
    """Return a window as the live source gets it: by what is known, then wider, then all."""
    band = profile.band(spot) if profile else first_band(spot, dte)
    for attempt in range(1, TRIES + 1):
        chain = vendor.fetch(profile.parts(band) if profile else [band.filters()])
        if not chain.listed:
            band = Band()
            continue
        piece = cut(CHAIN, chain, spot=spot, dte=dte)
        more = wider(band, chain, piece, last=attempt == TRIES - 1)
        if more is None:
            return piece, Profile.of(chain, piece)
        band = more
    raise AssertionError(f"no whole window in {TRIES} tries")


@law
@given(
    strikes=strikes_of_any_kind,
    spot=st.floats(0.5, 2_500),
    iv=st.sampled_from([None, 0.05, 0.2, 1.5]),
    dte=st.sampled_from([0, 1, 5, 30, 700]),
    drift=st.floats(-0.002, 0.002),
)
def test_any_ladder_gives_the_window_of_the_whole_chain(
    strikes: list[float], spot: float, iv: float | None, dte: int, drift: float
) -> None:
    vendor = Vendor(strikes, iv)
    profile: Profile | None = None
    for moved in (spot, spot, spot * (1 + drift)):
        vendor.requests = 0
        piece, profile = fetched(vendor, moved, dte, profile)
        whole = cut(CHAIN, index_expiry(vendor.rows), spot=moved, dte=dte)
        assert (piece.atm, piece.range_points, piece.contracts) == (whole.atm, whole.range_points, whole.contracts)
        if moved == spot and profile and vendor.requests > 1:
            before = vendor.requests
            again, _ = fetched(vendor, spot, dte, profile)
            assert again.contracts == piece.contracts
            assert vendor.requests == before + 1, "what was learnt makes the next request the right one"

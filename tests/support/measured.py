"""Chains to measure: the vectors worked out by hand, Black-Scholes chains on any smile, and slices of either."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chain.analytics.black_scholes import black_scholes
from chain.analytics.measures.chain import ChainMeasures, measures_of
from chain.analytics.slice import ChainSlice, slice_of
from chain.model.grid import StrikeGrid, build_grid
from chain.model.keys import ChainId
from chain.model.session import NEW_YORK, years_to_expiry
from chain.model.snapshot import Contract
from tests.support.scenes import SPX_MONTHLY, item, received, snapshot

SPOT, SIGMA = 6930.0, 0.136
CLOSE = datetime(2026, 1, 16, 16, tzinfo=NEW_YORK).timestamp()
WEEK_BEFORE = CLOSE - 7 * 86_400

# Open interest by strike, calls and puts: net GEX, walls, max pain and both zero gammas are known for it.
HELD: Mapping[float, tuple[float, float]] = {
    6900: (500, 2500),
    6910: (800, 1800),
    6920: (1200, 1500),
    6930: (3000, 3000),
    6940: (1600, 900),
    6950: (2200, 700),
    6960: (2600, 400),
}


def priced(
    strike: float,
    side: str,
    *,
    vol: float = SIGMA,
    at: float = WEEK_BEFORE,
    chain: ChainId = SPX_MONTHLY,
    root: str | None = None,
    spot: float = SPOT,
    forward: float | None = None,
    half_width: float = 0.05,
    **parts: Any,
) -> Contract:
    """Return a contract quoted around its Black-Scholes worth, with the greeks of that worth."""
    years = years_to_expiry(chain.expiry, at)
    worth = black_scholes(forward or spot, strike, vol, years)
    mid = worth.call if side == "call" else worth.put
    body: dict[str, Any] = {
        "last_quote": {"bid": mid - half_width, "ask": mid + half_width},
        "greeks": {
            "delta": worth.call_delta - (side == "put"),
            "gamma": worth.gamma,
            "theta": worth.theta,
            "vega": worth.vega,
        },
        "implied_volatility": vol,
    }
    return item(strike, side, chain=chain, root=root, spot=spot, **(body | parts))


def held_chain(held: Mapping[float, tuple[float, float]] = HELD, **how: Any) -> list[Contract]:
    """Return a chain by its open interest."""
    return [
        priced(strike, side, open_interest=count, **how)
        for strike, both in held.items()
        for side, count in zip(("call", "put"), both, strict=True)
    ]


def grid(*items: Contract, chain: ChainId = SPX_MONTHLY) -> StrikeGrid:
    """Return the grid of a snapshot that holds these."""
    return build_grid(received(snapshot(chain, contracts=items)))


def sliced(*items: Contract, at: float = WEEK_BEFORE, chain: ChainId = SPX_MONTHLY) -> ChainSlice:
    """Return them as measures take them."""
    return slice_of(grid(*items, chain=chain), at)


def measured(*items: Contract, at: float = WEEK_BEFORE, chain: ChainId = SPX_MONTHLY) -> ChainMeasures:
    """Return their measures."""
    return measures_of(grid(*items, chain=chain), at)

"""A strike grid of 45 rows that ticks: at each step two cells in a hundred change, and every one of them visibly."""

import random
from collections.abc import Iterator
from copy import deepcopy
from datetime import date

from chain.model.keys import ChainId, SnapshotId
from chain.model.snapshot import Contract, Snapshot

ROWS = 45
COLUMNS = 11  # five figures a side and the strike
CHANGED = 0.02
_CHAIN = ChainId("SPX", date(2026, 1, 2))
_SPOT = 6931.42
_BEGAN_MS = 1_766_762_051_149
# Where a figure stands in an item, and a step that its text shows.
_FIGURES: tuple[tuple[tuple[str, ...], float], ...] = (
    (("open_interest",), 1.0),
    (("implied_volatility",), 0.001),
    (("greeks", "delta"), 0.01),
    (("last_quote", "bid"), 0.05),
    (("last_quote", "ask"), 0.05),
)


def ticks(count: int, seed: int = 7) -> Iterator[Snapshot]:
    """Return `count` snapshots of one chain, each differing from the one before in CHANGED of all cells."""
    rng = random.Random(seed)
    items = [_item(6820 + 5 * row, side) for row in range(ROWS) for side in ("call", "put")]
    cells = [(at, figure) for at in range(len(items)) for figure in range(len(_FIGURES))]
    for number in range(count):
        if number:
            for at, figure in rng.sample(cells, round(CHANGED * ROWS * COLUMNS)):
                place, step = _FIGURES[figure]
                items[at] = _moved(items[at], place, rng.choice((-step, step)))
        stamp = _BEGAN_MS + 250 * number
        yield Snapshot(SnapshotId(_CHAIN, stamp), stamp / 1000, 6930, 110, tuple(items))


def _item(strike: int, side: str) -> Contract:
    away = (strike - _SPOT) if side == "call" else (_SPOT - strike)
    bid = round(max(1.0, 24.0 - away / 2) * 20) / 20
    return {
        "details": {
            "ticker": f"O:SPXW260102{side[0].upper()}{strike * 1000:08d}",
            "contract_type": side,
            "expiration_date": _CHAIN.expiry.isoformat(),
            "shares_per_contract": 100,
            "strike_price": strike,
        },
        "open_interest": 400 + strike % 97,
        "implied_volatility": 0.135 + abs(away) / 5000,
        "greeks": {"delta": max(0.02, min(0.98, 0.5 - away / 250)), "gamma": 0.004, "theta": -2.1, "vega": 3.3},
        "last_quote": {"bid": bid, "ask": bid + 0.4, "last_updated": _BEGAN_MS * 1_000_000, "timeframe": "REAL-TIME"},
        "underlying_asset": {"ticker": "I:SPX", "value": _SPOT},
    }


def _moved(item: Contract, place: tuple[str, ...], step: float) -> Contract:
    """Return the item with one figure a step away."""
    moved = deepcopy(item)
    *outer, name = place
    holder = moved
    for key in outer:
        holder = holder[key]
    holder[name] += step
    return moved

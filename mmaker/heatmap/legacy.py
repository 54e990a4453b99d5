"""A model in the form that MarketSwarm's own readers know: `massive:heatmap:model:{SYMBOL}:latest`.

Its tiles have both sides, are named by days to expiry, and know one root a date. They are written from the same mids;
MarketSwarm's `debit` is theoretical and its `market_debit` the market's, here both are the market's. A side without a
debit is left out, and a butterfly that has not both.
"""

from collections import Counter
from typing import Any

import orjson

from chain.model.keys import vendor_symbol
from chain.pipeline.heatmap import HeatmapModel, Tile

LEGACY_TTL_S = 259_200  # MarketSwarm's screens show Friday's model all weekend
_SIDES = ("call", "put")


def legacy_body(model: HeatmapModel, now_s: float) -> bytes:
    """Return the JSON of a model as published at `now_s`, epoch seconds, which is its `ts` and in ms its version."""
    symbol = vendor_symbol(model.underlying)
    days = {each.expiration: max(0, each.dte) for each in model.expirations}
    tiles: dict[str, dict[str, Any]] = {}
    for name, tile in sorted(model.tiles.items()):
        strategy, expiration, width, strike, side = name.split(":")
        if side not in _SIDES or tile.debit is None:
            continue
        dte, points = days[expiration], _number(width)
        key = f"{strategy}:{dte}:{points}:{int(float(strike))}"
        about = {"symbol": symbol, "strategy": strategy, "dte": dte, "strike": float(strike), "width": points}
        tiles.setdefault(key, about)[side] = _side(strategy, tile)
    known = {key: body for key, body in tiles.items() if body["strategy"] != "butterfly" or {*_SIDES} <= body.keys()}
    counts = Counter(str(body["dte"]) for body in known.values())
    return orjson.dumps(
        {
            "ts": now_s,
            "symbol": symbol,
            "epoch": "current",
            "version": int(now_s * 1000),
            "dtes_available": sorted(map(int, counts)),
            "dte_tile_counts": dict(counts),
            "tiles": known,
        }
    )


def _side(strategy: str, tile: Tile) -> dict[str, float | None]:
    if strategy == "single":
        return {"mid": tile.debit, "market_mid": tile.debit}
    return {
        "debit": tile.debit,
        "max_profit": tile.max_profit,
        "max_loss": tile.max_loss,
        "market_debit": tile.debit,
    }


def _number(text: str) -> int | float:
    return int(text) if text.isdecimal() else float(text)

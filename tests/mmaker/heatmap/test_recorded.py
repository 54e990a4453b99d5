"""Models of recorded chains, held tile by tile against what a slow and independent reading of their JSON gives."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from chain.model.keys import KeySchema
from chain.monitor.states import State
from chain.pipeline.heatmap import Tile
from mmaker.heatmap.snapshots import SnapshotModel, model_of
from mmaker.inputs import ChainInput
from tests.support.places import CAPTURES
from tests.support.recorded_chains import recorded_inputs

KEYS = KeySchema()
FILES = sorted(CAPTURES.glob("*.jsonl.gz"))
STRIKES = 50
WITHOUT_QUOTES = ("NVDA", "TSLA")  # recorded with a plan that sends none, so no mid is known
AM_ROOTS = ("SPX", "NDX")

Mids = dict[tuple[str, str, Decimal], Decimal]  # by root, side and strike


def mids_of(body: Mapping[str, Any]) -> Mids:
    """Return the mids of a payload's sound two-sided quotes."""
    found: Mids = {}
    for item in body["contracts"]:
        details, quote = item["details"], item.get("last_quote") or {}
        bid, ask = Decimal(str(quote.get("bid") or 0)), Decimal(str(quote.get("ask") or 0))
        if 0 < bid < ask:
            root = details["ticker"][2:-15]
            found[root, details["contract_type"], Decimal(str(details["strike_price"]))] = (bid + ask) / 2
    return found


def slow_tiles(each: ChainInput, widths: tuple[float, ...]) -> Iterator[tuple[str, Decimal]]:
    """Yield every tile of a chain by name with its debit, negative ones too."""
    assert each.snapshot is not None
    body = orjson.loads(each.snapshot.raw)
    mids, day = mids_of(body), body["expiration"]
    roots = {item["details"]["ticker"][2:-15] for item in body["contracts"]}
    listed = {Decimal(str(item["details"]["strike_price"])) for item in body["contracts"]}
    near = sorted(listed, key=lambda strike: (abs(strike - body["atm"]), strike))[:STRIKES]
    plain = min(roots, key=lambda root: (root in AM_ROOTS, root))
    for (root, side, strike), mid in mids.items():
        if strike not in near:
            continue
        where = f"{strike.normalize():f}:{side}{'' if root == plain else '@' + root}"
        yield f"single:{day}:0:{where}", mid
        for width in map(Decimal, map(str, widths)):
            wide = f"{width.normalize():f}"
            down, up = mids.get((root, side, strike - width)), mids.get((root, side, strike + width))
            out = up if side == "call" else down
            if out is not None:
                yield f"vertical:{day}:{wide}:{where}", mid - out
            if down is not None and up is not None:
                yield f"butterfly:{day}:{wide}:{where}", down - 2 * mid + up


def check(tile: Tile, debit: Decimal) -> None:
    if debit < 0:
        assert (tile.debit, tile.max_profit, tile.max_loss, tile.na) == (None, None, None, True)
    else:
        assert Decimal(repr(tile.debit)) == debit
        assert tile.na is not True


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition(".")[0])
async def test_every_tile_is_what_the_json_says_and_none_is_missing(path: Path) -> None:
    for underlying, inputs in (await recorded_inputs(path, 6)).items():
        model = model_of(underlying, inputs, KEYS)
        expected = dict(tile for each in inputs for tile in slow_tiles(each, model.widths))
        assert len(expected) > 500 or underlying in WITHOUT_QUOTES
        assert model.tiles.keys() == expected.keys()
        for name, tile in model.tiles.items():
            check(tile, expected[name])
        assert [each.dte for each in model.expirations] == [each.dte for each in inputs]


async def test_instant_by_instant_is_the_same_as_each_anew() -> None:
    """Chains come, change, go stale and go again; what did not change is not made again and is no different."""
    [(underlying, inputs)] = (await recorded_inputs(FILES[0], 6)).items()
    kept = SnapshotModel(underlying, KEYS)
    states = (State.FRESH, State.AGING, State.STALE, State.MISSING)
    steps = [inputs, inputs[1:], inputs[:2], [], inputs]
    steps += [[_in_state(each, state) for each in inputs] for state in states]
    for step in steps:
        assert kept.of(step) == model_of(underlying, step, KEYS)


def _in_state(each: ChainInput, state: State) -> ChainInput:
    return ChainInput(each.chain, state, snapshot=each.snapshot, kind=each.kind, spot=each.spot, dte=each.dte)

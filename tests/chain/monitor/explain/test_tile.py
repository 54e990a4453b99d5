"""A tile's explanation names its model and its legs, and its debit is computed again from the snapshot's mids."""

from collections.abc import Mapping

import pytest

from chain.clock import Instant
from chain.model.keys import KeySchema, SnapshotId
from chain.monitor.board import ChainRecord
from chain.monitor.explain.explain import explain
from chain.monitor.explain.explanation import Explanation
from chain.monitor.explain.question import TileOf
from chain.pipeline.heatmap import HeatmapModel, ModelExpiration, Tile
from tests.support.explained import question
from tests.support.scenes import SPX, START_S, item, manual_clock, record

NOW = Instant.now(manual_clock())
MIDS = {6920: 16.5, 6930: 10.2, 6940: 5.7}


def quoted(mids: Mapping[int, float]) -> ChainRecord:
    contracts = [
        item(strike, side, last_quote={"bid": mid - 0.1, "ask": mid + 0.1})
        for strike, mid in mids.items()
        for side in ("call", "put")
    ]
    return record(SPX, NOW, age_ms=2_000, contracts=contracts)


def model_of(snapshot: SnapshotId, position: str = "0-0", tiles: Mapping[str, Tile] | None = None) -> HeatmapModel:
    made = ModelExpiration("2026-01-02", 0, KeySchema().snapshot(snapshot), position, "FRESH")
    return HeatmapModel(
        underlying="SPX",
        ts=START_S - 1.5,
        version="abc",
        spot=6931.0,
        atm=6930,
        widths=(10.0,),
        expirations=(made,),
        tiles=tiles or {},
    )


def asked(held: ChainRecord, name: str, tile: Tile | None, position: str = "0-0") -> Explanation:
    assert held.last_good is not None
    model = model_of(held.last_good.snapshot.id, position)
    return explain(question(held, NOW, TileOf(model, name, tile)))


BUTTERFLY = Tile(1.8, 8.2, 1.8, ((6920.0, 1), (6930.0, -2), (6940.0, 1)), START_S * 1000 - 2_500)


def test_a_tile_is_computed_again_from_the_mids_of_its_legs() -> None:
    found = asked(quoted(MIDS), "butterfly:2026-01-02:10:6930:call", BUTTERFLY)
    assert found.value == 1.8
    assert found.facts("formula") == ["m(K-w) - 2 m(K) + m(K+w) of the mids m of its legs"]
    assert found.facts("by snapshot") == ["1.8, as in the model"]
    assert found.facts("sell 2 x 6930") == [
        "mid 10.2: contracts[2].last_quote.bid 10.1, contracts[2].last_quote.ask 10.299999999999999"
    ]
    assert found.facts("key")[0] == "massive:model:heatmap:SPX"
    assert "butterfly:2026-01-02:10:6930:call" in found.facts("field")[0]
    assert found.facts("oldest leg")[0].endswith("2.5 s ago")
    assert found.facts("position") == ["the snapshot alone, no entry of the stream"]


def test_where_the_stream_has_newer_mids_that_is_told() -> None:
    newer = Tile(2.1, 7.9, 2.1, BUTTERFLY.legs, BUTTERFLY.oldest_ms)
    found = asked(quoted(MIDS), "butterfly:2026-01-02:10:6930:call", newer, "17-3")
    assert found.value == 2.1
    assert found.facts("by snapshot") == ["1.8; the stream's newer mids are in the model"]
    assert found.facts("position") == ["17-3 of massive:ws:stream: the last entry merged"]


@pytest.mark.parametrize(
    ("tile", "why"),
    [
        (None, "the model has no such tile: a leg is not listed, or has no mid"),
        (Tile(None, None, None, BUTTERFLY.legs, 1, True), "the mids of its legs give a negative debit"),
    ],
)
def test_a_tile_without_a_debit_says_why(tile: Tile | None, why: str) -> None:
    found = asked(quoted(MIDS), "butterfly:2026-01-02:10:6930:call", tile)
    assert found.value is None
    assert found.facts("missing")[0].startswith(why)


def test_a_leg_that_has_no_mid_or_another_snapshot_is_told() -> None:
    del_one = {strike: mid for strike, mid in MIDS.items() if strike != 6940}
    found = asked(quoted(del_one), "butterfly:2026-01-02:10:6930:call", BUTTERFLY)
    assert found.facts("buy 1 x 6940") == ["mid -: not listed"]
    assert found.facts("by snapshot")[0].startswith("a leg has no mid in the snapshot")
    held = quoted(MIDS)
    other = model_of(SnapshotId(SPX, START_S * 1000 - 60_000))
    legs = explain(question(held, NOW, TileOf(other, "single:2026-01-02:0:6930:put", Tile(1, 2, 1, ((6930.0, 1),), 1))))
    assert legs.facts("buy 1 x 6930") == ["put; the model stands on another snapshot than the newest"]

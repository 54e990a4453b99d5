"""A table is read back as it was written, and no spreadsheet takes a text of it for a formula."""

import csv
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.analytics.derive import derive
from chain.analytics.measures.underlying import underlying_measures
from chain.analytics.painted import painted
from chain.clock import Instant
from chain.model.keys import KeySchema
from chain.monitor.analytics import chain_measures
from chain.pipeline.staging import StagedContract, StagingMeta, Value
from tests.support.heatmaps import DATES, heatmap_model, view_of
from tests.support.scenes import SPX, SPX_MON, START_S, item, law, manual_clock, received, record, snapshot, surface
from tui.export.table import Table, guarded
from tui.export.tables.grid import grid_table
from tui.export.tables.heatmap import heatmap_table
from tui.export.tables.measures import measures_table
from tui.lines.heatmap.choice import TileChoice
from tui.lines.heatmap.matrix import matrix_of

ABOUT = [("key", "massive:chain:snapshot:SPX:2026-01-02:1")]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def read(table: Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table.csv().decode(), newline="")))


def rows(table: Table) -> list[dict[str, str]]:
    heads, *body = [row for row in read(table) if not row[0].startswith("# ")]
    return [dict(zip(heads, row, strict=True)) for row in body]


@law
@given(TEXTS)
def test_no_text_begins_like_a_formula(text: str) -> None:
    shown = guarded(text)
    assert shown in (text, f"'{text}")
    assert shown.lstrip(" ")[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


@law
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_keeps_all_its_digits_and_its_sign(value: float) -> None:
    assert float(guarded(value)) == value


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_no_finite_number_is_an_empty_cell(value: float) -> None:
    assert guarded(value) == ""


@law
@given(st.lists(st.tuples(TEXTS, st.none() | TEXTS | st.floats(-1e9, 1e9)), min_size=1, max_size=5))
def test_what_is_written_is_read_again(cells: list[tuple[str, str | float | None]]) -> None:
    table = Table(ABOUT, ("a", "b"), cells)
    about, heads, *body = read(table)
    assert about == ["# key", ABOUT[0][1]] and heads == ["a", "b"]
    assert body == [[guarded(cell) for cell in row] for row in cells]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "|cmd", "=cmd|'/c calc'!A1"]
)
def test_each_way_to_begin_a_formula_is_quoted(text: str) -> None:
    assert guarded(text) == f"'{text}"


def test_the_grid_has_every_figure_with_its_unit_and_what_is_missing_is_empty() -> None:
    quoted = item(6930, "call", last_quote={"bid": 4.1, "ask": 4.0}, greeks={"delta": -0.25})
    known = derive(received(snapshot(contracts=[*surface((6920,)), quoted])), START_S)
    low, high = rows(grid_table(ABOUT, known, None))
    assert (low["root"], float(low["strike (points)"])) == ("SPXW", 6920)
    assert float(low["call bid (points of the underlying)"]) == 10.0
    assert float(low["put open interest (contracts)"]) == 900
    assert low["call quote"] == "sound"
    assert float(low["call gamma exposure (dollars per 1 % move)"]) > 0
    assert int(low["put quote time (epoch ms)"]) == START_S * 1000 - 1000
    assert (high["call delta (per share)"], high["call mid (points of the underlying)"]) == ("-0.25", "")
    assert (high["call quote"], high["put quote"], high["put bid (points of the underlying)"]) == (
        "crossed",
        "not listed",
        "",
    )


def test_figures_of_the_stream_are_marked() -> None:
    made = snapshot()
    known = derive(received(made), START_S)
    key = f"massive:chain:snapshot:SPX:2026-01-02:{made.id.ts_ms}"
    meta = StagingMeta(snapshot=key, ts=made.ts, atm=6930, position="1-1", flushed=made.ts)
    newer = StagedContract(side="put", strike=6930, root="SPXW", last=Value(9.75, made.id.ts_ms + 1, "stream"))
    found = rows(grid_table(ABOUT, known, painted(known.grid, meta, {"x": newer})))
    middle = next(row for row in found if row["strike (points)"] == "6930")
    assert float(middle["put last trade (points of the underlying)"]) == 9.75
    assert "Last" in middle["put of the stream"] and middle["call of the stream"] == ""


def test_every_measure_has_its_unit_its_contracts_and_its_oldest_snapshot() -> None:
    now = Instant.now(manual_clock())
    records = [record(SPX, now, age_ms=3_000), record(SPX_MON, now, age_ms=1_000)]
    chains = [one for one in map(chain_measures, records) if one is not None]
    across = underlying_measures(chains)
    found = rows(measures_table(ABOUT, across, KeySchema()))
    assert len(found) == sum(len(one.measures) + 1 for one in chains) + len(across.totals)
    for row in found:
        assert row["unit"] and row["convention"] and row["used"].isdecimal()
        assert row["oldest snapshot"].startswith("massive:chain:snapshot:SPX:")
        assert bool(row["value"]) or bool(row["note"])
    [straddle] = [row for row in found if (row["expiration"], row["measure"]) == ("2026-01-02", "straddle")]
    assert float(straddle["value"]) == chains[0]["straddle"].value
    [total] = [row for row in found if (row["expiration"], row["measure"]) == ("total", "gex_net")]
    assert total["oldest snapshot"].endswith(f":2026-01-02:{chains[0].snapshot.ts_ms}")


def test_the_heatmap_has_its_debits_where_they_stand() -> None:
    model = heatmap_model(ts=1.0, dates=DATES[:2])
    matrix = matrix_of(model, view_of(model, "").index, TileChoice(), DATES[0].isoformat())
    table = heatmap_table(ABOUT, matrix, model, KeySchema())
    found = rows(table)
    assert [float(row["strike (points)"]) for row in found] == list(matrix.strikes)
    for row, tiles in zip(found, matrix.tiles, strict=True):
        for cell, tile in zip(list(row.values())[1:], tiles, strict=True):
            if tile is None or tile.debit is None:
                assert cell == ("" if tile is None else "NA")
            else:
                assert math.isclose(float(cell), tile.debit)
    assert ["# model", "massive:model:heatmap:SPX"] in read(table)

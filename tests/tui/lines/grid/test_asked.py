"""Every column of the grid, and every line of the measures, is explained as the number that is shown."""

from pathlib import Path

import pytest

from chain.analytics.measures.underlying import underlying_measures
from chain.clock import Instant
from chain.model.placement import Place
from chain.monitor.analytics import DatedBoard, analytics_of, chain_measures
from chain.monitor.explain.explain import explain
from chain.monitor.explain.fields import QUOTE
from chain.monitor.explain.question import CellOf, MeasureOf, Question
from tests.support.explained import question, recorded_records
from tests.support.places import CAPTURES
from tests.support.scenes import board, manual_clock
from tui.lines import figures
from tui.lines.grid.annotations import annotations
from tui.lines.grid.asked import FIGURE_OF
from tui.lines.grid.columns.catalogue import COLUMNS, NO_FACTS, STRIKE
from tui.lines.measures.names import FROM_HISTORY, ROWS, value_text
from tui.lines.measures.table import cell_text

FILES = sorted(CAPTURES.glob("*.jsonl.gz"))
EVERY = 31  # of the contracts of a chain


def test_every_column_can_be_asked_for() -> None:
    assert set(FIGURE_OF) == {*COLUMNS, STRIKE}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
async def test_every_column_is_explained_as_the_number_that_is_shown(path: Path) -> None:
    [(held, now), *_] = await recorded_records(path, 1)
    known = analytics_of(held)
    assert known is not None
    facts = annotations(known.grid, known.measures).facts
    for row in known.grid.rows[::EVERY]:
        for side, leg in (("call", row.call), ("put", row.put)):
            place = Place(row.strike, row.root, side)
            for name, column in COLUMNS.items():
                if leg is None:
                    continue
                value = column.value(leg, facts.get(place, NO_FACTS))
                found = explain(question(held, now, CellOf(place, FIGURE_OF[name])))
                if FIGURE_OF[name] == QUOTE:
                    assert found.facts("value") == [value.value or "sound"]
                elif value is None:
                    assert found.value is None and found.facts("missing"), (place, name)
                else:
                    assert found.value == pytest.approx(value, abs=0.051 if "age of" in found.title else 1e-9)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
async def test_every_line_of_the_measures_is_explained_as_the_number_that_is_shown(path: Path) -> None:
    records = [held for held, _ in await recorded_records(path, 3)]
    now = Instant.now(manual_clock())
    moment = DatedBoard(board(records, now), now)
    mine = [held for held in records if held.chain.underlying == records[0].chain.underlying]
    across = underlying_measures([one for one in map(chain_measures, mine) if one is not None])
    beside = {
        chain.snapshot: {"forward_vol": one} for chain, one in zip(across.chains, across.forward_vols, strict=True)
    }
    columns = [(chain.snapshot.chain, {**chain.measures, **beside[chain.snapshot]}) for chain in across.chains]
    for chain, measures in [*columns, (None, across.totals)]:
        held = next(one for one in mine if one.chain == (chain or mine[0].chain))
        for row in ROWS:
            if row.name in FROM_HISTORY:
                continue
            asked = MeasureOf(row.name, across=chain is None, input=row.input, less=row.other)
            found = explain(Question(asked, held.chain, moment, held.last_good))
            shown = cell_text(row, measures)
            if row.is_measure and row.name in measures:
                assert found.value == measures[row.name].value
                assert value_text(row.name, measures[row.name]) == shown
            elif shown not in ("", figures.MISSING):
                assert figures.signed(found.value) == shown
            assert (found.value is None) == bool(found.facts("missing"))

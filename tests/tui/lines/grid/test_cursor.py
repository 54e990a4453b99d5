"""The grid's cursor: every figure can be reached, none is skipped, and another grid has its place again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.model.grid import StrikeGrid, build_grid
from chain.model.placement import Place
from tests.support.scenes import SPX, item, law, received, snapshot, surface
from tui.lines.grid.cells import unmarked
from tui.lines.grid.cursor import GridCell, Spot, cell_at, located, moved, pointed, under
from tui.lines.grid.rows import grid_table
from tui.lines.line import Ground, length, plain

STRIKES = (6910, 6920, 6930, 6940, 6950)


def grid_of(*strikes: float) -> StrikeGrid:
    return build_grid(received(snapshot(SPX, contracts=surface(strikes or STRIKES))))


@law
@given(width=st.integers(46, 220), highest_first=st.booleans())
def test_a_walk_over_the_grid_meets_every_figure_once(width: int, highest_first: bool) -> None:
    table = grid_table(grid_of(), width, highest_first=highest_first)
    at = moved(table, located(table, None) or Spot(0, 0), -99, -99)
    met = []
    for _ in STRIKES:
        row, at = at, moved(table, at, 1, 0)
        for _ in table.cells:
            met.append(cell_at(table, row))
            row = moved(table, row, 0, 1)
        assert row == moved(table, row, 0, 1)  # an end is an end
    columns = {(cell.side, cell.column) for cell in table.cells}
    assert len(met) == len(set(met)) == len(STRIKES) * len(columns)
    assert None not in met


@law
@given(width=st.integers(46, 220), line=st.integers(0, 5), cell=st.integers(0, 40))
def test_what_is_under_the_mouse_is_what_is_pointed_at(width: int, line: int, cell: int) -> None:
    table = grid_table(grid_of(), width)
    span = table.cells[cell % len(table.cells)]
    shown, before = pointed(table.body[line], span.begin, span.end), table.body[line]
    assert length(shown) == length(before)
    if (at := under(table, line, span.begin)) is not None:
        assert table.cells[at.cell] == span and at.line == line
        [cursor] = [one for one in shown if one.ground is Ground.CURSOR]
        figure = plain(before)[span.begin : span.end].strip()
        at_edge = span.end == width
        assert cursor.text == (figure if figure.startswith("[") else f"[{figure}{'' if at_edge else ']'}")
        assert plain(shown).replace(cursor.text, "") != plain(shown)


def test_the_cursor_begins_on_the_bid_of_the_call_at_the_money() -> None:
    table = grid_table(grid_of(), 120)
    assert cell_at(table, located(table, None) or Spot(0, 0)) == GridCell(Place(6930, "SPXW", "call"), "Bid")


def test_a_cell_that_is_no_more_leads_to_its_nearest() -> None:
    wide, narrow = grid_table(grid_of(), 200), grid_table(grid_of(6900, 6934, 6950), 60)
    vega = GridCell(Place(6930, "SPXW", "put"), "Vega")
    assert cell_at(wide, located(wide, vega) or Spot(0, 0)) == vega
    found = cell_at(narrow, located(narrow, vega) or Spot(0, 0))
    assert found == GridCell(Place(6934, "SPXW", "put"), "Bid")
    call = vega._replace(place=Place(6951, "SPXW", "call"))
    assert cell_at(narrow, located(narrow, call) or Spot(0, 0)) == GridCell(Place(6950, "SPXW", "call"), "Ask")


def test_a_strike_of_two_roots_is_found_by_its_root() -> None:
    both = [item(6930, side, root=root) for root in ("SPX", "SPXW") for side in ("call", "put")]
    table = grid_table(build_grid(received(snapshot(SPX, contracts=both))), 120)
    for root in ("SPX", "SPXW"):
        cell = GridCell(Place(6930, root, "put"), "Ask")
        assert cell_at(table, located(table, cell) or Spot(0, 0)) == cell


def test_where_there_is_no_strike_there_is_no_cursor() -> None:
    assert located(grid_table(build_grid(received(snapshot(SPX, contracts=()))), 120), None) is None


@pytest.mark.parametrize(
    ("shown", "figure"),
    [
        ("[6930]", "6930"),
        ("▴12.60", "12.60"),
        ("*12.60x", "12.60"),
        ("0.10o", "0.10"),
        ("-0.10n", "-0.10"),
        ("~-.50", "-.50"),
        ("-", "-"),
        ("1.2k", "1.2k"),
        ("newer", "newer"),
        ("one-sided", "one-sided"),
        ("no quote", "no quote"),
        ("+146.8M", "+146.8M"),
    ],
)
def test_a_figure_is_copied_without_the_marks_around_it(shown: str, figure: str) -> None:
    assert unmarked(shown) == figure

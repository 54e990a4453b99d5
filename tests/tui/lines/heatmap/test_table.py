"""The heatmap's lines: within their width, tiles where they belong, and the ATM, the spot and the cursor to be seen."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.monitor.states import State
from chain.pipeline.heatmap import STRATEGIES, HeatmapModel, Tile
from chain.pipeline.heatmap_index import index_of
from tests.support.heatmaps import DATES, STRIKES, WIDTHS, heatmap_model
from tests.support.scenes import START_S, law
from tui.lines.heatmap.choice import Across, TileChoice
from tui.lines.heatmap.frame import foot, heat_title, legend
from tui.lines.heatmap.freshness import ModelAge
from tui.lines.heatmap.matrix import Matrix, matrix_of
from tui.lines.heatmap.scale import Scale, fitted
from tui.lines.heatmap.table import STRIKE_WIDTH, HeatTable, Paint, heat_table, tile_text
from tui.lines.heatmap.tile import tile_lines
from tui.lines.line import HEAT, Ground, Role, length, plain

MODEL = heatmap_model(states={DATES[3]: "STALE"})
FRIDAY = DATES[0].isoformat()
COLOURS = Paint(7)


def page(choice: TileChoice | None = None, model: HeatmapModel = MODEL, day: date = DATES[0]) -> Matrix:
    return matrix_of(model, index_of(model.tiles), choice or TileChoice(), day.isoformat())


def drawn(
    matrix: Matrix, width: int = 100, paint: Paint = COLOURS, *, highest_first: bool = True, current: bool = True
) -> HeatTable:
    scale = fitted(matrix.debits, paint.steps)
    return heat_table(matrix, scale, paint, width, highest_first=highest_first, current=current)


@law
@given(
    st.sampled_from(STRATEGIES),
    st.sampled_from(["call", "put", "call@SPX"]),
    st.sampled_from(Across),
    st.integers(20, 220),
    st.sampled_from([Paint(7), Paint(5), Paint(5, shaded=True)]),
    st.booleans(),
)
def test_every_line_is_as_wide_as_the_panel(
    strategy: str, side: str, across: Across, width: int, paint: Paint, current: bool
) -> None:
    choice = TileChoice(next(one for one in STRATEGIES if one == strategy), side, wanted=across)
    matrix = page(choice)
    table = drawn(matrix, width, paint, current=current)
    for line in (*table.head, *table.body):
        assert length(line) <= width
    for line in (legend(fitted(matrix.debits, paint.steps), paint, width), foot(matrix, width)):
        assert length(line) <= width
    assert len(table.strikes) == len(table.body)


@law
@given(
    st.dictionaries(
        st.sampled_from(sorted(MODEL.tiles)),
        st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, -1.0, 1e308, 5e-324]),
        max_size=8,
    ),
    st.sampled_from([40, 80, 140]),
)
def test_whatever_a_model_says_the_lines_keep_their_width(odd: dict[str, float], width: int) -> None:
    spoiled = {name: replace(MODEL.tiles[name], debit=debit, max_profit=debit) for name, debit in odd.items()}
    model = replace(MODEL, tiles={**MODEL.tiles, **spoiled})
    matrix = page(model=model)
    table = drawn(matrix, width)
    lines = [*table.head, *table.body, legend(fitted(matrix.debits, 7), COLOURS, width), foot(matrix, width)]
    assert {length(line) <= width for line in lines} == {True}
    assert all(length(line) <= width for line in tile_lines(matrix, model, MODEL.ts, width))


def test_a_page_has_a_column_for_each_width_and_a_row_for_each_strike_between_those_with_tiles() -> None:
    matrix = page()
    assert [column.width for column in matrix.columns] == list(WIDTHS)
    assert matrix.strikes == tuple(strike for strike in STRIKES if 6850 <= strike <= 7010)
    tile = matrix.tiles[matrix.strikes.index(6930.0)][0]
    assert tile == MODEL.tiles[f"butterfly:{FRIDAY}:20:6930:call"]


def test_a_page_without_any_tile_keeps_the_atm() -> None:
    matrix = page(model=replace(MODEL, tiles={name: tile for name, tile in MODEL.tiles.items() if "single" in name}))
    assert matrix.columns == () or matrix.strikes == (6930.0,)


def test_expirations_across_are_in_order_and_name_their_dte_and_what_is_stale() -> None:
    matrix = page(TileChoice(wanted=Across.EXPIRATION))
    assert [column.expiration for column in matrix.columns] == [day.isoformat() for day in DATES]
    heading = plain(drawn(matrix).head[0])
    assert "01-02 0d" in heading and "01-07 5d!" in heading


def test_a_single_contract_has_no_width_and_is_shown_by_dte() -> None:
    assert page(TileChoice("single")).across is Across.EXPIRATION


def test_the_spot_is_ruled_between_the_strikes_around_it_and_the_atm_is_boxed() -> None:
    table = drawn(page())
    assert table.spot is not None and table.atm is not None
    assert "spot 6,931.42" in plain(table.body[table.spot])
    above, below = plain(table.body[table.spot - 1]), plain(table.body[table.spot + 1])
    assert "6935" in above and "[6930]" in below
    assert table.atm == table.spot + 1
    turned = drawn(page(), highest_first=False)
    assert turned.spot is not None and "[6930]" in plain(turned.body[turned.spot - 1])


def test_the_cursor_stands_at_the_atm_until_it_is_moved_and_is_seen_without_colour() -> None:
    table = drawn(page())
    assert table.cursor == table.atm
    moved = drawn(page(TileChoice(strike=6900.0, width=30.0)))
    assert moved.cursor is not None
    line = moved.body[moved.cursor]
    [cell] = [span for span in line if span.ground is Ground.CURSOR]
    assert cell.text.startswith(">") and cell.text.endswith("<")
    tile = MODEL.tiles[f"butterfly:{FRIDAY}:30:6900:call"]
    assert tile.debit is not None and f"{tile.debit:.2f}" in cell.text


def test_a_missing_tile_is_a_dash_and_a_negative_debit_is_na_on_no_step() -> None:
    name = f"butterfly:{FRIDAY}:20:6935:call"
    negative = Tile(None, None, None, ((6915.0, 1), (6935.0, -2), (6955.0, 1)), 1, na=True)
    model = replace(MODEL, tiles={**MODEL.tiles, name: negative})
    table = drawn(page(model=model))
    top, above = table.body[0], table.body[table.strikes.index(6935.0)]
    assert plain(top).count("-") == len(WIDTHS) - 1  # of the wider ones a wing is beyond the last strike
    assert sum(span.ground in HEAT for span in top) == 1
    assert above[1].text.strip() == "NA" and above[1].ground is Ground.PLAIN


def test_dearer_tiles_are_on_higher_steps_and_old_ones_on_none() -> None:
    matrix = page()
    row = drawn(matrix).body[drawn(matrix).strikes.index(6925.0)]
    grounds = [span.ground for span in row if span.ground in HEAT]
    assert grounds == sorted(grounds, key=HEAT.index) and len(grounds) > 2
    old = drawn(matrix, current=False)
    assert not any(span.ground in HEAT for line in old.body for span in line)


def test_of_several_expirations_that_of_a_stale_snapshot_has_no_step() -> None:
    matrix = page(TileChoice(wanted=Across.EXPIRATION))
    stale = next(at for at, column in enumerate(matrix.columns) if column.state == "STALE")
    table = drawn(matrix)
    begin = STRIKE_WIDTH + (stale - table.first) * table.cell
    for line in table.body:
        at = 0
        for span in line:
            if span.ground in HEAT:
                assert at + len(span.text) <= begin or at >= begin + table.cell
            at += len(span.text)
    assert any(span.ground in HEAT for line in table.body for span in line)


def test_the_line_of_a_tile_names_the_expiration_that_the_page_does_not_and_what_is_old() -> None:
    across = TileChoice(wanted=Across.EXPIRATION)
    assert plain(foot(page(across), 80)).startswith(" 01-02 6930 butterfly call 20 wide: debit")
    [stale] = foot(page(across, day=DATES[3]), 80)
    assert stale.text.startswith(" 01-07 STALE 6930 butterfly call 20 wide: ") and stale.role is Role.CAUTION
    assert plain(foot(page(), 80)).startswith(" 6930 butterfly call 20 wide: debit")


def test_an_old_model_tells_of_when_it_is_and_why_there_is_no_newer_one() -> None:
    age = ModelAge(State.STALE, START_S - 86_400 * 2, 86_400 * 2.0, "2026-01-02: its snapshot is 35 s old")
    told = plain(legend(Scale(), COLOURS, 100, age))
    assert "LAST GOOD 12-31 10:00:00, no colours: 2026-01-02: its snapshot is 35 s old" in told
    assert "2d00h " in plain(heat_title("SPX", page(), age, "[MOCK]", 100))
    assert "01-02 Fri 0 DTE" in plain(heat_title("SPX", page(), age, "[MOCK]", 80))


def test_without_colours_characters_tell_the_steps() -> None:
    matrix = page()
    table = drawn(matrix, paint=Paint(5, shaded=True))
    body = "\n".join(map(plain, table.body))
    assert all(shade in body for shade in "░▒▓█")
    told = plain(legend(fitted(matrix.debits, 5), Paint(5, shaded=True), 100))
    assert all(re.search(f"{shade} [0-9.]+[+] ", told) for shade in "░▒▓█")  # not between the meanings of two
    assert not any(span.ground in HEAT for line in table.body for span in line)


def test_where_not_all_columns_fit_those_around_the_cursor_are_shown_and_the_rest_is_counted() -> None:
    table = drawn(page(TileChoice(width=50.0)), 40)
    heading = plain(table.head[0])
    assert " 50" in heading and " 20" not in heading
    assert f"‹{table.first}" in heading
    assert table.column_at(12) == table.first
    assert table.column_at(3) is None


@pytest.mark.parametrize(
    ("debit", "room", "text"),
    [(1.35, 6, "1.35"), (123.456, 6, "123.46"), (123.456, 5, "123.5"), (1234.5, 4, "1234"), (12345.6, 4, "####")],
)
def test_a_debit_loses_decimals_before_it_would_be_cut(debit: float, room: int, text: str) -> None:
    assert tile_text(Tile(debit, None, debit, (), 0), room) == text


def test_a_tile_in_full_names_legs_money_ages_and_what_it_was_made_of() -> None:
    lines = [plain(line) for line in tile_lines(page(), MODEL, MODEL.ts + 2.5, 38)]
    text = "\n".join(lines)
    tile = MODEL.tiles[f"butterfly:{FRIDAY}:20:6930:call"]
    assert tile.debit is not None and tile.max_profit is not None
    assert "01-02 Fri 6930 butterfly call 20 wide" in text
    for name, value in (("debit", tile.debit), ("max profit", tile.max_profit), ("max loss", tile.debit)):
        [line] = [line for line in lines if line.startswith(f" {name}")]
        assert line.endswith(f" {value:.2f}")
    assert "buy 1 x 6910" in text and "sell 2 x 6930" in text and "buy 1 x 6950" in text
    assert "2.5 s" in text
    assert "10:00:00 FRESH" in text and "1767366000100-0" in text and MODEL.version[:12] in text
    assert len(tile_lines(page(), MODEL, MODEL.ts, 80)) < len(lines)  # beside each other where there is room


def test_of_an_unbounded_position_the_bound_is_said_and_of_an_unknown_one_nothing() -> None:
    text = "\n".join(plain(line) for line in tile_lines(page(TileChoice("single")), MODEL, MODEL.ts, 38))
    assert "unlimited" in text
    beyond = "\n".join(
        plain(line) for line in tile_lines(page(TileChoice(strike=7010.0, width=50.0)), MODEL, MODEL.ts, 38)
    )
    assert "no tile" in beyond and "unlimited" not in beyond


def test_a_side_that_the_model_lacks_is_an_empty_page_in_words() -> None:
    matrix = page(TileChoice(side="call@SPX"))
    assert matrix.strikes == () and matrix.chosen is None
    assert plain(foot(matrix, 60)) == " no tile"

"""Columns and sets of them: whatever the width, the most important that fit; bars of one scale; own lists checked."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.model.grid import Condition, StrikeGrid, build_grid
from chain.model.placement import Place
from tests.support.scenes import SPX, START_NS, START_S, item, law, received, snapshot, surface
from tui.lines.grid.annotations import Annotations
from tui.lines.grid.columns.bars import bar, scale_of
from tui.lines.grid.columns.catalogue import COLUMNS, NARROWEST, STRIKE, Facts, parse_columns
from tui.lines.grid.columns.sets import COLUMN_SETS, ColumnSet, layout_for, mirrored, own_columns
from tui.lines.grid.cursor import GridCell, cell_at, located
from tui.lines.grid.rows import grid_table
from tui.lines.line import length, plain

FACTS = Facts(made_ms=START_S * 1000.0)
SETS = st.sampled_from(sorted(COLUMN_SETS)).map(COLUMN_SETS.__getitem__)
LISTS = st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, unique=True).map(tuple)


def names(width: int, chosen: ColumnSet, *, bars: bool = True) -> list[str]:
    layout = layout_for(width, chosen, strike=NARROWEST, tags=True, bars=bars)
    return [column.name for column in layout.columns]


@law
@given(width=st.integers(60, 300), chosen=SETS | LISTS.map(own_columns), roots=st.booleans(), bars=st.booleans())
def test_a_layout_fits_and_what_is_left_out_would_not(width: int, chosen: ColumnSet, roots: bool, bars: bool) -> None:
    layout = layout_for(width, chosen, roots=roots, strike=NARROWEST, tags=True, bars=bars)
    left_out = {name for name in chosen.ranked if bars or not COLUMNS[name].bar} - {c.name for c in layout.columns}
    if len(layout.columns) > 2:
        assert layout.used <= width
    assert layout.tags >= 2
    spare = width - layout.used + layout.tags - 2 + 2 * sum(c.width - COLUMNS[c.name].width for c in layout.columns)
    assert all(COLUMNS[name].width > spare // 2 for name in left_out)


@pytest.mark.parametrize(
    ("chosen", "first"),
    [
        ("standard", {"Bid", "Ask", "D", "IV", "OI"}),
        ("price", {"Bid", "Ask", "Mid", "Spr%"}),
        ("greeks", {"D", "IV", "Gamma", "Theta", "Vega"}),
        ("flow", {"OI", "Vol", "OI bar", "GEX"}),
        ("quality", {"Bid", "Ask", "Spr%", "Lag"}),
    ],
)
def test_at_80_columns_each_set_shows_what_it_is_for(chosen: str, first: set[str]) -> None:
    assert first <= set(names(80, COLUMN_SETS[chosen]))


def test_a_wide_grid_has_greeks_prices_bars_and_the_age_of_its_quotes() -> None:
    assert {"Gamma", "Theta", "Vega", "Mid", "Spr%", "OI bar"} <= set(names(181, COLUMN_SETS["standard"]))
    assert {"Last", "Lag", "Vol bar"} <= set(names(230, COLUMN_SETS["standard"]))


@law
@given(width=st.integers(60, 300), columns=LISTS)
def test_own_columns_stand_from_the_strike_outwards_on_both_sides(width: int, columns: tuple[str, ...]) -> None:
    layout = layout_for(width, own_columns(columns), strike=NARROWEST, tags=True, bars=True)
    left = [column.name for column in layout.columns]
    right = [column.name for column in mirrored(layout.columns)]
    outwards = [name for name in columns if name in left]
    blocks = ("BSz", "Bid", "Ask", "ASz", "Last", "Close")
    unpaired = [name for name in outwards if name not in blocks]
    assert [name for name in left[::-1] if name in unpaired] == unpaired
    assert [name for name in right if name in unpaired] == unpaired
    assert sorted(left) == sorted(right)


@pytest.mark.parametrize("given_order", [("Bid", "Ask"), ("Ask", "Bid")])
def test_bid_stands_before_ask_however_they_are_listed(given_order: tuple[str, str]) -> None:
    layout = layout_for(100, own_columns((*given_order, "IV")), tags=True)
    assert [column.name for column in layout.columns] == ["IV", "Bid", "Ask"]
    assert [column.name for column in mirrored(layout.columns)] == ["Bid", "Ask", "IV"]


def test_sizes_stand_beside_their_own_side_of_the_quote() -> None:
    layout = layout_for(160, COLUMN_SETS["quality"], tags=True)
    for side in (layout.columns, mirrored(layout.columns)):
        assert "BSz Bid Ask ASz" in " ".join(column.name for column in side)


@pytest.mark.parametrize("text", ["bid,ask, spr% ,gex", ["Bid", "ASK", "Spr%", "GEX", "bid"]])
def test_a_list_of_columns_is_read_as_people_write_it(text: object) -> None:
    assert parse_columns(text) == ("Bid", "Ask", "Spr%", "GEX")


@pytest.mark.parametrize("text", ["", "bid,,bidd", [], ["x"], 5, [["Bid"]], None])
def test_a_list_that_names_no_column_is_refused_with_the_names_of_all(text: object) -> None:
    with pytest.raises(
        ValueError,
        match=r"^a list of columns among Bid, Ask, Mid, Last, Close, Spr%, .*, Vol bar(; .* is none of them)?$",
    ):
        parse_columns(text)


# Figures


def texts(name: str, *, facts: Facts = FACTS, **parts: Any) -> str:
    """How a column reads of one call."""
    [row] = build_grid(received(snapshot(SPX, contracts=[item(6930, "call", **parts)]))).rows
    assert row.call is not None
    return COLUMNS[name].text(COLUMNS[name].value(row.call, facts))


@pytest.mark.parametrize(
    ("age_s", "shown"),
    [(0.0, "0.0"), (3.04, "3.0"), (99.9, "99.9"), (100.0, "1:40"), (-0.9, "0.0"), (-1.0, "newer"), (-60, "newer")],
)
def test_the_age_of_a_quote_is_that_when_the_snapshot_was_made(age_s: float, shown: str) -> None:
    stamp = START_NS - round(age_s * 1000) * 10**6
    assert texts("Lag", last_quote={"bid": 1.0, "ask": 1.2, "last_updated": stamp}) == shown
    assert texts("Traded", last_trade={"price": 1.1, "sip_timestamp": stamp}) == shown


@pytest.mark.parametrize("stamp", [None, 0, -5, 2**63, "1", 1.5, True, []])
def test_a_stamp_that_is_no_time_is_no_age(stamp: object) -> None:
    assert texts("Lag", last_quote={"bid": 1.0, "ask": 1.2, "last_updated": stamp}) == "-"


def test_sizes_spreads_and_conditions_read_as_the_desk_reads_them() -> None:
    quote = {"bid": 1.0, "ask": 1.2, "bid_size": 12, "ask_size": 1250}
    assert (texts("BSz", last_quote=quote), texts("ASz", last_quote=quote)) == ("12", "1.2k")
    assert texts("ASz", last_quote={"bid": 1.0, "ask": 1.2, "ask_size": -1}) == "-"
    assert (texts("Spr", last_quote=quote), texts("Spr%", last_quote=quote)) == ("0.20", "18.2")
    assert texts("Spr", last_quote={"bid": 1.2, "ask": 1.0}) == "-0.20"
    assert texts("Quote", last_quote=quote) == "sound"
    assert texts("Quote", last_quote={"bid": 1.2, "ask": 1.0}) == Condition.CROSSED
    assert texts("Quote", last_quote=None) == "no quote"


def test_volume_over_open_interest_needs_open_interest() -> None:
    assert texts("Vol/OI", day={"volume": 300}, open_interest=900) == "0.33"
    assert texts("Vol/OI", day={"volume": 300}, open_interest=0) == "-"
    assert texts("Vol/OI", day={"volume": 90_000}, open_interest=3) == "30.0k"


@pytest.mark.parametrize(
    ("gex", "shown"),
    [(None, "-"), (0.0, "+0"), (-950.0, "-950"), (146_785_294.0, "+146.8M"), (-3e9, "-3.00B")],
)
def test_gamma_exposure_is_an_amount_with_its_sign(gex: float | None, shown: str) -> None:
    assert texts("GEX", facts=Facts(gex=gex)) == shown


# Bars


@law
@given(values=st.lists(st.floats(0, 1e9), min_size=1))
def test_a_full_bar_is_a_round_number_that_holds_every_figure(values: list[float]) -> None:
    full = scale_of(values)
    assert full >= max(values) and (full == 0) is (max(values) == 0)
    assert max(values) < 1 or full <= max(values) * 1.5
    assert full == 0 or float(f"{full:.1e}") == full


@law
@given(value=st.floats(0, 2e4), width=st.integers(2, 40))
def test_bars_of_both_sides_mirror_each_other_and_none_that_is_above_zero_vanishes(value: float, width: int) -> None:
    call, put = (bar(value, 20_000, width, leftwards=way) for way in (True, False))
    assert len(call) == len(put) == width and call[0] == put[0] == " "
    assert call[1:] == put[1:][::-1].translate(str.maketrans("▌▏", "▐▕"))
    assert bool(call.strip()) is (value > 0)
    halves = 2 * call.count("█") + call.count("▐")
    assert abs(halves - 2 * (width - 1) * value / 20_000) <= 0.51


def grid() -> StrikeGrid:
    contracts = surface((6920, 6930, 6940))
    contracts[0]["open_interest"] = 7100
    return build_grid(received(snapshot(SPX, contracts=contracts)))


def test_open_interest_and_volume_are_drawn_in_one_scale_that_the_headings_tell() -> None:
    table = grid_table(grid(), 150, columns=COLUMN_SETS["flow"], bars=True, notes=Annotations())
    head = plain(table.head[0])
    assert head.count("8k-0 OI") == head.count("OI 0-8k") == head.count("8k-0 Vol") == head.count("Vol 0-8k") == 1
    end = head.index("8k-0 OI") + len("8k-0 OI")
    layout = layout_for(150, COLUMN_SETS["flow"], strike=NARROWEST, tags=True, bars=True)
    room = next(column.width for column in layout.columns if column.name == "OI bar") - 1
    drawn = [plain(line)[end - room : end] for line in table.body if "spot" not in plain(line)]
    assert [2 * text.count("█") + text.count("▐") for text in drawn] == [
        round(2 * room * held / 8_000) for held in (900, 900, 7100)
    ]
    without = grid_table(grid(), 150, columns=COLUMN_SETS["flow"], bars=False, notes=Annotations())
    assert "█" not in "".join(map(plain, without.body))


@law
@given(width=st.integers(46, 300), chosen=SETS, bars=st.booleans(), highest_first=st.booleans())
def test_every_line_of_every_set_has_the_width_of_its_panel(
    width: int, chosen: ColumnSet, bars: bool, highest_first: bool
) -> None:
    table = grid_table(grid(), width, columns=chosen, bars=bars, highest_first=highest_first, notes=Annotations())
    assert {length(line) for line in (*table.head, *table.body)} == {width}


@law
@given(width=st.integers(46, 300), columns=LISTS, side=st.sampled_from(["call", "put"]))
def test_the_cursor_stands_somewhere_in_any_choice_of_columns_and_on_no_bar(
    width: int, columns: tuple[str, ...], side: str
) -> None:
    table = grid_table(grid(), width, columns=own_columns(columns), bars=True, notes=Annotations())
    at = located(table, GridCell(Place(6930, "SPXW", side), "Vega"))
    assert at is not None
    cell = cell_at(table, at)
    assert cell is not None and cell.place.strike == 6930
    assert all(name == STRIKE or not COLUMNS[name].bar for name in (each.column for each in table.cells))

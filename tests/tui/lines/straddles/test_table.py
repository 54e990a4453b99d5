"""The page of straddles as lines: every price in its row and its column, the money marked in each, gaps a dash."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.analytics.measures.atm import StrikeStraddle
from chain.clock import Instant
from chain.model.grid import PriceSource
from chain.model.keys import ChainId
from chain.monitor.board import ChainRecord
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.states import State
from tests.support.expirations import numbered
from tests.support.scenes import SPX, board, law, manual_clock, record
from tui.lines.expirations import Expiration
from tui.lines.grid.frame import Shown
from tui.lines.line import Ground, Role, length, plain
from tui.lines.straddles.choice import Rows, StraddleChoice
from tui.lines.straddles.columns import HEADS, StraddleColumn, heads_within
from tui.lines.straddles.table import (
    LABEL,
    Layout,
    StraddleTable,
    layout_for,
    straddle_foot,
    straddle_rows,
    straddle_table,
    straddles_title,
)

NOW = Instant.now(manual_clock())
CHAINS = [ChainId("SPX", SPX.expiry + timedelta(days=days)) for days in range(6)]
STATUSES = evaluate(board([record(chain, NOW) for chain in CHAINS], NOW), NOW).statuses
STRIKES = (6900.0, 6910.0, 6920.0, 6930.0)


def column(serial: int) -> StraddleColumn:
    """Return a column of numbers of its own: strike i of serial s costs 10 s + i and some, and each has another ATM."""
    status = STATUSES[serial]
    straddles = {
        strike: StrikeStraddle(strike, call := 10 * serial + at + 0.25, 0.5, call + 0.5, (10 * serial + at) / 1000)
        for at, strike in enumerate(STRIKES)
    }
    return StraddleColumn(
        expiration=Expiration(status, Shown(status.state, status.age_s)),
        measures=numbered(serial, status.chain),
        straddles=straddles,
        strikes=STRIKES,
        source=PriceSource.MID,
        spot=6915.0 + serial,
        atm=STRIKES[serial % 4],
        forward=6915.0,
        move=10.0 + serial,
    )


def bare() -> StraddleColumn:
    """Return the column of an expiration of which nothing has been read."""
    [status] = evaluate(board([ChainRecord(CHAINS[2])], NOW), NOW).statuses
    return StraddleColumn(
        Expiration(status, Shown(status.state, None)), {}, {}, (), PriceSource.NONE, None, None, None, None
    )


PAGE = tuple(column(serial) for serial in range(6))


def shown(
    width: int,
    choice: StraddleChoice | None = None,
    selected: ChainId = CHAINS[0],
    columns: tuple[StraddleColumn, ...] = PAGE,
    *,
    highest_first: bool = True,
) -> StraddleTable:
    choice = choice or StraddleChoice()
    at = next((at for at, column in enumerate(columns) if column.expiration.chain == selected), 0)
    rows = straddle_rows(columns, choice.rows, at, width, highest_first=highest_first)
    return straddle_table(rows, columns, HEADS, choice, at)


def cells(table: StraddleTable, line: int) -> list[str]:
    """Return what stands in the cells of a body line."""
    text = plain(table.body[line]).ljust(300)
    return [" ".join(text[begin:end].split()) for begin, end, _ in table.cells]


@law
@given(
    st.integers(30, 260),
    st.integers(1, 6),
    st.sampled_from(Rows),
    st.sampled_from(CHAINS),
    st.none() | st.floats(6000, 8000),
    st.booleans(),
)
def test_no_line_is_wider_than_the_panel(
    width: int, count: int, rows: Rows, selected: ChainId, strike: float | None, highest_first: bool
) -> None:
    columns = PAGE[:count]
    table = shown(width, StraddleChoice(rows, strike), selected, columns, highest_first=highest_first)
    assert all(length(line) <= width for line in (*table.head, *table.body))
    assert len(table.body) == len(table.keys)
    [cursor] = [line for line in table.body if any(span.ground is Ground.CURSOR for span in line)]
    assert table.cursor is not None and table.body[table.cursor] is cursor


@pytest.mark.parametrize(
    ("width", "layout", "columns"),
    [(80, Layout.STRADDLE, 6), (119, Layout.WITH_IV, 6), (200, Layout.WITH_SIDES, 6), (60, Layout.STRADDLE, 4)],
)
def test_the_width_decides_what_a_cell_shows(width: int, layout: Layout, columns: int) -> None:
    assert layout_for(width, 6) is layout
    assert len(shown(width).cells) == columns
    assert "+2" in plain(shown(60).head[0]) and "+" not in plain(shown(80).head[0])


def test_every_price_stands_in_its_row_and_column() -> None:
    table = shown(200)
    assert table.keys == STRIKES[::-1]
    assert [plain(line)[:LABEL].strip() for line in table.body] == ["6930", "6920", "6910", "6900"]
    assert cells(table, 0)[:3] == ["3.25 0.50 0.3 3.75", "13.25 0.50 1.3 13.75", "23.25 0.50 2.3 23.75"]
    assert cells(table, 2)[1:4] == ["11.25 0.50 1.1[ 11.75]", "21.25 0.50 2.1 21.75", "31.25 0.50 3.1 31.75"]
    assert cells(shown(119), 1)[4:] == ["4.2 42.75", "5.2 52.75"]
    assert cells(shown(80), 1)[4:] == ["42.75", "52.75"]


def test_the_money_is_marked_in_each_column_also_under_the_cursor() -> None:
    table = shown(80, highest_first=False)
    marked = [[at for at, cell in enumerate(cells(table, line)) if "]" in cell] for line in range(4)]
    assert marked == [[0, 4], [1, 5], [2], [3]]
    assert cells(table, 0)[0].replace(" ", "") == ">0.75]" and table.cursor == 0  # at the money until it is moved
    moved = shown(80, StraddleChoice(strike=6920.0), CHAINS[1], highest_first=False)
    assert moved.cursor == 2 and cells(moved, 2)[1].replace(" ", "") == ">12.75<"


def test_a_strike_that_is_gone_leaves_the_cursor_on_the_nearest() -> None:
    table = shown(80, StraddleChoice(strike=6918.0), highest_first=False)
    assert table.cursor is not None and table.keys[table.cursor] == 6920.0


def test_by_deviations_each_expiration_shows_its_own_strike_and_none_beyond_its_slice() -> None:
    table = shown(80, StraddleChoice(Rows.SD, step=2), highest_first=False)
    assert len(table.keys) == 25 and table.cursor == 14 and plain(table.body[14]).split()[0] == "+0.50"
    assert cells(table, 14)[0].replace(" ", "") == ">2.75<"  # 6915 + 0.5 * 10 = 6920
    assert cells(table, 16)[1] == "13.75"  # 6915 + 1 * 11 is nearest to 6930
    assert cells(table, 18)[:2] == ["3.75", "-"]  # 6930 is still of the slice, 6931.5 is not
    assert [column.at_step(0) for column in PAGE[:1]] == [6910.0]  # of two that are as near, the lower


def test_heads_stand_over_their_columns() -> None:
    heads = {head.label: plain(line)[LABEL:].split() for head, line in zip(HEADS, shown(119).head, strict=False)}
    assert heads["expiration"][:2] == [">01-02", "Fri"]
    assert heads["state"] == ["FRESH"] * 6 and heads["age"] == ["0.0"] * 6
    assert heads["spot"] == ["6,915.00", "6,916.00", "6,917.00", "6,918.00", "6,919.00", "6,920.00"]
    assert heads["ATM IV %"] == ["40.0", "40.1", "40.2", "40.3", "40.4", "40.5"]
    assert heads["straddle"] == [f"{serial}.25" for serial in range(6)]
    assert heads["EM 1 SD IV"] == [f"±10{serial}.25" for serial in range(6)]
    assert heads["EM 0.85 str"] == [f"±20{serial}.25" for serial in range(6)]
    assert heads["fwd vol %"] == [f"50.{serial}" for serial in range(6)]
    assert heads["RR25 %"] == [f"+60.{serial}0" for serial in range(6)]
    assert heads["P/C OI"] == [f"8.0{serial}" for serial in range(6)]


def test_where_lines_are_short_the_heads_that_say_least_give_way() -> None:
    assert heads_within(12) == HEADS
    assert [head.label for head in HEADS if head not in heads_within(10)] == ["RR25 %", "P/C OI"]
    assert len(heads_within(0)) == 8 and [head.label for head in heads_within(0)][:4] == [
        *("expiration", "left", "state", "age")
    ]


def test_an_expiration_without_a_snapshot_keeps_its_column() -> None:
    table = shown(119, columns=(PAGE[0], PAGE[1], bare()))
    heads = [plain(line)[table.cells[2][0] :].strip() for line in table.head[:-1]]
    assert heads == ["01-04 Sun", "2 DTE", "MISSING", *["-"] * 9]
    assert {cells(table, line)[2] for line in range(4)} == {"- - - -"}
    alone = shown(119, columns=(bare(),), selected=CHAINS[2])
    assert alone.body == () and alone.cursor is None
    assert straddle_foot(alone, (bare(),), 0, StraddleChoice()) == ""


def test_figures_that_need_be_true_no_longer_are_dim_and_nothing_is_an_alarm_when_all_is_well() -> None:
    old = replace(PAGE[1], expiration=replace(PAGE[1].expiration, shown=Shown(State.STALE, 40.0)))
    table = shown(200, StraddleChoice(strike=6930.0), columns=(PAGE[0], old))
    begin, end, _ = table.cells[1]
    for line in table.body:
        at = 0
        for span in line:
            if begin <= at < end and span.text.strip() and "[" not in span.text:
                assert span.role is Role.DIM
            at += len(span.text)
    well = shown(200)
    roles = {span.role for line in (*well.head, *well.body) for span in line}
    assert not roles & {Role.ALARM, Role.CAUTION, Role.UP, Role.DOWN}


def test_the_foot_tells_the_cell_in_words() -> None:
    choice = StraddleChoice(strike=6930.0)
    words = straddle_foot(shown(80, choice, CHAINS[1]), PAGE, 1, choice)
    assert words == (
        "01-03 Sat 6930: call 13.25 + put 0.50 = 13.75, mids; +1.36 SD; IV 1.3 %, mean of both; "
        "SD from the forward 6,915.00"
    )
    far = StraddleChoice(Rows.SD, step=12)
    assert straddle_foot(shown(80, far), PAGE, 0, far) == "01-02 Fri: the slice does not reach +3.00 SD"
    other = replace(PAGE[1], straddles={}, strikes=(1.0,))
    table = shown(80, choice, CHAINS[1], (PAGE[0], other))
    assert straddle_foot(table, (PAGE[0], other), 1, choice) == "01-03 Sat: 6930 is not listed in its slice"
    assert straddle_foot(table, (PAGE[0], bare()), 1, choice) == "01-04 Sun: no snapshot"


def test_the_title_says_of_when_it_is() -> None:
    words = plain(
        straddles_title("SPX", "[MOCK]", 120, Rows.SD, at="10:31:02", frozen="11:32:03", last_good="12:33:04")
    )
    for part in ("STRADDLES SPX", "AS OF 10:31:02", "FROZEN 11:32:03", "LAST GOOD 12:33:04", "by standard deviations"):
        assert part in words
    assert words.endswith("[MOCK]")
    assert length(straddles_title("SPX", "[MOCK]", 40, Rows.SD, at="10:31:02", frozen="11:32:03")) == 40

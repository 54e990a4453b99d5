"""The page of measures as lines: every number in its row and its column, what is missing a dash, and the cursor."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.analytics.measures.gamma import AS_DERIVED, GexConvention, GexSigns, GexUnit
from chain.model.keys import ChainId
from tests.support.expirations import numbered
from tests.support.scenes import SPX, law
from tui.lines.line import Ground, Role, Span, length, plain
from tui.lines.measures.choice import MeasureChoice
from tui.lines.measures.names import LABELS, ROWS
from tui.lines.measures.table import (
    MeasureColumn,
    MeasuresTable,
    chosen_column,
    measures_table,
    measures_title,
)

CHAINS = [ChainId("SPX", SPX.expiry + timedelta(days=days)) for days in range(6)]
WIDTHS = [80, 120, 200, 250]


def column(serial: int, *, past: bool = False, chain: ChainId | None = None) -> MeasureColumn:
    """Return a column of numbers of its own; the serial is in all of them."""
    chain = chain or CHAINS[serial]
    heads = Span(f"01-0{2 + serial} Day"), Span(f"{serial} DTE PM"), Span("FRESH", Role.OK), Span(f"{serial}.5")
    return MeasureColumn(chain, heads, numbered(serial, chain), past)


def total(count: int) -> MeasureColumn:
    known = numbered(77, CHAINS[0])
    heads = Span("total"), Span(f"{count} of {count}"), Span("FRESH", Role.OK), Span("9.5")
    return MeasureColumn(None, heads, {name: known[name] for name in ("put_call_oi", "gex_net", "call_wall")}, False)


PAGE = (*(column(serial) for serial in range(6)), total(6))


def shown(width: int, choice: MeasureChoice | None = None, selected: ChainId | None = CHAINS[0]) -> MeasuresTable:
    return measures_table(PAGE, choice or MeasureChoice(), selected, width)


def row(table: MeasuresTable, label: str) -> str:
    [line] = [plain(line) for line in table.body if plain(line)[10:].startswith(label)]
    return line


def cells(table: MeasuresTable, label: str) -> list[str]:
    """Return what stands in a row's columns, without the cursor's signs."""
    return [row(table, label).ljust(300)[begin:end].strip("> <") for begin, end, _ in table.cells]


@law
@given(st.integers(60, 260), st.integers(0, len(ROWS) - 1), st.booleans(), st.sampled_from([None, *CHAINS]))
def test_no_line_is_wider_than_the_panel(width: int, at: int, total: bool, selected: ChainId | None) -> None:
    table = shown(width, MeasureChoice(at, total), selected)
    assert len(table.body) == len(ROWS)
    assert all(length(line) <= max(width, 80) for line in (*table.head, *table.body))
    [cursor] = [span.text for line in table.body for span in line if span.ground is Ground.CURSOR]
    assert cursor.startswith(">") and cursor.endswith("<")


@pytest.mark.parametrize(("width", "columns"), [(80, 1), (120, 4), (200, 6), (250, 6)])
def test_as_many_expirations_as_there_is_room_for_and_totals_last(width: int, columns: int) -> None:
    table = shown(width)
    assert [chain for *_, chain in table.cells] == [*CHAINS[:columns], None]
    assert ("+" in plain(table.head[0])) == (columns < 6)
    assert f"+{6 - columns} more" in plain(table.head[0]) or columns == 6


def test_every_number_stands_in_its_row_and_column() -> None:
    """At 200 columns all six expirations: serial s of the measure number n is 100 n + s in every figure."""
    table = shown(200)
    assert cells(table, "straddle") == [*(f"{serial}.25" for serial in range(6)), ""]
    assert cells(table, "implied forward") == [*(f"30{serial}.25" for serial in range(6)), ""]
    assert cells(table, "basis") == ["+3.00", "+3.01", "+3.02", "+3.03", "+3.04", "+3.05", ""]
    assert cells(table, "ATM IV") == ["40.0", "40.1", "40.2", "40.3", "40.4", "40.5", ""]
    assert cells(table, "RR25*") == ["+60.00", "+60.10", "+60.20", "+60.30", "+60.40", "+60.50", ""]
    assert cells(table, "put/call OI*") == ["8.00", "8.01", "8.02", "8.03", "8.04", "8.05", "8.77"]
    assert cells(table, "net GEX*") == [*(f"+50{serial}.0M" for serial in range(6)), "+577.0M"]
    assert cells(table, "call wall*") == [*(f"1,20{serial}.25" for serial in range(6)), "1,277.25"]
    assert cells(table, "profile less cumulative*") == [*["-100.00"] * 6, ""]
    assert [row(table, name)[36:43].strip() for name in ("straddle", "ATM IV", "put/call OI*", "net GEX*")] == [
        *("points", "%", "ratio", "$/1%")
    ]


def test_heads_say_the_date_what_is_left_the_state_and_the_age() -> None:
    heads = [plain(line).split() for line in shown(250).head]
    assert heads[0][1:3] == [">01-02", "Day"] and heads[0][-1] == "total"
    assert heads[1][2:5] == ["0", "DTE", "PM"]
    assert heads[2][1:] == ["FRESH"] * 7
    assert heads[3][1:8] == ["0.5", "1.5", "2.5", "3.5", "4.5", "5.5", "9.5"]


def test_beside_the_columns_stands_what_the_chosen_one_rests_on() -> None:
    line = row(shown(200, selected=CHAINS[3]), "max pain*")
    assert "1003      11  convention 1003 in words" in line
    assert row(shown(120, selected=CHAINS[3]), "max pain*").endswith("1003      11")
    assert "convention" not in row(shown(120), "straddle")


def test_the_total_can_be_chosen_and_what_it_lacks_is_blank() -> None:
    table = shown(120, MeasureChoice(0, total=True))
    assert ">total" in plain(table.head[0]).replace(" ", "")
    assert row(table, "straddle").endswith(">         <")
    chosen = shown(120, MeasureChoice(8, total=True))
    assert ">     8.77<" in row(chosen, "put/call OI*") and row(chosen, "put/call OI*").endswith("877       9")


def test_an_expiration_without_a_snapshot_has_dashes_in_every_row_and_its_state() -> None:
    bare = MeasureColumn(CHAINS[0], (Span("01-02 Fri"), Span("0 DTE"), Span("MISSING"), Span("-")), {}, True)
    table = measures_table((bare, column(1), total(2)), MeasureChoice(), CHAINS[0], 120)
    assert "MISSING" in plain(table.head[2])
    begin, end, _ = table.cells[0]
    assert all(plain(line)[begin:end].strip("> <") == "-" for line in table.body)
    assert "01-02 Fri" in plain(table.head[0])


def test_a_missing_value_is_a_dash_and_why_stands_beside_it() -> None:
    none = replace(PAGE[0].measures["max_pain"], value=None, note="no open interest")
    first = replace(PAGE[0], measures={**PAGE[0].measures, "max_pain": none})
    line = row(measures_table((first, total(1)), MeasureChoice(), CHAINS[0], 120), "max pain*")
    assert line.split()[3] == "-" and line.endswith("  no open interest")
    noted = replace(none, value=6930.0, note="a tie of 2 strikes")
    first = replace(first, measures={**first.measures, "max_pain": noted})
    line = row(measures_table((first, total(1)), MeasureChoice(), CHAINS[0], 150), "max pain*")
    assert "  a tie of 2 strikes; convention 1000 in words" in line


def test_figures_that_need_be_true_no_longer_are_dim_and_none_is_an_alarm_when_all_is_well() -> None:
    table = measures_table((column(0, past=True), column(1), total(2)), MeasureChoice(5), CHAINS[1], 120)
    for line in table.body:
        cells = [span for span in line if span.text.strip() and len(span.text) == 11]
        assert cells[0].role is Role.DIM
    well = shown(200)
    assert not {Role.ALARM, Role.CAUTION, Role.UP, Role.DOWN} & {
        span.role for line in (*well.head, *well.body) for span in line
    }


def test_columns_follow_the_selected_expiration() -> None:
    table = shown(80, selected=CHAINS[4])
    assert [chain for *_, chain in table.cells] == [CHAINS[4], None]
    assert cells(table, "straddle") == ["4.25", ""]
    assert chosen_column(PAGE, MeasureChoice(), None) is PAGE[0]


def test_every_measure_has_a_row_and_groups_stand_together() -> None:
    assert {row.name for row in ROWS} == set(LABELS)
    groups = [row.group for row in ROWS]
    assert len({one for one, other in pairwise([*groups, ""]) if one != other}) == len(set(groups))


def test_where_all_have_room_a_blank_line_stands_between_groups() -> None:
    groups = len({one.group for one in ROWS})
    needed = len(ROWS) + groups - 1
    tight, spaced = (measures_table(PAGE, MeasureChoice(8), CHAINS[0], 120, lines) for lines in (needed - 1, needed))
    assert tight.rows == tuple(range(len(ROWS))) and len(spaced.body) == needed
    assert [line for line in spaced.body if line] == list(tight.body)
    assert [plain(spaced.body[at + 1])[1:9].strip() for at, index in enumerate(spaced.rows) if index is None] == [
        *("skew", "flow", "gamma", "across", "realised", "quality")
    ]
    assert (tight.cursor, spaced.cursor) == (8, 10) and spaced.rows[spaced.cursor] == 8


def test_the_title_says_how_gamma_exposure_is_told_and_of_when_all_is() -> None:
    title = plain(measures_title("SPX", "[MOCK]", 80, AS_DERIVED))
    assert title.startswith(
        " MEASURES SPX  GEX in dollars per 1 % move, calls +, puts - * slice only"
    ) and title.endswith("[MOCK]")
    other = GexConvention(GexUnit.SHARES, GexSigns.UNSIGNED)
    words = plain(measures_title("SPX", "[MOCK]", 120, other, at="10:31:02", frozen="11:32:03", last_good="12:33:04"))
    for part in ("AS OF 10:31:02", "FROZEN 11:32:03", "LAST GOOD 12:33:04", "shares per point, calls +, puts +"):
        assert part in words
    assert "[MOCK]" in plain(measures_title("SPX", "[MOCK]", 40, other, at="10:31:02", frozen="11:32:03"))


def test_the_conventions_come_round() -> None:
    seen = [AS_DERIVED]
    while (following := seen[-1].following) not in seen:
        seen.append(following)
    assert following == AS_DERIVED
    assert len(seen) == len(GexUnit) * len(GexSigns)
    assert [one.signs for one in seen[:3]] == [GexSigns.NAIVE] * 3

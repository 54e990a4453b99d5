"""The measure under the cursor in full: nothing that its value rests on is left unsaid, and what is cut says so."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.model.keys import SnapshotId
from tests.support.expirations import numbered
from tests.support.scenes import SPX, SPX_MON, START_NS, law
from tui.lines.line import Role, Span, length, plain
from tui.lines.measures.detail import detail_lines
from tui.lines.measures.names import ROWS
from tui.lines.measures.table import MeasureColumn

HEADS = (Span("01-02 Fri"), Span("5h56m PM"), Span("FRESH", Role.OK), Span("3.1"))
MADE, EARLIER = SnapshotId(SPX, START_NS // 1_000_000), SnapshotId(SPX_MON, START_NS // 1_000_000 - 44_000)
AGES = {MADE: 3.1, EARLIER: 47.1}
COLUMN = MeasureColumn(SPX, HEADS, numbered(7, SPX), False)
STRADDLE, BASIS = ROWS[0], ROWS[4]
[RR25] = [row for row in ROWS if row.name == "rr25"]


def told(name: str = "straddle", width: int = 100, room: int = 9, **changes: object) -> list[str]:
    measures = {**COLUMN.measures, name: replace(COLUMN.measures[name], **changes)}
    [row] = [row for row in ROWS if row.name == name and row.is_measure]
    return [plain(line) for line in detail_lines(row, replace(COLUMN, measures=measures), AGES, width, room)]


@law
@given(
    st.integers(40, 250), st.integers(2, 12), st.sampled_from(ROWS), st.text(st.characters(codec="ascii"), max_size=300)
)
def test_it_takes_the_room_it_is_given(width: int, room: int, row: object, words: str) -> None:
    lines = told(width=width, room=room, convention=words)
    assert len(lines) == room and all(len(line) <= width for line in lines)


def test_value_unit_convention_contracts_inputs_and_age() -> None:
    skipped = {"no IV": 2, "crossed quote": 3}
    lines = told(
        convention="in these words", used=12, skipped=skipped, inputs={"strike": 6930.0, "atm_iv": 0.1361, "put": None}
    )
    assert lines[0].split() == ["straddle", "01-02", "Fri", "7.25", "points", "3.1", "s"]
    assert [line.strip() for line in lines[1:5]] == [
        "is in these words",
        "contracts 12 used, 5 skipped: 3 crossed quote, 2 no IV",
        "inputs strike 6,930, atm iv 13.6 %, put -",
        "",
    ]


def test_inputs_that_are_volatilities_are_in_percent_as_on_screen() -> None:
    inputs = {
        "near_iv": 0.151,
        "near_years": 0.25,
        "iv_call_25": 0.162,
        "realised_vol": 0.173,
        "standard_error": 0.0184,
    }
    words = told(inputs=inputs, width=140)[3].strip()
    assert words == (
        "inputs near iv 15.1 %, near years 0.25, iv call 25 16.2 %, realised vol 17.3 %, standard error 1.8 %"
    )


def test_what_a_slice_cuts_off_is_said_and_so_is_a_note() -> None:
    assert any("slice only" in line for line in told("max_pain"))
    assert not any("slice only" in line for line in told())
    assert "note a tie of 2 strikes" in told("max_pain", note="a tie of 2 strikes")[1]
    lines = told("max_pain", value=None, note="no open interest")
    assert "none no open interest" in lines[1] and lines[0].split()[4] == "-"


def test_of_several_snapshots_the_oldest_is_named() -> None:
    assert told(snapshots=(MADE, EARLIER))[0].endswith("oldest of 2 snapshots: 01-05 Mon, 47.1 s")


def test_a_line_that_follows_from_a_measure_names_both() -> None:
    [line, *_] = detail_lines(BASIS, COLUMN, AGES, 100, 6)
    assert plain(line).startswith(" implied forward: basis, forward less spot  01-02 Fri  +3.07 points")


def test_what_does_not_fit_ends_in_an_ellipsis() -> None:
    lines = told(width=60, room=3, convention="word " * 60)
    assert lines[-1].endswith("…") and len(lines) == 3
    assert not any("…" in line for line in told(room=9))


def test_what_is_not_there_says_why() -> None:
    empty = MeasureColumn(SPX, HEADS, {}, True)
    assert "no valid snapshot of it has been read" in plain(detail_lines(STRADDLE, empty, {}, 80, 4)[1])
    one = MeasureColumn(SPX, HEADS, {"straddle": COLUMN.measures["straddle"]}, False)
    [realised] = [row for row in ROWS if row.name == "realised_vol"]
    assert "realised vol stands under total" in plain(detail_lines(realised, one, AGES, 90, 4)[1])
    total = MeasureColumn(None, (Span("total"), *HEADS[1:]), {"gex_net": COLUMN.measures["gex_net"]}, False)
    assert "of one expiration" in plain(detail_lines(STRADDLE, total, AGES, 80, 4)[1])
    assert all(length(line) <= 30 for line in detail_lines(RR25, COLUMN, AGES, 30, 6))

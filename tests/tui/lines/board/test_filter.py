"""The filter of the board: which words fit which chains, and that nobody takes what is left out for gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.clock import Instant
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.states import State
from tests.support.scenes import NDX, SPX, SPX_MON, SPX_MONTHLY, START_NS, in_state, law, report
from tui.lines.board.filter import NO_FILTER, BoardFilter
from tui.lines.board.table import board_table
from tui.lines.line import length, plain

NOW = Instant(START_NS, 5_000.0)
WORDS = st.text("spxndfri01-25 stale", max_size=20)


@pytest.fixture(scope="module")
def four() -> HealthReport:
    """SPX of Friday STALE, of Monday FRESH, of the monthly MISSING, and NDX of Friday FRESH; all of a mock."""
    states = {SPX: State.STALE, SPX_MON: State.FRESH, SPX_MONTHLY: State.MISSING, NDX: State.FRESH}
    return report([in_state(chain, state, NOW) for chain, state in states.items()], NOW)


@pytest.mark.parametrize(
    ("text", "fitting"),
    [
        ("", {SPX, SPX_MON, SPX_MONTHLY, NDX}),
        ("spx", {SPX, SPX_MON, SPX_MONTHLY}),
        ("SPX", {SPX, SPX_MON, SPX_MONTHLY}),
        ("px", set()),  # a word begins what it fits
        ("01-02", {SPX, NDX}),
        ("2026-01-1", {SPX_MONTHLY}),
        ("fri", {SPX, SPX_MONTHLY, NDX}),
        ("0dte", {SPX, NDX}),
        ("stale", {SPX}),
        ("fri spx", {SPX, SPX_MONTHLY}),
        ("spx -mis", {SPX, SPX_MON}),
        ("-spx", {NDX}),
        ("-fresh", {SPX, SPX_MONTHLY}),
        ("spx -", {SPX, SPX_MON, SPX_MONTHLY}),  # nothing is left out yet
        ("--", {SPX, SPX_MON, SPX_MONTHLY, NDX}),
    ],
)
def test_all_words_must_fit_and_none_behind_a_minus(four: HealthReport, text: str, fitting: set[object]) -> None:
    assert {status.chain for status in BoardFilter(text).fitting(four)} == fitting


@law
@given(text=WORDS, more=WORDS)
def test_more_words_leave_fewer_chains_in_the_same_order(four: HealthReport, text: str, more: str) -> None:
    some, fewer = (list(BoardFilter(words).fitting(four)) for words in (text, f"{text} {more}"))
    assert fewer == [status for status in some if status in fewer]


@law
@given(text=WORDS, width=st.integers(40, 120), past=st.booleans(), selected=st.sampled_from([None, SPX, NDX]))
def test_the_title_says_how_many_of_how_many_whatever_is_typed(
    four: HealthReport, text: str, width: int, past: bool, selected: object
) -> None:
    wanted = BoardFilter(text)
    table = board_table(four, selected, width, 20, at="10:02:00" if past else "", wanted=wanted)  # type: ignore[arg-type]
    title = plain(table.head[0])
    assert length(table.head[0]) == width
    if wanted:
        assert title.endswith(f" {len(wanted.fitting(four))} of 4") and " /" in title
    listed = {chain for chain in table.rows if chain}
    assert listed == {status.chain for status in wanted.fitting(four)} | ({selected} if selected else set())


def test_a_board_that_nothing_fits_says_so_and_not_that_nothing_is_there(four: HealthReport) -> None:
    table = board_table(four, None, 60, 20, wanted=BoardFilter("aapl"))
    assert [plain(line).strip() for line in table.body] == ["no chain fits /aapl"]
    assert "0 of 4" in plain(table.head[0])


def test_a_flag_is_found_by_either_of_its_words(four: HealthReport) -> None:
    flagged = {status.chain: status.flags for status in four.statuses}
    for status in four.statuses:
        for flag in status.flags:
            assert BoardFilter(flag.value).fits(status)
    assert any(flagged.values())
    assert not NO_FILTER and BoardFilter("a")

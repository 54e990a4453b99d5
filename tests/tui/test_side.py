"""How the screen's width is shared among the board and the grid."""

import pytest
from msgspec.structs import replace

from chain.clock import Instant
from chain.monitor.states import Flag
from tests.support.past import past_deck
from tests.support.scenes import SPX, START_NS, record, report
from tui.lines.board.table import board_table
from tui.lines.grid.columns.catalogue import NARROWEST
from tui.lines.grid.columns.sets import layout_for
from tui.lines.line import plain
from tui.panels.side import side_width

NOW = Instant(START_NS, 5_000.0)

BEFORE_GRID = {range(100, 150): 42, range(150, 190): 60, range(190, 401): 64}


def shown(width: int, roots: bool, quotes: bool) -> list[str]:
    """The columns of a grid with its marks and bars."""
    layout = layout_for(width, roots=roots, quotes=quotes, strike=NARROWEST, tags=True, bars=True)
    return [column.name for column in layout.columns]


@pytest.mark.parametrize(("widths", "least"), BEFORE_GRID.items())
def test_the_board_has_what_no_grid_uses_and_the_grid_loses_no_column(widths: range, least: int) -> None:
    given = 0
    for width in widths:
        side = side_width(width)
        assert side >= least
        for roots in (False, True):
            for quotes in (False, True):
                assert shown(width - side - 1, roots, quotes) == shown(width - least - 1, roots, quotes)
        given += side - least
    assert given > 0


def test_at_120_columns_a_flag_of_four_letters_does_not_touch_the_border() -> None:
    judged = report([record(SPX, NOW)], NOW)
    failing = replace(judged, statuses=(replace(judged.statuses[0], flags=(Flag.FAILING,)),))
    [row] = board_table(failing, SPX, side_width(120), 20).body[:1]
    assert plain(row).endswith(" FAIL") and row[-1].text == " "


@pytest.mark.slow
@pytest.mark.parametrize("size", [(99, 30), (100, 30), (124, 30), (217, 60)])
async def test_the_panels_are_as_wide_as_that_from_the_first_frame_and_after_a_resize(size: tuple[int, int]) -> None:
    async with past_deck(size) as deck:
        for width in (size[0], 130, size[0]):
            await deck.pilot.resize_terminal(width, size[1])
            side = deck.app.deck.side
            assert side.size.width == (side_width(width) if width >= 100 else width)

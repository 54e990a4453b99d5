"""Where to look: along the board, over the grid, from one underlying to another."""

from tui.actions.action import Action
from tui.pages import PAGED, Page, Panel, Place

_EVERYWHERE: frozenset[Place] = frozenset({*Panel, *PAGED})
_CURSORS: frozenset[Place] = frozenset({Panel.GRID, *PAGED})

MOVING = (
    Action(
        id="down",
        keys=("down", "j"),
        call="down",
        word="expiry",
        help="next or previous expiry on the board; in other panels, to which tab leads, line or step",
        first=_EVERYWHERE,
    ),
    Action(id="up", keys=("up", "k"), call="up", word="up", help="previous expiry, or a line up", beside="down"),
    Action(
        id="right",
        keys=("right", "l"),
        call="column(1)",
        word="right",
        help="next expiry from any panel, or a column to the right",
        beside="left",
    ),
    Action(
        id="left",
        keys=("left", "h"),
        call="column(-1)",
        word="left",
        help="next or previous column of the grid or a page; elsewhere next or previous expiry",
        first=_CURSORS,
    ),
    Action(
        id="expiry-previous",
        keys=("{",),
        call="turn(-1)",
        word="expiry",
        help="other expiry, from any panel; on the heatmap what its columns are not, expiry or width",
        first=_CURSORS,
    ),
    Action(
        id="expiry-next",
        keys=("}",),
        call="turn(1)",
        word="expiry",
        help="next expiry, from any panel",
        beside="expiry-previous",
    ),
    Action(
        id="underlying-previous",
        keys=("[",),
        call="underlying(-1)",
        word="underlying",
        help="other underlying",
        first=_CURSORS | {Panel.BOARD},
    ),
    Action(
        id="underlying-next",
        keys=("]",),
        call="underlying(1)",
        word="underlying",
        help="next underlying",
        beside="underlying-previous",
    ),
    Action(
        id="open",
        keys=("enter",),
        call="grid",
        word="grid",
        help="to the grid; there: where the figure under the cursor comes from. On the heatmap: the tile in full",
        first=_CURSORS | {Panel.BOARD},
    ),
    Action(id="back", keys=("esc",), call="board", word="back", help="back to the board", first=_CURSORS),
    Action(
        id="top",
        keys=("g", "home"),
        call="edge(-1)",
        word="top",
        help="top or bottom of the grid or the signals, begin or end of the timeline: where the focus is",
        first=_EVERYWHERE - {Panel.BOARD},
    ),
    Action(id="bottom", keys=("G", "end"), call="edge(1)", word="bottom", help="the bottom, or the end", beside="top"),
    Action(
        id="page-up",
        keys=("pgup",),
        call="page(-1)",
        word="page",
        help="a page up or down; along the timeline a minute",
        first=_EVERYWHERE - {Panel.BOARD},
    ),
    Action(
        id="page-down",
        keys=("pgdn",),
        call="page(1)",
        word="page",
        help="a page down; along the timeline a minute on",
        beside="page-up",
    ),
    Action(
        id="atm",
        keys=("a",),
        call="atm",
        word="ATM",
        help="centre the grid on the ATM and follow it",
        title="ATM",
        first=frozenset({Panel.GRID, Page.HEATMAP, Page.STRADDLES}),
    ),
)

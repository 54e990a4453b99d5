"""What is shown, and how: pages, the order of strikes, the snapshot alone, and the axes of the heatmap."""

from tui.actions.action import Action
from tui.pages import PAGED, Page, Panel
from tui.presets import PRESETS

_ON_HEATMAP = frozenset({Page.HEATMAP})
_WITH_GEX = frozenset({Page.DECK, Page.MEASURES, Page.CHARTS})
_WITH_AXES = frozenset({Page.HEATMAP, Page.STRADDLES, Page.CHARTS})

LOOKING = (
    Action(
        id="show-deck",
        keys=("1",),
        call="show_page('deck')",
        word="deck",
        help="board and grid",
        title="Board and grid",
    ),
    Action(
        id="show-heatmap",
        keys=("2",),
        call="show_page('heatmap')",
        word="heatmap",
        help="the heatmap: what each strategy costs, by strike",
        title="Heatmap",
    ),
    Action(
        id="show-measures",
        keys=("3",),
        call="show_page('measures')",
        word="measures",
        help="every measure by expiration, and what it rests on",
        title="Measures",
    ),
    Action(
        id="show-straddles",
        keys=("4",),
        call="show_page('straddles')",
        word="straddles",
        help="straddles of all expirations side by side, around the ATM",
        title="Straddles",
    ),
    Action(
        id="show-charts",
        keys=("5",),
        call="show_page('charts')",
        word="charts",
        help="charts: smile, term structure, gamma exposure, open interest and volume, ages, latency",
        title="Charts",
    ),
    Action(
        id="show-next",
        keys=("0",),
        call="next_page",
        word="screens",
        help="the next screen",
        title="Next screen",
    ),
    Action(
        id="filter",
        keys=("/",),
        call="filter",
        word="filter",
        help="list the chains on the board that fit words: spx 01-02 fri 0dte stale mock; -word leaves out, esc clears",
        title="Filter the board",
        pages=frozenset({Page.DECK}),
        first=frozenset({Panel.BOARD}),
    ),
    Action(
        id="backdrop",
        keys=("b",),
        call="backdrop",
        word="snapshot",
        help="the snapshot alone, or the stream's newer values over it, marked *",
        title="Snapshot only",
        first=frozenset({Panel.GRID}),
    ),
    Action(
        id="columns",
        keys=("P",),
        call="columns",
        word="columns",
        help="the grid's next columns: standard, price, greeks, flow, quality, and your own (grid_columns)",
        title="Next columns",
        first=frozenset({Panel.GRID}),
    ),
    Action(
        id="bars",
        keys=("u",),
        call="bars",
        word="bars",
        help="open interest and volume as bars, where there is room, or without",
        title="Bars",
        first=frozenset({Panel.GRID}),
    ),
    Action(
        id="order",
        keys=("o",),
        call="order",
        word="order",
        help="highest strike on top, or lowest; remembered. Of changes, also the largest",
        title="Strike order",
        first=frozenset({Panel.GRID, Page.HEATMAP, Page.STRADDLES}),
    ),
    Action(
        id="freeze",
        keys=("space",),
        call="freeze",
        word="freeze",
        help="freeze the grid, or let it go on; in the past play, or pause",
        title="Freeze",
        first=frozenset({Panel.GRID, Panel.TIMELINE, *PAGED}),
    ),
    Action(
        id="strategy",
        keys=("v",),
        call="strategy",
        word="strategy",
        help="heatmap: butterfly, vertical or single contract",
        title="Strategy",
        pages=_ON_HEATMAP,
    ),
    Action(
        id="side",
        keys=("c",),
        call="side",
        word="side",
        help="heatmap: calls or puts; where an AM root shares the date, its own too",
        title="Calls or puts",
        pages=_ON_HEATMAP,
    ),
    Action(
        id="axes",
        keys=("x",),
        call="axes",
        word="axes",
        help="heatmap: by width of one expiry, or by DTE for one width; straddles, smile: by strike, or by SD",
        title="Axes",
        pages=_WITH_AXES,
    ),
    Action(
        id="gex",
        keys=("w",),
        call="gex",
        word="GEX",
        help="gamma exposure in another unit, or with other signs",
        title="Gamma exposure",
        pages=_WITH_GEX,
    ),
    *(
        Action(
            id=f"preset-{preset.name}",
            keys=(),
            call=f"arrange('{preset.name}')",
            word=preset.name,
            help=f"arrange the screen: {preset.meaning}",
            title=f"Preset {preset.name}",
        )
        for preset in PRESETS.values()
    ),
)

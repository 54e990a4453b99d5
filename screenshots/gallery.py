"""The gallery: every page of the deck in every size and look, and its dialogs, all of one calm market.

Pages are those of `Page`, so that a new one is in it by itself.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import NamedTuple

from textual.pilot import Pilot

from screenshots.flow import flow
from screenshots.scenes import Stage, staged
from tui.app import DeckApp
from tui.export.svg import picture_of, svg_of
from tui.lines.line import Role
from tui.pages import Page
from tui.panels.line_panel import LinePanel
from tui.terminal.depth import Depth
from tui.terminal.frames import update
from tui.terminal.themes import DARK, LIGHT, SAFE

SIZES = ((80, 24), (120, 40), (200, 60))
MIDDLE = SIZES[1]
_ALL = tuple(columns for columns, _ in SIZES)
_CYCLES = 12  # so that there is something to draw of the last two minutes


class Look(NamedTuple):
    """A theme on a terminal of so many colours."""

    name: str
    theme: str
    depth: Depth = Depth.TRUE


LOOKS = (
    Look("dark", DARK),
    Look("light", LIGHT),
    Look("safe", SAFE),
    Look("ansi-dark", "ansi-dark"),
    Look("no-color", DARK, Depth.NONE),
)
ANSI_LIGHT = Look("ansi-light", "ansi-light")  # no picture of it, but it is measured too


class Shown(NamedTuple):
    """A page, or what keys open on the first: in how many columns it is drawn."""

    name: str
    page: Page = Page.DECK
    keys: tuple[str, ...] = ()
    columns: tuple[int, ...] = _ALL
    back: tuple[str, ...] = ()  # keys that lead back, where escape does not


SHOWN = (
    *(Shown(page.value, page) for page in Page),
    Shown("grid", keys=("enter",), columns=(80,)),  # beside the board there is no room for it
    Shown("help", keys=("question_mark",), columns=MIDDLE[:1]),
    Shown("help-more", keys=("question_mark", "pagedown"), columns=MIDDLE[:1]),
    Shown("help-colours", keys=("question_mark", "pagedown", "pagedown"), columns=MIDDLE[:1]),
    Shown("help-end", keys=("question_mark", "end"), columns=MIDDLE[:1]),
    Shown("grid-flow", keys=("P",) * 3, columns=_ALL[2:], back=("P",) * 2),
    Shown("grid-quality", keys=("P",) * 4, columns=_ALL[2:], back=("P",)),
    Shown("provenance", keys=("enter", "enter"), columns=MIDDLE[:1]),
    Shown("export", keys=("e",), columns=MIDDLE[:1]),
    Shown("time", keys=("T", *"10:04"), columns=MIDDLE[:1]),
)


class Frame(NamedTuple):
    """What the deck paints."""

    shown: Shown
    columns: int
    rows: int
    look: Look
    raw: bytes  # as a terminal is sent it
    svg: str
    roles: frozenset[Role]  # of all that is on screen

    @property
    def name(self) -> str:
        """The name of its picture."""
        return f"{self.shown.name}-{self.columns}x{self.rows}-{self.look.name}"

    def __repr__(self) -> str:
        return self.name


async def frames(looks: Sequence[Look] = LOOKS) -> list[Frame]:
    """Return the frames of all that is shown, in every size and in these looks."""
    found: list[Frame] = []
    for depth in dict.fromkeys(look.depth for look in looks):
        of_depth = [look for look in looks if look.depth is depth]
        async with staged() as stage:
            app = DeckApp(
                stage.slot, stage.clock, theme=DARK, depth=depth, travel=stage.travel, export_folder=Path("exports")
            )
            async with app.run_test(size=MIDDLE) as pilot:
                await _live(stage, app, pilot)
                found += [frame async for frame in _frames(stage, app, pilot, of_depth)]
    return found


async def _live(stage: Stage, app: DeckApp, pilot: Pilot[None]) -> None:
    """Have the deck watch a calm market for two minutes.

    The deck is shown each moment before time goes on, for it redraws by itself where it was not for a while.
    """
    for number in range(2 * _CYCLES + 1):
        await (stage.look() if number % 2 else stage.cycle())
        app.deck.board_arrived()
        await pilot.pause()
        stage.clock.advance(5.0 if number < 2 * _CYCLES else 1.6)
        app.deck.redraw()
    await flow(stage)
    app.deck.board_arrived()
    stage.catch_up()


async def _frames(stage: Stage, app: DeckApp, pilot: Pilot[None], looks: Sequence[Look]) -> AsyncIterator[Frame]:
    """Yield frames of one application, which is resized, turned to each page and given each theme.

    Redis is not asked again: the server's own clock goes on, and what it holds expires.
    """
    for columns, rows in SIZES:
        await pilot.resize_terminal(columns, rows)
        for one in SHOWN:
            if columns not in one.columns:
                continue
            app.deck.action_show_page(one.page)
            for key in one.keys:
                await pilot.press(key)
            for look in looks:
                app.theme = look.theme
                await pilot.pause()
                stage.catch_up()
                app.deck.redraw()
                await pilot.pause()
                yield Frame(one, columns, rows, look, painted(app), svg_of(picture_of(app)), roles_of(app))
            while len(app.screen_stack) > 1:
                await app.pop_screen()
            app.deck.action_board()
            await pilot.press(*one.back)


def painted(app: DeckApp) -> bytes:
    """Return what an application sends to paint its whole screen."""
    return update.frame(update.whole(app), app.console).encode()


def roles_of(app: DeckApp) -> frozenset[Role]:
    """Return what the pieces of text on the topmost screen mean."""
    panels = (panel for panel in app.screen.query(LinePanel) if panel.region)
    return frozenset(span.role for panel in panels for line in panel._painted for span in line if span.text.strip())


def index_of(found: Sequence[Frame]) -> str:
    """Return a page in Markdown that shows the pictures of frames: a table for each page, a row for each size."""
    tables = []
    for one in dict.fromkeys(frame.shown for frame in found):
        rows = [
            [f"{columns}x{rows}", *(_thumbnail(one, columns, rows, look) for look in LOOKS)]
            for columns, rows in SIZES
            if columns in one.columns
        ]
        head = ["", *(look.name for look in LOOKS)]
        table = [head, ["---"] * len(head), *rows]
        lines = [f"## {one.name}", "", *("| " + " | ".join(cells) + " |" for cells in table), ""]
        tables.append("\n".join(lines))
    return "\n".join([_HEAD, *tables])


def _thumbnail(shown: Shown, columns: int, rows: int, look: Look) -> str:
    path = f"gallery/{shown.name}-{columns}x{rows}-{look.name}.svg"
    return f'<a href="{path}"><img src="{path}" width="200" alt="{shown.name} {columns}x{rows} {look.name}"></a>'


_HEAD = """# Pictures of the deck

`make screenshots` paints them all from a mock market at a fixed clock; a test fails where the deck paints something
else. Below, every page in every size and look, of a calm market: `dark`, `light` and `safe` (for colour-blind eyes) are
the deck's own themes, `ansi-dark` keeps to the terminal's own 16 colours, and `no-color` is what `NO_COLOR` gives.
Beside this page there are scenes of trouble, of the past and of the pipeline.
"""

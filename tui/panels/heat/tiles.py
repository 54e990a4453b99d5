"""The heatmap's tiles: a panel whose window follows the cursor."""

from chain.model.keys import ChainId
from chain.pipeline.heatmap import HeatmapModel
from chain.pipeline.heatmap_index import HeatmapIndex
from tui.lines.heatmap.choice import Across, TileChoice
from tui.lines.heatmap.frame import explained, foot, legend
from tui.lines.heatmap.freshness import ModelAge
from tui.lines.heatmap.matrix import Matrix, matrix_of
from tui.lines.heatmap.scale import Scale, fitted
from tui.lines.heatmap.table import HeatTable, Paint, heat_table
from tui.lines.line import Line
from tui.panels.line_panel import LinePanel
from tui.terminal.depth import Depth, HasDepth
from tui.terminal.heat import is_shaded, steps_of
from tui.view import View


class HeatPanel(LinePanel):
    """The tiles. The window follows the ATM, then the cursor, and stays where the wheel has left it."""

    matrix: Matrix | None = None
    table: HeatTable | None = None  # as shown
    _drawn: tuple[Matrix, tuple[Scale, Paint, int, bool, bool], HeatTable] | None = None
    _made: tuple[object, ...] = ()  # what shaped the matrix
    _scale = Scale()
    _scale_of: tuple[object, ...] = ()
    _scrolled = False

    def turn_to(
        self, model: HeatmapModel, index: HeatmapIndex, choice: TileChoice, chain: ChainId, across: Across
    ) -> Matrix:
        """Return the page that is looked at, the same object as long as nothing that shapes it changed."""
        states = tuple(each.state for each in model.expirations)
        made = (model.version, states, chain, across, choice.strategy, choice.side, choice.width, choice.strike)
        if self.matrix is None or made != self._made:
            self._made = made
            self.matrix = matrix_of(model, index, choice, chain.expiry.isoformat(), across)
        return self.matrix

    def bring(self, title: Line, matrix: Matrix, view: View, age: ModelAge, level: int | None = None) -> int | None:
        """Show a page under its title, and return at which line the cursor stands.

        `age` is how old it is; `level` is the line at which the cursor is wanted.
        """
        width, paint = self.size.width, self._paint
        scale = self._scale_for(matrix, paint.steps)
        table = self._lines(matrix, (scale, paint, width, view.highest_first, age.is_current))
        note = "snapshots only" if view.past else ""
        head = (title, legend(scale, paint, width, age, note=note), *table.head)
        room = max(1, self.size.height - len(head) - 1)
        if level is not None and table.cursor is not None:
            table = table.padded(max(0, level - table.cursor), room)
            top: int | None = None if self._scrolled or table.cursor is None else table.cursor - level
        else:
            top = self._first(table, room, follows=view.tile.strike is None)
        self.table = table
        self.show(head, table.body, (foot(matrix, width, age.words),), top=top)
        return None if table.cursor is None else table.cursor - self._top

    def _lines(self, matrix: Matrix, shape: tuple[Scale, Paint, int, bool, bool]) -> HeatTable:
        """Return a page's lines, the same objects as long as nothing that shapes them changed."""
        drawn = self._drawn
        if drawn is None or drawn[0] is not matrix or drawn[1] != shape:
            scale, paint, width, highest_first, current = shape
            table = heat_table(matrix, scale, paint, width, highest_first=highest_first, current=current)
            self._drawn = drawn = (matrix, shape, table)
        return drawn[2]

    def explain(self, title: Line, words: tuple[str, ...]) -> None:
        """Say under the title why there are no tiles."""
        self.matrix = self.table = self._drawn = None
        self.show((title,), explained(words, self.size.width), top=0)

    def _first(self, table: HeatTable, room: int, *, follows: bool) -> int | None:
        """Return the first line to show."""
        if self._scrolled or table.cursor is None:
            return None
        if follows:
            return table.cursor - room // 2
        return max(0, min(max(self._top, table.cursor - room + 1), table.cursor))

    def _scale_for(self, matrix: Matrix, steps: int) -> Scale:
        """Return the scale of a page; that of the same page before as long as it serves, so that colours stay."""
        page = (matrix.strategy, matrix.side, matrix.across, matrix.columns[:1], steps)
        debits = matrix.debits
        if page != self._scale_of or not self._scale.serves(debits, steps):
            self._scale_of, self._scale = page, fitted(debits, steps)
        return self._scale

    @property
    def _paint(self) -> Paint:
        """How this terminal shows the steps."""
        depth = self.app.depth if isinstance(self.app, HasDepth) else Depth.TRUE
        ansi = self.app.native_ansi_color
        return Paint(steps_of(depth, ansi=ansi), shaded=is_shaded(depth, ansi=ansi))

    def follow(self) -> None:
        """Show the cursor with the next lines."""
        self._scrolled = False

    def scroll_by(self, rows: int) -> None:
        """Scroll, and stay there."""
        self._scrolled = True
        super().scroll_by(rows)

"""A panel of lines: fixed head, scrolled body, and a repaint of exactly what changed."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.lines.line import EMPTY, Ground, Line, Role, Span, cut, length
from tui.palette import Palette, palette_of

_MOVE = 8  # characters that cost as much as a move of the cursor
_STRIPS_KEPT = 256  # of lines as Textual paints them, about 2 kB each
_LETTERS = {meaning: chr(ord("0") + at) for at, meaning in enumerate(product(Role, Ground))}


class LinePanel(Widget):
    """Shows lines. Only the cells that differ from the lines shown before are painted again."""

    DEFAULT_CSS = "LinePanel { overflow: hidden hidden; }"

    class RowChosen(Message):
        """A body line was clicked, in this column of the panel."""

        def __init__(self, panel: "LinePanel", row: int, column: int) -> None:
            super().__init__()
            self.panel = panel
            self.row = row
            self.column = column

        @property
        def control(self) -> "LinePanel":
            """The panel that was clicked."""
            return self.panel

    class Scrolled(Message):
        """The wheel turned over the panel; `rows` below zero is up."""

        def __init__(self, panel: "LinePanel", rows: int) -> None:
            super().__init__()
            self.panel = panel
            self.rows = rows

        @property
        def control(self) -> "LinePanel":
            """The panel under the wheel."""
            return self.panel

    def __init__(self, *, id: str, can_focus: bool = False, says_more: bool = False) -> None:
        """`says_more`: whether the last visible line counts those below it."""
        super().__init__(id=id)
        self.can_focus = can_focus
        self._says_more = says_more
        self._head: Sequence[Line] = ()
        self._body: Sequence[Line] = ()
        self._foot: Sequence[Line] = ()
        self._top = 0
        self._painted: list[Line] = []
        self._strips: dict[Line, Strip] = {}
        self._styles: Palette | None = None

    @property
    def room(self) -> int:
        """How many body lines are visible."""
        return self._room(self.size.height)

    def _room(self, height: int) -> int:
        return max(0, height - len(self._head) - len(self._foot))

    def show(
        self, head: Sequence[Line], body: Sequence[Line], foot: Sequence[Line] = (), *, top: int | None = None
    ) -> None:
        """Show these lines, the body from line `top` on; repaint what differs."""
        self._head, self._body, self._foot = head, body, foot
        wanted = self._top if top is None else top
        width, height = self.size
        self._top = max(0, min(wanted, len(body) - self._room(height)))
        self._repaint(width, self._visible(height))

    def scroll_by(self, rows: int) -> None:
        """Move the window over the body, as far as there is body."""
        self.show(self._head, self._body, self._foot, top=self._top + rows)

    def keep_visible(self, first: int, last: int) -> int:
        """Return the `top` that shows these body lines with the least movement, not behind the count of lines below."""
        room = max(1, self.room)
        if self._says_more and last + 1 < len(self._body):
            room = max(1, room - 1)
        return max(0, min(max(self._top, last - room + 1), first))

    def restyle(self) -> None:
        """Forget styles after a change of theme."""
        self._styles = None
        self._strips.clear()
        self.refresh()

    def _repaint(self, width: int, visible: list[Line]) -> None:
        if len(visible) != len(self._painted):
            self._painted = visible
            self.refresh()
            return
        regions = []
        for y, (old, new) in enumerate(zip(self._painted, visible, strict=True)):
            if old is not new and old != new:
                regions += [Region(start, y, end - start, 1) for start, end in _changed(old, new, width)]
        self._painted = visible
        if regions:
            self.refresh(*regions)

    def _visible(self, height: int) -> list[Line]:
        room = self._room(height)
        shown = self._body[self._top : self._top + room]
        body = cut(self._body, room, self._top) if self._says_more else list(shown)
        body += [EMPTY] * (room - len(body))
        head = [_pointed(self._head[0]), *self._head[1:]] if self.has_focus and self._head else self._head
        return [*head, *body, *self._foot][:height]

    def watch_has_focus(self, has_focus: bool) -> None:
        """Point at the heading, or no longer; `Focus` is heard before the panel has it."""
        super().watch_has_focus(has_focus)
        self._repaint(self.size.width, self._visible(self.size.height))

    def on_resize(self) -> None:
        """Fit the window to the new height; it may have been painted before this was heard."""
        height = self.size.height
        self._top = max(0, min(self._top, len(self._body) - self._room(height)))
        self._painted = self._visible(height)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one screen line."""
        line = self._painted[y] if y < len(self._painted) else EMPTY
        strip = self._strips.get(line)
        width = self.size.width
        if strip is None or strip.cell_length != width:
            strip = self._strip(line, width)
            if len(self._strips) > _STRIPS_KEPT:
                self._strips.clear()
            self._strips[line] = strip
        return strip

    def _strip(self, line: Line, width: int) -> Strip:
        styles = self._styles
        if styles is None:
            self._styles = styles = palette_of(self.app)
        segments = [Segment(span.text, styles[span.role, span.ground]) for span in line if span.text]
        cells = length(line) if all(map(_narrow, line)) else None
        return Strip(segments, cells).adjust_cell_length(width, styles[Role.TEXT, Ground.PLAIN])

    def on_click(self, event: events.Click) -> None:
        """Choose the clicked body line."""
        row = event.y - len(self._head) + self._top
        if event.y >= len(self._head) and 0 <= row < len(self._body):
            self.post_message(self.RowChosen(self, row, event.x))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Ask for later lines."""
        event.stop()
        self.post_message(self.Scrolled(self, 3))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Ask for earlier lines."""
        event.stop()
        self.post_message(self.Scrolled(self, -3))


def _pointed(heading: Line) -> Line:
    """Return a heading that says where keys go."""
    first, *rest = heading
    return (Span("▌", Role.ACCENT, first.ground), first._replace(text=first.text[1:]), *rest)


def _changed(old: Line, new: Line, width: int) -> list[tuple[int, int]]:
    """Return the columns [start, end) of a panel of this width in which two lines differ.

    Exact to the character, however the lines are cut into spans; where a character takes more than one cell, all of it.
    Between two changes what stayed is painted again where that is less to send than a move of the cursor.
    """
    whole = [(0, max(1, width))]
    if not all(map(_narrow, (*old, *new))):
        return whole
    before, after = _spelled(old), _spelled(new)
    size = len(before[0])
    if size != len(after[0]):
        return whole
    start = min(map(_common, before, after))
    end = size - min(_common(a[::-1], b[::-1]) for a, b in zip(before, after, strict=True))
    found: list[tuple[int, int]] = []
    for at in range(start, end):
        if before[0][at] == after[0][at] and before[1][at] == after[1][at]:
            continue
        if found and at - found[-1][1] < _MOVE:
            found[-1] = found[-1][0], at + 1
        else:
            found.append((at, at + 1))
    return found


def _spelled(line: Line) -> tuple[str, str]:
    """Return a line's characters and, as long, a letter for the meaning of each."""
    meanings = "".join([_LETTERS[span.role, span.ground] * len(span.text) for span in line])
    return "".join([span.text for span in line]), meanings


def _common(one: str, other: str) -> int:
    """Return how many characters two texts of one length begin with alike."""
    alike, differ = 0, len(one) + 1
    while differ - alike > 1:  # halving compares in C, which a loop over characters does not
        middle = (alike + differ) // 2
        alike, differ = (middle, differ) if one[:middle] == other[:middle] else (alike, middle)
    return alike


@lru_cache(maxsize=1024)
def _narrow(span: Span) -> bool:
    """Whether every character of a span takes one cell."""
    return span.text.isascii() or Segment(span.text).cell_length == len(span.text)

"""The compositor's updates for a slow line: cut to what changed, and written with the fewest changes of style."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.strip import Strip

from tui.terminal.frames.sgr import PLAIN, change, on_blanks, rendition_of


class _Piece(NamedTuple):
    """What is painted from a cell on, to the right."""

    x: int
    y: int
    strip: Iterable[Segment]


def whole(app: App[Any]) -> LayoutUpdate:
    """Return what paints every cell of an application, of a dialog with what stands behind it."""
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    assert isinstance(update, LayoutUpdate)
    return update


def frame(update: CompositorUpdate, console: Console) -> str:
    """Return what paints an update, beginning and ending in the terminal's plain style."""
    if isinstance(update, ChopsUpdate):
        return _written(_changed(update), console)
    if isinstance(update, LayoutUpdate):
        return _written(_laid_out(update), console)
    return update.render_segments(console)


def _changed(update: ChopsUpdate) -> Iterator[_Piece]:
    """Yield what changed, nothing of what stands left or right of it in its line."""
    for y, begin, end in update.spans:
        for upto, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            first, last = max(x, begin), min(upto, end)
            if strip is not None and first < last:
                whole = first == x and last == upto
                yield _Piece(first, y, strip if whole else strip.crop(first - x, last - x))


def _laid_out(update: LayoutUpdate) -> Iterator[_Piece]:
    for y, strips in enumerate(update.strips, update.region.y):
        yield _Piece(update.region.x, y, (segment for strip in strips for segment in strip))


def _written(pieces: Iterable[_Piece], console: Console) -> str:
    colours = console._color_system or ColorSystem.TRUECOLOR
    written: list[str] = []
    now = PLAIN
    for x, y, strip in pieces:
        written.append(f"\x1b[{y + 1};{x + 1}H")
        for text, style, _ in strip:
            if not text:
                continue
            if style is not None and style.link:
                written += (change(now, PLAIN), Strip.render_style(style, text, colours))
                now = PLAIN
                continue
            wanted = rendition_of(style, colours)
            if text.isspace():
                wanted = on_blanks(now, wanted)
            written += (change(now, wanted), text)
            now = wanted
    written.append(change(now, PLAIN))
    return "".join(written)


class Frame(CompositorUpdate):
    """An update that is written as a frame of ours."""

    def __init__(self, update: CompositorUpdate) -> None:
        self._update = update

    def render_segments(self, console: Console) -> str:
        """Return what is sent to the terminal."""
        return frame(self._update, console)

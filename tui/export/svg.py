"""A frame of the deck as a small SVG: a path for each ground, and words where they stand.

Textual's own export is four to five times as large: a clip path for each line, five attributes for each run of text.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any, NamedTuple

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.app import App

from tui.terminal.contrast import BLACK, RGB, WHITE, XTERM
from tui.terminal.frames.update import whole

CELL, LINE = 10, 19  # units of the picture: what common fonts are wide and high at 16.6, so that rules meet
_BASE, _FONT = 15, "16.6px 'Fira Code','DejaVu Sans Mono',Menlo,Consolas,monospace"
_WORDS = re.compile(r"\S+(?: \S+)*")  # what two blanks part stands at places of its own, whatever the font's width
_DOTS = re.compile("[\u2800-\u28ff]")
_ALL = re.compile(r".*\S.*")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Run(NamedTuple):
    """Text of one look at a place."""

    column: int
    text: str
    colour: RGB
    ground: RGB
    bold: bool
    underline: bool


class Picture(NamedTuple):
    """A frame as runs of text, line by line, on a ground."""

    columns: int
    lines: Sequence[Sequence[Run]]
    ground: RGB


def picture_of(app: App[Any]) -> Picture:
    """Return what an application shows; a terminal's own colours are xterm's."""
    dark = app.current_theme.dark
    own = (XTERM[7], BLACK) if dark else (BLACK, WHITE)
    strips = whole(app).strips
    lines = [list(_merged(_runs((one for strip in line for one in strip if not one.control), own))) for line in strips]
    grounds = [run.ground for line in lines for run in line for _ in run.text]
    return Picture(app.size.width, lines, max(set(grounds), key=grounds.count))


def _runs(segments: Iterable[Segment], own: tuple[RGB, RGB]) -> Iterator[Run]:
    column = 0
    for text, style, _ in segments:
        shown = style or Style()
        colour, ground = (_rgb(one, default) for one, default in zip((shown.color, shown.bgcolor), own, strict=True))
        if shown.reverse:
            colour, ground = ground, colour
        yield Run(column, text, colour, ground, bool(shown.bold), bool(shown.underline))
        column += len(text)


def _rgb(colour: Color | None, default: RGB) -> RGB:
    if colour is None or colour.is_default:
        return default
    if colour.number is not None and colour.number < len(XTERM):
        return XTERM[colour.number]
    red, green, blue = colour.get_truecolor()
    return red, green, blue


def _merged(runs: Iterable[Run]) -> Iterator[Run]:
    """Join neighbours that look alike."""
    last: Run | None = None
    for run in runs:
        if last is not None and run[2:] == last[2:]:
            last = last._replace(text=last.text + run.text)
            continue
        if last is not None:
            yield last
        last = run
    if last is not None:
        yield last


def svg_of(picture: Picture) -> str:
    """Return a picture as SVG."""
    classes = classes_of([picture])
    boxes: dict[str, list[str]] = {}
    for fill, box in boxes_of(picture):
        boxes.setdefault(fill, []).append(box)
    grounds = [f'<path fill="{fill}" d="{"".join(parts)}"/>' for fill, parts in sorted(boxes.items())]
    lines: dict[int, list[str]] = {}
    for word in words_of(picture, classes):
        lines.setdefault(word.y, []).append(f'<tspan x="{word.x}" class="{word.look}">{word.text}</tspan>')
    texts = [f'<text y="{y}">{"".join(spans)}</text>' for y, spans in lines.items()]
    return framed(picture, css_of(classes), [*grounds, *texts])


def framed(picture: Picture, css: str, body: Iterable[str]) -> str:
    """Return elements as an SVG on a picture's ground."""
    width, height = picture.columns * CELL, len(picture.lines) * LINE
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
            f"<style>text{{font:{_FONT};white-space:pre}}path{{shape-rendering:crispEdges}}{css}</style>",
            f'<path fill="{_hex(picture.ground)}" d="M0 0h{width}v{height}H0z"/>',
            *body,
            "</svg>\n",
        ]
    )


def classes_of(pictures: Iterable[Picture]) -> dict[str, str]:
    """Return a class for each look of text."""
    looks = {_look(run) for one in pictures for line in one.lines for run in line if run.text.strip()}
    return {look: f"{_LETTERS[number % 26]}{number // 26 or ''}" for number, look in enumerate(sorted(looks))}


def css_of(classes: dict[str, str]) -> str:
    """Return the rules of classes."""
    return "".join(f".{name}{{{look}}}" for look, name in classes.items())


def _look(run: Run) -> str:
    bold = ";font-weight:bold" if run.bold else ""
    return f"fill:{_hex(run.colour)}{bold}{';text-decoration:underline' if run.underline else ''}"


def _hex(colour: RGB) -> str:
    return f"#{bytes(colour).hex()}"


def boxes_of(picture: Picture) -> Iterator[tuple[str, str]]:
    """Yield the grounds that are not the picture's own: colour, and path of a box."""
    for number, line in enumerate(picture.lines):
        for run in line:
            if run.ground != picture.ground:
                wide = len(run.text) * CELL
                yield _hex(run.ground), f"M{run.column * CELL} {number * LINE}h{wide}v{LINE}h-{wide}z"


class Word(NamedTuple):
    """A word where it stands, escaped, and the class of its look."""

    x: str  # of its beginning; of each character where a font's width may be another
    y: int
    look: str
    text: str


def words_of(picture: Picture, classes: dict[str, str]) -> Iterator[Word]:
    """Yield all text in pieces that two blanks or more part."""
    for number, line in enumerate(picture.lines):
        for run in line:
            for found in (_ALL if run.underline else _WORDS).finditer(run.text):
                column, y = run.column + found.start(), number * LINE + _BASE
                yield Word(_places(found[0], column), y, classes[_look(run)], escape(found[0], quote=False))


def _places(text: str, column: int) -> str:
    """Return where a word begins, or each of its characters: dots are often of another font, and not as wide."""
    count = len(text) if _DOTS.search(text) else 1
    return " ".join(str((column + at) * CELL) for at in range(count))

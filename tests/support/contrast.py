"""Contrast measured on the bytes that a terminal receives: every word, resolved to the colours a person would see."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import NamedTuple

import pyte

from tui.terminal.contrast import RGB, VGA, XTERM, contrast

_NAMES = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
_WORD = re.compile(r"\S*\w\S*")
_SGR = re.compile(rb"\x1b\[([\d;]*)m")


class Look(NamedTuple):
    """How a terminal shows what has no exact colour: its sixteen entries, and its own text and ground."""

    name: str
    records: tuple[RGB, ...]
    text: RGB
    ground: RGB


DARK_LOOKS = (Look("xterm dark", XTERM, XTERM[7], XTERM[0]), Look("VGA dark", VGA, VGA[7], VGA[0]))
LIGHT_LOOKS = (Look("xterm light", XTERM, XTERM[0], XTERM[15]), Look("VGA light", VGA, VGA[0], VGA[15]))


class Style(NamedTuple):
    """What decides how well a character reads, in pyte's names of colours."""

    text: str
    ground: str
    bold: bool
    reverse: bool


class Word(NamedTuple):
    """A word on the screen at its least contrast over some looks of a terminal."""

    ratio: float
    text: str
    row: int
    column: int
    look: str
    foreground: str
    background: str


def screen_of(raw: bytes, columns: int, rows: int) -> pyte.Screen:
    """Return what a terminal shows after these bytes."""
    screen = pyte.Screen(columns, rows)
    pyte.ByteStream(screen).feed(raw)
    return screen


def words(screen: pyte.Screen, looks: tuple[Look, ...]) -> Iterator[Word]:
    """Yield every word, at its worst character and its worst look."""
    for row, line in enumerate(screen.display):
        for found in _WORD.finditer(line):
            cells = [screen.buffer[row][column] for column in range(found.start(), found.end())]
            styles = {Style(cell.fg, cell.bg, cell.bold, cell.reverse) for cell in cells if cell.data.strip()}
            style, look = min(product(styles, looks), key=lambda pair: _least(*pair))
            yield Word(_least(style, look), found[0], row, found.start(), look.name, style.text, style.ground)


def worst_word(screen: pyte.Screen, looks: tuple[Look, ...]) -> Word:
    """Return the word of the least contrast."""
    return min(words(screen, looks))


def dim_sequences(raw: bytes) -> list[bytes]:
    """Return sequences that ask for dim text: how faint that is no one knows."""
    plain = [re.sub(rb"[34]8;(?:5;\d+|2;\d+;\d+;\d+)", b"", found) for found in _SGR.findall(raw)]
    return [sequence for sequence in plain if b"2" in sequence.split(b";")]


@cache
def _least(style: Style, look: Look) -> float:
    """Return the contrast of a cell; bold text of the eight darker colours is brighter on some terminals."""
    text, ground = _rgb(style.text, look.text, look), _rgb(style.ground, look.ground, look)
    shades = [text, look.records[8 + _NAMES.index(style.text)]] if style.bold and style.text in _NAMES else [text]
    return min(contrast(shade, ground) for shade in shades)


def _rgb(name: str, default: RGB, look: Look) -> RGB:
    if name == "default":
        return default
    if name in _NAMES:
        return look.records[_NAMES.index(name)]
    if name.startswith("bright"):
        return look.records[8 + _NAMES.index(name.removeprefix("bright").replace("yellow", "brown"))]
    return int(name[:2], 16), int(name[2:4], 16), int(name[4:], 16)

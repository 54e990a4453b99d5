"""Contrast measured on the bytes that a terminal receives: every word, resolved to the colours a person would see."""

import re
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import pyte
from pyte.screens import Char

from tui.terminal.contrast import RGB, VGA, XTERM, contrast

_NAMES = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
_WORD = re.compile(r"\S*\w\S*")
_SGR = re.compile(rb"\x1b\[([\d;]*)m")


class Look(NamedTuple):
    """How a terminal shows what has no exact colour: its sixteen entries, and its own text and ground."""

    name: str
    entries: tuple[RGB, ...]
    text: RGB
    ground: RGB


DARK_LOOKS = (Look("xterm dark", XTERM, XTERM[7], XTERM[0]), Look("VGA dark", VGA, VGA[7], VGA[0]))
LIGHT_LOOKS = (Look("xterm light", XTERM, XTERM[0], XTERM[15]), Look("VGA light", VGA, VGA[0], VGA[15]))


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
            yield min(
                Word(contrast(*colours), found[0], row, found.start(), look.name, cell.fg, cell.bg)
                for cell, look in product(cells, looks)
                if cell.data.strip()
                for colours in _colours(cell, look)
            )


def worst_word(screen: pyte.Screen, looks: tuple[Look, ...]) -> Word:
    """Return the word of the least contrast."""
    return min(words(screen, looks))


def dim_sequences(raw: bytes) -> list[bytes]:
    """Return sequences that ask for dim text: how faint that is no one knows."""
    plain = [re.sub(rb"[34]8;(?:5;\d+|2;\d+;\d+;\d+)", b"", found) for found in _SGR.findall(raw)]
    return [sequence for sequence in plain if b"2" in sequence.split(b";")]


def _colours(cell: Char, look: Look) -> Iterator[tuple[RGB, RGB]]:
    """Yield text and ground of a cell; bold text of the eight darker colours is brighter on some terminals."""
    text, ground = _rgb(cell.fg, look.text, look), _rgb(cell.bg, look.ground, look)
    yield (ground, text) if cell.reverse else (text, ground)
    if cell.bold and cell.fg in _NAMES:
        bright = look.entries[8 + _NAMES.index(cell.fg)]
        yield (ground, bright) if cell.reverse else (bright, ground)


def _rgb(name: str, default: RGB, look: Look) -> RGB:
    if name == "default":
        return default
    if name in _NAMES:
        return look.entries[_NAMES.index(name)]
    if name.startswith("bright"):
        return look.entries[8 + _NAMES.index(name.removeprefix("bright").replace("yellow", "brown"))]
    return int(name[:2], 16), int(name[2:4], 16), int(name[4:], 16)

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
# Palettes that terminals of today have or that many choose: their blue is dark in one and light in the next.
_NEWER = {
    "macOS": (
        "000000 c23621 25bc24 adad27 492ee1 d338d3 33bbc8 cbcccd",
        "818383 fc391f 31e722 eaec23 5833ff f935f8 14f0f0 e9ebeb",
    ),
    "Campbell": (
        "0c0c0c c50f1f 13a10e c19c00 0037da 881798 3a96dd cccccc",
        "767676 e74856 16c60c f9f1a5 3b78ff b4009e 61d6d6 f2f2f2",
    ),
    "GNOME": (
        "171421 c01c28 26a269 a2734c 12488b a347ba 2aa1b3 d0cfcc",
        "5e5c64 f66151 33da7a e9ad0c 2a7bde c061cb 33c7de ffffff",
    ),
    "Dracula": (
        "21222c ff5555 50fa7b f1fa8c bd93f9 ff79c6 8be9fd f8f8f2",
        "6272a4 ff6e6e 69ff94 ffffa5 d6acff ff92df a4ffff ffffff",
    ),
}


def _look(name: str, rows: tuple[str, str]) -> Look:
    records = tuple(_exact(code) for row in rows for code in row.split())
    return Look(name, records, records[7], records[0])


def _exact(code: str) -> RGB:
    return int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16)


NEWER_LOOKS = tuple(_look(name, rows) for name, rows in _NEWER.items())


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
    return _exact(name)

"""What a terminal can draw beside letters and digits, and an ASCII form of the same width for every other character."""

import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

AUTO: Final = "auto"
_ASCII_TERMINALS = ("linux", "vt", "dumb", "unknown", "cons", "ansi", "wy", "sun")  # no font or encoding for more
_NO_BRAILLE = ("putty", "cygwin", "eterm", "rxvt")  # with the fonts that they begin with, boxes in place of dots
_BRAILLE_AFTER_ALL = ("rxvt-unicode",)


class Symbols(StrEnum):
    """What charts, bars and marks are drawn with. Each level has what the one before it has."""

    ASCII = "ascii"
    BLOCK = "block"  # lines, blocks and shades
    BRAILLE = "braille"  # and 2x4 dots a character


@runtime_checkable
class HasSymbols(Protocol):
    """An application that knows what its terminal can draw."""

    symbols: Symbols


def symbols_of(app: object) -> Symbols:
    """Return what an application's terminal can draw."""
    return app.symbols if isinstance(app, HasSymbols) else Symbols.BRAILLE


def choose_symbols(wanted: str, environment: Mapping[str, str], encoding: str | None) -> Symbols:
    """Return the level that is wanted; for `auto` the best that a terminal's TERM and encoding are known to bear."""
    if wanted != AUTO:
        return Symbols(wanted)
    term = environment.get("TERM", "").lower()
    if not term or term.startswith(_ASCII_TERMINALS) or (encoding or "").lower().replace("-", "") != "utf8":
        return Symbols.ASCII
    if term.startswith(_NO_BRAILLE) and not term.startswith(_BRAILLE_AFTER_ALL):
        return Symbols.BLOCK
    return Symbols.BRAILLE


def _forms(*rows: str) -> dict[str, str]:
    """Return the last character of each row as the form of those before it."""
    return {character: row[-1] for row in rows for character in row[:-1]}


_FORMS: Final = {
    **_forms("│║╏▏▎▍▌▐▕▋▊▉|", "┃#", "╎┊:", "┆;", "─┄┈╍▔▀-", "╌▁▂▃▄_", "━═=", "┌┐└┘╭╮╰╯├┤┬┴┼┏┓┗┛┣┫┳┻╋╔╗╚╝╠╣╦╩╬▙▛▜▟+"),
    **_forms("░.", "▒-", "▓=", "█▅▆▇■▪#", "▖▗.", "▘▝'", "▚▞%"),
    **_forms("▴▲↑^", "▾▼↓v", "▸▶►→›»>", "◂◀◄←‹«⏎<", "●◆•✓*", "○◇o", "·.", "…±≈~", "×✗x"),
    **_forms("−–—-", "÷/", "√V", "°o", "\xa0 ", "‘’'", '“”"', "≤<", "≥>", "σs", "Δd", "Γg", "Θt"),
}  # fmt: skip


def ascii_form(character: str) -> str:
    """Return ASCII of the width of a character: a sign or a letter like it, else `?`."""
    if character in _FORMS or character.isascii():
        return _FORMS.get(character, character)
    if "\u2800" <= character <= "\u28ff":  # dots of a chart
        return " " if character == "\u2800" else "*"
    if unicodedata.combining(character):
        return ""
    letter = unicodedata.normalize("NFKD", character)[0]
    if letter.isalpha() and letter.isascii():  # with an accent
        return letter
    return "??" if unicodedata.east_asian_width(character) in "WF" else "?"


def replace_unencodable(error: UnicodeError) -> tuple[str, int]:
    """Return ASCII in place of what an encoding lacks; a handler of errors, as `codecs.register_error` takes it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(ascii_form, error.object[error.start : error.end])), error.end

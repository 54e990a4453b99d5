"""Select Graphic Rendition (ECMA-48): the shortest sequence that changes one style into another."""

from functools import lru_cache
from typing import NamedTuple

from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

# What switches an attribute off; one code does it for several.
_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "21": "24", "5": "25", "6": "25", "7": "27", "8": "28", "9": "29"}
_NOT_SEEN_ON_BLANKS = frozenset("123")  # bold, dim and italic
_DEFAULT_TEXT, _DEFAULT_GROUND = "39", "49"
_EXTENDED_PARTS = {"5": 3, "2": 5}  # parts of `38;5;N` and `38;2;R;G;B`


class Rendition(NamedTuple):
    """How text is rendered: codes of attributes, of the text's colour and of the ground's; empty is the default."""

    attributes: frozenset[str] = frozenset()
    text: str = ""
    ground: str = ""


PLAIN = Rendition()


@lru_cache(maxsize=4096)
def rendition_of(style: Style | None, colours: ColorSystem) -> Rendition:
    """Return how a style is rendered with so many colours."""
    codes = Strip.render_ansi(style, colours) if style else ""
    parts = codes.split(";") if codes else []
    attributes, text, ground = set(), "", ""
    at = 0
    while at < len(parts):
        code = parts[at]
        size = _EXTENDED_PARTS[parts[at + 1]] if code in ("38", "48") else 1
        whole = ";".join(parts[at : at + size])
        if not _is_colour(code):
            attributes.add(whole)
        elif _is_ground(code):
            ground = "" if code == _DEFAULT_GROUND else whole
        else:
            text = "" if code == _DEFAULT_TEXT else whole
        at += size
    return Rendition(frozenset(attributes), text, ground)


def _is_colour(code: str) -> bool:
    return _is_ground(code) or 30 <= int(code) <= 39 or 90 <= int(code) <= 97


def _is_ground(code: str) -> bool:
    return 40 <= int(code) <= 49 or 100 <= int(code) <= 107


@lru_cache(maxsize=16384)
def change(before: Rendition, after: Rendition) -> str:
    """Return the shortest sequence after which `after` holds where `before` did; empty where they are alike."""
    if before == after:
        return ""
    anew = _sequence("0", *_added(PLAIN, after)) if after != PLAIN else "\x1b[m"
    gone = before.attributes - after.attributes
    if not gone <= _OFF.keys():
        return anew
    off = {_OFF[code] for code in gone}
    # One code may switch off more than what has to go: what stays is switched on again.
    kept = frozenset(code for code in before.attributes & after.attributes if _OFF.get(code) not in off)
    step = _sequence(*sorted(off), *_added(before._replace(attributes=kept), after))
    return min(step, anew, key=len)


def _added(before: Rendition, after: Rendition) -> list[str]:
    """Return the codes of what is other, attributes being only added."""
    codes = sorted(after.attributes - before.attributes)
    if before.text != after.text:
        codes.append(after.text or _DEFAULT_TEXT)
    if before.ground != after.ground:
        codes.append(after.ground or _DEFAULT_GROUND)
    return codes


def _sequence(*codes: str) -> str:
    return f"\x1b[{';'.join(codes)}m"


def on_blanks(before: Rendition, after: Rendition) -> Rendition:
    """Return what blanks that are to look like `after` can be rendered in: only the ground shows of most."""
    if before.attributes | after.attributes <= _NOT_SEEN_ON_BLANKS:
        return before._replace(ground=after.ground)
    return after

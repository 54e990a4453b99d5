"""One animated SVG of several pictures of the deck: what pictures share is in it once, and CSS shows it in turn."""

import re
from collections.abc import Sequence

FRAME_S = 1.2

_LAYERS = ('shape-rendering="crispEdges"', 'class="terminal-matrix"')  # backgrounds, and words over them
_STYLE = re.compile(r"^ *\.terminal-(r\d+) \{ (.*?) \}\n", re.MULTILINE)
_PAINTED = re.compile(
    r'(<g transform="[^"]*" clip-path="[^"]*">)\s*(<rect .*?)<g class="terminal-matrix">(.*?)</g>', re.DOTALL
)
_BACKGROUND = re.compile(r"<rect [^>]*/>")
_WORDS = re.compile(r'<text class="terminal-(r\d+)"([^>]*)>([^<\n]+)</text>')

Frames = tuple[int, ...]  # in which something is shown


def animated(pictures: Sequence[str]) -> str:
    """Return an SVG that shows pictures of one size in turn, endlessly; without animation it is the first.

    Each picture is what Textual exports. Raises ValueError where one is not built as expected.
    """
    classes: dict[str, str] = {}
    backgrounds: dict[str, list[int]] = {}
    words: dict[str, list[int]] = {}
    for number, picture in enumerate(pictures):
        painted, styles = _painted(picture), dict(_STYLE.findall(picture))
        for background in _BACKGROUND.findall(painted[2]):
            backgrounds.setdefault(background.replace(' shape-rendering="crispEdges"', ""), []).append(number)
        for style, place, text in _WORDS.findall(painted[3]):
            name = classes.setdefault(styles[style], f"r{len(classes)}")
            words.setdefault(f'<text class="{name}"{place}>{text}</text>', []).append(number)
    layers = [_by_frames(backgrounds), _by_frames(words)]
    turns = {frames: f"t{n}" for n, frames in enumerate(sorted({frames for layer in layers for frames in layer}))}
    body = [_group(layer, turns, attribute) for layer, attribute in zip(layers, _LAYERS, strict=True)]
    css = [f".{name} {{ {style} }}" for style, name in classes.items()]
    css += [_turn(name, frames, len(pictures)) for frames, name in turns.items()]
    return _framed(pictures[0], "\n".join(css), "\n".join(body))


def _painted(picture: str) -> re.Match[str]:
    found = _PAINTED.search(picture)
    if found is None:
        raise ValueError("not a picture as Textual exports it")
    return found


def _by_frames(elements: dict[str, list[int]]) -> dict[Frames, list[str]]:
    """Return elements by the frames that show them."""
    found: dict[Frames, list[str]] = {}
    for element, frames in elements.items():
        found.setdefault(tuple(dict.fromkeys(frames)), []).append(element)
    return found


def _group(layer: dict[Frames, list[str]], turns: dict[Frames, str], attribute: str) -> str:
    groups = (f'<g class="{turns[frames]}">{"".join(elements)}</g>' for frames, elements in layer.items())
    return f"<g {attribute}>\n" + "\n".join(groups) + "\n</g>"


def _turn(name: str, frames: Frames, count: int) -> str:
    """Return the CSS of what is shown in some of so many frames."""
    if len(frames) == count:
        return ""
    first = "visible" if 0 in frames else "hidden"
    steps = "".join(
        f" {number / count:.4%} {{ visibility: {'visible' if number in frames else 'hidden'} }}"
        for number in range(count)
        if number == 0 or (number in frames) != (number - 1 in frames)
    )
    rule = f".{name} {{ visibility: {first}; animation: {name} {count * FRAME_S:g}s step-end infinite }}"
    return f"{rule} @keyframes {name} {{{steps} }}"


def _framed(picture: str, css: str, body: str) -> str:
    """Return a picture with other styles and another content in its window."""
    still = "@media (prefers-reduced-motion: reduce) { g { animation: none !important } }"
    styled = _STYLE.sub("", picture).replace("    </style>", f"{css}\n{still}\n    </style>", 1)
    return _PAINTED.sub(lambda found: f"{found[1]}\n{body}\n    ", styled, count=1)

"""The animation: at each instant it shows one of its pictures whole, and where nothing moves the first."""

import re
from collections import Counter
from xml.etree import ElementTree

from screenshots.__main__ import REPLAY
from screenshots.animation import FRAME_S, animated
from screenshots.replay import FRAMES
from tui.export.svg import Picture, Run, svg_of
from tui.terminal.contrast import BLACK, RGB, WHITE

_SVG = "{http://www.w3.org/2000/svg}"
_RULE = re.compile(
    r"\.(turn\d+) \{ visibility: (\w+); animation: \1 ([\d.]+)s step-end infinite \} @keyframes \1 \{(.*)\}"
)
_STEP = re.compile(r"([\d.]+)% \{ visibility: (\w+) \}")
_STYLE = re.compile(r"\.([a-z]\d*)\{(fill:.*?)\}")
_BOX = re.compile(r"M[^z]+z")
MOST_BYTES = 200_000
RED: RGB = (200, 0, 0)

Look = Counter[tuple[str, ...]]  # what is painted: each ground with its colour, each word with its style


def is_shown(rules: dict[str, list[tuple[float, str]]], turn: str, percent: float) -> bool:
    """Whether CSS shows a group at a share of the whole time."""
    steps = rules.get(turn)
    return steps is None or [state for at, state in steps if at <= percent][-1] == "visible"


def painted(element: ElementTree.Element, styles: dict[str, str]) -> Look:
    """Return what there is in an element of an SVG."""
    texts = [
        (styles[word.get("class", "")], word.get("x", ""), line.get("y", ""), word.text or "")
        for line in element.iter(f"{_SVG}text")
        for word in (line if len(line) else [line])
    ]
    boxes = [
        (path.get("fill", ""), box) for path in element.iter(f"{_SVG}path") for box in _BOX.findall(path.get("d", ""))
    ]
    return Counter([*texts, *boxes])


def looks(svg: str, count: int) -> list[Look]:
    """Return what an animation shows in the middle of each frame, and at last what it shows where nothing moves."""
    styles, root = dict(_STYLE.findall(svg)), ElementTree.fromstring(svg)
    found = _RULE.findall(svg)
    assert {seconds for *_, seconds, _ in found} == {f"{FRAME_S * count:g}"}
    rules = {turn: [(float(at), state) for at, state in _STEP.findall(steps)] for turn, _, _, steps in found}
    still = {turn: [(0.0, state)] for turn, state, *_ in found}
    _, ground, *groups = root
    return [
        sum((painted(group, styles) for group in groups if is_shown(of, group.get("class", ""), percent)), Look())
        + Counter([(ground.get("fill", ""), ground.get("d", ""))])
        for of, percent in [*((rules, 100 * (number + 0.5) / count) for number in range(count)), (still, 0.0)]
    ]


def picture(*lines: str) -> Picture:
    """Return a picture of words; what stands in brackets is bold on red."""
    made = []
    for line in lines:
        runs, column = [], 0
        for part in re.split(r"(\[.*?\])", line):
            marked = part.startswith("[")
            runs.append(Run(column, part, WHITE, RED if marked else BLACK, marked, False))
            column += len(part)
        made.append(runs)
    return Picture(20, made, BLACK)


def test_each_picture_is_shown_whole_in_its_turn_and_the_first_where_nothing_moves() -> None:
    one, two = picture("SPX  6930 [6925]", "a < b & c", ""), picture("SPX  6935 [6925]", "a < b & c", "[new]")
    pictures = [one, two, one, picture("", "[x]  y", "")]
    whole = [painted(ElementTree.fromstring(svg), dict(_STYLE.findall(svg))) for svg in map(svg_of, pictures)]
    assert looks(animated(pictures), 4) == [*whole, whole[0]]


def test_the_replay_is_small_and_needs_nothing_from_outside() -> None:
    svg = REPLAY.read_text(encoding="utf-8")
    *frames, still = looks(svg, len(FRAMES))
    assert still == frames[0]
    assert len({frozenset(frame) for frame in frames}) == len(frames) >= 10
    assert len(svg.encode()) < MOST_BYTES
    assert not re.search(r"<script|<image|@import|url\((?!#)|href", svg)

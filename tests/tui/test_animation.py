"""The animation: at each instant it shows one of its pictures whole, and where nothing moves the first."""

import re
from collections import Counter
from xml.etree import ElementTree

import pytest

from screenshots.__main__ import FOLDER, REPLAY
from screenshots.animation import FRAME_S, animated
from screenshots.replay import FRAMES

_SVG = "{http://www.w3.org/2000/svg}"
_RULE = re.compile(
    r"\.(t\d+) \{ visibility: (\w+); animation: \1 ([\d.]+)s step-end infinite \} @keyframes \1 \{(.*)\}"
)
_STEP = re.compile(r"([\d.]+)% \{ visibility: (\w+) \}")
_STYLE = re.compile(r"^ *\.(?:terminal-)?(r\d+) \{ (.*?) \}$", re.MULTILINE)
MOST_BYTES = 600_000

Look = Counter[tuple[str, ...]]  # what is painted: each background with its colour, each word with its style


def is_shown(rules: dict[str, list[tuple[float, str]]], turn: str, percent: float) -> bool:
    """Whether CSS shows a group at a share of the whole time."""
    steps = rules.get(turn)
    return steps is None or [state for at, state in steps if at <= percent][-1] == "visible"


def painted(element: ElementTree.Element, styles: dict[str, str]) -> Look:
    """Return what there is in an element of an SVG, each place once."""
    words = (
        (styles[text.get("class", "").removeprefix("terminal-")], text.get("x", ""), text.get("y", ""), text.text or "")
        for text in element.iter(f"{_SVG}text")
        if (text.text or "").strip("\n")
    )
    backgrounds = (
        tuple(rect.get(name, "") for name in ("fill", "x", "y", "width")) for rect in element.iter(f"{_SVG}rect")
    )
    return Counter([*words, *backgrounds])


def window(svg: str) -> ElementTree.Element:
    """Return what the terminal's window holds."""
    return next(group for group in ElementTree.fromstring(svg).iter(f"{_SVG}g") if group.get("clip-path"))


def looks(svg: str, count: int) -> list[Look]:
    """Return what an animation shows in the middle of each frame, and at last what it shows where nothing moves."""
    styles = dict(_STYLE.findall(svg))
    found = _RULE.findall(svg)
    assert {seconds for *_, seconds, _ in found} == {f"{FRAME_S * count:g}"}
    rules = {turn: [(float(at), state) for at, state in _STEP.findall(steps)] for turn, _, _, steps in found}
    still = {turn: [(0.0, state)] for turn, state, *_ in found}
    groups = [group for layer in window(svg) for group in layer]
    return [
        sum((painted(group, styles) for group in groups if is_shown(of, group.get("class", ""), percent)), Look())
        for of, percent in [*((rules, 100 * (number + 0.5) / count) for number in range(count)), (still, 0.0)]
    ]


def test_each_picture_is_shown_whole_in_its_turn_and_the_first_where_nothing_moves() -> None:
    pictures = [
        (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
        for name in ("past-120x40", "diff-120x40", "past-120x40", "silent-120x40")
    ]
    whole = [painted(window(picture), dict(_STYLE.findall(picture))) for picture in pictures]
    svg = animated(pictures)
    assert looks(svg, 4) == [*whole, whole[0]]
    assert len(svg) < 0.8 * sum(map(len, pictures))


def test_what_is_no_picture_of_textual_is_refused() -> None:
    with pytest.raises(ValueError, match="not a picture"):
        animated(["<svg/>"])


def test_the_replay_is_small_and_needs_nothing_from_outside() -> None:
    svg = REPLAY.read_text(encoding="utf-8")
    *frames, still = looks(svg, len(FRAMES))
    assert still == frames[0]
    assert len({frozenset(frame) for frame in frames}) == len(frames) >= 10
    assert len(svg.encode()) < MOST_BYTES
    assert not re.search(r"<script|<image|@import|url\((?!#)|href", svg)

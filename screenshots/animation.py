"""One animated SVG of several pictures of the deck: what pictures share is in it once, and CSS shows it in turn."""

from collections.abc import Iterable, Sequence

from tui.export.svg import Picture, boxes_of, classes_of, css_of, framed, words_of

FRAME_S = 1.2

Frames = tuple[int, ...]  # in which something is shown


def animated(pictures: Sequence[Picture]) -> str:
    """Return an SVG that shows pictures of one size in turn, endlessly; without animation it is the first."""
    classes = classes_of(pictures)
    boxes = _by_frames([f'<path fill="{fill}" d="{box}"/>' for fill, box in boxes_of(one)] for one in pictures)
    words = _by_frames(
        [f'<text x="{x}" y="{y}" class="{look}">{text}</text>' for x, y, look, text in words_of(one, classes)]
        for one in pictures
    )
    turns = {frames: f"turn{n}" for n, frames in enumerate(sorted({*boxes, *words}))}
    groups = [
        f'<g class="{turns[frames]}">{"".join(elements)}</g>'
        for layer in (boxes, words)
        for frames, elements in layer.items()
    ]
    rules = [_turn(name, frames, len(pictures)) for frames, name in turns.items()]
    still = "@media (prefers-reduced-motion: reduce) { g { animation: none !important } }"
    return framed(pictures[0], "\n".join([css_of(classes), *rules, still]), groups)


def _by_frames(pictures: Iterable[list[str]]) -> dict[Frames, list[str]]:
    """Return the elements of pictures by the frames that show them."""
    shown: dict[str, list[int]] = {}
    for number, elements in enumerate(pictures):
        for element in elements:
            shown.setdefault(element, []).append(number)
    found: dict[Frames, list[str]] = {}
    for element, frames in shown.items():
        found.setdefault(tuple(dict.fromkeys(frames)), []).append(element)
    return found


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

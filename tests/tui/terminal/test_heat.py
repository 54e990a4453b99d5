"""The heatmap's scale: even to the eye, in order for every eye, and legible on every step."""

from itertools import pairwise

import pytest

from tests.support.colours import EYES, apart, oklab
from tui.lines.line import HEAT
from tui.terminal.contrast import LEGIBLE, contrast, pole
from tui.terminal.depth import Depth
from tui.terminal.heat import SHADES, heat_colours, is_shaded, steps_of

RAMPS = [(depth, dark) for depth in (Depth.TRUE, Depth.EIGHT_BIT) for dark in (True, False)]


@pytest.mark.parametrize(("depth", "dark"), RAMPS)
def test_text_reads_on_every_step(depth: Depth, dark: bool) -> None:
    colours = heat_colours(depth, dark=dark)
    assert len(colours) == len(HEAT) == steps_of(depth, ansi=False)
    assert min(contrast(pole(colour), colour) for colour in colours) >= LEGIBLE


@pytest.mark.parametrize(("depth", "dark"), RAMPS)
@pytest.mark.parametrize("eyes", EYES)
def test_lightness_goes_one_way_and_no_two_steps_look_alike(depth: Depth, dark: bool, eyes: str) -> None:
    seen = [oklab(colour, eyes) for colour in heat_colours(depth, dark=dark)]
    rises = [(after[0] - before[0]) * (1 if dark else -1) for before, after in pairwise(seen)]
    assert min(rises) > 0.03, rises
    assert min(apart(before, after) for before, after in pairwise(seen)) > 0.06


@pytest.mark.parametrize(("depth", "dark"), RAMPS)
def test_steps_are_even_to_the_eye(depth: Depth, dark: bool) -> None:
    steps = [apart(*map(oklab, pair)) for pair in pairwise(heat_colours(depth, dark=dark))]
    assert max(steps) / min(steps) < 1.3, steps


def test_where_colours_are_few_or_the_terminals_own_there_are_as_many_steps_as_shades() -> None:
    for depth, ansi in ((Depth.SIXTEEN, True), (Depth.NONE, True), (Depth.TRUE, True)):
        assert is_shaded(depth, ansi=ansi)
        assert steps_of(depth, ansi=ansi) == len(SHADES) == len(set(SHADES))
    assert not is_shaded(Depth.EIGHT_BIT, ansi=False)

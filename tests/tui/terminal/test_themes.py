"""What the deck's own themes mean differs for every kind of eyes, in every depth of colour."""

from itertools import combinations

import pytest
from rich.color import Color
from rich.style import Style
from textual.theme import Theme

from tests.support.colours import COLOUR_BLIND, apart, oklab
from tui.lines.line import HEAT, Ground, Role
from tui.palette import Palette, build_palette
from tui.terminal.contrast import FIXED, LEGIBLE, RGB, VGA, XTERM, contrast, nearest
from tui.terminal.depth import Depth
from tui.terminal.themes import DARK, LIGHT, OWN, SAFE, own_themes, theme_names

# Meanings of which one can stand in the other's place, so that a reader must tell them apart.
SHARED = (
    (Role.OK, Role.CAUTION, Role.ALARM),  # a state on the board, a stage of the pipeline
    (Role.ACCENT, Role.CAUTION, Role.ALARM),  # a mark of the timeline
    (Role.UP, Role.DOWN),  # what a price did
    (Role.CALL, Role.PUT),  # a bar, a curve
)
PAIRS = [pair for group in SHARED for pair in combinations(group, 2)]
# Distances in OKLab, where black and white are 1 apart and about 0.02 is just seen. Yellow and orange, both beside
# white text, leave no more to the theme that also has red and green.
MINIMUM = {SAFE: 0.15, DARK: 0.07, LIGHT: 0.07}
ACCENT_FROM_CAUTION = 0.12  # in the safe theme; both are light
STEP = 0.06  # of two steps of the heatmap
EXACT = (Depth.TRUE, Depth.EIGHT_BIT)


def palette(name: str, depth: Depth) -> Palette:
    theme = theme_of(name, depth)
    variables = theme.to_color_system().generate() | theme.variables
    return build_palette(variables, ansi=theme.ansi, dark=theme.dark, depth=depth)


def theme_of(name: str, depth: Depth) -> Theme:
    [theme] = [theme for theme in own_themes(depth) if theme.name == name]
    return theme


def colour(style: Style, entries: tuple[RGB, ...] = XTERM) -> RGB:
    """Return the colour of a style's text; of the sixteen as a terminal's palette has it."""
    assert style.color is not None
    number = style.color.number
    return entries[number] if number is not None and number < 16 else exact(style.color)


def exact(shown: Color) -> RGB:
    red, green, blue = shown.get_truecolor()
    return red, green, blue


@pytest.mark.parametrize("eyes", COLOUR_BLIND)
@pytest.mark.parametrize("depth", EXACT)
@pytest.mark.parametrize("name", OWN)
def test_meanings_that_share_a_place_differ_for_colour_blind_eyes(name: str, depth: Depth, eyes: str) -> None:
    styles = palette(name, depth)
    for pair in PAIRS:
        one, other = (oklab(colour(styles[role, Ground.PLAIN]), eyes) for role in pair)
        least = min(MINIMUM[name], ACCENT_FROM_CAUTION) if pair == (Role.ACCENT, Role.CAUTION) else MINIMUM[name]
        assert apart(one, other) >= least, (*pair, apart(one, other))


@pytest.mark.parametrize("eyes", COLOUR_BLIND)
@pytest.mark.parametrize("entries", [XTERM, VGA])
def test_the_safe_theme_of_sixteen_colours_keeps_the_same_distance(entries: tuple[RGB, ...], eyes: str) -> None:
    styles = palette(SAFE, Depth.SIXTEEN)
    for pair in PAIRS:
        one, other = (styles[role, Ground.PLAIN] for role in pair)
        distance = apart(*(oklab(colour(style, entries), eyes) for style in (one, other)))
        assert one.reverse != other.reverse or distance >= MINIMUM[SAFE], (*pair, distance)  # or the one is a patch


@pytest.mark.parametrize("depth", [*EXACT, Depth.SIXTEEN])
def test_the_safe_theme_says_no_state_in_red_or_green(depth: Depth) -> None:
    styles = palette(SAFE, depth)
    for role in (Role.OK, Role.CAUTION, Role.ALARM, Role.UP, Role.DOWN, Role.CALL, Role.PUT):
        _, green_to_red, blue_to_yellow = oklab(colour(styles[role, Ground.PLAIN]))
        name = styles[role, Ground.PLAIN].color
        assert name is not None and "red" not in name.name and "green" not in name.name
        assert depth is Depth.SIXTEEN or abs(blue_to_yellow) > 0.6 * abs(green_to_red), role
    patch = styles[Role.TEXT, Ground.ALARM].bgcolor
    assert patch is not None and patch.name not in ("red", "bright_red", "green")
    _, green_to_red, blue_to_yellow = oklab(exact(patch))
    assert depth is Depth.SIXTEEN or blue_to_yellow > 0.6 * abs(green_to_red)


@pytest.mark.parametrize("eyes", COLOUR_BLIND)
@pytest.mark.parametrize("depth", EXACT)
@pytest.mark.parametrize("name", OWN)
def test_steps_of_the_heatmap_differ_for_colour_blind_eyes(name: str, depth: Depth, eyes: str) -> None:
    styles = palette(name, depth)
    grounds = [styles[Role.TEXT, ground].bgcolor for ground in HEAT]
    seen = [oklab(exact(one), eyes) for one in grounds if one is not None]
    assert len(seen) == len(HEAT)
    assert min(apart(one, other) for one, other in combinations(seen, 2)) >= STEP


@pytest.mark.parametrize("depth", EXACT)
@pytest.mark.parametrize("name", OWN)
def test_every_meaning_reads_on_the_plain_ground_as_it_is(name: str, depth: Depth) -> None:
    """Else it would be moved towards black or white when it is painted, and no longer be as far from the others."""
    styles = palette(name, depth)
    ground = styles[Role.TEXT, Ground.PLAIN].bgcolor
    assert ground is not None
    for role in Role:
        shown = colour(styles[role, Ground.PLAIN])
        assert contrast(shown, exact(ground)) >= LEGIBLE or role is Role.DIM, role
        of_256 = max(abs(a - b) for a, b in zip(shown, FIXED[nearest(shown)], strict=True)) < 3  # rounded on the way
        assert depth is Depth.TRUE or of_256 or role in (Role.DIM, Role.STRONG), role


def test_own_themes_are_offered_first_in_every_depth() -> None:
    assert theme_names()[:3] == [DARK, LIGHT, SAFE]
    for depth in Depth:
        assert tuple(theme.name for theme in own_themes(depth)) == OWN

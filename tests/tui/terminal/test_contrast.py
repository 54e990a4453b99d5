"""Every word on the screen reads at 4.5:1, measured on the bytes, in each colour depth and theme."""

import pyte
import pytest
from redis.asyncio import Redis

from screenshots.gallery import painted
from screenshots.scenes import troubled
from tests.support.contrast import DARK_LOOKS, LIGHT_LOOKS, Look, dim_sequences, screen_of, worst_word
from tests.support.stage import Deck, deck_of, make_stage
from tests.tui.test_screen import Stub
from tui.app import DeckApp
from tui.lines.line import Ground, Role
from tui.palette import build_palette
from tui.terminal.contrast import LEGIBLE
from tui.terminal.depth import Depth
from tui.terminal.themes import OWN

pytestmark = pytest.mark.slow

WIDTH, HEIGHT = 120, 40
THEMES = (*OWN, "textual-dark", "textual-light", "ansi-dark", "ansi-light")


def looks(app: DeckApp) -> tuple[Look, ...]:
    """Return the terminals to reckon with: of either kind, unless the theme is made for one."""
    if app.theme in OWN:
        return (*DARK_LOOKS, *LIGHT_LOOKS)
    return DARK_LOOKS if app.current_theme.dark else LIGHT_LOOKS


async def shown(deck: Deck) -> pyte.Screen:
    """Return the screen as a terminal shows it; dim text is never asked for."""
    await deck.pilot.pause()
    deck.app.deck.redraw()
    await deck.pilot.pause()
    raw = painted(deck.app)
    assert not dim_sequences(raw)
    return screen_of(raw, WIDTH, HEIGHT)


async def assert_legible(deck: Deck, scene: str) -> None:
    word = worst_word(await shown(deck), looks(deck.app))
    assert word.ratio >= LEGIBLE, f"{scene} in {deck.app.theme}: {word}"


@pytest.mark.parametrize("depth", Depth)
async def test_every_word_is_legible_in_trouble_and_in_every_dialog(redis: Redis, depth: Depth) -> None:
    stage = make_stage(redis)
    async with deck_of(stage, (WIDTH, HEIGHT), depth=depth, demo=Stub()) as deck:
        themes = [name for name in THEMES if name in deck.app.available_themes]
        assert {*OWN, "ansi-dark", "ansi-light"} <= set(themes)
        await troubled(stage)
        await deck.press("j", "j", "space")
        deck.app.notify("what went wrong", severity="error", title="title", timeout=60)
        deck.app.notify("what may go wrong", severity="warning", timeout=60)
        for scene, key in (("trouble", ""), ("menu", "d"), ("help", "question_mark"), ("palette", "ctrl+p")):
            await deck.press(*filter(None, [key]))
            with deck.app.batch_update():  # painted once, by us
                for theme in themes:
                    deck.app.theme = theme
                    await assert_legible(deck, scene)
            await deck.press("escape")
        stage.clock.advance(60)
        await stage.look()
        await assert_legible(deck, "outage")


@pytest.mark.parametrize("depth", Depth)
async def test_in_every_theme_words_are_legible_and_grounds_differ_where_they_mean_something(
    redis: Redis, depth: Depth
) -> None:
    async with deck_of(make_stage(redis), (WIDTH, HEIGHT), depth=depth) as deck:
        for theme in deck.app.available_themes:
            with deck.app.batch_update():  # painted once, by us
                deck.app.theme = theme
                screen = await shown(deck)
            word = worst_word(screen, looks(deck.app))
            assert word.ratio >= LEGIBLE, f"{theme}: {word}"
            lines = screen.display
            cursor = next(y for y, line in enumerate(lines) if "> 01-" in line)
            atm = next(y for y, line in enumerate(lines) if "[" in line[60:] and "┃" in line[60:])
            itm = next(y for y in range(6, atm) if "┃" in lines[y][60:])
            places = {"cursor": (cursor, 10), "atm": (atm, 60), "itm": (itm, 112), "plain": (itm, 50)}
            seen = {name: _ground(screen, *place) for name, place in places.items()}
            if depth is Depth.NONE or (deck.app.native_ansi_color and deck.app.current_theme.dark):
                del seen["itm"]  # there the heavy rule alone says it
            assert len(set(seen.values())) == len(seen), (theme, seen)


def _ground(screen: pyte.Screen, row: int, column: int) -> tuple[object, ...]:
    cell = screen.buffer[row][column]
    return cell.bg, cell.reverse, cell.underscore


@pytest.mark.parametrize("dark", [True, False])
def test_without_colours_no_meaning_asks_for_one(dark: bool) -> None:
    styles = build_palette({}, ansi=True, dark=dark, depth=Depth.NONE)
    assert len(styles) == len(Role) * len(Ground)
    assert all(style.color is None and style.bgcolor is None and not style.dim for style in styles.values())

"""Pages of several expirations in every look: legible where figures are lost, frozen or of the past."""

import pytest
from redis.asyncio import Redis

from publisher.faults import InjectedFault
from tests.support.contrast import worst_word
from tests.support.stage import deck_of, make_stage
from tests.tui.terminal.test_contrast import HEIGHT, WIDTH, looks, shown
from tui.terminal.contrast import LEGIBLE
from tui.terminal.depth import Depth
from tui.terminal.themes import DARK, LIGHT, SAFE

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("depth", [Depth.TRUE, Depth.SIXTEEN, Depth.NONE])
async def test_every_word_reads_also_of_what_is_lost_and_under_the_cursor(redis: Redis, depth: Depth) -> None:
    stage = make_stage(redis)
    async with deck_of(stage, (WIDTH, HEIGHT), depth=depth) as deck:
        chains = await deck.chains()
        await deck.inject(InjectedFault.DROP, chains[0])
        await deck.inject(InjectedFault.STALL, chains[1])
        stage.clock.advance(40)
        await deck.cycle()
        for keys in (("3",), ("l",), ("4", "space"), ("j",)):
            await deck.press(*keys)
            for theme in (DARK, LIGHT, SAFE, "ansi-dark", "ansi-light"):
                with deck.app.batch_update():  # painted once, by us
                    deck.app.theme = theme
                    word = worst_word(await shown(deck), looks(deck.app))
                assert word.ratio >= LEGIBLE, f"{theme}, {keys}: {word}"

"""A backlog of messages is worked off: nothing is laid out for sizes that are gone, and the loop still answers."""

import asyncio

import pytest
from textual import events
from textual.geometry import Size
from textual.message import Message

from screenshots.scenes import Stage
from tests.support.stage import Deck, deck_of

SIZES = (Size(80, 24), Size(150, 50), Size(60, 12))


class Between(Message):
    """Keeps two sizes in a queue from being taken for one."""


def _key(key: str) -> events.Key:
    return events.Key(key, None)


def _tell(deck: Deck, size: Size) -> None:
    for screen in deck.app.screen_stack:
        screen.post_message(events.Resize(size, size))
        screen.post_message(Between())


@pytest.mark.parametrize("opened", [(), ("question_mark",), ("ctrl+p",)])
async def test_sizes_that_are_gone_are_not_laid_out(stage: Stage, opened: tuple[str, ...]) -> None:
    async with deck_of(stage) as deck:
        await deck.press(*opened)
        layouts: list[Size] = []
        screen = deck.app.screen
        screen.screen_layout_refresh_signal.subscribe(deck.app, lambda one: layouts.append(one.size), immediate=True)
        for number in range(30):
            _tell(deck, SIZES[number % len(SIZES)])
        _tell(deck, deck.app.size)
        await deck.pilot.pause()
        await deck.pilot.pause()
        assert {one.size for one in deck.app.screen_stack} == {deck.app.size}
        assert set(layouts) <= {deck.app.size}
        assert len(layouts) <= 4


async def test_the_loop_answers_while_keys_wait(stage: Stage) -> None:
    async with deck_of(stage) as deck:
        waiting: list[int] = []
        for _ in range(200):
            deck.app.post_message(_key("o"))
        asyncio.get_running_loop().call_soon(lambda: waiting.append(deck.app.message_queue_size))
        await deck.pilot.pause()
        assert waiting[0] > 150

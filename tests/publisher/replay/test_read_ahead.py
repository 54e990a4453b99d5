"""A recording is read ahead of what is played: in order, no further than it may, and with its errors in their place."""

import asyncio
import threading
from collections.abc import Generator, Iterable, Iterator

import pytest

from chain.errors import ChaindeckError
from chain.model.snapshot import EncodedSnapshot
from publisher.replay.read_ahead import read_ahead
from publisher.replay.recording import Turn
from tests.support.builders import GOLDEN_ID


class Turns:
    """Turns to be read, and what reading them has come to."""

    def __init__(self, count: int, *, size: int = 0, broken_at: int | None = None) -> None:
        self.read = 0
        self.open = True
        self.threads: set[int] = set()
        self._count = count
        self._broken_at = broken_at
        self._snapshots = (EncodedSnapshot(GOLDEN_ID, 0.0, 0, 0, bytes(size)),) if size else ()

    def __call__(self) -> Generator[Turn, None, None]:
        try:
            for number in range(self._count):
                self.threads.add(threading.get_ident())
                if number == self._broken_at:
                    raise ChaindeckError("broken")
                self.read += 1
                yield Turn(number, self._snapshots)
        finally:
            self.open = False


def numbers(turns: Iterable[Turn]) -> Iterator[int]:
    return (turn.at_ns for turn in turns)


@pytest.mark.parametrize("count", [0, 1, 2, 63, 64, 1_000])
async def test_every_turn_comes_once_and_in_order_read_on_another_thread(count: int) -> None:
    turns = Turns(count)
    async with read_ahead(turns()) as ahead:
        assert [*numbers([turn async for turn in ahead])] == [*range(count)]
        assert not ahead.waits
    assert not turns.open
    assert threading.get_ident() not in turns.threads


async def test_what_was_read_before_an_error_is_played_before_it_is_raised() -> None:
    turns, met = Turns(100, broken_at=41), list[Turn]()
    async with read_ahead(turns()) as ahead:
        with pytest.raises(ChaindeckError, match="broken"):
            async for turn in ahead:
                met.append(turn)
    assert [*numbers(met)] == [*range(41)]


@pytest.mark.parametrize(("size", "most"), [(0, 128), (1 << 20, 18), (9 << 20, 4)])
async def test_it_reads_no_further_ahead_than_a_batch_that_is_bounded_in_turns_and_bytes(size: int, most: int) -> None:
    turns = Turns(1_000, size=size)
    async with read_ahead(turns()) as ahead:
        async for turn in ahead:
            if turn.at_ns == 300:
                break
            for _ in range(3):
                await asyncio.sleep(0)
            assert turns.read - turn.at_ns <= most
    assert turns.read - 300 <= most
    assert not turns.open


async def test_interrupted_while_a_turn_is_read_it_ends_reading_first() -> None:
    reading, go_on, asked_for_more = threading.Event(), threading.Event(), threading.Event()

    def slow() -> Generator[Turn, None, None]:
        yield Turn(0)
        reading.set()
        go_on.wait(10)
        yield Turn(1)
        asked_for_more.set()

    turns = slow()

    async def play() -> None:
        async with read_ahead(turns) as ahead:
            async for _ in ahead:
                pass

    playing = asyncio.create_task(play())
    assert await asyncio.to_thread(reading.wait, 10)
    playing.cancel()
    asyncio.get_running_loop().call_later(0.05, go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await playing
    with pytest.raises(StopIteration):
        next(turns)
    assert not asked_for_more.is_set()

"""A recording read ahead of what is played, on a thread of its own: reading and publishing go on side by side."""

import asyncio
from collections.abc import AsyncIterator, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from itertools import count

from chain.errors import ChaindeckError
from chain.tasks import finish
from publisher.replay.recording import Turn

_MOST_TURNS = 64  # in a batch
_MOST_BYTES = 8 * 1024 * 1024  # of snapshots and frames in a batch, after which it takes no more turns


class ReadAhead:
    """The turns of one pass. While a batch of them is played, the next is read, so two batches are in memory."""

    def __init__(self, turns: Generator[Turn, None, None]) -> None:
        self._turns = turns
        self._thread = ThreadPoolExecutor(1, "replay-reader")
        self._ended = False
        self.waits = False  # whether it waits for its thread

    async def __aiter__(self) -> AsyncIterator[Turn]:
        """Yield the turns in order; raises what reading them raises, after those that were read before it."""
        loop = asyncio.get_running_loop()
        batch = loop.run_in_executor(self._thread, self._read, 1)
        for number in count(1):
            self.waits = True
            turns, error = await batch
            self.waits = False
            if turns and error is None:
                batch = loop.run_in_executor(self._thread, self._read, min(2**number, _MOST_TURNS))
            for turn in turns:
                yield turn
            if error is not None:
                raise error
            if not turns:
                return

    async def close(self) -> None:
        """End reading; waits for the turn that is being read."""
        self._ended = self.waits = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._turns.close)
        self._thread.shutdown(wait=False)
        self.waits = False

    def _read(self, most: int) -> tuple[list[Turn], ChaindeckError | None]:
        """Return the next turns, and why there are no more where reading failed."""
        turns, size = list[Turn](), 0
        try:
            while not self._ended and len(turns) < most and size < _MOST_BYTES:
                turns.append(next(self._turns))
                size += sum(len(snapshot.raw) for snapshot in turns[-1].snapshots)
                size += sum(len(entry.payload) for entry in turns[-1].frames)
        except StopIteration:
            pass
        except ChaindeckError as error:
            return turns, error
        return turns, None


@asynccontextmanager
async def read_ahead(turns: Generator[Turn, None, None]) -> AsyncIterator[ReadAhead]:
    """Give turns that are read ahead; afterwards nothing of them is read any more."""
    ahead = ReadAhead(turns)
    try:
        yield ahead
    finally:
        await finish(ahead.close())

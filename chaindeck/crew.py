"""A publisher and those who look on: its watcher, and the herald that tells what the watcher sees."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chain.monitor.board import Board
from chain.monitor.watcher import Watcher
from publisher.guard import Guard
from publisher.herald import Herald
from publisher.loop import Publisher


@dataclass(frozen=True, slots=True)
class Crew:
    """What runs on one loop wherever something is published, with a screen or without."""

    publisher: Publisher
    watcher: Watcher
    herald: Herald
    guard: Guard

    def jobs(self, on_board: Callable[[Board], None] | None = None) -> list[Awaitable[None]]:
        """Return the coroutines to run side by side; Boards go to the herald, and to `on_board`."""

        def take(board: Board) -> None:
            self.herald.take(board)
            if on_board is not None:
                on_board(board)

        return [self.publisher.run(), self.watcher.run(take), self.herald.run()]

"""What runs with or without a screen: a watcher and, if publishing, a publisher, its events and its compositor."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from msgspec import Struct
from redis.asyncio import Redis

from chain.monitor.alerts.book import AlertKey
from chain.monitor.board import Board
from chain.monitor.watch.watcher import Watcher
from chain.supervisor import Part, Supervisor
from chain.tasks import finish
from publisher.loop.event_publisher import EventPublisher
from publisher.loop.publisher import Publisher
from publisher.protection.guard import Guard
from publisher.stream.stream_publisher import StreamPublisher
from tape.record.tap import Tap


class Companion(Protocol):
    """What runs beside a watcher and hears its Boards, and is loaded only where there is one: such as a compositor."""

    def parts(self) -> Sequence[Part]:
        """Return what is to be run."""

    def on_board(self, board: Board) -> None:
        """Hear of a Board."""

    async def leave(self) -> None:
        """End its work; within a few seconds."""


class Alerting(Companion, Protocol):
    """The alerts that an operator wants to hear of, judged by the watcher's Boards."""

    def acknowledge(self, keys: Collection[AlertKey] | None = None) -> int:
        """Acknowledge raised alerts, all of them without `keys`; return how many."""


class Publishing(Struct, frozen=True):
    """A publisher with its Redis client, the publisher of what its watcher sees, and the stream that it feeds."""

    redis: Redis
    publisher: Publisher
    events: EventPublisher
    guard: Guard
    stream: StreamPublisher | None = None


class Services(Struct, frozen=True):
    """What runs on one loop, each part supervised."""

    supervisor: Supervisor
    watcher: Watcher
    publishing: Publishing | None = None
    others: tuple[Part, ...] = ()
    tap: Tap | None = None
    composing: Companion | None = None
    alerts: Alerting | None = None

    async def run(self, on_board: Callable[[Board], object] | None = None) -> None:
        """Run every part until cancelled; then say that publishing has stopped.

        Boards go to the events, and to `on_board`.
        """
        parts = [self._watching(on_board), *self.watcher.reader.parts(), *self.others]
        if self.publishing is not None:
            parts += [*self.publishing.publisher.parts(), Part("event sender", self.publishing.events.run)]
            if self.publishing.stream is not None:
                parts += self.publishing.stream.parts()
        for companion in self._companions:
            parts += companion.parts()
        try:
            await self.supervisor.run(parts)
        finally:
            await finish(self._leave())

    @property
    def _companions(self) -> tuple[Companion, ...]:
        return tuple(one for one in (self.composing, self.alerts) if one is not None)

    async def _leave(self) -> None:
        """Say that we have stopped, and let others lead; within a few seconds."""
        leaving = [companion.leave() for companion in self._companions]
        if self.publishing is not None:
            leaving.append(self.publishing.publisher.leave())
        await asyncio.gather(*leaving)

    def _watching(self, on_board: Callable[[Board], object] | None) -> Part:
        """Return the watcher as a part; a listener that fails does not affect it."""
        listeners: list[Callable[[Board], None]] = []
        if (tap := self.tap) is not None:
            listeners.append(self.supervisor.guarded("recent answers", lambda _: tap.on_look(self.watcher.tracker)))
        if self.publishing is not None:
            listeners.append(self.supervisor.guarded("events", self.publishing.events.on_board))
        if self.composing is not None:
            listeners.append(self.supervisor.guarded("compositor's view", self.composing.on_board))
        if self.alerts is not None:
            listeners.append(self.supervisor.guarded("alerts", self.alerts.on_board))
        if on_board is not None:
            listeners.append(self.supervisor.guarded("screen", on_board))

        def on_each(board: Board) -> None:
            for notify in listeners:
                notify(board)

        return Part("watcher", lambda: self.watcher.run(on_each))

"""What readers for the screen have in common: they follow one subject at a time, and begin anew where that fails."""

import asyncio
from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from chain.clock import Clock
from chain.errors import DecodeError, RedisUnavailableError
from chain.redis.connect.causes import REFUSALS
from chain.tasks import end

AGAIN_AFTER_S = 2.0
REFUSED_AGAIN_S = 30.0  # where the user has no right to it: rights may be given, and every try is in Redis's log
IDLE_S = 5.0  # so long a reader that has nothing to do listens without a break

Subject = TypeVar("Subject")


class Reader(ABC, Generic[Subject]):
    """Follows a subject until another is named. Everything but `look_at` runs on the engine's loop, as it does."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._subject: Subject | None = None
        self._turned = asyncio.Event()

    def look_at(self, subject: Subject | None) -> None:
        """Follow another subject from now on; None: nothing."""
        if subject != self._subject:
            self._subject = subject
            self._turned.set()

    async def run(self) -> None:
        """Follow what is looked at, until cancelled."""
        while True:
            self._turned.clear()
            tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._turned.wait())]
            if self._subject is None:
                self.forget()
            else:
                tasks.append(asyncio.ensure_future(self._keep_following(self._subject)))
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    if task.done():
                        task.result()
            finally:
                await end(tasks)

    async def _keep_following(self, subject: Subject) -> None:
        while True:
            again_s = AGAIN_AFTER_S
            try:
                await self.follow(subject)
            except (RedisUnavailableError, DecodeError) as error:
                self.on_failure(subject, str(error))
                if isinstance(error, RedisUnavailableError) and error.code in REFUSALS:
                    again_s = REFUSED_AGAIN_S
            await self._clock.sleep(again_s)

    @abstractmethod
    async def follow(self, subject: Subject) -> None:
        """Read a subject and keep it up to date, until cancelled; RedisUnavailableError and DecodeError end it."""

    @abstractmethod
    def on_failure(self, subject: Subject, words: str) -> None:
        """Say why a subject cannot be read; what was read before may stay."""

    @abstractmethod
    def forget(self) -> None:
        """Let go what was read; nothing is looked at."""

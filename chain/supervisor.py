"""Supervised parts of a program: one that fails is reported and restarted, and takes no other down.

A failure is anything but a cancellation from outside: an exception, an early return, a cancellation that the
part caused itself. The error is logged with its trace when it is new, and kept in one line as the part's status
until the part has run for a while again.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from chain.clock import Clock
from chain.errors import ChaindeckError
from chain.tasks import end
from chain.text import clean

log = logging.getLogger(__name__)

T = TypeVar("T")

PROVEN_S = 10.0  # a part that has run this long after a failure counts as healthy again
FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
_ERROR_LENGTH = 160
_MOST_CANCELS = 3  # one a second: shutting down does not wait for a part that ignores them


class PartState(StrEnum):
    """Whether a part runs."""

    RUNNING = "running"
    FAILED = "failed"  # waiting for its restart
    RECOVERING = "recovering"  # restarted, and not running long enough to count as healthy


class Part(Struct, frozen=True):
    """What to run: `run` makes a coroutine that ends only by cancellation."""

    name: str
    run: Callable[[], Coroutine[Any, Any, None]]


class PartStatus(Struct, frozen=True):
    """The status of a part. `since`: epoch seconds of the first failure in a row, None while it runs well."""

    name: str
    state: PartState = PartState.RUNNING
    error: str = ""  # one line that has passed the sanitiser
    since: float | None = None
    restarts: int = 0  # since this process began


@dataclass(slots=True)
class _Record:
    status: PartStatus
    failures: int = 0  # in a row
    failed_at: float = 0.0  # monotonic seconds of the last one


class Supervisor:
    """Runs parts on one event loop until it is cancelled. `on_change` is called when a part's status has changed."""

    def __init__(
        self,
        clock: Clock,
        *,
        on_change: Callable[[], None] = lambda: None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._on_change = on_change
        self._chance = chance  # random, 0 to 1, so that parts that fail together do not restart together
        self._records: dict[str, _Record] = {}

    def status(self) -> tuple[PartStatus, ...]:
        """Return the status of every part, in the order in which they were named."""
        return tuple(record.status for record in self._records.values())

    async def run(self, parts: Sequence[Part]) -> None:
        """Run parts side by side until cancelled."""
        for part in parts:
            self._records[part.name] = _Record(PartStatus(part.name))
        self._on_change()
        tasks = [asyncio.ensure_future(self._keep(part)) for part in parts]
        try:
            await asyncio.gather(*tasks)
        finally:
            await end(tasks)

    def guarded(self, name: str, call: Callable[[T], object]) -> Callable[[T], None]:
        """Return a call under supervision: what it raises is the failure of a part of that name, and ends no caller."""
        record = self._records[name] = _Record(PartStatus(name))

        def guarded_call(value: T) -> None:
            try:
                call(value)
            except Exception as error:  # noqa: BLE001 - the failure is told as the part's
                self._failed(record, error)
            else:
                if record.failures and self._clock.monotonic() - record.failed_at >= PROVEN_S:
                    self._proven(record)

        return guarded_call

    async def _keep(self, part: Part) -> None:
        """Run one part again and again, waiting longer after each failure."""
        record = self._records[part.name]
        while True:
            self._failed(record, await self._life(part, record))
            await self._clock.sleep(self._delay(record.failures))
            before = record.status
            self._change(record, replace(before, state=PartState.RECOVERING, restarts=before.restarts + 1))

    async def _life(self, part: Part, record: _Record) -> BaseException | None:
        """Run a part once; return what ended it, None where it simply returned."""
        task = asyncio.ensure_future(_body(part))
        try:
            with suppress(TimeoutError):
                async with self._clock.timeout(PROVEN_S):
                    await asyncio.wait([task])
            if not task.done():
                self._proven(record)
                await asyncio.wait([task])
        except asyncio.CancelledError:
            if await end([task], _MOST_CANCELS):
                log.error("%s does not end when cancelled, and is abandoned", part.name)  # noqa: TRY400
            elif not task.cancelled() and (error := task.exception()):
                log.error("%s failed as it ended: %s", part.name, error_words(error), exc_info=error)  # noqa: TRY400
            raise
        return asyncio.CancelledError("cancelled itself") if task.cancelled() else task.exception()

    def _delay(self, failures: int) -> float:
        """Return how long to wait before the next life, seconds: doubled with each failure, half of it by chance."""
        longest = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(failures - 1, 16))
        return longest * (0.5 + self._chance() / 2)

    def _failed(self, record: _Record, error: BaseException | None) -> None:
        words, before = error_words(error), record.status
        record.failures += 1
        record.failed_at = self._clock.monotonic()
        if words != before.error:
            trace = None if isinstance(error, ChaindeckError) else error  # an expected failure says all in its line
            log.error("%s failed: %s", before.name, words, exc_info=trace)
        since = self._clock.wall_ns() / 1e9 if before.since is None else before.since
        self._change(record, replace(before, state=PartState.FAILED, error=words, since=since))

    def _proven(self, record: _Record) -> None:
        if record.failures:
            log.info("%s runs again, after %d failures", record.status.name, record.failures)
            record.failures = 0
            self._change(record, replace(record.status, state=PartState.RUNNING, error="", since=None))

    def _change(self, record: _Record, status: PartStatus) -> None:
        record.status = status
        self._on_change()


async def _body(part: Part) -> None:
    await part.run()


def error_words(error: BaseException | None) -> str:
    """Return what went wrong in one line that has passed the sanitiser."""
    if error is None:
        return "it ended before its time"
    if isinstance(error, ChaindeckError):
        return clean(error, _ERROR_LENGTH)
    try:
        said = clean(" ".join(str(error).split()), _ERROR_LENGTH)
    except Exception:  # noqa: BLE001 - an error whose text cannot be made; its trace is in the log
        said = ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__

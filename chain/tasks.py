"""Ending tasks reliably."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

_CANCEL_EVERY_S = 1.0


async def end(tasks: Iterable[asyncio.Future[Any]], most: int | None = None) -> set[asyncio.Future[Any]]:
    """Cancel tasks once a second until all have ended; a client library may swallow one cancellation or more.

    After `most` cancellations return those that have not ended. Cancelled itself meanwhile, it raises that in the end.
    """
    pending = {task for task in tasks if not task.done()}
    interrupted: asyncio.CancelledError | None = None
    rounds = 0
    while pending and (most is None or rounds < most):
        rounds += 1
        for task in pending:
            task.cancel()
        try:
            _, pending = await asyncio.wait(pending, timeout=_CANCEL_EVERY_S)
        except asyncio.CancelledError as error:
            interrupted = error
            pending = {task for task in pending if not task.done()}
    if interrupted is not None and not pending:
        raise interrupted
    return pending


async def finish(work: Coroutine[Any, Any, None]) -> None:
    """Await work to its end even where the waiting is cancelled; the work must limit its own time."""
    task = asyncio.ensure_future(work)
    interrupted: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            interrupted = error
    if interrupted is not None:
        raise interrupted
    await task

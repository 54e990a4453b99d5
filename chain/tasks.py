"""Ending tasks for certain."""

import asyncio
from collections.abc import Iterable
from typing import Any

_CANCEL_EVERY_S = 3.0


async def end(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel tasks until every one has ended: a client library may swallow one cancellation, and needs another then.

    Cancelled itself meanwhile, it still sees them end before it raises.
    """
    pending = {task for task in tasks if not task.done()}
    interrupted: asyncio.CancelledError | None = None
    while pending:
        for task in pending:
            task.cancel()
        try:
            _, pending = await asyncio.wait(pending, timeout=_CANCEL_EVERY_S)
        except asyncio.CancelledError as error:
            interrupted = error
            pending = {task for task in pending if not task.done()}
    if interrupted is not None:
        raise interrupted

"""Waiting for a condition instead of sleeping for luck."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, NoReturn, TypeVar, overload

import pytest

T = TypeVar("T")

POLL_S = 0.01


def wait_until(condition: Callable[[], T | None], timeout: float = 5.0, what: str = "") -> T:
    """Return the first true value of `condition`; fail the test after `timeout` seconds, naming `what`."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            _give_up(condition, value, timeout, what)
        time.sleep(POLL_S)
    return value


@overload
async def wait_until_async(
    condition: Callable[[], Awaitable[T | None]],
    timeout: float = ...,  # noqa: ASYNC109
    what: str = ...,
) -> T: ...


@overload
async def wait_until_async(
    condition: Callable[[], T | None],
    timeout: float = ...,  # noqa: ASYNC109
    what: str = ...,
) -> T: ...


async def wait_until_async(
    condition: Callable[[], object],
    timeout: float = 5.0,  # noqa: ASYNC109  (asyncio.timeout could not say what was waited for)
    what: str = "",
) -> object:
    """As `wait_until`, leaving the event loop free meanwhile; `condition` may be a coroutine function."""
    deadline = time.monotonic() + timeout
    while True:
        outcome = condition()
        value = await outcome if inspect.isawaitable(outcome) else outcome
        if value:
            return value
        if time.monotonic() > deadline:
            _give_up(condition, value, timeout, what)
        await asyncio.sleep(POLL_S)


async def cancelled_after(steps: int, work: Coroutine[Any, Any, object]) -> bool:
    """Start some work, cancel it after so many turns of the loop, and return whether that came before its end."""
    task = asyncio.create_task(work)
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return task.cancelled()


def _give_up(condition: Callable[[], object], value: object, timeout: float, what: str) -> NoReturn:
    name = what or getattr(condition, "__qualname__", repr(condition))
    pytest.fail(f"waited {timeout} s in vain for {name}; last value {value!r}")

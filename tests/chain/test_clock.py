"""A clock moved by hand wakes whoever waits, in the order of time."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.clock import Clock, ManualClock, SystemClock

WAITS = st.lists(st.integers(1, 5_000), min_size=1, max_size=12)  # ms


@settings(max_examples=40, deadline=timedelta(seconds=5))
@given(WAITS)
async def test_sleepers_wake_in_the_order_of_their_time_and_at_it(waits: list[int]) -> None:
    clock, woken = ManualClock(0, 100.0), list[tuple[int, float]]()

    async def sleeper(ms: int) -> None:
        await clock.sleep(ms / 1000)
        woken.append((ms, clock.monotonic()))

    async with asyncio.TaskGroup() as group:
        for ms in waits:
            group.create_task(sleeper(ms))
        await clock.run(5.0)
    assert [ms for ms, _ in woken] == sorted(waits)
    assert all(at == pytest.approx(100 + ms / 1000) for ms, at in woken)
    assert clock.monotonic() == 105.0
    assert clock.wall_ns() == 5_000_000_000
    assert clock.waiting == 0


async def test_whoever_sleeps_again_is_woken_again_within_the_same_run() -> None:
    clock, turns = ManualClock(0), list[float]()

    async def cadence() -> None:
        while True:
            turns.append(clock.monotonic())
            await clock.sleep_until(clock.monotonic() + 1)

    task = asyncio.create_task(cadence())
    await clock.run(3.999)
    assert turns == [0.0, 1.0, 2.0, 3.0]
    await clock.run(0.001)
    assert turns[-1] == pytest.approx(4.0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert clock.waiting == 0  # a cancelled sleeper leaves nothing behind


@pytest.mark.parametrize(("after_ms", "ended"), [(999, False), (1000, True)])
async def test_a_time_limit_follows_the_clock(after_ms: int, ended: bool) -> None:
    clock, seen = ManualClock(0), list[str]()

    async def limited() -> None:
        try:
            async with clock.timeout(1.0) as limit:
                await asyncio.Event().wait()
        except TimeoutError:
            seen.append("expired" if limit.expired() else "odd")

    task = asyncio.create_task(limited())
    await clock.run(after_ms / 1000)
    assert seen == (["expired"] if ended else [])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock(0)], ids=["system", "manual"])
async def test_a_moment_that_is_past_gives_way_once(clock: Clock) -> None:
    others: list[str] = []
    asyncio.get_running_loop().call_soon(others.append, "ran")
    await clock.sleep_until(clock.monotonic() - 1)
    assert others == ["ran"]


async def test_a_manual_clock_never_goes_back() -> None:
    clock = ManualClock(0, 100.0)
    with pytest.raises(ValueError, match="never goes back: -2 s"):
        clock.advance(-2.0)
    with pytest.raises(ValueError, match="never goes back: -2 s"):
        await clock.run(-2.0)
    assert clock.monotonic() == 100.0


async def test_the_system_clock_limits_in_real_time() -> None:
    with pytest.raises(TimeoutError):
        async with SystemClock().timeout(0.01):
            await asyncio.Event().wait()

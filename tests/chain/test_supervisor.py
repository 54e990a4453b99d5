"""Parts that fail in every way there is: told, restarted later and later, and harmless to the others."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from chain.clock import ManualClock
from chain.errors import RedisUnavailableError
from chain.supervisor import LONGEST_DELAY_S, PROVEN_S, Part, PartState, PartStatus, Supervisor

WALL_S = 1_784_000_000
Step = Callable[[], Awaitable[None]]


class Stage:
    """A supervisor on a clock moved by hand, beside a part that ticks once a second."""

    def __init__(self) -> None:
        self.clock = ManualClock(WALL_S * 10**9, 50.0)
        self.changes = 0
        self.lives: list[float] = []  # when the part under test began each of its lives
        self.ticks = 0
        self.supervisor = Supervisor(self.clock, on_change=self._changed, chance=lambda: 1.0)

    def _changed(self) -> None:
        self.changes += 1

    @property
    def victim(self) -> PartStatus:
        return self.supervisor.status()[0]

    async def _tick(self) -> None:
        while True:
            await self.clock.sleep(1)
            self.ticks += 1

    @asynccontextmanager
    async def running(self, victim: Step, others: Sequence[Part] = ()) -> AsyncIterator[None]:
        async def life() -> None:
            self.lives.append(self.clock.monotonic() - 50)
            await victim()

        parts = [Part("victim", life), Part("other", self._tick), *others]
        task = asyncio.create_task(self.supervisor.run(parts))
        try:
            yield
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


async def raise_(error: BaseException) -> None:
    raise error


async def recurse() -> None:
    await recurse()


async def return_early() -> None:
    await asyncio.sleep(0)


async def cancel_itself() -> None:
    task = asyncio.current_task()
    assert task
    task.cancel()
    await asyncio.sleep(1)


def nested(depth: int) -> object:
    value: object = []
    for _ in range(depth):
        value = [value]
    return value


WAYS: dict[str, tuple[Step, str]] = {
    "exception": (lambda: raise_(ValueError("no\nsuch \x1b[31mthing")), "ValueError: no such �[31mthing"),
    "memory": (lambda: raise_(MemoryError()), "MemoryError"),
    "recursion": (recurse, "RecursionError: maximum recursion depth exceeded"),
    "unspeakable": (lambda: raise_(ValueError(nested(100_000))), "ValueError"),
    "return": (return_early, "it ended before its time"),
    "cancel": (cancel_itself, "CancelledError"),
    "raised cancel": (lambda: raise_(asyncio.CancelledError("x")), "CancelledError"),
    "expected": (lambda: raise_(RedisUnavailableError("no answer in time")), "no answer in time"),
}


@pytest.mark.parametrize("way", WAYS)
async def test_however_a_part_fails_it_is_told_restarted_and_harmless(way: str) -> None:
    stage, (step, words) = Stage(), WAYS[way]
    async with stage.running(step):
        await stage.clock.run(0.0)
        assert stage.victim.state is PartState.FAILED
        assert stage.victim.error.startswith(words)
        assert stage.victim.since == WALL_S
        assert stage.victim.restarts == 0
        await stage.clock.run(60)
    assert stage.lives[:5] == [0.0, 0.5, 1.5, 3.5, 7.5]  # twice as long each time
    assert stage.victim.restarts == len(stage.lives) - 1
    assert stage.victim.since == WALL_S  # a condition keeps its beginning
    assert stage.ticks == 60  # the other never noticed
    assert stage.supervisor.status()[1] == PartStatus("other")


async def test_delays_grow_to_a_limit_and_are_spread_by_chance() -> None:
    stage = Stage()
    stage.supervisor = Supervisor(stage.clock, chance=lambda: 0.0)
    async with stage.running(lambda: raise_(ValueError("x"))):
        await stage.clock.run(3600)
    gaps = [b - a for a, b in zip(stage.lives, stage.lives[1:], strict=False)]
    assert gaps[0] == pytest.approx(0.25)  # half of it by chance
    assert max(gaps) == pytest.approx(LONGEST_DELAY_S / 2)
    assert len(stage.lives) < 3600 / (LONGEST_DELAY_S / 2) + 20  # a part that always fails costs next to nothing


async def test_a_part_that_has_lived_a_while_starts_its_row_anew() -> None:
    stage = Stage()

    async def fail_twice() -> None:
        if len(stage.lives) > 2:
            await stage.clock.sleep(PROVEN_S + 5)
        raise ValueError("x")

    async with stage.running(fail_twice):
        await stage.clock.run(1.5)  # third life
        assert stage.victim.state is PartState.RECOVERING
        await stage.clock.run(PROVEN_S - 0.001)
        assert stage.victim.state is PartState.RECOVERING
        await stage.clock.run(0.001)
        assert stage.supervisor.status()[0] == PartStatus("victim", restarts=2)
        await stage.clock.run(5)
        assert stage.victim.error
        assert stage.victim.since == WALL_S + 1.5 + PROVEN_S + 5
        await stage.clock.run(0.5)
        assert len(stage.lives) == 4  # the first delay again


async def test_the_log_has_one_trace_a_change_and_one_line_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    stage = Stage()

    async def fail() -> None:
        if len(stage.lives) > 6:
            await asyncio.Event().wait()
        raise ValueError("one" if len(stage.lives) <= 3 else "two")

    async with stage.running(fail):
        await stage.clock.run(120)
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "victim failed: ValueError: one",
        "victim failed: ValueError: two",
        "victim runs again, after 6 failures",
    ]
    assert "in fail" in caplog.text  # the trace


async def test_an_expected_failure_has_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage()
    async with stage.running(lambda: raise_(RedisUnavailableError("no answer in time"))):
        await stage.clock.run(10)
    assert [record.exc_info for record in caplog.records] == [None]


async def test_a_part_that_swallows_a_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chain.tasks._CANCEL_EVERY_S", 0.05)
    stage, swallowed = Stage(), list[str]()

    async def stubborn() -> None:
        while len(swallowed) < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed.append("x")
        await asyncio.Event().wait()

    async with stage.running(stubborn):
        await stage.clock.run(1)
    assert len(swallowed) == 2


async def test_what_fails_while_it_ends_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage()

    async def messy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("left in disorder")

    async with stage.running(messy):
        await stage.clock.run(1)
    assert "victim failed as it ended: ValueError: left in disorder" in caplog.text


async def test_a_thousand_parts_that_fail_at_once_cost_one_line_and_one_life_each() -> None:
    stage, lives = Stage(), list[int]()

    def failing(number: int) -> Part:
        async def fail() -> None:
            lives.append(number)
            raise ValueError("all at once")

        return Part(f"part {number}", fail)

    async with stage.running(asyncio.Event().wait, [failing(n) for n in range(1000)]):  # type: ignore[arg-type]
        await stage.clock.run(0.4)
        assert len(lives) == 1000
        assert sum(part.state is PartState.FAILED for part in stage.supervisor.status()) == 1000


async def test_a_guarded_call_that_raises_is_a_failed_part_and_ends_nobody() -> None:
    stage = Stage()
    heard: list[int] = []

    def hear(value: int) -> None:
        if value < 3:
            raise RuntimeError(f"deaf to {value}")
        heard.append(value)

    call = stage.supervisor.guarded("hearer", hear)
    for value in range(3):
        call(value)
    assert stage.victim == PartStatus("hearer", PartState.FAILED, "RuntimeError: deaf to 2", WALL_S)
    for value in range(3, 14):
        stage.clock.advance(1)
        call(value)
    assert heard == list(range(3, 14))
    assert stage.victim == PartStatus("hearer")

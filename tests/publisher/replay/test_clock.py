"""The replay's clock: exact at any speed, whatever is done to it, and whoever waits on it is woken in its time."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.clock import Clock, ManualClock
from chain.errors import ConfigError
from publisher.replay.clock import FASTEST, SLOWEST, ReplayClock
from tests.support.scenes import START_NS, law, manual_clock

SPEEDS = st.floats(SLOWEST, FASTEST)
DEEDS = st.one_of(
    st.tuples(st.just("pass"), st.floats(0, 1e5)),
    st.tuples(st.just("speed"), SPEEDS),
    st.tuples(st.just("set"), st.floats(-1e7, 1e7)),
    st.tuples(st.sampled_from(("pause", "resume")), st.just(0.0)),
)


def clock_at(speed: float = 1.0) -> tuple[ManualClock, ReplayClock]:
    ours = manual_clock()
    return ours, ReplayClock(ours, START_NS, speed)


@law
@given(speed=SPEEDS, deeds=st.lists(DEEDS, max_size=30))
def test_it_shows_what_was_played_at_each_speed_and_where_it_was_set(
    speed: float, deeds: list[tuple[str, float]]
) -> None:
    ours, clock = clock_at(speed)
    wall_s, mono, paused = 0.0, 0.0, False
    for deed, value in deeds:
        match deed:
            case "pass":
                ours.advance(value)
                wall_s += 0.0 if paused else value * speed
                mono += 0.0 if paused else value * speed
            case "speed":
                clock.set_speed(value)
                speed = value
            case "set":
                clock.set(START_NS + round(value * 1e9))
                wall_s = value
            case "pause":
                clock.pause()
                paused = True
            case _:
                clock.resume()
                paused = False
        assert (clock.wall_ns() - START_NS) / 1e9 == pytest.approx(wall_s, rel=1e-9, abs=1e-5)
        assert clock.monotonic() == pytest.approx(mono, rel=1e-9, abs=1e-5)
        assert (clock.rate, clock.speed, clock.paused) == (0.0 if paused else speed, speed, paused)


@law
@given(deeds=st.lists(DEEDS, max_size=30))
def test_its_monotonic_clock_never_goes_back(deeds: list[tuple[str, float]]) -> None:
    ours, clock = clock_at()
    shown = clock.monotonic()
    for deed, value in deeds:
        acts: dict[str, Callable[[], object]] = {
            "pass": lambda v=value: ours.advance(v),  # type: ignore[misc]
            "speed": lambda v=value: clock.set_speed(v),  # type: ignore[misc]
            "set": lambda v=value: clock.set(round(v)),  # type: ignore[misc]
            "pause": clock.pause,
            "resume": clock.resume,
        }
        acts[deed]()
        before, shown = shown, clock.monotonic()
        assert shown >= before


@pytest.mark.parametrize("speed", [SLOWEST / 1.001, FASTEST * 1.001, 0.0, -1.0, float("nan"), float("inf")])
def test_a_speed_that_is_none_is_refused_and_changes_nothing(speed: float) -> None:
    _, clock = clock_at(7.0)
    with pytest.raises(ConfigError, match=r"from 0\.1 to 1000 times that of the recording"):
        clock.set_speed(speed)
    assert clock.speed == 7.0


@pytest.mark.parametrize("speed", [SLOWEST, FASTEST])
def test_the_slowest_and_the_fastest_are_speeds(speed: float) -> None:
    assert clock_at(speed)[1].speed == speed


def is_a_clock(clock: ReplayClock) -> Clock:
    return clock


async def woken_at(ours: ManualClock, waits: "asyncio.Future[None]", seconds: float = 1000.0) -> float:
    """Return by how far our clock had gone on when something ended."""
    began = ours.mono
    while not waits.done() and ours.mono - began < seconds:
        await ours.run(0.5)
    assert waits.done()
    return ours.mono - began


@pytest.mark.parametrize(("speed", "after_s"), [(0.1, 100.0), (1.0, 10.0), (4.0, 2.5), (1000.0, 0.5)])
async def test_who_sleeps_on_it_is_woken_in_its_time(speed: float, after_s: float) -> None:
    ours, clock = clock_at(speed)
    assert await woken_at(ours, asyncio.ensure_future(is_a_clock(clock).sleep(10.0))) == after_s


async def test_a_sleeper_follows_every_change_of_speed() -> None:
    ours, clock = clock_at(1.0)
    sleeping = asyncio.ensure_future(clock.sleep(100.0))
    await ours.run(10.0)
    clock.set_speed(10.0)
    await ours.run(4.0)
    clock.pause()
    await ours.run(1000.0)
    assert not sleeping.done()
    clock.resume()
    await ours.run(4.9)
    assert not sleeping.done()
    await ours.run(0.1)
    assert sleeping.done()


async def test_a_sleeper_is_not_woken_by_where_it_is_set() -> None:
    """What sleeps waits for time to pass, and not for a time of day."""
    ours, clock = clock_at(1.0)
    sleeping = asyncio.ensure_future(clock.sleep(100.0))
    await ours.run(10.0)
    clock.set(START_NS + 10**12)
    await ours.run(89.9)
    assert not sleeping.done()
    await ours.run(0.1)
    assert sleeping.done()


async def test_a_time_limit_is_of_its_time() -> None:
    ours, clock = clock_at(10.0)

    async def limited() -> None:
        async with clock.timeout(20.0):
            await asyncio.Event().wait()

    waiting = asyncio.ensure_future(limited())
    await ours.run(1.9)
    assert not waiting.done()
    await ours.run(0.1)
    with pytest.raises(TimeoutError):
        await waiting


async def test_a_body_that_ends_in_time_is_not_ended() -> None:
    _, clock = clock_at(10.0)
    async with clock.timeout(20.0):
        await clock.sleep(0.0)


async def test_who_waits_for_an_instant_looks_again_at_each_change() -> None:
    ours, clock = clock_at(1.0)
    changes: list[Callable[[], None]] = [
        lambda: clock.set(START_NS + 1),
        clock.pause,
        clock.resume,
        lambda: clock.set_speed(2.0),
    ]
    for change in changes:
        waiting = asyncio.ensure_future(clock.until(START_NS + 10**12))
        await ours.run(1.0)
        assert not waiting.done()
        change()
        await ours.run(0.0)
        assert waiting.done()


async def test_an_instant_that_is_past_is_not_waited_for() -> None:
    _, clock = clock_at()
    await clock.until(START_NS)
    clock.pause()
    await clock.until(START_NS)

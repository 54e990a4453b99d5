"""Whether Redis answers and since when, to the digit; and a step of the wall clock, which is told for a minute."""

import pytest

from chain.clock import Instant, ManualClock
from chain.monitor.board import RedisHealth
from chain.monitor.history import History
from chain.monitor.watch.contact import Contact, WallClock
from chain.thresholds import CLOCK_JUMP_S
from tests.support.scenes import START_NS, START_S


def at(seconds: float, *, wall_step: float = 0.0) -> Instant:
    """Return an instant so long after the beginning; `wall_step`: the wall clock has been set by so much since."""
    return Instant(START_NS + round((seconds + wall_step) * 1e9), 5_000.0 + seconds)


def noted(history: History) -> list[tuple[float, str]]:
    """Return the history, newest first: seconds after the beginning, and the words."""
    return [(entry.at - START_S, entry.text) for entry in history.transitions]


def test_each_answer_tells_its_own_times_and_the_first_one_since_when(caplog: pytest.LogCaptureFixture) -> None:
    history = History()
    contact = Contact(history, "redis.example:6379")
    contact.on_found(at(1.0), at(1.25), at(1.5))
    assert contact.health == RedisHealth(True, 5_001.0, 5_001.5, START_S + 1.5, "", 250.0)
    contact.on_found(at(2.0), at(2.5), at(3.0))
    assert contact.health == RedisHealth(True, 5_002.0, 5_003.0, START_S + 1.5, "", 500.0)
    assert (noted(history), history.awaited, caplog.messages) == ([], "", [])


def test_an_outage_is_told_once_with_its_first_moment_and_its_length(caplog: pytest.LogCaptureFixture) -> None:
    history = History()
    contact = Contact(history, "redis.example:6379")
    contact.on_found(at(1.0), at(1.25), at(1.5))
    for seconds, error in ((4.0, "connection refused"), (6.0, "timeout")):
        contact.on_lost(at(seconds), at(seconds + 0.5), error)
        # what was answered last stays known
        lost_since = START_S + 4.5
        assert contact.health == RedisHealth(False, 5_000.0 + seconds, 5_001.5, lost_since, error, None)
    assert noted(history) == [(4.5, "Redis unreachable: connection refused")]
    assert caplog.messages == ["redis unreachable at redis.example:6379: connection refused"]
    contact.on_found(at(9.0), at(9.25), at(11.875))
    assert history.awaited == "Redis back after 7.4 s"
    assert contact.health.since == START_S + 11.875


def test_a_redis_that_never_answered_is_unreachable_since_the_first_poll() -> None:
    history = History()
    contact = Contact(history, "")
    for seconds in (1.0, 2.0):
        contact.on_lost(at(seconds), at(seconds + 0.5), "no route")
        assert (contact.health.since, contact.health.answered) == (START_S + 1.5, None)
    assert noted(history) == [(1.5, "Redis unreachable: no route")]


@pytest.mark.parametrize(
    ("step_ms", "told"),
    [
        (round(CLOCK_JUMP_S * 1000), False),
        (round(CLOCK_JUMP_S * 1000) + 1, True),
        (-round(CLOCK_JUMP_S * 1000), False),
        (-round(CLOCK_JUMP_S * 1000) - 1, True),
    ],
)
def test_a_step_is_told_beyond_what_clocks_drift(step_ms: int, told: bool) -> None:
    # Small numbers: seconds of the epoch as floats know no exact millisecond.
    history, clock = History(), ManualClock(0, 0.0)
    wall = WallClock(history)
    wall.on_instant(Instant.now(clock))
    clock.step_wall(step_ms / 1000)
    wall.on_instant(Instant.now(clock))
    shown = wall.step_shown(Instant.now(clock))
    assert shown == ((pytest.approx(step_ms / 1000), 0.0) if told else (0.0, 0.0))
    assert [entry.text for entry in history.transitions] == (
        [f"wall clock stepped by {step_ms / 1000:+.1f} s"] if told else []
    )


def test_a_step_is_shown_for_a_minute_from_when_it_was_noticed() -> None:
    wall = WallClock(History())
    for instant in (at(0), at(3), at(5, wall_step=-7.5), at(9, wall_step=-7.5)):
        wall.on_instant(instant)
    assert wall.drift == START_S - 5_000.0 - 7.5
    assert wall.step_shown(at(64.999, wall_step=-7.5)) == (-7.5, 5_005.0)
    assert wall.step_shown(at(65, wall_step=-7.5)) == (0.0, 0.0)

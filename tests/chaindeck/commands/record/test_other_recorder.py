"""Whose recorder's heartbeat is read: our own, that of another who lives, or what one left that was killed."""

import logging

import pytest
from msgspec.structs import replace

from chain.clock import Instant
from chain.model.keys import KeySchema
from chain.monitor.heartbeat import STOPPED
from chain.monitor.messages.recorder import RecorderBeat
from chain.monitor.watch.registry import ChainRegistry
from chaindeck.commands.record.other_recorder import OtherRecorder
from tests.support.scenes import START_NS, START_S, board

KEY = "massive:recorder:heartbeat"
OURS = RecorderBeat("massive:recorder", START_S, 7, "running", START_S + 0.25)
OTHER = RecorderBeat("massive:recorder", START_S, 8, "running", START_S - 60, "/other/a.tape")
BESIDE = (
    "another recorder, process 8, beats as massive:recorder and records into /other/a.tape:"
    " this one records without a heartbeat"
)
ALONE = "the other recorder beats no longer: now this one does"


class Heard:
    """A watcher that reads a recorder's heartbeat."""

    def __init__(self) -> None:
        self._registry = ChainRegistry(KeySchema())
        self.other = OtherRecorder(OURS.pid, OURS.since)

    def read(self, seconds: float, beat: RecorderBeat | None) -> bool:
        """Return whether another recorder lives, as of a heartbeat that is read so long after the beginning."""
        now = Instant(START_NS + round(seconds * 1e9), 5_000.0 + seconds)
        self._registry.on_heartbeats({KEY: beat.encode() if beat else None}, now)
        self.other.on_board(board([], now, recorder=self._registry.companions.state.recorder))
        return self.other.lives


@pytest.fixture(autouse=True)
def _all_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_nobodys_beat_and_our_own_leave_us_alone(caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()
    assert not heard.other.looked.is_set()
    assert not heard.read(0, None)
    assert heard.other.looked.is_set()
    assert not any(heard.read(at, replace(OURS, ts=START_S + at)) for at in (1, 6, 11))
    assert caplog.messages == []


@pytest.mark.parametrize("difference", [{"pid": 8}, {"since": START_S + 0.26}])
def test_who_has_another_pid_or_began_at_another_time_is_another(difference: dict[str, float]) -> None:
    assert Heard().read(0, replace(OURS, **difference))


def test_another_that_beats_on_is_told_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()
    assert all(heard.read(at, replace(OTHER, ts=START_S + at // 5)) for at in range(20))
    assert caplog.messages == [BESIDE]
    assert not heard.read(20, replace(OTHER, ts=START_S + 20, status=STOPPED))
    assert not heard.read(21, replace(OURS, ts=START_S + 21))
    assert caplog.messages == [BESIDE, ALONE]


def test_a_beat_that_comes_but_once_is_left_alone_for_ten_seconds_and_nobody_is_said_to_live(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As after a kill: the last beat stands for longer."""
    heard = Heard()
    assert [heard.read(at, OTHER) for at in (0.0, 5.0, 9.999, 10.0, 12.0)] == [True, True, True, False, False]
    assert caplog.messages == []


def test_another_that_was_killed_is_waited_for_as_long(caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()
    assert heard.read(0, OTHER)
    assert heard.read(5, replace(OTHER, ts=START_S + 5))
    assert [heard.read(at, replace(OTHER, ts=START_S + 5)) for at in (14.999, 15.0)] == [True, False]
    assert caplog.messages == [BESIDE, ALONE]

"""A recorder as it is heard: by its heartbeat, until that runs out."""

import msgspec
import pytest

from chain.clock import Instant
from chain.model.keys import KeySchema
from chain.monitor.board import RecorderStatus
from chain.monitor.messages.recorder import RecorderBeat
from chain.monitor.watch.registry import ChainRegistry
from chain.monitor.watch.state import RegistryState
from chain.thresholds import HEARTBEAT_TTL_S
from tests.support.scenes import START_NS, START_S

KEYS = KeySchema()
KEY = "massive:recorder:heartbeat"
BEAT = RecorderBeat("massive:recorder", START_S, 7, "running", START_S - 60, "/tapes/a.tape", answers=9, size=4_096)


def at(seconds: float) -> Instant:
    return Instant(START_NS + round(seconds * 1e9), 5_000.0 + seconds)


def told(raw: bytes | None, registry: ChainRegistry | None = None, seconds: float = 0.0) -> ChainRegistry:
    registry = registry or ChainRegistry(KEYS)
    registry.on_heartbeats({KEY: raw}, at(seconds))
    return registry


def heard(registry: ChainRegistry) -> RecorderStatus | None:
    return registry.companions.state.recorder


def test_a_recorder_is_known_as_it_says_and_by_nobody_it_is_not() -> None:
    registry = told(BEAT.encode())
    assert heard(registry) == RecorderStatus(BEAT, 5_000.0, alive=True)
    assert registry.publishers == {} and registry.refused == {}
    assert heard(told(None)) is None


def test_one_that_stops_is_gone_at_once_and_one_whose_key_is_gone_with_it() -> None:
    stopped = heard(told(msgspec.structs.replace(BEAT, status="stopped").encode()))
    assert stopped is not None and (stopped.alive, stopped.gone_since) == (False, START_S)
    silent = heard(told(None, told(BEAT.encode()), 3.0))
    assert silent is not None and (silent.alive, silent.gone_since, silent.beat) == (False, START_S + 3.0, BEAT)
    back = heard(told(BEAT.encode(), told(None, told(BEAT.encode()), 3.0), 4.0))
    assert back is not None and (back.alive, back.gone_since) == (True, None)


@pytest.mark.parametrize(("after_s", "alive"), [(HEARTBEAT_TTL_S, True), (HEARTBEAT_TTL_S + 0.001, False)])
def test_a_beat_that_does_not_change_is_no_sign_of_life_for_ever(after_s: float, alive: bool) -> None:
    known = heard(told(BEAT.encode(), told(BEAT.encode()), after_s))
    assert known is not None and known.alive is alive


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"{", "not JSON"),
        (b"[]", "an array, not an object"),
        (msgspec.structs.replace(BEAT, service="massive").encode(), "service: calls itself 'massive'"),
        (msgspec.structs.replace(BEAT, answers=-1).encode(), "answers"),
        (b"x" * 2_000_000, "bytes"),
    ],
)
def test_what_is_no_beat_is_refused_with_why_and_the_last_good_one_stays(raw: bytes, why: str) -> None:
    registry = told(raw, told(BEAT.encode()), 1.0)
    kept = heard(registry)
    assert kept is not None and kept.beat == BEAT
    assert why.lower() in registry.refused["massive:recorder"].reason.lower()
    assert told(BEAT.encode(), registry, 2.0).refused == {}


def test_what_a_beat_says_may_be_shown() -> None:
    spoilt = msgspec.structs.replace(BEAT, error="\x1b[31mno", tape="a\u202e.tape", status="run\nning")
    known = heard(told(spoilt.encode()))
    assert known is not None
    assert "\x1b" not in known.beat.error and "\u202e" not in known.beat.tape and "\n" not in known.beat.status


def test_who_goes_on_from_a_state_knows_it_too() -> None:
    state = told(None, told(BEAT.encode()), 3.0).state()
    raw = msgspec.json.encode(state)
    again = ChainRegistry.resume(KEYS, msgspec.json.decode(raw, type=RegistryState))
    assert (heard(again), again.state()) == (state.recorder, state)

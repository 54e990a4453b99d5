"""Which compositor a watcher tells of: who leads, else who stands by, above all one that says why it cannot lead."""

import pytest
from msgspec.structs import replace

from chain.clock import Instant
from chain.model.keys import KeySchema, heartbeat_key
from chain.monitor.board import Refusal
from chain.monitor.messages.compositor import CompositorBeat
from chain.monitor.states import CompositorState
from chain.monitor.watch.beside.companions import Companions

NOW = Instant(1_767_366_000_000_000_000, 1_000.0)
LEADER, STANDBY = "mmaker", "mmaker:standby"


def told(*beats: CompositorBeat, later_s: float = 0.0) -> tuple[CompositorState, str] | None:
    """Return state and service of the compositor that is told, some time after all beats were heard."""
    refused: dict[str, Refusal] = {}
    companions, heard = Companions(KeySchema(), refused), {each.service: each.encode() for each in beats}
    found = {heartbeat_key(service): heard.get(service) for service in (LEADER, STANDBY)}
    before: dict[str, bytes | None] = {}
    companions.on_heartbeats(found, before, NOW)
    if later_s:
        found[heartbeat_key(LEADER)] = None
        companions.on_heartbeats(found, before, after(later_s))
    assert not refused
    shown = companions.state.shown
    return None if shown is None else (shown.state, shown.beat.service)


def after(later_s: float) -> Instant:
    return Instant(NOW.wall_ns + round(later_s * 1e9), NOW.mono + later_s)


def beat(service: str, **values: str) -> CompositorBeat:
    status = "leading" if service == LEADER else "standby"
    return replace(CompositorBeat(service, NOW.wall_s, 7, status, NOW.wall_s - 60, 0.2), **values)


BROKEN = beat(STANDBY, error="no lease")


@pytest.mark.parametrize(
    ("beats", "is_told"),
    [
        ((), None),
        ((beat(LEADER),), (CompositorState.LEADING, LEADER)),
        ((beat(LEADER), BROKEN), (CompositorState.LEADING, LEADER)),  # another leads all the same
        ((beat(LEADER, error="full"), beat(STANDBY)), (CompositorState.FAILING, LEADER)),
        ((beat(STANDBY),), (CompositorState.STANDBY, STANDBY)),
        ((BROKEN,), (CompositorState.FAILING, STANDBY)),
        ((beat(LEADER, status="stopped"), BROKEN), (CompositorState.FAILING, STANDBY)),
        ((beat(LEADER, status="stopped"), beat(STANDBY)), (CompositorState.STANDBY, STANDBY)),
    ],
)
def test_who_leads_is_told_else_who_stands_by(
    beats: tuple[CompositorBeat, ...], is_told: tuple[CompositorState, str] | None
) -> None:
    assert told(*beats) == is_told


def test_a_leader_that_fell_silent_is_told_unless_a_standby_says_why_it_cannot_lead() -> None:
    assert told(beat(LEADER), beat(STANDBY), later_s=10.0) == (CompositorState.SILENT, LEADER)
    assert told(beat(LEADER), BROKEN, later_s=10.0) == (CompositorState.FAILING, STANDBY)

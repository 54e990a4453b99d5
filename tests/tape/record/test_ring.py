"""The ring of recent answers: bounded, and each Board in it the one that the watcher made."""

import pytest

from chain.monitor.board import Board
from chain.monitor.watch.port import Answer, Request
from chain.monitor.watch.state import TrackerState
from tape.play.player import Player
from tape.record.backlog import Exchange, Known
from tape.record.ring import Ring
from tests.support.watched import KEYS, LABEL, Watched

MB = 1_000_000
STRIKES = 60


class Joined:
    """A keeper that writes into a ring at once."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    def offer(self, request: Request, answer: Answer) -> None:
        self._ring.write(Exchange(request, answer))

    def offer_state(self, state: TrackerState, *, begins: bool = False) -> None:
        self._ring.write(Known(state, begins))


def boards_in(ring: Ring) -> list[Board]:
    """Return the Boards of all its parts, in order."""
    players = [Player(part.file, LABEL) for part in ring.parts]
    return [player.at(number).board for player in players for number in range(len(player))]


@pytest.fixture(scope="module")
def watched() -> Watched:
    return Watched(every=2, lost=range(300, 306), strikes=STRIKES).run(600)


def test_it_holds_the_last_while_exactly_and_never_more_than_its_bound(watched: Watched) -> None:
    ring = Ring(KEYS, MB)
    largest = 0
    for at, one in enumerate(watched.told):
        ring.write(one)
        if at % 10 == 0:
            ring.commit()
            largest = max(largest, ring.size)
    ring.commit()
    assert largest <= MB
    assert ring.size > 0.7 * MB, "what there is room for is kept"
    kept = boards_in(ring)
    assert 60 < len(kept) < len(watched.boards)
    assert kept == watched.boards[-len(kept) :]


def test_one_that_joins_in_the_middle_knows_what_the_watcher_knew() -> None:
    """Payloads that were read before are handed to it with what the watcher knows: no look is another."""
    watched = Watched(every=20)
    for second in range(50):
        watched.look(second)
    late = Ring(KEYS, 64 * MB)
    told = len(watched.told)
    joined = Joined(late)
    watched.tap.add(joined)
    for second in range(50, 90):
        watched.look(second)
    late.commit()
    assert boards_in(late) == watched.boards[51:]
    watched.tap.remove(joined)
    watched.look(90)
    late.commit()
    assert len(boards_in(late)) == 39
    assert len(watched.told) > told


def test_answers_that_were_missed_are_made_up_for_by_the_next_state(watched: Watched) -> None:
    ring = Ring(KEYS, 64 * MB)
    missed = range(400, 420)
    for at, one in enumerate(watched.told):
        if at == missed.start:
            ring.miss(len(missed), "slow")
        if at not in missed:
            ring.write(one)
    ring.commit()
    kept = boards_in(ring)
    assert len(kept) < len(watched.boards)
    assert kept[-100:] == watched.boards[-100:]

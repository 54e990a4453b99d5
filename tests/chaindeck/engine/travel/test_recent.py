"""The past of a live deck: what was answered lately, while the present goes on."""

import re

import pytest

from chain.clock import ManualClock
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.travel.recent import Recent
from chaindeck.engine.travel.search import Searched
from tests.support.tapes import instant
from tests.support.watched import KEYS, LABEL, Watched
from tui.ports.time_travel import MarkKind, Stride

MB = 1_000_000


class Deck:
    """A live deck without a screen: a watcher, its slot, and the traveller's turns by hand."""

    def __init__(self, most: int = 64 * MB, **how: object) -> None:
        self.recent = Recent(KEYS, most, LABEL)
        self.slot = BoardSlot()
        self.traveller = self.recent.traveller(self.slot, ManualClock(0))
        self.watched = Watched(**how)  # type: ignore[arg-type]
        self.watched.tap.add(self.recent.backlog)
        self.second = 0

    def live(self, seconds: int) -> None:
        """Let time go by: a look each second, a turn of the other thread after each."""
        for second in range(self.second, self.second + seconds):
            self.watched.look(second)
            self.slot.put(self.watched.boards[-1])
            self.traveller.turn()
        self.second += seconds

    def settle(self) -> None:
        for _ in range(2):
            self.traveller.turn()

    @property
    def shown(self) -> int:
        """Which of the watcher's Boards is shown: the very one."""
        scene = self.slot.scene()
        assert scene is not None
        return self.watched.boards.index(scene.board)


def test_one_steps_back_from_the_present_which_goes_on_beside() -> None:
    deck = Deck()
    deck.live(40)
    assert deck.traveller.cursor().is_live
    deck.traveller.step(Stride.LOOK, -7)
    deck.settle()
    scene = deck.slot.scene()
    assert deck.shown == 32 and scene is not None and scene.as_of is not None
    assert scene.as_of.mono == deck.watched.boards[32].clock.polled
    deck.live(10)
    assert deck.shown == 32
    assert deck.slot.latest() is deck.watched.boards[-1]
    assert deck.traveller.timeline(100).end == instant(49).wall_ns
    deck.traveller.live()
    deck.settle()
    present = deck.slot.scene()
    assert present is not None and (present.as_of, deck.shown) == (None, 49)


@pytest.mark.parametrize(
    ("looks", "said"), [(1, "0 s, "), (60, "59 s, "), (61, "1 min, "), (120, "1 min, "), (121, "2 min, ")]
)
def test_how_far_back_it_goes_is_told_in_seconds_below_a_minute(looks: int, said: str) -> None:
    deck = Deck()
    deck.live(looks)
    timeline = deck.traveller.timeline(0)
    assert timeline.label.startswith(f"LAST {said}")
    assert bool(timeline.reach) is (looks > 60)


def test_how_far_back_it_will_go_is_about_how_far_it_goes_once_it_is_full() -> None:
    deck = Deck(most=MB, every=2, strikes=30)
    deck.live(61)
    told = re.fullmatch(r"room for about (\d+) min", deck.traveller.timeline(0).reach)
    assert told is not None
    deck.live(430)
    full = deck.traveller.timeline(0)
    assert not full.reach and full.begin is not None and full.end is not None
    kept_min = (full.end - full.begin) / 60e9
    assert kept_min == pytest.approx(float(told[1]), rel=0.3)


def test_what_happens_is_a_mark_a_look_later_and_one_steps_back_to_it() -> None:
    deck = Deck(silent=range(20, 70))
    deck.live(20)
    first = {mark.at for mark in deck.traveller.timeline(10**9).marks}
    for second in range(20, 70):
        deck.live(1)
        changes = {round(one.at * 1e3) * 10**6 for one in deck.watched.boards[-2].transitions}
        marked = {mark.at for mark in deck.traveller.timeline(10**9).marks if mark.kind is MarkKind.STATE}
        assert changes <= marked, f"second {second}"
    assert len(marked) > len(first)
    deck.traveller.step(Stride.TRANSITION, -1)
    deck.settle()
    scene = deck.slot.scene()
    assert scene is not None and scene.as_of is not None
    assert max(marked) <= scene.as_of.wall_ns < max(marked) + 2 * 10**9


def test_marks_of_the_present_are_those_that_are_found_afterwards() -> None:
    deck = Deck(silent=range(20, 70))
    deck.live(90)
    found = Searched(deck.recent.reel.parts[0])
    player = deck.recent.reel.parts[0].player()
    while found.go_on(player, grows=True):
        pass
    assert deck.traveller._line.marks(deck.recent.reel.parts) == found.marks
    assert {mark.kind for mark in found.marks} == {*MarkKind}


def test_what_is_let_go_of_moves_the_cursor_on() -> None:
    deck = Deck(most=MB // 4, every=2, strikes=30)
    deck.live(30)
    deck.traveller.seek(instant(0).wall_ns)
    deck.settle()
    assert deck.shown == 0
    deck.live(250)
    first = deck.traveller.timeline(10).begin
    assert first is not None and first > instant(30).wall_ns
    assert deck.traveller.cursor().at == first
    assert deck.shown == (first - instant(0).wall_ns) // 10**9
    label = deck.traveller.timeline(0).label
    assert label.startswith("LAST ") and label.endswith(" of 0 MB")


def test_playing_reaches_the_end_and_stands_there() -> None:
    deck = Deck()
    deck.live(20)
    deck.traveller.seek(instant(5).wall_ns)
    deck.traveller.play(1_000.0)
    clock = deck.traveller._clock
    assert isinstance(clock, ManualClock)
    for _ in range(5):
        deck.traveller.turn()
        clock.advance(0.1)
    assert (deck.shown, deck.traveller.cursor().speed) == (19, 0.0)


def test_the_heatmap_of_the_instant_is_made_as_soon_as_it_is_looked_at() -> None:
    deck = Deck(strikes=30)
    deck.live(40)
    deck.traveller.step(Stride.LOOK, -7)
    deck.settle()
    scene = deck.slot.scene()
    assert scene is not None and scene.heatmap is None  # nobody looks at it
    chain = scene.board.chains.records[0].chain
    deck.slot.look_at_heatmap(chain.underlying)
    deck.settle()
    scene = deck.slot.scene()
    assert scene is not None and scene.heatmap is not None and scene.heatmap.model is not None
    good = scene.board.chains.records[0].last_good
    [made] = [one for one in scene.heatmap.model.expirations if one.expiration == chain.expiry.isoformat()]
    assert good is not None and made.snapshot == KEYS.snapshot(good.snapshot.id)
    deck.traveller.live()
    deck.settle()
    present = deck.slot.scene()
    assert present is not None and present.heatmap is None  # that of the present comes from Redis

"""A recorder writes what its watcher knew, so that any look on its tapes is the very one that was made."""

from pathlib import Path

import pytest

from chain.clock import ManualClock
from chain.model.session import new_york
from tape.play.player import Player
from tape.record.recorder import Recorder
from tape.store.file import TapeFile
from tape.tools.verify import verify
from tests.support.scenes import START_NS
from tests.support.watched import KEYS, LABEL, Watched

SECONDS = 120


@pytest.mark.parametrize("joins", [0, 47])
def test_each_board_on_a_tape_is_that_of_the_watcher_whenever_its_recorder_began(tmp_path: Path, joins: int) -> None:
    watched = Watched(every=7, lost=range(60, 64))
    for second in range(joins):
        watched.look(second)
    recorder = Recorder(tmp_path, KEYS, ManualClock(START_NS, 5_000.0))
    watched.tap.add(recorder)
    recorder.start()
    for second in range(joins, SECONDS):
        watched.look(second)
    status = recorder.stop()
    assert (status.missed, status.error) == (0, "")
    [path] = tmp_path.glob("*.tape")
    assert path.name.endswith(f"{new_york(START_NS / 1e9):%Y-%m-%d}.tape")
    with TapeFile(path) as tape:
        assert verify(tape).sound
        player = Player(tape, LABEL)
        # One that joins hears of a look once it is over, and from then on of everything.
        lived = watched.boards[joins + 1 :] if joins else watched.boards
        assert len(player) == len(lived)
        for number in (*range(len(lived) - 1, -1, -7), *range(0, len(lived), 11)):
            assert player.at(number).board == lived[number], number

"""Boards from a tape, without waiting for any clock: one for each look, or the one of an instant."""

from collections.abc import Iterator

from chain.monitor.board import Board
from tape.play.player import Player
from tape.store.file import TapeFile


def boards(tape: TapeFile, label: str = "") -> Iterator[Board]:
    """Yield the Board of each look of a tape, from the first on: those that a watcher made then.

    `label` names on screen what is read.
    """
    player = Player(tape, label)
    for number in range(len(player)):
        yield player.at(number).board


def board_at(tape: TapeFile, wall_ns: int, label: str = "") -> Board | None:
    """Return the Board of the last look at or before an instant, epoch ns; None of a tape without looks."""
    player = Player(tape, label)
    return player.at(player.reader.number_at(wall_ns)).board if len(player) else None

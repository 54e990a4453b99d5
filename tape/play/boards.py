"""Boards from a tape, without waiting for any clock: one for each look."""

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

"""Boards from a tape, without waiting for any clock: one for each look, or the one of an instant."""

from collections.abc import Iterator

from chain.monitor.board import Board
from chain.monitor.watch.port import Request
from chain.monitor.watch.tracker import Tracker
from tape.play.reader import TapeReader

_DEEP = 6  # times that each pointer, payload and heartbeat was told


def boards(reader: TapeReader, label: str = "", *, started: float | None = None) -> Iterator[Board]:
    """Yield the Board of each look of a tape, from the first on: those that a watcher made then.

    `label` names on screen what is read; `started` is when the watcher began, monotonic seconds of the recorder.
    """
    tracker = Tracker(reader.keys, label)
    reader.go_to(0)
    for _ in reader.looks:
        _look(tracker, reader)
        yield tracker.board(started=started)


def board_at(reader: TapeReader, wall_ns: int, label: str = "") -> Board | None:
    """Return the Board of the last look at or before an instant, epoch ns; None of a tape without looks.

    It is made of the looks at which what was in force was told, and of no others: chains, ages, faults and publishers
    are those of then; what changed before them, and since when an older flag stands or a publisher is silent, is not
    known to it.
    """
    board = _after_run_up(reader, wall_ns, label, 1)
    if board is not None and any(record.fault for record in board.chains.records):
        return _after_run_up(reader, wall_ns, label, _DEEP)  # what was last good may lie further back
    return board


def _after_run_up(reader: TapeReader, wall_ns: int, label: str, depth: int) -> Board | None:
    if reader.seek(wall_ns) is None:
        return None
    tracker, board = Tracker(reader.keys, label), None
    for number in reader.run_up(depth):
        reader.skip_to(number)
        _look(tracker, reader)
        board = tracker.board()
    return board


def _look(tracker: Tracker, reader: TapeReader) -> None:
    request: Request | None = tracker.begin()
    while request is not None:
        request = tracker.take(reader.answer(request))

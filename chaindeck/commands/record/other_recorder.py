"""Another recorder of the same prefix: its heartbeat is left alone while it lives, for there is room for one."""

import asyncio
import logging

from chain.monitor.board import Board
from chain.monitor.messages.recorder import RecorderBeat
from chain.thresholds import HEARTBEAT_EVERY_S

log = logging.getLogger(__name__)

_GONE_AFTER_S = 2 * HEARTBEAT_EVERY_S  # without another beat; one that was killed leaves its last one for longer


class OtherRecorder:
    """Whether the heartbeat that is read is another recorder's, who lives."""

    def __init__(self, pid: int, since: float) -> None:
        """`pid` and `since` (epoch seconds) are those that this recorder's own beats tell."""
        self._own = pid, since
        self._first: RecorderBeat | None = None  # of another recorder, as it was found
        self._told = False
        self.lives = False
        self.looked = asyncio.Event()

    def on_board(self, board: Board) -> None:
        """Take in what was read; say once that another recorder beats, and once that it does no longer."""
        self.looked.set()
        status = board.recorder
        self.lives = (
            status is not None
            and status.alive
            and (status.beat.pid, status.beat.since) != self._own
            and board.clock.polled - status.seen < _GONE_AFTER_S
        )
        if status is None or not self.lives:
            if self._told:
                log.info("the other recorder beats no longer: now this one does")
            self._first, self._told = None, False
            return
        self._first = self._first or status.beat
        if status.beat.ts != self._first.ts and not self._told:
            log.warning(
                "another recorder, process %d, beats as %s and records into %s: this one records without a heartbeat",
                *(status.beat.pid, status.beat.service, status.beat.tape or "no tape yet"),
            )
            self._told = True

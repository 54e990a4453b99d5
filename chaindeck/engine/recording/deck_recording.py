"""What the deck shows, recorded: begun and ended by its reader, on a thread of its own, and told on every Board."""

import asyncio
from pathlib import Path

from msgspec.structs import replace

from chain.context import Context
from chain.model.session import new_york
from chain.monitor.board import Board, RecorderStatus
from chain.text import clean
from chaindeck import __version__
from chaindeck.engine.recording.own_beat import recorder_beat
from tape.record.recorder import Recorder
from tape.record.tap import Tap

_STOP_S = 2.0  # a disk that does not answer keeps nobody from leaving


class DeckRecording:
    """Records the answers of the deck's own watcher. All of it belongs to the engine's loop."""

    def __init__(self, context: Context, tap: Tap, folder: Path, shown_as: str) -> None:
        """`shown_as` names the Redis on the tapes."""
        self._context = context
        self._tap = tap
        self._folder = folder
        self._about = {"redis": shown_as, "recorder": f"chaindeck {__version__}"}
        self._recorder: Recorder | None = None

    async def toggle(self) -> str:
        """Begin to record, or end it; return in words what was done. Raises TapeError where it cannot begin."""
        if self._recorder is not None:
            return await self.stop()
        recorder = Recorder(self._folder, self._context.keys, self._context.clock, self._about)
        await asyncio.to_thread(recorder.start)
        self._recorder = recorder
        self._tap.add(recorder)
        return f"recording into {clean(self._folder)}; r again ends it"

    async def stop(self) -> str:
        """End the recording, where there is one, and return in words what came of it."""
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return "nothing was recorded"
        self._tap.remove(recorder)
        ended = await asyncio.to_thread(recorder.stop, _STOP_S)
        began = f"{new_york(ended.since or 0.0):%H:%M:%S}"
        missed = f", {ended.missed} missed" if ended.missed else ""
        failed = f"; {ended.error}" if ended.error else ""
        return f"recorded {ended.answers} answers since {began} on {clean(ended.path or 'no tape')}{missed}{failed}"

    async def close(self) -> None:
        """End the recording, where there is one."""
        await self.stop()

    def on_board(self, board: Board) -> Board:
        """Return a Board with this recording as its recorder, where it goes on."""
        if self._recorder is None:
            return board
        beat = recorder_beat(self._context, self._recorder.status, "running")
        return replace(board, recorder=RecorderStatus(beat, board.clock.polled, alive=True, here=True))

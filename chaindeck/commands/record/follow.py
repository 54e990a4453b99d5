"""Follows any Redis through its pointers and writes what it answers, until told to stop."""

import logging
from collections.abc import Sequence
from contextlib import aclosing, suppress
from pathlib import Path

from msgspec import Struct, field

from chain.context import Context
from chain.errors import ConfigError, RedisUnavailableError
from chain.monitor.board import Board
from chain.monitor.heartbeat import STOPPED
from chain.monitor.heartbeat_loop import HeartbeatLoop
from chain.monitor.watch.redis_reader import RedisReader
from chain.monitor.watch.watcher import Watcher
from chain.redis.connect.connection import RedisTarget
from chain.supervisor import Part, Supervisor
from chain.tasks import finish
from chaindeck import __version__
from chaindeck.commands.record.frames import FrameRecorder
from chaindeck.commands.record.other_recorder import OtherRecorder
from chaindeck.config.redis_location import running_place
from chaindeck.engine.recording.own_beat import recorder_beat
from chaindeck.exits import Exit
from chaindeck.process.ended import run_until_signal
from tape.record.days import Retention
from tape.record.reader import RecordingReader
from tape.record.recorder import Recorder
from tape.record.tap import Tap

log = logging.getLogger(__name__)

_TELL_EVERY_S = 60.0
_FAREWELL_S = 3.0


class RecordOptions(Struct, frozen=True):
    """Where to record to, how long (seconds, None until told to stop), and how long tapes are kept."""

    folder: Path
    for_s: float | None = None
    retention: Retention = field(default_factory=Retention)
    stream: bool = True  # whether frames of the stream are recorded too

    @classmethod
    def of(
        cls, folder: Path, for_s: float | None, keep_days: int | None, keep_mb: int | None, *, stream: bool = True
    ) -> "RecordOptions":
        """Return options as the command line gives them; raise ConfigError for those that make no sense."""
        if for_s is not None and not for_s > 0:
            raise ConfigError(f"--for {for_s:g}: a recording takes more than 0 seconds")
        for name, value in (("--keep-days", keep_days), ("--keep-mb", keep_mb)):
            if value is not None and value < 1:
                raise ConfigError(f"{name} {value}: at least 1")
        kept = Retention(keep_days, None if keep_mb is None else keep_mb * 1_000_000)
        return cls(folder, for_s, kept, stream)


def run_record(context: Context, url: str | None, options: RecordOptions) -> int:
    """Record; return 0, 1 where something could not be recorded, 2 where Redis never answered.

    Raises ConfigError and TapeError at start.
    """
    target = running_place(url).target
    about = {"redis": target.label, "recorder": f"chaindeck {__version__}"}
    recorder = Recorder(options.folder, context.keys, context.clock, about, retention=options.retention)
    recorder.start()
    told = _Told(recorder)
    try:
        run_until_signal(_record(context, target, recorder, told, options))
    finally:
        status = recorder.stop()
        if told.answered:
            log.info("recorded %d answers into %s, missed %d", status.answers, status.path or "no tape", status.missed)
        else:
            log.info("recorded no answer, only that there was none, into %s", status.path or "no tape")
    if not told.answered:
        raise RedisUnavailableError(f"redis {target.label} never answered: {told.error or 'no poll of it has ended'}")
    return Exit.INCOMPLETE if status.missed or status.error else Exit.DONE


async def _record(
    context: Context, target: RedisTarget, recorder: Recorder, told: "_Told", options: RecordOptions
) -> None:
    """Watch a Redis and have its answers recorded until cancelled, or for so many seconds."""
    log.info("recording %s of %s", context.keys.prefix, target.shown)
    async with aclosing(target.connect(name="chaindeck-record")) as redis:
        tap = Tap()
        tap.add(recorder)
        reader = RecordingReader(RedisReader(redis, context.keys, context.clock), tap.on_answer)
        watcher = Watcher(reader, context.clock, shown_as=target.label)

        other = OtherRecorder(context.identity.pid, recorder.status.since or 0.0)

        def on_board(board: Board) -> None:
            tap.on_look(watcher.tracker)
            told.on_board(board)
            other.on_board(board)

        beats = HeartbeatLoop(
            redis,
            None,
            context.clock,
            lambda status: recorder_beat(context, recorder.status, status),
            silent=lambda: other.lives,
            before=_nothing,
        )
        following = FrameRecorder(redis, context, recorder.offer_frames)
        parts = (
            *([Part("stream", following.run)] if options.stream else []),
            Part("watcher", lambda: watcher.run(on_board)),
            *reader.parts(),
            Part("heartbeat", lambda: _beat(beats, other)),
        )
        try:
            await _run(context, parts, options.for_s)
        finally:
            await finish(_leave(context, beats, other))


async def _run(context: Context, parts: Sequence[Part], for_s: float | None) -> None:
    """Run parts until cancelled, or for so many seconds."""
    supervisor = Supervisor(context.clock)
    with suppress(TimeoutError):
        if for_s is None:
            await supervisor.run(parts)
        async with context.clock.timeout(for_s or 0.0):
            await supervisor.run(parts)


async def _nothing() -> None:
    """Do nothing before a beat."""


async def _beat(beats: HeartbeatLoop, other: OtherRecorder) -> None:
    """Send heartbeats from the first look on: it tells whether there are another recorder's."""
    await other.looked.wait()
    if not other.lives:
        await beats.beat("running")
    [scheduled] = beats.parts()
    await scheduled.run()


async def _leave(context: Context, beats: HeartbeatLoop, other: OtherRecorder) -> None:
    """Say that recording has stopped; for not longer than a few seconds."""
    if other.lives or not other.looked.is_set():
        return
    with suppress(TimeoutError):
        async with context.clock.timeout(_FAREWELL_S):
            await beats.beat_everywhere(STOPPED)


class _Told:
    """Says once a minute how the recording fares, and knows whether Redis ever answered."""

    def __init__(self, recorder: Recorder) -> None:
        self.answered = False
        self.error = ""  # why the last poll was not answered
        self._recorder = recorder
        self._at = float("-inf")

    def on_board(self, board: Board) -> None:
        """Take in a Board."""
        health = board.redis.health
        self.answered, self.error = self.answered or health.ok, health.error
        if board.clock.polled - self._at >= _TELL_EVERY_S:
            self._at = board.clock.polled
            status = self._recorder.status
            chains = sum(record.last_good is not None for record in board.chains.records)
            log.info("%d chains, %d answers recorded, %d missed", chains, status.answers, status.missed)

"""`record --mock --day`: a whole trading day of the mock on a tape, by a clock that goes as fast as work allows.

Publisher, watcher and recorder are those of a live run; between them stands a store in memory in place of a Redis.
"""

import logging
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from datetime import date, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from chain.clock import Clock, ManualClock
from chain.context import Context
from chain.errors import ConfigError
from chain.model.calendar import RULE
from chain.model.keys import EPOCH_MAX_S, EPOCH_MIN_S
from chain.model.session import AM_OPEN, NEW_YORK, closing, new_york
from chain.monitor.watch.watcher import Watcher
from chain.thresholds import HEARTBEAT_EVERY_S
from chaindeck import __version__
from chaindeck.config.settings import Settings
from chaindeck.engine.recording.memory_store import MemoryStore
from chaindeck.engine.sources import make_source
from chaindeck.exits import Exit
from chaindeck.process.ended import run_until_signal
from chaindeck.process.progress import ProgressLine
from publisher.loop.cycle_runner import CycleRunner
from publisher.loop.own_heartbeat import OwnHeartbeat, ProgramStatus
from publisher.protection.publish_gate import PublishGate
from publisher.source import Source
from tape.errors import TapeError
from tape.record.days import path_of
from tape.record.reader import RecordingReader
from tape.record.recorder import Recorder
from tape.record.tap import Tap
from tape.store.file import remove
from tape.store.layout import shown

log = logging.getLogger(__name__)

_BACKLOG_BYTES = 32 * 1024 * 1024
_SECOND_S = 1.0
_LATE_S = 0.2  # after a full second: when the watcher polls
_NAP_S = 0.005


class Session(Struct, frozen=True):
    """A trading day from open to close, epoch seconds."""

    day: date
    opens: float
    closes: float

    @classmethod
    def of(cls, text: str | None) -> "Session":
        """Return the session of a date as it is typed; raise ConfigError where there is none."""
        if text is None:
            raise ConfigError("--mock needs the day to make, as in --day 2026-01-02")
        try:
            day = date.fromisoformat(text)
            opens = datetime.combine(day, AM_OPEN, NEW_YORK).timestamp()
        except (ValueError, OverflowError):
            raise ConfigError(f"--day {text[:24]!r}: not a date YYYY-MM-DD") from None
        if not EPOCH_MIN_S <= opens < EPOCH_MAX_S - 86_400:
            raise ConfigError(f"--day {day}: no snapshot can have a stamp of that year")
        if not RULE.is_trading_day(day):
            what = "a weekend" if day.weekday() >= 5 else "a holiday of the exchange"
            raise ConfigError(
                f"--day {day}: {what}, there is no session; the last one before was {RULE.trading_day_before(day)}"
            )
        return cls(day, opens, closing(day).timestamp())


def speed_of(text: str) -> float | None:
    """Return how many seconds are to be made in a second, None for as many as can be; raise ConfigError."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise ConfigError(f"--speed {text[:24]!r}: max, or seconds of the day in a second, as in 60")
    return speed


def run_mock_day(context: Context, settings: Settings, folder: Path, session: Session, speed: float | None) -> int:
    """Make a day's tape; return the exit code. Raises TapeError where it cannot be written, or is there already."""
    clock = ManualClock(round(session.opens * 1e9))
    path = path_of(folder, context.keys, session.day)
    if path.exists():
        raise TapeError(f"{shown(path)}: there is a tape of that day; remove it, or name another folder")
    about = {"redis": "none: a day of the mock", "recorder": f"chaindeck {__version__}"}
    recorder = Recorder(folder, context.keys, clock, about, backlog_bytes=2 * _BACKLOG_BYTES)
    made = _MockDay(replace(context, clock=clock), clock, make_source("mock", settings, (), clock), settings, recorder)
    recorder.start()
    began = context.clock.monotonic()
    try:
        with _cycles_unlogged():
            ended = run_until_signal(made.run(session, speed, context.clock))
    finally:
        status = recorder.stop()
        if status.error:
            remove(path)  # a day without its end would be taken for a whole one
            raise TapeError(f"{shown(folder)}: {status.error}")
    took_s = context.clock.monotonic() - began
    log.info("%s: %d answers in %.0f s, %.1f MB", path, status.answers, took_s, path.stat().st_size / 1e6)
    return 128 + ended.signal if ended.signal else Exit.INCOMPLETE if status.missed else Exit.DONE


@contextmanager
def _cycles_unlogged() -> Iterator[None]:
    """Log no line for each of thousands of cycles, warnings excepted; afterwards the logger is as it was."""
    cycles = logging.getLogger("publisher.loop.cycle")
    before = cycles.level
    cycles.setLevel(logging.WARNING)
    try:
        yield
    finally:
        cycles.setLevel(before)


class _MockDay:
    """The parts of a live run, moved second by second."""

    def __init__(
        self, context: Context, clock: ManualClock, source: Source, settings: Settings, recorder: Recorder
    ) -> None:
        self._clock = clock
        self._recorder = recorder
        self._source = source
        self._interval_s = context.thresholds.interval_s
        self._store = MemoryStore(context.keys, clock, source.status().kind)
        gate = PublishGate()
        self._runner = CycleRunner(self._store, source, context, gate, settings.expirations, self._beat)
        self._heartbeat = OwnHeartbeat(source, context, gate, self._runner, ProgramStatus())
        self._tap = Tap()
        self._tap.add(recorder)
        self._watcher = Watcher(RecordingReader(self._store, self._tap.on_answer), clock, shown_as="mock")

    async def run(self, session: Session, speed: float | None, machine: Clock) -> None:
        """Publish and poll from open to close, and say how far that is; TapeError where the tape cannot be written."""
        progress = ProgressLine(machine)
        try:
            await self._go_through(session, speed, machine, progress)
        finally:
            progress.end()

    async def _go_through(self, session: Session, speed: float | None, machine: Clock, progress: ProgressLine) -> None:
        began, opened = machine.monotonic(), self._clock.monotonic()
        cycle_due = beat_due = opened
        async with aclosing(self._source):
            while self._clock.wall_ns() < session.closes * 1e9:
                if self._clock.monotonic() >= cycle_due:
                    await self._runner.run()
                    cycle_due += self._interval_s
                if self._clock.monotonic() >= beat_due:
                    await self._beat()
                    beat_due += HEARTBEAT_EVERY_S
                self._clock.advance(_LATE_S)
                await self._watcher.poll_once()
                self._tap.on_look(self._watcher.tracker)
                self._clock.advance(_SECOND_S - _LATE_S)
                await self._let_write(machine)
                at = new_york(self._clock.wall_ns() / 1e9)
                progress.show(f"{session.day} {at:%H:%M} ET, {self._runner.counters['published']:,} snapshots")
                if speed is not None:
                    await machine.sleep_until(began + (self._clock.monotonic() - opened) / speed)

    async def _beat(self) -> None:
        self._store.beat(self._heartbeat.now("running"))

    async def _let_write(self, machine: Clock) -> None:
        """Wait until what was answered is on the tape but for some megabytes: nothing is to be missed."""
        await machine.sleep(0.0)
        while self._recorder.waiting_bytes > _BACKLOG_BYTES:
            await machine.sleep(_NAP_S)
        if self._recorder.status.error:
            raise TapeError(self._recorder.status.error)

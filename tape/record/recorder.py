"""The recorder: a thread of its own that owns the tape, writes what was answered, and commits once a second.

Reading goes on whatever happens here. Where nothing can be written, that is told and tried again; what could not be
recorded meanwhile is counted on the tape, and all that is in force is written anew.
"""

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

from chain.clock import Clock, Instant
from chain.model.keys import KeySchema
from chain.monitor.watch.port import Answer, Request
from chain.private import make_folder
from tape.errors import DamagedError, NoTapeError, TapeError
from tape.frames import frames_moments
from tape.record.backlog import Backlog, Frames, Known, Waiting
from tape.record.changes import Changes
from tape.record.days import Retention, day_of, path_of, prune
from tape.record.status import RecordingStatus
from tape.store.facts import Moment, MomentKind
from tape.store.layout import shown
from tape.store.states import payloads_moment, state_moment
from tape.store.words import MissedWords, put
from tape.store.writer import TapeWriter

log = logging.getLogger(__name__)

COMMIT_EVERY_S = 1.0
RETRY_AFTER_S = 5.0
_MEASURE_EVERY_S = 5.0
_BACKLOG_BYTES = 64 * 1024 * 1024
_MOST_A_DAY = 9  # tapes
_SLOW = "the recorder could not keep up"


class Recorder:
    """Records the answers of one reader into a folder, a file for each trading day in New York."""

    def __init__(
        self,
        folder: Path,
        keys: KeySchema,
        clock: Clock,
        about: Mapping[str, str] | None = None,
        *,
        retention: Retention | None = None,
        backlog_bytes: int = _BACKLOG_BYTES,
    ) -> None:
        """`about` is what each tape says of itself beside its prefix."""
        self._folder = folder
        self._keys = keys
        self._clock = clock
        self._about = {**(about or {}), "prefix": keys.prefix}
        self._retention = retention or Retention()
        self._backlog = Backlog(backlog_bytes)
        self._changes = Changes(keys)
        self._writer: TapeWriter | None = None
        self._day: date | None = None  # of the tape that is written
        self._number = 1  # of the day's tapes: one that cannot be written on is left as it is
        self._begun = False
        self._unsaved = 0  # answers written since the last commit
        self._written_to: float | None = None  # when the newest of them was received, epoch seconds
        self._lost = 0  # answers not recorded, and not yet counted on a tape
        self._counted = 0  # of them, those counted since the last commit
        self._retry_at = 0.0  # monotonic seconds
        self._committed_at = 0.0
        self._measured_at = float("-inf")
        self._lock = -1
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self.status = RecordingStatus()
        self.offer, self.offer_state = self._backlog.offer, self._backlog.offer_state
        self.offer_frames = self._backlog.offer_frames

    @property
    def waiting_bytes(self) -> int:
        """How much waits to be written."""
        return self._backlog.held

    def start(self) -> None:
        """Begin; raise TapeError where the folder cannot be used, or another recorder of this prefix uses it."""
        name = self._folder / f".{self._keys.prefix.replace(':', '.')}.lock"
        try:
            make_folder(self._folder)
            self._lock = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise TapeError(f"{shown(self._folder)}: another recorder writes {self._keys.prefix} there") from None
        except OSError as error:
            raise TapeError(f"{shown(self._folder)}: {error.strerror}") from None
        self.status = RecordingStatus(since=self._clock.wall_ns() / 1e9)
        self._thread.start()

    def stop(self, within_s: float | None = None) -> RecordingStatus:
        """Write what waits, end the tape, and return how it went; where time is up, it is left to end by itself."""
        self._ending.set()
        self._thread.join(within_s)
        if not self._thread.is_alive():
            os.close(self._lock)
        return self.status

    def _run(self) -> None:
        going = True
        while going:
            going = not self._ending.is_set()
            try:
                self._write(self._backlog.take(COMMIT_EVERY_S / 4 if going else 0.0))
                self._measure()
            except Exception as error:  # a fault of ours: told, and the tape is begun anew
                log.exception("the recorder failed")
                self._give_up(f"a fault of the recorder: {type(error).__name__}")
        self._end()

    def _write(self, waiting: list[Waiting]) -> None:
        slow = self._backlog.take_missed()
        if slow:
            if not self._lost:
                log.warning("%d answers not recorded: %s", slow, _SLOW)
            self._lost += slow
            self.status = self.status.with_missed(slow, self._now_s())
        for one in waiting:
            if isinstance(one, Known):
                self._record_state(one)
            elif isinstance(one, Frames):
                self._record_frames(one)
            else:
                self._record(*one)
        now = self._clock.monotonic()
        if (
            self._writer is not None
            and (self._unsaved or self._counted)
            and not 0 <= now - self._committed_at < COMMIT_EVERY_S
        ):
            self._committed_at = now
            self._guarded(self._commit)

    def _commit(self) -> None:
        assert self._writer is not None
        self._writer.commit()
        self.status = replace(self.status, recorded_to=self._written_to)
        self._unsaved = self._counted = 0
        if self.status.error:
            log.info("recording again into %s", shown(self._writer.path))
            self.status = replace(self.status, error="", failing_since=None)

    def _record(self, request: Request, answer: Answer) -> None:
        """Write an answer; where that fails, it is lost, and what it said is in force all the same."""
        day = day_of(answer.received)
        ready = self._ready(day, answer.received)
        moment = self._changes.moment(request, answer)
        if ready and self._guarded(lambda: self._add(moment)):
            self._unsaved += 1
            self._written_to = answer.received.wall_s
            self.status = replace(self.status, answers=self.status.answers + 1)
            return
        self._lost += 1
        self.status = self.status.with_missed(1, self._now_s())

    def _record_frames(self, frames: Frames) -> None:
        """Write entries of the stream; where that fails, they are lost."""
        ready = self._ready(day_of(frames.read), frames.read)
        moments = [*frames_moments(frames.entries, frames.read)]
        if ready and all(self._guarded(partial(self._add, moment)) for moment in moments):
            self._unsaved += 1
            return
        self._lost += 1
        self.status = self.status.with_missed(1, self._now_s())

    def _record_state(self, known: Known) -> None:
        """Write what the watcher knew; where that fails, the tape is only slower to be looked at."""
        now = known.state.now
        if known.begins and self._ready(day_of(now), now):
            self._guarded(lambda: self._add(payloads_moment(known.state, self._keys)))
        if self._writer is not None:
            self._guarded(lambda: self._add(state_moment(known.state)))

    def _ready(self, day: date, now: Instant) -> bool:
        """Have the day's tape open, and what was missed counted on it; return whether it is."""
        if self._writer is not None and self._day != day:
            self._guarded(self._commit)
            self._close()
        if self._writer is None:
            while self._clock.monotonic() >= self._retry_at:
                if self._guarded(lambda: self._open(day, now)):
                    return True
            return False
        if self._lost:
            return self._guarded(lambda: self._count_missed(now, _SLOW))
        return True

    def _open(self, day: date, now: Instant) -> None:
        if day != self._day:
            self._day, self._number = day, 1
        path = path_of(self._folder, self._keys, day, self._number)
        is_new = not path.exists()
        self._writer = TapeWriter(path, self._about)
        if not self._begun or is_new:
            self._add(Moment(MomentKind.RUN, now, now))
        if self._lost:
            self._count_missed(now, self.status.error or _SLOW)
        for moment in self._changes.in_force():
            self._add(moment)
        self._begun = True
        self.status = replace(self.status, path=path)
        self._prune(day)

    def _prune(self, day: date) -> None:
        """Delete what is kept no longer; where that fails it is said, and recording goes on."""
        try:
            for deleted in prune(self._folder, self._keys, self._retention, day):
                log.info("deleted %s, older or larger than is kept", shown(deleted))
        except (TapeError, OSError) as error:
            log.warning("old tapes are not deleted: %s", error)

    def _count_missed(self, now: Instant, why: str) -> None:
        self._add(Moment(MomentKind.MISSED, now, now, put(MissedWords(self._lost, why))))
        self._counted, self._lost = self._counted + self._lost, 0

    def _add(self, moment: Moment) -> None:
        assert self._writer is not None
        self._writer.add(moment)

    def _guarded(self, act: Callable[[], object]) -> bool:
        """Do what may fail; where it does, give the tape up until it is tried again, and say so once."""
        try:
            act()
        except (TapeError, OSError) as error:
            self._give_up(str(error))
            if isinstance(error, NoTapeError | DamagedError) and self._number < _MOST_A_DAY:
                self._number += 1
                self._retry_at = self._clock.monotonic()
            return False
        return True

    def _give_up(self, words: str) -> None:
        """Close the tape until it is tried again; what was not committed is lost."""
        short = words.removeprefix(f"{shown(self._folder)}/")  # a heartbeat names the tape beside it
        if short != self.status.error:
            log.warning("not recording: %s", words)
        self._lost += self._unsaved + self._counted
        kept = replace(self.status, answers=self.status.answers - self._unsaved)
        self.status = kept.with_missed(self._unsaved, self._now_s()).failing(short, self._now_s())
        self._unsaved = self._counted = 0
        self._retry_at = self._clock.monotonic() + RETRY_AFTER_S
        self._close()

    def _measure(self) -> None:
        now = self._clock.monotonic()
        if not 0 <= now - self._measured_at < _MEASURE_EVERY_S or (self.status.path and self.status.size is None):
            self._measured_at = now
            self.status = self.status.measured(self._folder)

    def _now_s(self) -> float:
        return self._clock.wall_ns() / 1e9

    def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(TapeError):
                writer.close()

    def _end(self) -> None:
        if self._writer is not None:
            now = Instant.now(self._clock)
            if self._guarded(lambda: self._add(Moment(MomentKind.END, now, now))):
                self._guarded(self._commit)
        self._close()

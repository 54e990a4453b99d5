"""Notices a thread stuck in an endless computation, and reports where."""

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from chain.clock import Clock

log = logging.getLogger(__name__)

PATIENCE_S = 5.0
_EVERY_S = 1.0
_MAX_FRAMES = 8
_BUSY = 0.1  # of the patience, in processor time: less is a thread that waits, as for a terminal that does not read


class Watchdog:
    """Pings a thread's event loop; calls `stuck` if it does not answer while its thread is computing."""

    def __init__(
        self, watched: threading.Thread, ask: Callable[[Callable[[], object]], None], stuck: Callable[[], None]
    ) -> None:
        self._watched = watched
        self._ask = ask
        self._stuck = stuck
        self._over = threading.Event()

    def start(self, clock: Clock, patience_s: float = PATIENCE_S) -> None:
        """Watch from now on, on a thread of its own."""
        threading.Thread(target=self._run, args=(clock, patience_s), name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._over.set()

    def _run(self, clock: Clock, patience_s: float) -> None:
        while not self._over.wait(_EVERY_S) and self._watched.is_alive():
            answered = threading.Event()
            try:
                self._ask(answered.set)
            except RuntimeError:  # no loop yet, or no more
                continue
            asked, used = clock.monotonic(), _cpu_s(self._watched)
            while not answered.wait(patience_s) and not self._over.is_set() and self._watched.is_alive():
                # Counted since the question, and not as a share: on a busy machine a thread computes at a crawl.
                if _cpu_s(self._watched) - used > _BUSY * patience_s:
                    waited = clock.monotonic() - asked
                    log.error(
                        "the screen computes and answers nothing for %.0f s, at %s", waited, _trace(self._watched)
                    )
                    self._stuck()
                    asked, used = clock.monotonic(), _cpu_s(self._watched)


def _cpu_s(thread: threading.Thread) -> float:
    """Return processor seconds of a thread where the system tells, else of the process."""
    if hasattr(time, "pthread_getcpuclockid") and thread.ident is not None:
        return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
    return time.process_time()


def _trace(thread: threading.Thread) -> str:
    """Return where a thread is, the innermost frame first."""
    frame = sys._current_frames().get(thread.ident or 0)
    places = traceback.extract_stack(frame)[-_MAX_FRAMES:] if frame else []
    return " < ".join(f"{Path(place.filename).name}:{place.lineno} {place.name}" for place in reversed(places))

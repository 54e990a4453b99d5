"""The write queue: bounded in bytes, so that a slow disk loses answers on the tape instead of using up memory."""

import threading
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from chain.clock import Instant
from chain.monitor.watch.port import Answer, FetchAnswer, PollAnswer, Request
from chain.monitor.watch.state import TrackerState
from chain.pipeline.frame import StreamEntry

_OVERHEAD = 1_000  # bytes that an answer takes besides its values


class Exchange(NamedTuple):
    """A request and its answer."""

    request: Request
    answer: Answer


class Frames(NamedTuple):
    """Entries of the stream, and when they were read."""

    entries: Sequence[StreamEntry]
    read: Instant


class Known(NamedTuple):
    """What the watcher knew after the answers before it; `begins`: they are not there."""

    state: TrackerState
    begins: bool


Waiting = Exchange | Frames | Known


class Backlog:
    """Answers between the thread that reads and the one that writes."""

    def __init__(self, most: int) -> None:
        """`most`: how many bytes may wait."""
        self._most = most
        self._waiting: deque[Waiting] = deque()
        self._held = 0
        self._missed = 0
        self._changed = threading.Condition()

    @property
    def held(self) -> int:
        """How many bytes wait."""
        return self._held

    def offer(self, request: Request, answer: Answer) -> None:
        """Queue an answer for writing; if the queue is full, it is counted as missed. Never waits."""
        self._offer(Exchange(request, answer), _size(answer))

    def offer_frames(self, entries: Sequence[StreamEntry], read: Instant) -> None:
        """Queue entries of the stream, as an answer is queued. Never waits."""
        self._offer(Frames(entries, read), _OVERHEAD + sum(len(entry.payload) for entry in entries))

    def _offer(self, one: "Exchange | Frames", size: int) -> None:
        with self._changed:
            if self._waiting and self._held + size > self._most:
                self._missed += 1
                return
            self._waiting.append(one)
            self._held += size
            self._changed.notify()

    def offer_state(self, state: TrackerState, *, begins: bool = False) -> None:
        """Queue a state after the answers before it; a periodic one only if there is room. Never waits."""
        with self._changed:
            if self._held >= self._most and not begins:
                return
            self._waiting.append(Known(state, begins))
            self._changed.notify()

    def take(self, wait_s: float) -> "list[Waiting]":
        """Empty the queue and return it; if it is empty, wait up to `wait_s` seconds for something."""
        with self._changed:
            if not self._waiting:
                self._changed.wait(wait_s)
            taken = [*self._waiting]
            self._waiting.clear()
            self._held = 0
            return taken

    def take_missed(self) -> int:
        """Return how many answers were missed since this was last asked."""
        with self._changed:
            missed, self._missed = self._missed, 0
            return missed


def _size(answer: Answer) -> int:
    match answer:
        case FetchAnswer():
            return _OVERHEAD + sum(len(payload.raw or b"") for payload in answer.payloads.values())
        case PollAnswer():
            return _OVERHEAD + sum(len(beat or b"") for beat in answer.heartbeats.values())
        case _:
            return _OVERHEAD

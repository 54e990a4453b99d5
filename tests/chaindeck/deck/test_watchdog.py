"""A thread that computes without end is noticed; one that waits, or is merely busy, is not."""

import threading
import time
from collections.abc import Callable

from chain.clock import SystemClock
from chaindeck.deck.watchdog import Watchdog
from tests.support.waiting import wait_until

PATIENCE_S = 0.3


def watch(work: Callable[[threading.Event], None]) -> tuple[threading.Event, threading.Event]:
    """Watch a thread that never answers while it does some work; return "was told of" and what ends it."""
    told, over = threading.Event(), threading.Event()
    thread = threading.Thread(target=work, args=(over,), daemon=True)
    thread.start()
    Watchdog(thread, lambda answer: None, told.set).start(SystemClock(), PATIENCE_S)
    return told, over


def spin(over: threading.Event) -> None:
    while not over.is_set():
        sum(range(500))


def wait(over: threading.Event) -> None:
    over.wait()


def test_a_thread_that_spins_is_told_of() -> None:
    told, over = watch(spin)
    try:
        wait_until(told.is_set, 30)
    finally:
        over.set()


def test_a_thread_that_waits_is_left_alone() -> None:
    told, over = watch(wait)
    time.sleep(1.0 + 3 * PATIENCE_S)  # the first question comes after a second
    assert not told.is_set()
    over.set()

"""Signals heard on a thread of their own."""

import os
import signal
import threading
from collections.abc import Callable, Mapping


def heed(callbacks: Mapping[signal.Signals, Callable[[], None]]) -> None:
    """Call back when one of these signals comes; to be called on the main thread, once.

    Python runs its own handlers on the main thread alone. A screen that waits for a terminal may hold that thread for
    ever, and a signal that comes just before the wait does not end it: the byte that Python leaves for each does.
    """
    heard, told = os.pipe()
    os.set_blocking(told, False)
    for number in callbacks:
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)

    def listen() -> None:
        while True:
            for number in os.read(heard, 64):
                if number in callbacks:
                    callbacks[signal.Signals(number)]()

    threading.Thread(target=listen, name="signals", daemon=True).start()

"""Signals handled on a thread of their own."""

import os
import signal
import threading
from collections.abc import Callable, Mapping

# They stop or continue a job, are ignored unless asked for, tell of a fault at which nothing can run on, are Python's
# own to ignore, or cannot be caught.
_NOT_ENDING = (
    "TSTP TTIN TTOU STOP CONT CHLD CLD URG WINCH INFO KILL SEGV BUS FPE ILL EMT PIPE XFSZ USR1".split()  # noqa: SIM905
)


def ending_signals() -> set[int]:
    """Return the signals whose default is to end a process, that can be caught, and that the parent did not mute."""
    spared = {getattr(signal, f"SIG{name}", None) for name in _NOT_ENDING}
    return {
        int(number)
        for number in signal.valid_signals() - spared
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)
    }


def handle_signals(callbacks: Mapping[int, Callable[[], None]]) -> None:
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
                    callbacks[number]()

    threading.Thread(target=listen, name="signals", daemon=True).start()

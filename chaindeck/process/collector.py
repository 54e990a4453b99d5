"""How often Python's garbage collector runs: not while modules load, then rarely."""

import gc

_LOADING = 1_000_000  # more objects than all modules of the deck make
_RUNNING = (100_000, 50, 100)


def while_loading() -> None:
    """Leave out searches while modules load: what they make lives on, and looking through it is a tenth of a start."""
    gc.set_threshold(_LOADING, *_RUNNING[1:])


def when_loaded() -> None:
    """Search from now on, but seldom, and not among what was loaded.

    A payload decodes to thousands of objects that die by reference count: searching them for cycles finds nothing.
    """
    gc.freeze()
    gc.set_threshold(*_RUNNING)

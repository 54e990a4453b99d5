"""Waiting until a deck under Textual's Pilot has nothing to do: we ask its loop, where Textual measures the processor.

Textual's own wait takes a deck for idle once the process used little time of a fiftieth of a second: it always lasts
that long, and under load, when the process is not let run, it ends too soon.
"""

import asyncio
from typing import Any

_SOON_S = 0.05  # a timer that rings sooner is waited for: a frame that is due, a step of an animation
_LIMIT_S = 10.0
_TURNS = 10  # of the loop in a row in which nothing was to be done


async def settled(min_sleep: float = 0.0, max_sleep: float = 0.0) -> None:
    """Return once nothing is ready on the running loop and no timer rings soon; after `max_sleep` seconds in any case.

    In place of Textual's `wait_for_idle`, whose arguments it takes.
    """
    loop: Any = asyncio.get_running_loop()
    until, quiet = loop.time() + max(max_sleep, _LIMIT_S), 0
    await asyncio.sleep(min_sleep)
    while quiet < _TURNS and loop.time() < until:
        await asyncio.sleep(0)
        due = min((timer.when() for timer in loop._scheduled if not timer.cancelled()), default=until)
        soon = due - loop.time() <= _SOON_S
        if soon:
            await asyncio.sleep(max(0.0, due - loop.time()))
        quiet = 0 if soon or loop._ready else quiet + 1

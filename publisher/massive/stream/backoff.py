"""How long to wait before the stream connects again. Pure.

Authentication is no sign of success: over its limit of connections the vendor lets a client authenticate and subscribe
before it ends one. So waits begin anew only after a connection that lived `ALIVE_S`.
"""

import random
from collections.abc import Callable

from publisher.massive.api.faults import FaultKind

ALIVE_S = 10.0  # a connection that lived this long after it was authenticated has proved itself
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
LIMIT_WAIT_S, LIMIT_LONGEST_S = 60.0, 600.0  # after another connection of the account took our place
HOPELESS_WAIT_S = 900.0  # for a key or a plan, which somebody must change first
HOPELESS = frozenset({FaultKind.BAD_KEY, FaultKind.PLAN})


class Backoff:
    """Counts what failed in a row."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        """`chance`: random, 0 to 1, so that programs that were cut off together do not come back together."""
        self._chance = chance
        self._failures = 0
        self._displaced = 0  # by another connection of the account; a contest with it must become rarer and rarer

    def lived(self, seconds: float) -> None:
        """Note how long a connection lived after it was authenticated."""
        if seconds >= ALIVE_S:
            self._failures = 0
        if seconds >= LIMIT_LONGEST_S:
            self._displaced = 0

    def wait_s(self, kind: FaultKind) -> float:
        """Note a failure, and return the seconds to wait after it."""
        self._failures += 1
        if kind is FaultKind.CONNECTIONS:
            self._displaced += 1
            return _doubled(LIMIT_WAIT_S, LIMIT_LONGEST_S, self._displaced) * (1 + self._chance() / 4)
        if kind in HOPELESS:
            return HOPELESS_WAIT_S
        return _doubled(FIRST_WAIT_S, LONGEST_WAIT_S, self._failures) * (0.5 + self._chance() / 2)


def _doubled(first_s: float, longest_s: float, times: int) -> float:
    return min(longest_s, first_s * 2.0 ** min(times - 1, 16))

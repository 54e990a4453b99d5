"""A circuit breaker: after enough failures nobody asks for a while, then one asks for all the others."""

import asyncio
from enum import StrEnum

from chain.clock import Clock
from publisher.vendor_faults import HOPELESS, FaultKind, VendorError

_FAILURES = 5


class BreakerState(StrEnum):
    """Closed lets requests pass, open none, half-open one."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Counts failures in a row; a refused key or plan opens it at once.

    It stays open for `open_s`, less than a publishing interval, so that the first cycle after a fault's end succeeds.
    """

    def __init__(self, clock: Clock, open_s: float) -> None:
        self._clock = clock
        self._open_s = open_s
        self._state = BreakerState.CLOSED
        self._failures = 0
        self._until = 0.0
        self._reason: VendorError | None = None
        self._settled = asyncio.Event()

    @property
    def closed(self) -> bool:
        """Whether requests pass."""
        return self._state is BreakerState.CLOSED

    async def admit(self) -> None:
        """Let a request pass, or raise VendorError saying why and for how long none does.

        While one probe is under way the others wait for what it finds.
        """
        while self._state is BreakerState.HALF_OPEN:
            await self._settled.wait()
        if self._state is BreakerState.CLOSED:
            return
        now = self._clock.monotonic()
        if now < self._until:
            raise VendorError(self._reason.kind if self._reason else FaultKind.WAITING, self._wait(now))
        self._state = BreakerState.HALF_OPEN
        self._settled.clear()

    def succeeded(self) -> None:
        """Close."""
        self._failures, self._reason = 0, None
        self._settle(BreakerState.CLOSED)

    def failed(self, fault: VendorError) -> None:
        """Count a failure; open where it is one too many, or one that asking again cannot mend."""
        self._failures += 1
        self._reason = fault
        told_to_wait = fault.kind is FaultKind.RATE_LIMITED and (fault.retry_after or 0.0) > self._open_s / 2
        if (
            self._state is BreakerState.HALF_OPEN
            or fault.kind in HOPELESS
            or told_to_wait
            or self._failures >= _FAILURES
        ):
            self._until = self._clock.monotonic() + max(
                self._open_s, (fault.retry_after or 0.0) if told_to_wait else 0.0
            )
            self._settle(BreakerState.OPEN)

    def abandoned(self) -> None:
        """Let another request probe in place of one that was given up."""
        if self._state is BreakerState.HALF_OPEN:
            self._settle(BreakerState.OPEN)

    def words(self) -> str:
        """Return the state for a person; empty while closed."""
        if self._state is BreakerState.CLOSED:
            return ""
        reason = self._reason.kind.value if self._reason else ""
        return f"{reason}; {self._wait(self._clock.monotonic())}"

    def _settle(self, state: BreakerState) -> None:
        self._state = state
        self._settled.set()

    def _wait(self, now: float) -> str:
        return f"asked again in {max(0.0, self._until - now):.0f} s"

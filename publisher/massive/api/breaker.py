"""A circuit breaker: after enough failures nobody asks for a while, then one asks for all the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

from chain.clock import Clock
from publisher.massive.api.faults import HOPELESS, OF_ONE_PATH, WAITED_FOR, FaultKind, VendorError

FAILURES = 5  # in a row, and none of them beside a success: one bad expiry must not close off the others


class BreakerState(StrEnum):
    """Closed lets requests pass, open none, half-open one."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Counts failures of the kinds `counted`; a refused key or plan opens it at once.

    It stays open for `open_s` seconds, less than a publishing interval, so that the first cycle after a fault's end
    succeeds; longer only where the vendor asks for it.
    """

    def __init__(self, clock: Clock, open_s: float, counted: frozenset[FaultKind]) -> None:
        self._clock = clock
        self._open_s = open_s
        self._counted = counted
        self._state = BreakerState.CLOSED
        self._failures = 0
        self._succeeded_at = float("-inf")
        self._until = 0.0
        self._reason: VendorError | None = None
        self._probed = asyncio.Event()

    @property
    def state(self) -> BreakerState:
        """The state as the last request left it."""
        return self._state

    @property
    def closed(self) -> bool:
        """Whether requests pass."""
        return self._state is BreakerState.CLOSED

    def words(self) -> str:
        """Return the state for a person; empty while closed."""
        if self.closed or self._reason is None:
            return ""
        return f"{self._reason}; {self._wait()}"

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Let one request pass and learn from its end; raise VendorError, not `asked`, where none may pass."""
        probe = await self._admit()
        try:
            yield
        except VendorError as fault:
            self._take(fault, probe=probe)
            raise
        except BaseException:
            self._abandon(probe=probe)
            raise
        self._succeed()

    async def _admit(self) -> bool:
        """Return whether the request is a probe; those that come meanwhile wait for what it finds.

        Where it fails, the next of them probes in turn: what is wrong may concern the first alone. A key, a plan or a
        rate is wrong for all.
        """
        waited = False
        while self._state is BreakerState.HALF_OPEN:
            await self._probed.wait()
            waited = True
        if self._state is BreakerState.CLOSED or self._reason is None:
            return False
        in_turn = waited and self._reason.kind not in HOPELESS | {FaultKind.RATE_LIMITED}
        if self._clock.monotonic() < self._until and not in_turn:
            known = f"{self._reason.detail}; " if self._reason.detail else ""
            raise VendorError(self._reason.kind, known + self._wait(), asked=False)
        self._state = BreakerState.HALF_OPEN
        self._probed.clear()
        return True

    def _take(self, fault: VendorError, *, probe: bool) -> None:
        if fault.asked and fault.kind in self._counted:
            self._fail(fault, probe=probe)
        elif fault.asked and fault.kind in OF_ONE_PATH:
            self._succeed()  # the vendor answered
        else:
            self._abandon(probe=probe)

    def _succeed(self) -> None:
        self._failures, self._reason = 0, None
        self._succeeded_at = self._clock.monotonic()
        self._enter(BreakerState.CLOSED)

    def _fail(self, fault: VendorError, *, probe: bool) -> None:
        """Count a failure; open where it is one too many, or one that asking again cannot mend."""
        now = self._clock.monotonic()
        self._failures += 1
        self._reason = fault
        told = fault.retry_after or 0.0 if fault.kind in WAITED_FOR else 0.0
        too_many = self._failures >= FAILURES and now - self._succeeded_at >= self._open_s
        if probe or too_many or fault.kind in HOPELESS or told > self._open_s / 2:
            self._until = now + max(self._open_s, told)
            self._enter(BreakerState.OPEN)

    def _abandon(self, *, probe: bool) -> None:
        """Let another request probe in place of one that found nothing out."""
        if probe and self._state is BreakerState.HALF_OPEN:
            self._enter(BreakerState.OPEN)

    def _enter(self, state: BreakerState) -> None:
        self._state = state
        self._probed.set()

    def _wait(self) -> str:
        return f"asked again in {max(0.0, self._until - self._clock.monotonic()):.0f} s"

"""Leases: one process leads, another stands by and takes over when the lease expires.

Publishers lead each underlying, a compositor the whole stream, under the name `STREAM`.

Live publishers share leases among themselves, and those of invented or recorded data among themselves: a mock is never
the standby of a live publisher.

A lease only saves work and avoids duplicate announcements. That nothing older replaces what is newer is ensured by the
scripts that write, so a leader that was paused past its lease does no harm when it wakes.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from redis.asyncio import Redis

from chain.context import Context
from chain.errors import RedisUnavailableError
from chain.redis.connect.causes import REFUSALS
from chain.redis.contract.coordination.lease_lock import LeaseLock

log = logging.getLogger(__name__)

_LEASE_OF_INTERVAL = 0.6  # with a renewal every fifth of an interval, a dead leader is replaced within one
_RENEWALS_OF_INTERVAL = 0.2


@dataclass(slots=True)
class _Hold:
    lock: LeaseLock
    until: float = float("-inf")  # monotonic seconds; counted from before the request, so never later than Redis's own
    last_error: str = ""  # why Redis could not be asked
    without: bool = False  # whether this Redis or its ACL does not allow leases: then everybody publishes


class Lease:
    """Leases on a set of underlyings. Between renewals, whether we hold one is judged by our monotonic clock."""

    def __init__(self, redis: Redis, context: Context, underlyings: Sequence[str], *, service: str = "massive") -> None:
        """`service`: only publishers of the same service share leases."""
        self.me = str(context.identity)
        self.leader: dict[str, str] = {}  # who leads each underlying, as of the last renewal
        self._logged: frozenset[str] = frozenset()  # the errors that were logged last
        self.tried = asyncio.Event()  # set after the first attempt of `run`, successful or not
        self._clock = context.clock
        interval_s = context.thresholds.interval_s
        self._ttl_s = max(0.5, _LEASE_OF_INTERVAL * interval_s)
        self._every_s = _RENEWALS_OF_INTERVAL * interval_s
        self._holds = {
            underlying: _Hold(
                LeaseLock(redis, context.keys, underlying, service=service, owner=self.me, ttl_s=self._ttl_s)
            )
            for underlying in underlyings
        }

    def leads(self, underlying: str) -> bool:
        """Whether we may publish an underlying now."""
        hold = self._holds[underlying]
        return hold.without or self._clock.monotonic() < hold.until

    def holds(self, underlying: str) -> bool:
        """Whether the lease itself is ours now; `leads` is also true where leases are not allowed."""
        return self._clock.monotonic() < self._holds[underlying].until

    @property
    def refused(self) -> str:
        """Why leases are not allowed here; "" if they are, as far as is known."""
        return next((hold.last_error for hold in self._holds.values() if hold.without), "")

    @property
    def last_error(self) -> str:
        """Why some lease could not be requested last time; "" if all could, or leases are not allowed."""
        return next((hold.last_error for hold in self._holds.values() if hold.last_error and not hold.without), "")

    def leads_first(self) -> bool:
        """Whether we announce what all publishers of this service see: we lead its first underlying, or nobody does."""
        first = next(iter(self._holds))
        return self.leader.get(first, self.me) == self.me

    async def run(self, on_gain: Callable[[], None], *, wanted: Callable[[], bool] = lambda: True) -> None:
        """Renew our leases and try for the others, until cancelled; call `on_gain` after gaining one.

        While they are not `wanted`, those that we hold are released, and none is tried for.
        """
        while True:
            try:
                gained = await self.renew() if wanted() else await self._let_go()
            finally:
                self.tried.set()
            if gained:
                on_gain()
            await self._clock.sleep(self._every_s)

    async def _let_go(self) -> list[str]:
        """Release what we hold; nothing is gained by that."""
        if any(map(self.holds, self._holds)):
            await self.release()
        return []

    async def renew(self) -> list[str]:
        """Renew or try for every lease once; return the underlyings gained, none if Redis is unreachable."""
        gained: list[str] = []
        for underlying, hold in self._holds.items():
            led = self.leads(underlying)
            asked = self._clock.monotonic()
            try:
                held, self.leader[underlying] = await hold.lock.acquire()
            except RedisUnavailableError as error:
                hold.without = error.code in REFUSALS
                hold.last_error = str(error)
                continue
            hold.last_error, hold.without = "", False
            hold.until = asked + self._ttl_s if held else float("-inf")
            if self.leads(underlying) and not led:
                gained.append(underlying)
                log.info("leading %s as %s", underlying, self.me)
            elif led and not held:
                log.warning("lost the lead of %s to %s", underlying, self.leader[underlying])
        self._log_errors()
        return gained

    def _log_errors(self) -> None:
        """Log why leases cannot be acquired: one line per reason, when it changes."""
        errors: dict[str, list[str]] = {}
        for underlying, hold in self._holds.items():
            if hold.last_error:
                errors.setdefault(hold.last_error, []).append(underlying)
        for last_error, underlyings in errors.items():
            if last_error not in self._logged:
                without = any(self._holds[each].without for each in underlyings)
                how = "publishing without a lease on %s: %s" if without else "lease on %s not to be had: %s"
                log.warning(how, ", ".join(underlyings), last_error)
        self._logged = frozenset(errors)

    async def release(self) -> None:
        """Release our leases, so that a standby need not wait for them to expire."""
        left: dict[str, list[str]] = {}
        for underlying, hold in self._holds.items():
            hold.until = float("-inf")
            if hold.without:
                continue
            try:
                await hold.lock.release()
            except RedisUnavailableError as error:
                left.setdefault(str(error), []).append(underlying)
        for reason, underlyings in left.items():
            log.warning("lease on %s left to run out: %s", ", ".join(underlyings), reason)

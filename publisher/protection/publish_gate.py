"""Whether a publisher may publish: what it leads, unless it has withdrawn in favour of a live publisher."""

import math
from collections.abc import Iterable

from msgspec import Struct

from chain.model.keys import ChainId
from chain.redis.contract.coordination.lease import Lease
from publisher.protection.guard import Guard


class PublishGate(Struct, frozen=True):
    """The lease and the guard of one publisher; without a lease it leads, and without a guard it never withdraws.

    `among_live` as for the guard: invented and recorded data are published next to live data all the same.
    """

    lease: Lease | None = None
    guard: Guard | None = None
    among_live: bool = False

    @property
    def withdrawn(self) -> str:
        """Why it withdrew in favour of a live publisher, or ""."""
        return self.guard.withdrawn if self.guard else ""

    @property
    def leaders(self) -> dict[str, str]:
        """Who leads each underlying, as of the last renewal."""
        return dict(self.lease.leader) if self.lease else {}

    def leads(self, underlying: str) -> bool:
        """Whether an underlying may be published now."""
        return not self.withdrawn and (self.lease is None or self.lease.leads(underlying))

    async def check(self, published: Iterable[ChainId], *, met: bool = False, within_s: float = math.inf) -> None:
        """Withdraw if there is a live publisher, or renew our live mark; arguments as for the guard."""
        if self.guard:
            await self.guard.check(published, met=met, within_s=within_s)

    async def claim(self) -> None:
        """Make sure, before live snapshots are written, that our mark exists."""
        if self.guard:
            await self.guard.claim()

    def retry(self) -> None:
        """Let the next check decide again whether to withdraw, at an operator's request."""
        if self.guard:
            self.guard.retry()

    async def release(self) -> None:
        """Release the leases, so that another may lead."""
        if self.lease:
            await self.lease.release()

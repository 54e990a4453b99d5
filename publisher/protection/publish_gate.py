"""What a publisher may do now: publish what it leads, unless it has given way to a live publisher."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from chain.model.keys import ChainId
from publisher.protection.guard import Guard
from publisher.protection.lease import Lease


@dataclass(frozen=True, slots=True)
class PublishGate:
    """The lease and the guard of one publisher; without a lease it leads, and without a guard it gives way to nobody.

    `among_live` as for the guard: invented and recorded data are published beside live data all the same.
    """

    lease: Lease | None = None
    guard: Guard | None = None
    among_live: bool = False

    @property
    def withdrawn(self) -> str:
        """Why it gave way to a live publisher, empty where it did not."""
        return self.guard.withdrawn if self.guard else ""

    @property
    def leaders(self) -> dict[str, str]:
        """Who leads each underlying, as far as the last look told."""
        return dict(self.lease.leader) if self.lease else {}

    def leads(self, underlying: str) -> bool:
        """Whether an underlying may be published now."""
        return not self.withdrawn and (self.lease is None or self.lease.leads(underlying))

    async def check(self, published: Iterable[ChainId], *, met: bool = False, within_s: float = math.inf) -> None:
        """Give way to a live publisher, or mark the place as live; arguments as for the guard."""
        if self.guard:
            await self.guard.check(published, met=met, within_s=within_s)

    async def claim(self) -> None:
        """Before live snapshots are written: see that the mark of their publisher stands."""
        if self.guard:
            await self.guard.claim()

    def retry(self) -> None:
        """Let the next look decide anew whether to give way, on an operator's word."""
        if self.guard:
            self.guard.retry()

    async def release(self) -> None:
        """Let another lead."""
        if self.lease:
            await self.lease.release()

"""What one publishing cycle did, as counters and as one log line."""

import logging
from collections.abc import Mapping

from msgspec import Struct, field

from chain.model.keys import ChainId
from chain.redis.contract.publish.draft import PublishResult, PublishVerdict

log = logging.getLogger(__name__)


class Cycle(Struct, frozen=True):
    """What one cycle did: an outcome per snapshot, and the chains that had none, with the reason."""

    outcomes: tuple[PublishResult, ...] = ()
    failures: dict[ChainId, str] = field(default_factory=dict)
    surveys: dict[str, str] = field(default_factory=dict)  # underlyings that could not be surveyed, and why
    wall_ms: float | None = None  # None until a cycle has ended

    @property
    def whole(self) -> bool:
        """Whether every expiry was published."""
        published = all(outcome.verdict is PublishVerdict.PUBLISHED for outcome in self.outcomes)
        return bool(self.outcomes) and published and not self.failures and not self.surveys

    def count(self) -> dict[str, int]:
        """Return the counters of this cycle: snapshots by outcome, and bytes of payload published."""
        sizes = [outcome.size for outcome in self.outcomes if outcome.verdict is PublishVerdict.PUBLISHED]
        refused = sum(outcome.verdict is PublishVerdict.REFUSED_OLDER for outcome in self.outcomes)
        untried = self.failures.keys() - {outcome.id.chain for outcome in self.outcomes}
        return {
            "cycles": 1,
            "published": len(sizes),
            "refused_older": refused,
            "failed": len(self.outcomes) - len(sizes) - refused + len(untried),
            "bytes": sum(sizes),
        }

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why something could not be published, each reason once."""
        return tuple(dict.fromkeys([*self.surveys.values(), *self.failures.values()]))

    def _goes_on_from(self, before: "Cycle") -> bool:
        """Whether nothing was published, for the same reasons as in the previous cycle."""
        nothing = self.count()["published"] == 0 == before.count()["published"]
        return nothing and self.reasons == before.reasons and before.wall_ms is not None

    def tell(self, number: int, counts: Mapping[str, int], kind: str, before: "Cycle") -> None:
        """Log the cycle in one line; a repeated failure is logged only once."""
        level = logging.WARNING if counts["failed"] or self.surveys else logging.INFO
        if not log.isEnabledFor(level) or (level == logging.WARNING and self._goes_on_from(before)):
            return
        log.log(
            level,
            "cycle %d: published %d, refused older %d, failed %d, %.0f kB of %s data in %.0f ms%s",
            number,
            counts["published"],
            counts["refused_older"],
            counts["failed"],
            counts["bytes"] / 1000,
            kind,
            self.wall_ms or 0.0,
            "".join(f"; {reason}" for reason in self.reasons),
        )

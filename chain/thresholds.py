"""Every threshold of freshness, in one place, all in seconds unless named otherwise."""

import math
from dataclasses import dataclass, field, replace
from typing import Self

from chain.errors import ConfigError

DEFAULT_INTERVAL_S = 10.0
DEFAULT_TTL_S = 60.0
DEFAULT_EXPIRATIONS = 6

FUTURE_TOLERANCE_S = 2.0  # a stamp further ahead of us than this is a clock fault, not a fresh snapshot
FUTURE_TOLERANCE_MS = round(FUTURE_TOLERANCE_S * 1000)
POLL_OVERDUE_S = 3.0  # without a poll for this long, nothing is known
STARTING_S = 5.0  # how long a running watcher may find nothing before that is reported
OLD_SOURCE_S = 120.0  # median quote older than the snapshot by more than this
OLD_SOURCE_DELAYED_S = 17 * 60.0  # the same on a feed that is 15 minutes late by contract
STREAM_ACTIVE_S = 5.0  # the stream's reader saw a frame within this time
STREAM_KNOWN_S = 86_400.0  # a stream that has been quiet for longer is not missed
COMPOSITOR_BEHIND = 1_000  # entries of the stream that wait to be read
CLOCK_JUMP_S = 2.0  # wall and monotonic clocks drifting apart by more than this between polls is a step
LIFE_SLACK_MS = 5_000  # by how much a snapshot's life may seem shorter than it is, for clocks that differ
LONGEST_LIFE_MS = 86_400_000  # no announcement makes a snapshot of the day before fresh
NO_EXPIRY_LIFE_MS = 3_600_000  # what counts as the life of a pointer without a time to live
EVICTION_SHOWN_S = 60.0  # how long an eviction is reported
HEARTBEAT_EVERY_S = 5.0
HEARTBEAT_TTL_S = 15
RECORDER_BEHIND_S = 60.0  # how long missed answers are reported
RECORDER_FREE_BYTES = 500_000_000  # about what a desk records in a day


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Ages at which a snapshot is late, derived from the publisher's interval: warn `2I+2`, stale `3I+5`."""

    interval_s: float = DEFAULT_INTERVAL_S
    ttl_s: float = DEFAULT_TTL_S
    own_warn_s: float | None = None  # an operator's limits in place of the derived ones
    own_stale_s: float | None = None
    announced: bool = field(default=True, repr=False, compare=False)  # by a publisher, or set by an operator
    warn_ms: int = field(init=False, repr=False, compare=False)  # as ages are compared, hundreds a second
    stale_ms: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.interval_s) and math.isfinite(self.ttl_s) and self.interval_s > 0):
            raise ConfigError(f"interval {self.interval_s} s and TTL {self.ttl_s} s must be positive numbers")
        if self.own_stale_s is None and not self.stale_s < self.ttl_s:
            interval_s = (self.ttl_s - 5) / 3  # at which it would be stale as its TTL ends
            shorter = f" or an interval below {interval_s:.3g} s" if interval_s > 1 else ""
            raise ConfigError(
                f"interval {self.interval_s:g} s makes a snapshot stale at {self.stale_s:g} s, after its TTL of "
                f"{self.ttl_s:g} s: use a TTL above {self.stale_s:g} s{shorter}"
            )
        object.__setattr__(self, "warn_ms", round(self.warn_s * 1000))
        object.__setattr__(self, "stale_ms", round(self.stale_s * 1000))

    @property
    def warn_s(self) -> float:
        """Age above which a snapshot is AGING."""
        return 2 * self.interval_s + 2 if self.own_warn_s is None else self.own_warn_s

    @property
    def stale_s(self) -> float:
        """Age above which a snapshot is STALE."""
        return 3 * self.interval_s + 5 if self.own_stale_s is None else self.own_stale_s

    def within(self, life_s: float) -> Self:
        """Return limits that fit snapshots of this life: shares of it, as the default limits are of the default TTL."""
        standard = type(self)()
        share = life_s / standard.ttl_s
        stale = standard.stale_s * share
        warn = standard.warn_s * share if self.own_warn_s is None else min(self.own_warn_s, stale)
        return replace(self, own_warn_s=warn, own_stale_s=stale)

    def limited(self, warn_s: float | None, stale_s: float | None) -> Self:
        """Return these with an operator's limits; raise ConfigError unless warn is below stale."""
        limits = replace(
            self,
            own_warn_s=self.own_warn_s if warn_s is None else warn_s,
            own_stale_s=self.own_stale_s if stale_s is None else stale_s,
        )
        if not 0 < limits.warn_s < limits.stale_s:
            raise ConfigError(f"warn age {limits.warn_s:g} s must be above 0 and below stale age {limits.stale_s:g} s")
        return limits


UNANNOUNCED = Thresholds(announced=False)  # of chains whose publisher says nothing of its interval

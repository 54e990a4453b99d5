"""What a run is told: flags and environment as one frozen value, checked before anything starts."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from chain.errors import ConfigError
from chain.names import parse_underlying
from chain.thresholds import DEFAULT_EXPIRATIONS, DEFAULT_INTERVAL_S, DEFAULT_TTL_S, Thresholds
from publisher.slicing import EM_MULT

REDIS_VARIABLES = ["MARKET_REDIS_URL", "REDIS_URL"]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class RedisSettings:
    """Which Redis.

    Attributes:
        redis_url: redis://, rediss:// or unix:// URL. Without one, this user's embedded server.
    """

    redis_url: Annotated[str | None, Parameter(env_var=REDIS_VARIABLES)] = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherSettings:
    """What to publish, and how often.

    Attributes:
        capture: recorded chains (JSON lines, .gz or plain) to publish instead of the mock.
        underlyings: symbols to publish, comma separated.
        interval: seconds from one publishing cycle to the next.
        ttl: seconds that a snapshot lives in Redis.
        expirations: how many of the next tradable expirations.
        em_mult: half-width of a slice in expected moves.
        seed: seed of the mock's market.
    """

    capture: Annotated[tuple[Path, ...], Parameter(consume_multiple=True, negative="")] = ()
    underlyings: Annotated[str, Parameter(env_var="MASSIVE_CHAIN_SYMBOLS")] = ""
    interval: Annotated[float, Parameter(env_var="MASSIVE_CHAIN_INTERVAL_SEC")] = DEFAULT_INTERVAL_S
    ttl: Annotated[float, Parameter(env_var="MASSIVE_CHAIN_SNAPSHOT_TTL_SEC")] = DEFAULT_TTL_S
    expirations: Annotated[int, Parameter(env_var="MASSIVE_CHAIN_NUM_EXPIRATIONS")] = DEFAULT_EXPIRATIONS
    em_mult: Annotated[float, Parameter(env_var="MASSIVE_CHAIN_EM_MULT")] = EM_MULT
    seed: int = 7
    thresholds: Annotated[Thresholds, Parameter(show=False, parse=False)] = field(init=False)

    def __post_init__(self) -> None:
        if not 1 <= self.expirations <= 60:
            raise ConfigError(f"expirations {self.expirations} must be from 1 to 60")
        if not 0 < self.em_mult <= 20:
            raise ConfigError(f"em-mult {self.em_mult:g} must be above 0 and at most 20")
        object.__setattr__(self, "thresholds", Thresholds(self.interval, self.ttl))

    @property
    def symbols(self) -> tuple[str, ...]:
        """The underlyings as they stand in keys; empty where none were named."""
        return tuple(parse_underlying(part.strip()) for part in self.underlyings.split(",") if part.strip())

"""The demo menu's faults, done on the engine's loop."""

from collections.abc import Sequence
from concurrent.futures import Future

from chain.clock import Clock
from chain.errors import ConfigError
from chain.model.keys import ChainId, Names
from chaindeck.engine.engine import Engine
from publisher.faults import SKEW_S, Fault, Saboteur, WithholdingSource

_WORDS = {
    Fault.STALL: "stall this expiry: AGING, then STALE, then gone",
    Fault.DROP: "drop its pointer: MISSING",
    Fault.DANGLE: "delete its payload: DANGLING",
    Fault.CORRUPT: "publish a corrupt payload: INVALID",
    Fault.SKEW: f"publish with a clock {SKEW_S} s ahead: FUTURE",
    Fault.ROLL_BACK: "move its pointer back: ROLLED-BACK",
    Fault.STOP: "stop the publisher: everything ages",
    Fault.FREEZE: "freeze Redis for 12 s: UNREACHABLE",
    Fault.HEAL: "heal everything",
}


class MockDemo:
    """The demo of a deck whose publisher is a mock."""

    def __init__(self, engine: Engine, source: WithholdingSource, clock: Clock, *, embedded: bool) -> None:
        self._engine = engine
        self._source = source
        self._clock = clock
        self._embedded = embedded

    @property
    def faults(self) -> Sequence[tuple[str, str]]:
        """Name and description of each fault; only our own Redis may be frozen."""
        return [(fault.value, words) for fault, words in _WORDS.items() if self._embedded or fault is not Fault.FREEZE]

    def inflict(self, name: str, chain: ChainId) -> "Future[str]":
        """Start one fault; the result says what was done, or raises ChaindeckError."""
        return self._engine.submit(self._inflict(Fault(name), chain))

    async def _inflict(self, fault: Fault, chain: ChainId) -> str:
        publishing = self._engine.publishing
        if publishing is None:
            raise ConfigError("the publisher has not started yet: try again in a second")
        saboteur = Saboteur(publishing.redis, Names(), self._source, publishing.publisher, self._clock)
        await saboteur.inflict(fault, chain)
        return f"demo: {fault}" if fault in (Fault.HEAL, Fault.STOP, Fault.FREEZE) else f"demo: {fault} {chain}"

"""The demo menu's faults, done on the engine's loop."""

from collections.abc import Sequence
from concurrent.futures import Future

from chain.context import Context
from chain.errors import ConfigError
from chain.model.keys import ChainId
from chain.redis.contract.publish.fault_writer import FaultWriter
from chaindeck.engine.engine import Engine
from publisher.faults import SKEW_S, FaultInjector, InjectedFault, WithholdingSource

_WORDS = {
    InjectedFault.STALL: "stall this expiry: AGING, then STALE, then gone",
    InjectedFault.DROP: "drop its pointer: MISSING",
    InjectedFault.DANGLE: "delete its payload: DANGLING",
    InjectedFault.CORRUPT: "publish a corrupt payload: INVALID",
    InjectedFault.SKEW: f"publish with a clock {SKEW_S} s ahead: FUTURE",
    InjectedFault.ROLL_BACK: "move its pointer back: ROLLED-BACK",
    InjectedFault.STOP: "stop the publisher: everything ages",
    InjectedFault.FREEZE: "freeze Redis for 12 s: UNREACHABLE",
    InjectedFault.HEAL: "heal everything",
}


class MockDemo:
    """The demo of a deck whose publisher is a mock."""

    def __init__(self, engine: Engine, source: WithholdingSource, context: Context, *, embedded: bool) -> None:
        self._engine = engine
        self._source = source
        self._context = context
        self._embedded = embedded

    @property
    def faults(self) -> Sequence[tuple[str, str]]:
        """Name and description of each fault; only our own Redis may be frozen."""
        return [
            (fault.value, words)
            for fault, words in _WORDS.items()
            if self._embedded or fault is not InjectedFault.FREEZE
        ]

    def inject(self, name: str, chain: ChainId) -> "Future[str]":
        """Start one fault; the result says what was done, or raises ChaindeckError."""
        return self._engine.submit(self._inflict(InjectedFault(name), chain))

    async def _inflict(self, fault: InjectedFault, chain: ChainId) -> str:
        publishing = self._engine.publishing
        if publishing is None:
            raise ConfigError("the publisher has not started yet: try again in a second")
        keys, clock = self._context.keys, self._context.clock
        injector = FaultInjector(FaultWriter(publishing.redis, keys), self._source, publishing.publisher, clock)
        await injector.inject(fault, chain)
        return (
            f"demo: {fault}"
            if fault in (InjectedFault.HEAL, InjectedFault.STOP, InjectedFault.FREEZE)
            else f"demo: {fault} {chain}"
        )

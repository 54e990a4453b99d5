"""The demo menu's faults, done on the engine's loop."""

from collections.abc import Sequence
from concurrent.futures import Future

from chain.context import Context
from chain.errors import ConfigError
from chain.model.keys import ChainId
from chain.redis.contract.publish.fault_writer import FaultWriter
from chaindeck.engine.engine import Engine
from publisher.faults import OF_ONE_CHAIN, OF_THE_STREAM, SKEW_S, FaultInjector, InjectedFault, WithholdingSource
from publisher.mock.stream import MockStream

_WORDS = {
    InjectedFault.STALL: "stall this expiry: AGING, then STALE, then gone",
    InjectedFault.DROP: "drop its pointer: MISSING",
    InjectedFault.DANGLE: "delete its payload: DANGLING",
    InjectedFault.CORRUPT: "publish a corrupt payload: INVALID",
    InjectedFault.SKEW: f"publish with a clock {SKEW_S} s ahead: FUTURE",
    InjectedFault.ROLL_BACK: "move its pointer back: ROLLED-BACK",
    InjectedFault.STOP: "stop the publisher: everything ages",
    InjectedFault.FREEZE: "freeze Redis for 12 s: UNREACHABLE",
    InjectedFault.DEGRADE: "stall its underlying while the stream runs: DEGRADED",
    InjectedFault.QUIET: "silence the stream over fresh snapshots: not degraded",
    InjectedFault.SILENCE: "stall all snapshots and silence the stream: STALE",
    InjectedFault.AHEAD: f"stamp the stream {SKEW_S} s ahead: its clock is told",
    InjectedFault.GARBLE: "garble frames of the stream: dropped and counted",
    InjectedFault.STRANGERS: "stream contracts that no snapshot has: dropped and counted",
    InjectedFault.HEAL: "heal everything",
}


class MockDemo:
    """The demo of a deck whose publisher is a mock."""

    def __init__(
        self,
        engine: Engine,
        source: WithholdingSource,
        context: Context,
        *,
        embedded: bool,
        streams: bool = True,
    ) -> None:
        """`embedded`: whether Redis is our own; `streams`: whether the mock feeds a stream."""
        self._engine = engine
        self._source = source
        self._context = context
        left_out = set() if embedded else {InjectedFault.FREEZE}
        self._left_out = left_out if streams else left_out | {*OF_THE_STREAM}

    @property
    def faults(self) -> Sequence[tuple[str, str]]:
        """Name and description of each fault; only our own Redis may be frozen."""
        return [(fault.value, words) for fault, words in _WORDS.items() if fault not in self._left_out]

    def inject(self, name: str, chain: ChainId) -> "Future[str]":
        """Start one fault; the result says what was done, or raises ChaindeckError."""
        return self._engine.submit(self._inflict(InjectedFault(name), chain))

    async def _inflict(self, fault: InjectedFault, chain: ChainId) -> str:
        publishing = self._engine.publishing
        if publishing is None:
            raise ConfigError("the publisher has not started yet: try again in a second")
        keys, clock = self._context.keys, self._context.clock
        stream = publishing.stream.source if publishing.stream else None
        faults = stream.faults if isinstance(stream, MockStream) else None
        damage = FaultWriter(publishing.redis, keys)
        await FaultInjector(damage, self._source, publishing.publisher, clock, faults).inject(fault, chain)
        whose = (
            f" {chain}" if fault in OF_ONE_CHAIN else f" {chain.underlying}" if fault is InjectedFault.DEGRADE else ""
        )
        return f"demo: {fault}{whose}"

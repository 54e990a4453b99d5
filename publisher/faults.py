"""Faults on purpose, for demonstrations: a source that withholds chains, and an injector that damages Redis."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import orjson

from chain.clock import Clock
from chain.errors import ConfigError, InvalidNameError, LiveProtectedError
from chain.model.keys import ChainId, SnapshotId
from chain.model.snapshot import decode
from chain.redis.contract.publish.fault_writer import FaultWriter
from publisher.loop.publisher import Publisher
from publisher.mock.stream import StreamFaults
from publisher.source import ChainWindow, Source, SourceError, SourceStatus, Survey

SKEW_S = 30
_REDIS_PAUSE_MS = 12_000
_LOOK_S, _LOOKS = 0.02, 100


class InjectedFault(StrEnum):
    """The faults: of one chain, of the whole deck, or of its stream."""

    STALL = "stall"
    DROP = "drop"
    DANGLE = "dangle"
    CORRUPT = "corrupt"
    SKEW = "skew"
    ROLL_BACK = "roll back"
    STOP = "stop"
    FREEZE = "freeze"
    DEGRADE = "degrade"
    QUIET = "quiet"
    SILENCE = "silence"
    AHEAD = "ahead"
    GARBLE = "garble"
    STRANGERS = "strangers"
    HEAL = "heal"


OF_ONE_CHAIN = (
    InjectedFault.STALL,
    InjectedFault.DROP,
    InjectedFault.DANGLE,
    InjectedFault.CORRUPT,
    InjectedFault.SKEW,
    InjectedFault.ROLL_BACK,
)
OF_THE_STREAM = (
    InjectedFault.DEGRADE,
    InjectedFault.QUIET,
    InjectedFault.SILENCE,
    InjectedFault.AHEAD,
    InjectedFault.GARBLE,
    InjectedFault.STRANGERS,
)


class WithholdingSource:
    """Wraps a source and withholds chains on request."""

    def __init__(self, inner: Source) -> None:
        self._inner = inner
        self.withheld: dict[ChainId, str] = {}
        self.withheld_of: dict[str, str] = {}  # every chain of an underlying
        self.begun = 0  # cycles

    @property
    def inner(self) -> Source:
        """The inner source."""
        return self._inner

    @property
    def underlyings(self) -> tuple[str, ...]:
        """As the inner source."""
        return self._inner.underlyings

    @property
    def in_memory(self) -> bool:
        """As the inner source."""
        return self._inner.in_memory

    def status(self) -> SourceStatus:
        """As the inner source."""
        return self._inner.status()

    async def begin_cycle(self) -> None:
        """As the inner source."""
        self.begun += 1
        await self._inner.begin_cycle()

    async def survey(self, underlying: str) -> Survey:
        """As the inner source."""
        return await self._inner.survey(underlying)

    async def fetch_window(self, survey: Survey, expiry: date) -> ChainWindow:
        """As the inner source, or SourceError for a withheld chain."""
        chain = ChainId(survey.underlying, expiry)
        if why := self.withheld.get(chain) or self.withheld_of.get(chain.underlying):
            raise SourceError(why)
        return await self._inner.fetch_window(survey, expiry)

    async def aclose(self) -> None:
        """As the inner source."""
        await self._inner.aclose()


@dataclass(slots=True)
class FaultInjector:
    """Does to Redis what no correct publisher would; only ever used with a mock."""

    damage: FaultWriter
    source: WithholdingSource
    publisher: Publisher
    clock: Clock
    stream: StreamFaults | None = None  # None where the mock has no stream

    async def inject(self, fault: InjectedFault, chain: ChainId) -> None:
        """Inject one fault into a chain, or the whole deck; HEAL undoes them all.

        Raises RedisUnavailableError, and LiveProtectedError where a live publisher's data would be damaged.
        """
        if self.publisher.withdrawn and fault is not InjectedFault.HEAL:
            raise LiveProtectedError(f"no faults beside live data: {self.publisher.withdrawn}")
        if fault is InjectedFault.HEAL:
            self._heal()
        elif fault in OF_THE_STREAM:
            self._disturb(fault, chain.underlying)
        elif fault is InjectedFault.STOP:
            self.publisher.pause()
        elif fault is InjectedFault.FREEZE:
            await self.damage.freeze(_REDIS_PAUSE_MS)
        else:
            self.source.withheld[chain] = f"withheld by the demo menu ({fault})"
            await self._idle()
            await self._inflict(fault, chain)

    def _heal(self) -> None:
        self.source.withheld.clear()
        self.source.withheld_of.clear()
        if self.stream is not None:
            self.stream.heal()
        self.publisher.resume()

    def _disturb(self, fault: InjectedFault, underlying: str) -> None:
        """Do something to the stream, and to the snapshots beside it. Raises ConfigError where there is no stream."""
        stream = self.stream
        if stream is None:
            raise ConfigError("this mock has no stream: start it without --no-stream")
        stalled = {InjectedFault.DEGRADE: (underlying,), InjectedFault.SILENCE: self.source.underlyings}.get(fault, ())
        self.source.withheld_of |= dict.fromkeys(stalled, f"withheld by the demo menu ({fault})")
        match fault:
            case InjectedFault.DEGRADE:
                stream.quiet = False
            case InjectedFault.QUIET | InjectedFault.SILENCE:
                stream.quiet = True
            case InjectedFault.AHEAD:
                stream.ahead_s = float(SKEW_S)
            case InjectedFault.GARBLE:
                stream.malformed = True
            case _:
                stream.unknown = True

    async def _idle(self) -> None:
        """Wait, for a limited time, for the current cycle: it may still overwrite what is to be damaged."""
        under_way = self.source.begun
        for _ in range(_LOOKS):
            if self.publisher.heartbeat().chain.counters.get("cycles", 0) >= under_way:
                return
            await self.clock.sleep(_LOOK_S)

    async def _inflict(self, fault: InjectedFault, chain: ChainId) -> None:
        match fault:
            case InjectedFault.DROP:
                await self.damage.drop_pointer(chain)
            case InjectedFault.DANGLE:
                await self.damage.drop_payload(chain)
            case InjectedFault.CORRUPT:
                await self._corrupt(chain)
            case InjectedFault.SKEW:
                await self._republish(chain, self._now_ms() + SKEW_S * 1000)
            case InjectedFault.ROLL_BACK:
                await self._roll_back(chain)
            case _:  # STALL: withholding it is all
                pass

    async def _corrupt(self, chain: ChainId) -> None:
        body = orjson.dumps({"ts": "soon", "underlying": chain.underlying, "contracts": "\x1b[31mnone\x1b[0m"})
        await self.damage.force(SnapshotId(chain, self._now_ms() + 1), body, self.source.status().kind)

    async def _roll_back(self, chain: ChainId) -> None:
        held = await self.damage.held(chain)
        if held is not None:
            await self._republish(chain, held.ts_ms - 5_000)

    async def _republish(self, chain: ChainId, ts_ms: int) -> None:
        """Write the chain's current contracts under another timestamp, and force the pointer there."""
        held = await self.damage.held(chain)
        raw = await self.damage.read(held) if held is not None else None
        if held is None or raw is None:
            raise InvalidNameError(f"{chain} has no snapshot to work on: heal the demo first")
        decode(raw, held)  # raises if it is not a valid snapshot
        body = orjson.loads(raw) | {"ts": ts_ms / 1000}
        await self.damage.force(SnapshotId(chain, ts_ms), orjson.dumps(body), self.source.status().kind)

    def _now_ms(self) -> int:
        return self.clock.wall_ns() // 1_000_000

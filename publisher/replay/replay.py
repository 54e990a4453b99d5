"""A replay of one recording into one Redis: its parts, what keeps it away from live data and from other replays."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from redis.asyncio import Redis

from chain.context import Context
from chain.errors import ChaindeckError, LiveProtectedError, RedisUnavailableError
from chain.model.kinds import REPLAY
from chain.monitor.heartbeat import STOPPED, Heartbeat
from chain.monitor.heartbeat_loop import HeartbeatLoop
from chain.monitor.messages.services import service_name
from chain.redis.contract.coordination.lease import Lease
from chain.supervisor import Part
from publisher.protection.guard import Guard
from publisher.protection.publish_gate import PublishGate
from publisher.replay.clock import ReplayClock
from publisher.replay.heartbeat import ReplayHeartbeat
from publisher.replay.in_force import InForce
from publisher.replay.player import Player, Span
from publisher.replay.recording import Recording
from publisher.replay.restamp import Restamp

log = logging.getLogger(__name__)

_FAREWELL_S = 3.0  # a Redis that does not answer keeps nobody from leaving
_ALL = "REPLAY"  # one replay leads all of a prefix: it has one clock
_LOOK_AGAIN_S = 0.5
_LOOK_OUT_S = 1.0  # from one look for a live publisher to the next
_DEAD_LEADER_S = 10.0  # after which the lease of one that was killed has run out


class ReplacedError(ChaindeckError):
    """Another replay plays under the same prefix."""


class Replay:
    """Plays into Redis. Runs on one event loop; `player` is what it may be told."""

    def __init__(
        self, redis: Redis, recording: Recording, span: Span, context: Context, *, speed: float, restamp: bool = False
    ) -> None:
        """`restamp`: snapshots are stamped anew as they are published, and a live publisher sends it away."""
        self.over = asyncio.Event()  # it was ended, by `ended_by`
        self.ended_by: ChaindeckError | None = None
        self._context = context
        self._recording = recording
        names = recording.underlyings if restamp else (_ALL,)
        self._lease = Lease(redis, context, names, service=service_name(REPLAY, context.keys))
        self._guard = Guard(redis, context, REPLAY) if restamp else None
        self._looking = asyncio.Lock()  # several parts look, and the first that meets a live publisher says so
        gate = PublishGate(self._lease, self._guard)
        self._names = names
        self._in_force = in_force = InForce(redis, context)
        self.player = Player(
            recording,
            span,
            ReplayClock(context.clock, span.begin_ns, speed),
            context.clock,
            in_force,
            stamped=Restamp(context.clock) if restamp else None,
            may_go_on=self._may_go_on,
            on_news=partial(self.beat, "running"),
        )
        self._own = ReplayHeartbeat(recording, self.player, in_force, context, gate, restamp)
        self._beats = HeartbeatLoop(
            redis, None, context.clock, self._own.now, silent=self.over.is_set, before=self._look
        )

    def parts(self) -> list[Part]:
        """Return what is to run side by side."""
        parts = [Part("replay", self._play), Part("upkeep", self.player.keep), *self._beats.parts()]
        parts.append(Part("lease", partial(self._lease.run, lambda: None)))
        if self._guard is not None:
            parts.append(Part("lookout", self._look_out))
        if self._guard is not None and self._guard.searches:
            parts.append(Part("live guard", self._guard.run))
        return parts

    async def begin(self) -> None:
        """See that nobody is in the way.

        Raises LiveProtectedError where a live publisher is, ReplacedError where another replay plays, and
        RedisUnavailableError.
        """
        if self._guard is not None:
            await self._guard.refuse()
        waited = 0.0
        while True:
            await self._lease.renew()
            if last_error := self._lease.last_error:
                raise RedisUnavailableError(last_error)
            if self._leads():
                return
            if waited >= _DEAD_LEADER_S:
                raise ReplacedError(f"another replay plays under {self._context.keys.prefix}: {self._leader()}")
            if not waited:
                log.info("%s plays under %s: waiting a moment for it", self._leader(), self._context.keys.prefix)
            await self._context.clock.sleep(_LOOK_AGAIN_S)
            waited += _LOOK_AGAIN_S

    async def leave(self) -> None:
        """Take away what is in force, say that it stopped, and let another lead; for not longer than a few seconds."""
        with suppress(TimeoutError):
            async with self._context.clock.timeout(_FAREWELL_S):
                try:
                    await self._in_force.withdraw()
                except RedisUnavailableError as error:
                    log.warning("what was replayed is left to run out: %s", error)
                await self._beats.beat(STOPPED)
                await self._lease.release()

    async def beat(self, status: str = "running") -> None:
        """Write and publish one heartbeat."""
        await self._beats.beat(status)

    def heartbeat(self, status: str = "running") -> Heartbeat:
        """Return the heartbeat as of now."""
        return self._own.now(status)

    @property
    def counters(self) -> Mapping[str, int]:
        """What was done in all: snapshots published, failed, left out and so on."""
        return self._in_force.counters

    def last_words(self) -> str:
        """Return what was published in all, for the last line."""
        counts = self._in_force.counters
        told = [f"{counts['published']} snapshots, {counts['bytes'] / 1e6:.1f} MB"]
        told += [f"{counts['left_out']} left out that were no valid snapshots"] * (counts["left_out"] > 0)
        told += [f"{self._recording.damages} left out that are damaged"] * (self._recording.damages > 0)
        told += [f"{counts['failed'] + counts['refused_older']} not taken"] * (
            counts["failed"] + counts["refused_older"] > 0
        )
        if self.player.pace.fell_behind:
            told.append(
                f"at {self.player.pace.overall:.3g}x, for it could not keep up with {self.player.clock.speed:g}x"
            )
        return ", ".join(told)

    async def _play(self) -> None:
        """Play; a recording that cannot be read any further ends the replay."""
        try:
            await self.player.run()
        except ChaindeckError as error:
            self._end(error)
            await asyncio.Event().wait()

    async def _may_go_on(self) -> None:
        """Wait for ever, with the end told, where somebody else publishes here now."""
        await self._look()
        if not self.over.is_set() and not await self._still_leads():
            self._in_force.forget()  # what stands there is the other's
            self._end(ReplacedError(f"another replay took over {self._context.keys.prefix}: {self._leader()}"))
        if self.over.is_set():
            await asyncio.Event().wait()

    async def _look_out(self) -> None:
        """Look for a live publisher also while nothing is played."""
        while True:
            await self._context.clock.sleep(_LOOK_OUT_S)
            await self._look()

    async def _look(self) -> None:
        """End where a live publisher is met, if recorded data are stamped as of now."""
        if self._guard is None:
            return
        async with self._looking:
            if not self._guard.withdrawn:
                met, self._in_force.met_live = self._in_force.met_live, False
                await self._guard.check(self._in_force.chains, met=met)
            if self._guard.withdrawn:
                self._in_force.forget()  # the guard took back what was published
                self._end(LiveProtectedError(f"recorded data were withdrawn: {self._guard.withdrawn}"))

    def _end(self, why: ChaindeckError) -> None:
        self.ended_by = self.ended_by or why
        self.over.set()

    def _leads(self) -> bool:
        return all(self._lease.leads(name) for name in self._names)

    async def _still_leads(self) -> bool:
        """Return whether it leads; one that was stopped for longer than its lease holds takes it again if it can."""
        if not self._leads():
            await self._lease.renew()
        return self._leads() or bool(self._lease.last_error)  # while Redis is away nobody else leads either

    def _leader(self) -> str:
        return next((who for who in self._lease.leader.values() if who != self._lease.me), "nobody knows who")

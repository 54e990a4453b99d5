"""Writes what a source of frames supplies, while its publisher leads and nobody else feeds the same stream."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable
from contextlib import aclosing, suppress
from itertools import islice

from msgspec.structs import replace

from chain.clock import Clock
from chain.errors import RedisUnavailableError
from chain.model.kinds import LIVE, UNKNOWN, is_recorded
from chain.pipeline.frame import ReceivedFrame
from chain.redis.contract.stream.writer import LastWriter, StreamWriter
from chain.supervisor import Part
from chain.tasks import end
from chain.thresholds import DEFAULT_TTL_S
from publisher.stream.source import StreamSource, StreamState, StreamStatus

log = logging.getLogger(__name__)

_MOST_FRAMES = 10_000  # kept while Redis does not take them; then the oldest are dropped
_MOST_BYTES = 16 * 1024 * 1024  # of them
_BATCH = 500  # frames in one request
_DROPS_TOLD_S = 60.0  # how long dropped frames are told
_LOOK_S = 1.0  # between looks whether we may write, and after a failed write


def other_feeder(last: LastWriter | None, kind: str, now_s: float, hold_s: float = DEFAULT_TTL_S) -> str:
    """Return who else feeds the stream, so that frames of this `kind` must not be written to it; "" if nobody.

    A program that does not say what it is may be live, and protects the stream for `hold_s` seconds after its last
    frame, as live data do. Among publishers of our own, live replaces invented and recorded data; publishers of one
    kind take turns by their leases.
    """
    if last is None or abs(now_s - last.ts) >= hold_s or is_recorded(last.kind):
        return ""
    if last.kind == LIVE == kind:
        return ""
    who = "another program" if last.kind == UNKNOWN else f"live publisher {last.who}"
    return f"{who} feeds this stream: its last frame came {max(0.0, now_s - last.ts):.0f} s ago"


class Backlog:
    """Frames that wait to be written, limited in number and bytes."""

    def __init__(self) -> None:
        self.frames: deque[ReceivedFrame] = deque()
        self.arrived = asyncio.Event()
        self._bytes = 0

    def put(self, frame: ReceivedFrame) -> int:
        """Append a frame; return how many of the oldest were dropped for it."""
        self.frames.append(frame)
        self._bytes += len(frame.payload)
        self.arrived.set()
        dropped = 0
        while len(self.frames) > _MOST_FRAMES or (self._bytes > _MOST_BYTES and len(self.frames) > 1):
            self._bytes -= len(self.frames.popleft().payload)
            dropped += 1
        return dropped

    def batch(self) -> list[ReceivedFrame]:
        """Return the oldest frames, without removing them."""
        return [*islice(self.frames, _BATCH)]

    def remove(self, written: list[ReceivedFrame]) -> None:
        """Remove frames that were written, as far as they were not dropped meanwhile."""
        for frame in written:
            if self.frames and self.frames[0] is frame:
                self._bytes -= len(self.frames.popleft().payload)
        if not self.frames:
            self.arrived.clear()


class StreamPublisher:
    """Publishes one source's frames. Runs on one event loop, as a part under a supervisor.

    The source is open only while frames may be written: a vendor allows an account one connection.
    """

    def __init__(
        self,
        writer: StreamWriter,
        source: StreamSource,
        clock: Clock,
        *,
        kind: str,
        leads: Callable[[], bool] = lambda: True,
        among_live: bool = False,
    ) -> None:
        """`leads`: whether its publisher leads now; `among_live`: write whoever else does."""
        self.source = source
        self.on_published = source.on_published
        self._writer = writer
        self._clock = clock
        self._kind = kind
        self._leads = leads
        self._among_live = among_live
        self._topics: frozenset[str] = frozenset()  # as listed in Redis
        self._counts: Counter[str] = Counter()
        self._state = StreamState.STANDBY
        self._error = ""
        self._since: float | None = None
        self._dropped_at = float("-inf")  # monotonic seconds
        self._refused = ""  # why frames are not counted or subscriptions not listed

    def parts(self) -> list[Part]:
        """Return what to run."""
        return [Part("stream", self.run)]

    def status(self) -> StreamStatus:
        """Return how the stream fares: the source's own state while frames may be written."""
        own = self.source.status()
        if self._state is not StreamState.STREAMING:
            own = replace(own, state=self._state, error=self._error, since=None)
        elif not own.error and self._clock.monotonic() - self._dropped_at < _DROPS_TOLD_S:
            own = replace(own, error=f"Redis is too slow for it: {self._counts['dropped']} frames dropped")
        counts = self._counts
        return replace(
            own,
            since=self._since if own.since is None else own.since,
            frames=counts["frames"],
            events=counts["events"],
            dropped=counts["dropped"],
        )

    async def run(self) -> None:
        """Write frames whenever we may, until cancelled; raises what the source raises."""
        while True:
            if await self._may_write():
                self._tell(StreamState.STREAMING)
                await self._stream()
            else:
                await self._clock.sleep(_LOOK_S)

    async def _may_write(self) -> bool:
        """Return whether frames may be written now. Another program may begin to feed the stream at any time."""
        if not self._leads():
            self._tell(StreamState.STANDBY)
            return False
        if self._among_live:
            return True
        try:
            last = await self._writer.last_writer()
        except RedisUnavailableError as error:
            self._tell(StreamState.FAILING, str(error))
            return False
        other = other_feeder(last, self._kind, self._clock.wall_ns() / 1e9)
        if other:
            self._tell(StreamState.REFUSED, other)
        return not other

    async def _stream(self) -> None:
        """Write what the source supplies, until we may not any more."""
        backlog = Backlog()
        reading = asyncio.ensure_future(self._read(backlog))
        reading.add_done_callback(lambda _: backlog.arrived.set())
        try:
            while await self._may_write_soon(backlog, reading):
                await self._write(backlog)
        finally:
            await end([reading])

    async def _may_write_soon(self, backlog: Backlog, reading: "asyncio.Future[None]") -> bool:
        """Wait for frames, and look now and then whether they may still be written; return whether they may."""
        while True:
            if reading.done() and not backlog.frames:
                reading.result()
                return False
            with suppress(TimeoutError):
                async with self._clock.timeout(_LOOK_S):
                    await backlog.arrived.wait()
            if not await self._may_write():
                if self._state is not StreamState.FAILING:
                    return False
                await self._clock.sleep(_LOOK_S)
            elif backlog.frames or self.source.topics is not self._topics:
                return True
            else:
                self._tell(StreamState.STREAMING)

    async def _read(self, backlog: Backlog) -> None:
        """Keep what arrives, whatever Redis does: a reader that is too slow is disconnected by the vendor."""
        async with aclosing(self.source.frames()) as frames:
            async for frame in frames:
                if dropped := backlog.put(frame):
                    if not self._counts["dropped"]:
                        log.warning("stream: Redis is too slow for its frames, the oldest are dropped")
                    self._counts["dropped"] += dropped
                    self._dropped_at = self._clock.monotonic()

    async def _write(self, backlog: Backlog) -> None:
        """Write the oldest frames and the list of subscriptions; what fails is written again later."""
        batch, topics, refused = backlog.batch(), self.source.topics, ""
        try:
            if topics is not self._topics:
                refused = await self._writer.set_subscriptions(topics, self._clock.wall_ns() / 1e9)
                self._topics = topics
            if batch:
                refused = await self._writer.add(batch) or refused
        except RedisUnavailableError as error:
            self._tell(StreamState.FAILING, str(error))
            await self._clock.sleep(_LOOK_S)
            return
        backlog.remove(batch)
        self._counts.update(frames=len(batch), events=sum(frame.events for frame in batch))
        self._tell(StreamState.STREAMING)
        if refused and refused != self._refused:
            log.warning("stream: %s", refused)
        self._refused = refused or self._refused

    def _tell(self, state: StreamState, error: str = "") -> None:
        """Change the state, and log why frames are not written, once."""
        if state is not self._state or self._since is None:
            self._since = self._clock.wall_ns() / 1e9
        if error and (state is not self._state):
            log.warning("stream: nothing is written: %s", error)
        self._state, self._error = state, error

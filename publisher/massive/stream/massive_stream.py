"""The vendor's stream as a source of frames: connects, subscribes to what the snapshots hold, and connects again."""

import asyncio
import itertools
import logging
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from urllib.parse import urlsplit

from chain.clock import Clock, Instant
from chain.errors import DecodeError
from chain.model.snapshot import Snapshot
from chain.pipeline.frame import ReceivedFrame
from chain.tasks import end
from chain.text import clean
from publisher.massive.api.faults import VendorError
from publisher.massive.api.proxy import Proxy
from publisher.massive.stream.connection import Link, open_link
from publisher.massive.stream.protocol import read_frame, subscription, unsubscription
from publisher.massive.stream.session import Session, Stage, SwitchHostError
from publisher.massive.stream.subscriptions import Layout, Planner
from publisher.massive.stream.topics import Request, Verb
from publisher.stream.source import StreamState, StreamStatus

log = logging.getLogger(__name__)

PING_EVERY_S = 20.0
_LONGEST_LOOK_S = 60.0
_TURN_FRAMES = 20  # frames that are read before others have a turn


class MassiveStream:
    """A stream of one account. It connects while its frames are asked for, and once there is something to subscribe to.

    Frames that hold nothing but status events are not handed on: readers skip them, and a stream that only ever
    connects would look alive. Neither is one that holds our key, whatever the vendor meant by it.
    """

    def __init__(
        self,
        key: str,
        clock: Clock,
        session: Session,
        *,
        url: str,
        delayed_url: str = "",
        proxy: Callable[[str], Proxy | None] = lambda _: None,
        planner: Planner | None = None,
    ) -> None:
        """`url` of the host with real-time data, `delayed_url` of the other; `proxy` through which a URL is asked."""
        self._key, self._secret = key, key.encode()
        self._clock = clock
        self._session = session
        self._urls = (url, delayed_url)
        self._proxy = proxy
        self._planner = planner or Planner()
        self._planned = asyncio.Event()  # there is something to subscribe to
        self._stirred = asyncio.Event()  # there may be something to send
        self._waiting = False
        self._fault: VendorError | None = None  # of the last connection, until the next has proved itself
        self._failing_since: float | None = None  # epoch seconds of the first failure of a row
        self._given_up: Exception | None = None  # why we end a connection that is still open
        self._garbled = 0  # frames that are not JSON
        self._topics: frozenset[str] = frozenset()
        self._topics_of = 0  # the session's number of changes that they are of
        self._contracts = 0  # among them

    @property
    def topics(self) -> frozenset[str]:
        """What it is subscribed to."""
        topics = self._session.topics
        if self._topics_of != topics.changes:
            self._topics_of, self._topics = topics.changes, topics.held
            self._contracts = len({topic.partition(".")[2] for topic in self._topics})
        return self._topics

    @property
    def _url(self) -> str:
        """The URL of the host that is asked now."""
        return self._urls[self._session.delayed]

    def on_published(self, snapshots: Sequence[Snapshot]) -> None:
        """Take in snapshots that were just published: their contracts are those to subscribe to."""
        if not self._planner.on_layouts(map(Layout.of, snapshots)):
            return
        plan = self._planner.plan
        self._session.want(plan.topics)
        self._planned.set()
        self._stirred.set()
        log.info(
            "stream epoch %d: quotes of %d contracts, trades of %d, quotes left out %d",
            plan.epoch,
            len(plan.quotes),
            len(plan.trades),
            plan.left_out,
        )

    def status(self) -> StreamStatus:
        """Return how it fares."""
        session = self._session
        ready = session.stage is Stage.READY
        proven = ready and session.is_proven(Instant.now(self._clock))
        state = StreamState.STREAMING if ready else StreamState.WAITING if self._waiting else StreamState.CONNECTING
        error = "" if proven or self._fault is None else clean(self._fault, 160)
        subscribed = self._contracts if self.topics else 0
        return StreamStatus(
            state=state,
            error=error,
            since=self._failing_since if error else session.since,
            detail=clean(urlsplit(self._url).hostname or "", 60),
            delayed=session.delayed,
            limits=session.limits,
            reconnects=max(0, session.attempts - 1),
            subscriptions=subscribed,
            left_out=self._planner.plan.left_out,
        )

    async def frames(self) -> AsyncGenerator[ReceivedFrame, None]:
        """Yield frames as they arrive, connecting again as often as needed."""
        while True:
            await self._planned.wait()
            fault: VendorError | None = None
            try:
                self._session.attempts += 1
                async with (
                    open_link(self._url, self._key, self._proxy(self._url)) as link,
                    aclosing(self._converse(link)) as received,
                ):
                    async for frame in received:
                        yield frame
            except SwitchHostError:
                log.info("stream: this API key has no real-time rights: the host with delayed data is asked instead")
            except VendorError as error:
                fault = error
            finally:
                wait_s = self._ended(fault)
            await self._wait(wait_s)

    async def _converse(self, link: Link) -> AsyncGenerator[ReceivedFrame, None]:
        """Yield the frames of one connection, while others speak and ping; raises what ends it."""
        self._session.opened(Instant.now(self._clock))
        self._given_up = None
        tasks = [asyncio.ensure_future(self._beside(link, work)) for work in (self._speak, self._ping)]
        try:
            for number in itertools.count(1):
                frame = self._received(await link.receive())
                if frame is not None:
                    yield frame
                if number % _TURN_FRAMES == 0:
                    await self._clock.sleep(0)  # who reads a burst without a pause lets nobody write it
        except VendorError as error:
            raise self._given_up or self._session.cause_of_end(error) from None
        finally:
            await end(tasks)

    async def _wait(self, seconds: float) -> None:
        self._waiting = True
        try:
            await self._clock.sleep(seconds)
        finally:
            self._waiting = False

    def _received(self, raw: bytes) -> ReceivedFrame | None:
        """Take in a frame; return it if it is to be handed on. Raises what its status events mean."""
        now = Instant.now(self._clock)
        try:
            frame = read_frame(raw, self._key)
        except DecodeError as error:
            if not self._garbled:
                log.warning("stream: a frame is left out: %s", error)
            self._garbled += 1
            return None
        for status in frame.statuses:
            self._session.on_status(status, now)
        if frame.statuses:
            self._stirred.set()
        if not frame.events or self._secret in raw:
            return None
        return ReceivedFrame(now.wall_s, raw, frame.events)

    async def _beside(self, link: Link, work: Callable[[Link], Awaitable[None]]) -> None:
        """Work beside the reader; where that fails, the connection is given up, and the reader learns why."""
        try:
            await work(link)
        except Exception as error:  # noqa: BLE001 - the reader raises it
            self._given_up = error
            link.abort()

    async def _speak(self, link: Link) -> None:
        """Send what is due, when it is due."""
        while True:
            now = Instant.now(self._clock)
            late = self._session.late(now)
            if late is not None:
                raise late
            request = self._session.due(now)
            if request is not None:
                await self._send(link, request)
                continue
            self._stirred.clear()
            with suppress(TimeoutError):
                async with self._clock.timeout(min(_LONGEST_LOOK_S, self._session.next_look - now.mono)):
                    await self._stirred.wait()

    @staticmethod
    async def _send(link: Link, request: Request) -> None:
        match request.verb:
            case Verb.AUTHENTICATE:
                await link.authenticate()
            case Verb.SUBSCRIBE:
                await link.send(subscription(request.topics))
            case Verb.UNSUBSCRIBE:
                await link.send(unsubscription(request.topics))

    async def _ping(self, link: Link) -> None:
        """Find out whether the vendor is still there: a half-open connection is silent for ever."""
        while True:
            await self._clock.sleep(PING_EVERY_S)
            await link.ping(self._clock)

    def _ended(self, fault: VendorError | None) -> float:
        """Note and log the end of a connection, once for each reason; return the seconds to wait before the next."""
        now = Instant.now(self._clock)
        before = None if self._session.is_proven(now) else self._fault
        wait_s, self._fault = self._session.ended(fault, now), fault
        if fault is not None and before is None:
            self._failing_since = now.wall_s
        if fault is not None and str(fault) != str(before):
            log.warning("stream: %s; asked again in %d s", fault, math.ceil(wait_s))
        return wait_s

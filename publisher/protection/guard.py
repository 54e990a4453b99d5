"""Keeps invented and recorded data away from where a live publisher publishes, or has published within its TTL.

A live publisher writes a mark under its prefix and records its kind for every chain; both outlive it by the time to
live of its snapshots. The publishing scripts check them atomically. What they cannot see, a heartbeat or a chain of
a publisher that records nothing, is checked here, at start and before each cycle: data not known to be mock, capture
or replay count as live. An unreadable heartbeat blocks nobody.
"""

import asyncio
import logging
import math
from collections.abc import Collection, Iterable, Sequence

import orjson
from msgspec import Struct
from redis.asyncio import Redis

from chain.context import Context
from chain.errors import DecodeError, LiveProtectedError, RedisUnavailableError
from chain.model.keys import ChainId, standby_service
from chain.model.kinds import LIVE, REPLAY, UNKNOWN, is_recorded
from chain.model.session import new_york
from chain.monitor.discovery import Discovery
from chain.monitor.heartbeat import STOPPED, parse_heartbeat
from chain.monitor.messages.mark import LIVE_MARK
from chain.redis.contract.coordination.live_mark import LiveMark
from chain.redis.contract.publish.records import KindRecords
from chain.redis.contract.scan import PointerScan
from chain.text import clean
from chain.thresholds import HEARTBEAT_EVERY_S, HEARTBEAT_TTL_S

log = logging.getLogger(__name__)

_SERVICE = "massive"
_LIVE_SERVICES = (_SERVICE, standby_service(_SERVICE))
_AT_ONCE_S = 0.5  # how long a live publisher's first write may wait for the removal of invented chains
_START_S = 1.5  # how long a start may wait for the first scan of Redis's keys
CURE = "stop it first, name another Redis, look on with `chaindeck watch`, or insist with --among-live"


class _Mark(Struct, frozen=True):
    """A live publisher's mark: who, since when (epoch seconds), and for how long it holds, ms."""

    publisher: str = ""
    since: float | None = None
    left_ms: int = 0


class Guard:
    """The guard of one publisher under one prefix: a live one writes its mark, any other withdraws for a live one.

    `withdrawn` is why nothing may be published, or ""; it stays until `retry`.
    """

    def __init__(self, redis: Redis, context: Context, kind: str, *, among_live: bool = False) -> None:
        self.withdrawn = ""
        self._live_mark = LiveMark(redis, context.keys)
        self._keys = keys = context.keys
        self._kind = kind
        self._clock = clock = context.clock
        self._ttl_s = context.thresholds.ttl_s
        self._among_live = among_live
        self._search = Discovery(PointerScan(redis, keys), clock)
        self._suspects: set[ChainId] = set()  # found, and not checked yet
        self._known: set[ChainId] = set()
        self._asked = False
        self._sweep = asyncio.Event()
        self._records = KindRecords(redis, keys)
        self._me = str(context.identity)
        self._since = clock.wall_ns() / 1e9
        self._marked_at: float | None = None  # monotonic seconds
        self._logged: set[str] = set()

    @property
    def searches(self) -> bool:
        """Whether `run` has something to do."""
        return self._kind == LIVE or not self._among_live

    async def run(self) -> None:
        """Scan Redis's keys in steps, in the background, until cancelled."""
        if self._kind != LIVE:
            await self._search.run()
        while True:
            await self._sweep.wait()
            await self._search.next_step()
            await self._take_back(self._search.take_found())
            if self._search.search.over:
                self._sweep.clear()

    async def refuse(self) -> None:
        """Raise LiveProtectedError if a live publisher is found; an unreachable Redis is checked again later."""
        if self._kind == LIVE or self._among_live:
            return
        try:
            found = await self._find(_START_S)
        except RedisUnavailableError as error:
            self._log_once(f"cannot look for a live publisher: {error}")
            return
        if found:
            raise LiveProtectedError(f"{self._kind} data are not published beside live data: {found}; {CURE}")
        if not self._search.search.over and not self._search.search.error:
            log.info("nothing is published before Redis's keys were looked through for live chains, which takes time")

    async def check(self, published: Iterable[ChainId] = (), *, met: bool = False, within_s: float = math.inf) -> None:
        """Renew our mark if live; otherwise withdraw if a live publisher is found.

        `published` are the chains to remove then; `met`: a write was just refused because one of them may be live;
        `within_s`: how long to wait for the first scan of Redis's keys.
        An unreachable Redis changes nothing: nothing can be written.
        """
        published = set(published)
        if met:
            self._suspects |= published
        try:
            if self._kind == LIVE:
                if self._marked_at is not None:
                    await self._mark()
            elif not self._among_live and (not self.withdrawn or (self._asked and within_s > 0)):
                self._asked = False
                found = await self._find(within_s)
                self.withdrawn = ""
                if found:
                    await self._withdraw(found, published)
        except RedisUnavailableError as error:
            what = "this place is not marked as live" if self._kind == LIVE else "cannot look for a live publisher"
            self._log_once(f"{what}: {error}")

    def retry(self) -> None:
        """Let the next check decide again, at an operator's request."""
        self._asked = True
        self._search.begin_again()

    async def claim(self) -> None:
        """Make sure, before live snapshots are written, that our mark exists: we may have been paused."""
        fresh = self._marked_at is not None and self._clock.monotonic() - self._marked_at < HEARTBEAT_EVERY_S
        if self._kind != LIVE or fresh:
            return
        try:
            await self._mark()
        except RedisUnavailableError as error:
            self._log_once(f"this place is not marked as live: {error}")

    async def _mark(self) -> None:
        """Renew our mark. If there was none, others may have published: invented and recorded chains are removed."""
        mark = {"service": _SERVICE, "kind": self._kind, "publisher": self._me, "since": self._since}
        hold_ms = round((self._ttl_s + HEARTBEAT_TTL_S) * 1000)
        stood = await self._live_mark.renew(orjson.dumps(mark), hold_ms)
        self._marked_at = self._clock.monotonic()
        if not stood:
            self._search.begin_again()
            await self._search.first_walk(_AT_ONCE_S)
            await self._take_back(self._search.take_found())
            if not self._search.search.over:
                self._sweep.set()

    async def _withdraw(self, found: str, published: Iterable[ChainId]) -> None:
        self.withdrawn = found
        until = "" if self._kind == REPLAY else ", nothing more is published until asked (SIGUSR1)"
        log.warning("%s data withdrawn%s: %s", self._kind, until, found)
        await self._take_back({*published, *self._known, *self._suspects, *self._search.take_found()})

    async def _take_back(self, chains: Collection[ChainId]) -> None:
        """Delete the pointers of those chains that are known not to be live."""
        try:
            taken = await self._records.withdraw(chains)
        except RedisUnavailableError as error:
            log.warning("invented or recorded chains are left to run out: %s", error)
        else:
            if taken:
                log.info("took back %d invented or recorded chains", taken)

    async def _find(self, within_s: float) -> str:
        """Describe the live publisher that is here, or may be; "" for none."""
        mark, beats = await self._read()
        for service, raw in zip(_LIVE_SERVICES, beats, strict=True):
            try:
                words = self._live_words(service, raw, mark) if raw is not None else ""
            except DecodeError as error:
                # Anybody may have written these bytes, so they prove nothing; a live publisher will show by its chains.
                self._log_once(f"heartbeat of {service} refused, a live publisher is looked for by its chains: {error}")
                continue
            if words:
                return words
        if mark is not None:
            who = f"live publisher {_SERVICE}{_at(mark)}"
            return f"{who} published here a moment ago, and its data are protected for {mark.left_ms / 1000:.0f} s more"
        await self._search.first_walk(within_s)
        if self._search.search.error and not self._search.search.over:
            why = self._search.search.error
            self._log_once(f"chains cannot be looked for ({why}): a publisher without heartbeat or mark is not noticed")
        self._suspects |= self._search.take_found()
        return await self._judge(frozenset(self._suspects))

    async def _read(self) -> tuple[_Mark | None, Sequence[bytes | None]]:
        signs = await self._live_mark.read(_LIVE_SERVICES)
        for key in signs.unreadable:
            self._log_once(f"{key} cannot be read: whether a live publisher is here is judged by what else is seen")
        mark = None if signs.left_ms is None else _read_mark(signs.mark, signs.left_ms)
        return mark, signs.heartbeats

    def _live_words(self, service: str, raw: bytes, mark: _Mark | None) -> str:
        """Describe the live publisher that sends this heartbeat under our prefix; "" if it stopped, or is elsewhere.

        Raises DecodeError for an invalid heartbeat.
        """
        beat = parse_heartbeat(raw, service)
        if beat is None:  # a plain heartbeat of another program
            return f"a publisher beats as {_SERVICE} without saying what it is, so it may be live"
        if beat.status == STOPPED or beat.chain.prefix != self._keys.prefix or is_recorded(beat.source.kind):
            return ""
        kind = "of unknown kind" if beat.source.kind == UNKNOWN else beat.source.kind
        who = _at(mark) if mark and f":{beat.pid}:" in mark.publisher else f" as process {beat.pid}"
        return f"live publisher {beat.service} ({kind}) publishes here{who}"

    async def _judge(self, chains: Collection[ChainId]) -> str:
        """Describe which of these chains may be live."""
        held = await self._records.held(chains)
        self._suspects.difference_update(chains)
        self._known.update(chains)
        protected = sorted(chain for chain, (_, kind) in held.items() if not is_recorded(kind))
        if not protected:
            return ""
        known = held[protected[0]][1]
        more = f" and {len(protected) - 1} more" if len(protected) > 1 else ""
        who = "by a live publisher" if known == LIVE else "by a publisher that does not say what it is: it may be live"
        return f"{protected[0]}{more} published {who}"

    def _log_once(self, words: str) -> None:
        if words not in self._logged:
            self._logged.add(words)
            log.warning("%s", words)


def _read_mark(raw: bytes, left_ms: int) -> _Mark:
    """Return a mark as far as it can be read; its existence is what counts."""
    try:
        mark = LIVE_MARK.decode(raw)
    except DecodeError:
        return _Mark(left_ms=left_ms)
    return _Mark(clean(mark.publisher, 80), mark.since, left_ms)


def _at(mark: _Mark) -> str:
    """Return where a publisher runs and since when, according to its mark."""
    host, _, rest = mark.publisher.partition(":")
    where = f" on {host}, process {rest.partition(':')[0]}" if rest else ""
    return where + (f", since {new_york(mark.since):%H:%M:%S} ET" if mark.since is not None else "")

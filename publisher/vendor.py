"""The vendor's REST API over one keep-alive client: bounded, rate limited, and every failure a named fault.

The key travels in a header, to our own base URL and nowhere else.
"""

import asyncio
import math
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import orjson
import stamina

from chain.clock import Clock
from chain.errors import ConfigError
from chain.text import clean
from publisher.breaker import Breaker
from publisher.vendor_faults import RETRIED, FaultKind, VendorError, by_status

DEFAULT_BASE_URL = "https://api.massive.com"
MAX_BODY_BYTES = 16 * 1024 * 1024  # decoded; a page of 250 contracts is about 280 kB
MAX_PAGES = 40
PAGE_ROWS = 250  # the most that the vendor gives on one page
REQUEST_S = 8.0  # one attempt from first byte sent to last byte read
ATTEMPTS = 3
_CONNECTIONS = 8
_PER_SECOND = 50.0  # the vendor asks for less than 100
_RETRY_AFTER_MAX_S = 60.0
_UPSTREAM_PATH = "/v3/snapshot"

Params = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its rows, and the query of the next one, None on the last."""

    rows: list[dict[str, Any]]
    next_query: dict[str, str] | None


def base_url(text: str) -> str:
    """Return the scheme and host to use; a path ending in `/v3/snapshot`, upstream's habit, is dropped."""
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"MASSIVE_BASE_URL {clean(text, 80)!r} is not http(s)://host")
    path = parts.path.rstrip("/").removesuffix(_UPSTREAM_PATH)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"


class Vendor:
    """A client of the vendor. Every call raises VendorError; none outlives its deadline."""

    def __init__(self, key: str, clock: Clock, *, base: str = DEFAULT_BASE_URL, open_s: float = 8.0) -> None:
        if not key:
            raise VendorError(FaultKind.NO_KEY)
        self._http = httpx.AsyncClient(
            base_url=base_url(base),
            headers={"Authorization": f"Bearer {key}", "Accept-Encoding": "gzip", "Accept": "application/json"},
            timeout=httpx.Timeout(5.0, connect=3.0),
            limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
            follow_redirects=False,
        )
        self._clock = clock
        self._slots = asyncio.Semaphore(_CONNECTIONS)
        self._next_start = 0.0
        self.breaker = Breaker(clock, open_s)
        self.counters: Counter[str] = Counter()

    @property
    def host(self) -> str:
        """The host that is asked."""
        return clean(self._http.base_url.host, 60)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def get(self, path: str, params: Params | None = None) -> object:
        """Return the decoded JSON of one request, retried where that can help."""
        retries = stamina.retry_context(
            on=self._retry, attempts=ATTEMPTS, wait_initial=0.2, wait_max=2.0, wait_jitter=0.4, timeout=None
        )
        async for attempt in retries:
            with attempt:
                return await self._guarded(path, params or {})
        raise AssertionError("stamina ends by a value or an error")

    def _retry(self, error: Exception) -> bool | float:
        """Say whether asking again can help; where the vendor named a wait, that long."""
        if not isinstance(error, VendorError) or error.kind not in RETRIED or not self.breaker.closed:
            return False
        return True if error.retry_after is None else error.retry_after

    async def _guarded(self, path: str, params: Params) -> object:
        """Make one attempt, and let breaker and counters know how it went."""
        await self.breaker.admit()
        try:
            body = await self._once(path, params)
        except VendorError as fault:
            self.counters["faults"] += 1
            self.counters[f"fault_{fault.kind.name.lower()}"] += 1
            self.breaker.failed(fault)
            if fault.kind is FaultKind.RATE_LIMITED:
                self._hold(1.0 if fault.retry_after is None else fault.retry_after)
            raise
        except BaseException:
            self.breaker.abandoned()
            raise
        self.breaker.succeeded()
        return body

    async def pages(self, path: str, params: Params, *, most: int = MAX_PAGES) -> AsyncIterator[Page]:
        """Yield the pages of a listing to its end; raise where it has none, unless only `most` pages were wanted.

        `next_url` gives only its query: it is asked of our own base, so the key never leaves the vendor's host.
        """
        query: Params | None = params
        seen: set[str] = set()
        for _ in range(most):
            page = read_page(await self.get(path, query), path)
            yield page
            if page.next_query is None:
                return
            cursor = repr(sorted(page.next_query.items()))
            if cursor in seen:
                raise VendorError(FaultKind.INCOMPLETE, "a page's cursor repeats itself")
            seen.add(cursor)
            query = page.next_query
        if most == MAX_PAGES:
            raise VendorError(FaultKind.INCOMPLETE, f"more than {MAX_PAGES} pages")

    async def _once(self, path: str, params: Params) -> object:
        await self._pace()
        async with self._slots:
            self.counters["requests"] += 1
            try:
                async with asyncio.timeout(REQUEST_S):
                    async with self._http.stream("GET", path, params=dict(params)) as response:
                        raw = await self._read(response)
            except TimeoutError:
                raise VendorError(FaultKind.TIMEOUT, f"no whole answer within {REQUEST_S:g} s") from None
            except httpx.TimeoutException as error:
                raise VendorError(FaultKind.TIMEOUT, clean(type(error).__name__, 40)) from None
            except httpx.ConnectError as error:
                raise VendorError(_connect_kind(error), clean(self._http.base_url.host, 60)) from None
            except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
                raise VendorError(FaultKind.BROKEN, clean(type(error).__name__, 40)) from None
        self.counters["bytes"] += len(raw)
        return self._decode(response, raw)

    def _decode(self, response: httpx.Response, raw: bytes) -> object:
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            body = None
        if response.status_code != 200:
            told = _told(body)
            raise VendorError(by_status(response.status_code), told, retry_after=self._retry_after(response))
        if body is None:
            raise VendorError(FaultKind.GARBAGE)
        if isinstance(body, dict) and body.get("status") in ("ERROR", "NOT_AUTHORIZED", "NOT_FOUND"):
            raise VendorError(FaultKind.ERROR_STATUS, _told(body))
        return body

    async def _read(self, response: httpx.Response) -> bytes:
        """Return the decoded body, inflated under a limit: a small gzip may hold a very large one."""
        inflate = (
            zlib.decompressobj(16 + zlib.MAX_WBITS) if "gzip" in response.headers.get("content-encoding", "") else None
        )
        parts: list[bytes] = []
        size = 0
        async for chunk in response.aiter_raw():
            try:
                part = inflate.decompress(chunk, MAX_BODY_BYTES + 1 - size) if inflate else chunk
            except zlib.error:
                raise VendorError(FaultKind.GARBAGE, "corrupt gzip") from None
            size += len(part)
            if size > MAX_BODY_BYTES or (inflate and inflate.unconsumed_tail):
                raise VendorError(FaultKind.TOO_LARGE, f"more than {MAX_BODY_BYTES // 1_048_576} MB")
            parts.append(part)
        if inflate and size and not inflate.eof:
            raise VendorError(FaultKind.GARBAGE, "the body ends early")
        return b"".join(parts)

    async def _pace(self) -> None:
        """Start at most so many requests a second, all callers together, and none while the vendor asked to wait."""
        loop = asyncio.get_running_loop()
        start = max(loop.time(), self._next_start)
        self._next_start = start + 1 / _PER_SECOND
        if start > loop.time():
            await asyncio.sleep(start - loop.time())

    def _hold(self, seconds: float) -> None:
        """Keep every caller from starting a request for a while."""
        self._next_start = max(self._next_start, asyncio.get_running_loop().time() + seconds)

    def _retry_after(self, response: httpx.Response) -> float | None:
        """Return the seconds that `Retry-After` asks for, given in seconds or as a date; clamped to a minute."""
        text: str | None = response.headers.get("retry-after")
        if text is None:
            return None
        try:
            seconds = float(text)
        except ValueError:
            try:
                then = parsedate_to_datetime(text)
            except ValueError:
                return None
            now = datetime.fromtimestamp(self._clock.wall_ns() / 1e9, UTC)
            seconds = (then.replace(tzinfo=then.tzinfo or UTC) - now).total_seconds()
        return min(max(seconds, 0.0), _RETRY_AFTER_MAX_S) if not math.isnan(seconds) else None


def read_page(body: object, path: str) -> Page:
    """Return one page's rows and next query; raise VendorError where `results` is missing or of another shape."""
    if not isinstance(body, dict):
        raise VendorError(FaultKind.INCOMPLETE, "a page that is no object")
    rows = body.get("results")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise VendorError(FaultKind.INCOMPLETE, "a page without results")
    link = body.get("next_url")
    if not link:
        return Page(rows, None)
    if not isinstance(link, str):
        raise VendorError(FaultKind.INCOMPLETE, "next_url is not a URL")
    parts = urlsplit(link)
    query = {name: value for name, value in parse_qsl(parts.query) if name.lower() != "apikey"}
    if not parts.path.endswith(path) or not query:
        raise VendorError(FaultKind.INCOMPLETE, "next_url leads elsewhere")
    return Page(rows, query)


def _told(body: object) -> str:
    """Return what the vendor says of a failure; it uses two names for it."""
    if not isinstance(body, dict):
        return ""
    return clean(body.get("error") or body.get("message") or "", 120)


def _connect_kind(error: httpx.ConnectError) -> FaultKind:
    text = str(error).lower()
    names = ("name or service", "nodename", "temporary failure in name", "getaddrinfo", "no address")
    return FaultKind.DNS if any(name in text for name in names) else FaultKind.REFUSED

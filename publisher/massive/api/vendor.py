"""The vendor's REST API over one keep-alive client: bounded, rate limited, and every failure a named fault.

The key travels in a header, to our own base URL and nowhere else.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping

import httpx
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from chain.clock import Clock
from chain.text import clean
from publisher.massive.api.address import DEFAULT_BASE_URL, base_url
from publisher.massive.api.breaker import Breaker
from publisher.massive.api.faults import OF_ONE_PATH, OF_THE_VENDOR, RETRIED, WAITED_FOR, FaultKind, VendorError
from publisher.massive.api.proxy import Proxy
from publisher.massive.api.reply import Page, decode, read_body, read_page
from publisher.massive.api.transport import PROXY_LOGIN, Progress, lost, refused_by_proxy, trusted_authorities

MAX_PAGES = 40
PAGE_ROWS = 250  # the most that the vendor gives on one page
REQUEST_S = 8.0  # one attempt from first byte sent to last byte read, as all limits of real sockets in real time
SILENCE_S = 5.0  # the longest wait for the next bytes
ATTEMPTS = 3
RETRY_S, RETRY_MOST_S, RETRY_JITTER_S = 0.2, 2.0, 0.4  # the wait before a second attempt, and the longest before any
CONNECTIONS = 8
PER_SECOND = 50.0  # requests; the vendor asks for less than 100, and a burst comes on top
BURST = 24
HOLD_S = 1.0  # after a rate limit that names no wait
_KEEP_ALIVE_S = 90.0  # longer than the longest publishing interval

Params = Mapping[str, str | int | float]


class Vendor:
    """A client of the vendor. Every call raises VendorError; no attempt outlives its deadline."""

    def __init__(
        self,
        key: str,
        clock: Clock,
        *,
        base: str = DEFAULT_BASE_URL,
        proxy: Proxy | None = None,
        open_s: float = 8.0,
    ) -> None:
        if not key:
            raise VendorError(FaultKind.NO_KEY)
        if not key.isascii() or not key.isprintable() or " " in key:
            raise VendorError(FaultKind.BAD_KEY, "it holds a character that no key has")
        self._http = httpx.AsyncClient(
            base_url=base_url(base),
            headers={"Authorization": f"Bearer {key}", "Accept-Encoding": "gzip", "Accept": "application/json"},
            timeout=httpx.Timeout(SILENCE_S, connect=3.0),
            limits=httpx.Limits(
                max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=_KEEP_ALIVE_S
            ),
            follow_redirects=False,
            proxy=proxy.url if proxy else None,
            verify=trusted_authorities(),
            trust_env=False,  # a proxy is chosen by us: the client's own choice would serve loopback too
        )
        self._key = key
        self._proxy = proxy
        self._clock = clock
        self._open_s = open_s
        self._slots = asyncio.Semaphore(CONNECTIONS)
        self._next_start = float("-inf")
        self._of_path: dict[str, Breaker] = {}
        self.breaker = Breaker(clock, open_s, OF_THE_VENDOR)
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
        retrying = AsyncRetrying(
            sleep=self._clock.sleep,
            stop=stop_after_attempt(ATTEMPTS),
            wait=_wait_s,
            retry=retry_if_exception(self._can_help),
            reraise=True,
        )
        return await retrying(self._guarded, path, params or {})

    async def pages(self, path: str, params: Params, *, most: int | None = None) -> AsyncIterator[Page]:
        """Yield the pages of a listing to its end; raise where it has none, unless only `most` pages were wanted."""
        query: Params | None = params
        seen: set[str] = set()
        for _ in range(most or MAX_PAGES):
            page = read_page(await self.get(path, query), path)
            yield page
            if page.next_query is None:
                return
            cursor = repr(sorted(page.next_query.items()))
            if cursor in seen:
                raise VendorError(FaultKind.INCOMPLETE, "a page's cursor repeats itself")
            seen.add(cursor)
            query = page.next_query
        if most is None:
            raise VendorError(FaultKind.INCOMPLETE, f"more than {MAX_PAGES} pages")

    def _can_help(self, error: BaseException) -> bool:
        """Return whether asking again soon can help."""
        return isinstance(error, VendorError) and error.kind in RETRIED and self.breaker.closed

    async def _guarded(self, path: str, params: Params) -> object:
        """Make one attempt in its turn, past two breakers: one for what concerns this path alone, and the vendor's."""
        if path not in self._of_path:
            self._of_path[path] = Breaker(self._clock, self._open_s, OF_ONE_PATH)
        async with self._slots:
            await self._pace()
            try:
                async with self._of_path[path].guard(), self.breaker.guard():
                    return await self._on_living_connection(path, params)
            except VendorError as fault:
                if fault.asked:
                    self._account(fault)
                raise

    async def _on_living_connection(self, path: str, params: Params) -> object:
        """Ask; where the connection broke, ask once more at once, for one kept alive may have died unnoticed."""
        try:
            return await self._once(path, params)
        except VendorError as fault:
            if fault.kind is not FaultKind.BROKEN:
                raise
            self._account(fault)
        return await self._once(path, params)

    def _account(self, fault: VendorError) -> None:
        """Count a fault; a rate limit too short for the breaker holds every caller for as long as it says."""
        self.counters["faults"] += 1
        self.counters[f"fault_{fault.kind.name.lower()}"] += 1
        wait = fault.retry_after
        if wait is None and fault.kind is FaultKind.RATE_LIMITED:
            wait = HOLD_S
        if wait is not None and fault.kind in WAITED_FOR and self.breaker.closed:
            self._next_start = max(self._next_start, self._clock.monotonic() + wait)

    async def _pace(self) -> None:
        """Wait until a request may start: a burst at once after a quiet time, then evenly, all callers together."""
        now = self._clock.monotonic()
        self._next_start = max(self._next_start, now - BURST / PER_SECOND) + 1 / PER_SECOND
        if self._next_start > now:
            await self._clock.sleep_until(self._next_start)

    async def _once(self, path: str, params: Params) -> object:
        self.counters["requests"] += 1
        progress = Progress(tunnel=self._http.base_url.scheme == "https")
        extensions = {"trace": progress.note} if self._proxy else {}
        try:
            async with (
                asyncio.timeout(REQUEST_S),
                self._http.stream("GET", path, params=dict(params), extensions=extensions) as response,
            ):
                raw = await read_body(response)
        except (TimeoutError, httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            raise lost(error, self.host, self._proxy, at_proxy=progress.at_proxy) from None
        self.counters["bytes"] += len(raw)
        if self._proxy is not None and response.status_code == PROXY_LOGIN:
            raise refused_by_proxy(self._proxy)
        return self._decoded(response, raw)

    def _decoded(self, response: httpx.Response, raw: bytes) -> object:
        """Return the answer's JSON; of a fault in clear through a proxy either may be the cause, and both are named."""
        try:
            return decode(response, raw, now_s=self._clock.wall_ns() / 1e9, secret=self._key)
        except VendorError as fault:
            if self._proxy is None or self._http.base_url.scheme == "https":
                raise
            through = f"through the {self._proxy.shown}"
            detail = f"{fault.detail}, {through}" if fault.detail else through
            raise VendorError(fault.kind, detail, retry_after=fault.retry_after) from None


def _wait_s(state: RetryCallState) -> float:
    """Return the seconds before the next attempt: as the vendor named them, else more each time, some by chance."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, VendorError) and error.retry_after is not None:
        return error.retry_after
    return wait_exponential(RETRY_S, RETRY_MOST_S)(state) + wait_random(0, RETRY_JITTER_S)(state)

"""One answer of the vendor, read under limits: its body, its faults, its page of a listing."""

import math
import zlib
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
from msgspec import Struct

from chain.decode.form import decode_plain
from chain.decode.limits import Limits
from chain.errors import DecodeError, OverLimitError
from chain.text import clean
from publisher.massive.api.faults import FaultKind, VendorError, by_status

MAX_BODY_BYTES = 2 * 1024 * 1024  # decoded; a page of 250 contracts is about 280 kB
LIMITS = Limits(MAX_BODY_BYTES, containers=20_000, values=50_000)  # such a page has about 2,000 and 14,000
RETRY_AFTER_MAX_S = 60.0
_MASK = "********"
_FAILED = {"ERROR": FaultKind.ERROR_STATUS, "NOT_AUTHORIZED": FaultKind.PLAN, "NOT_FOUND": FaultKind.NOT_FOUND}


class Page(Struct, frozen=True):
    """One page: its rows, and the query of the next one, None on the last."""

    rows: list[dict[str, Any]]
    next_query: dict[str, str] | None


async def read_body(response: httpx.Response) -> bytes:
    """Return the decoded body, inflated under a limit: a small gzip may hold a very large one. Raises VendorError."""
    packed = "gzip" in response.headers.get("content-encoding", "").lower()
    inflate = zlib.decompressobj(16 + zlib.MAX_WBITS) if packed else None
    parts: list[bytes] = []
    size = 0
    async for chunk in response.aiter_raw():
        try:
            part = inflate.decompress(chunk, MAX_BODY_BYTES + 1 - size) if inflate else chunk
        except zlib.error:
            raise VendorError(FaultKind.GARBAGE, "corrupt gzip") from None
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise VendorError(FaultKind.TOO_LARGE, f"more than {MAX_BODY_BYTES // 1_048_576} MB")
        parts.append(part)
    if inflate and size and not inflate.eof:
        raise VendorError(FaultKind.GARBAGE, "the body ends early")
    return b"".join(parts)


def decode(response: httpx.Response, raw: bytes, *, now_s: float, secret: str) -> object:
    """Return the JSON of a good answer; raise VendorError for any other, without the secret should it echo it."""
    try:
        body = decode_plain(raw, LIMITS) if raw else None
    except OverLimitError as error:
        raise VendorError(FaultKind.TOO_LARGE, str(error)) from None
    except DecodeError:
        body = None
    if response.status_code != 200:
        wait = retry_after(response.headers.get("retry-after"), now_s)
        raise VendorError(by_status(response.status_code), _status_told(response, body, secret), retry_after=wait)
    if body is None:
        raise VendorError(FaultKind.GARBAGE)
    word = body.get("status") if isinstance(body, dict) else None
    if isinstance(word, str) and word in _FAILED:
        raise VendorError(_FAILED[word], _told(body, secret))
    return body


def _status_told(response: httpx.Response, body: object, secret: str) -> str:
    """Return what an error's answer says: its own words, before them the status where our words name none."""
    kind, words = by_status(response.status_code), _told(body, secret)
    if kind is FaultKind.REDIRECTED:
        return f"{response.status_code} to {_redirect_host(response)}, not followed: check MASSIVE_BASE_URL"
    if kind not in (FaultKind.SERVER, FaultKind.ERROR_STATUS):
        return words
    return f"HTTP {response.status_code}: {words}" if words else f"HTTP {response.status_code}"


def _redirect_host(response: httpx.Response) -> str:
    """Return the host that a redirect leads to, and nothing else of its address."""
    try:
        host = urlsplit(response.headers.get("location", "")).hostname
    except ValueError:
        host = None
    return clean(host or "another path", 60)


def retry_after(text: str | None, now_s: float) -> float | None:
    """Return the seconds that a `Retry-After` asks for, given in seconds or as a date, clamped to a minute.

    None where there is none, or where it makes no sense.
    """
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            then = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        seconds = (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() - now_s
    return None if math.isnan(seconds) else min(max(seconds, 0.0), RETRY_AFTER_MAX_S)


def read_page(body: object, path: str) -> Page:
    """Return one page's rows and next query; raise VendorError where `results` is missing or of another shape.

    A `next_url` gives only its query: whatever host it names, the page is asked of our own base.
    """
    if not isinstance(body, dict):
        raise VendorError(FaultKind.INCOMPLETE, "a page that is no object")
    rows = body.get("results")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise VendorError(FaultKind.INCOMPLETE, "a page without results")
    link = body.get("next_url")
    if not link:
        return Page(rows, None)
    try:
        parts = urlsplit(link if isinstance(link, str) else "")
    except ValueError:
        parts = urlsplit("")
    query = {name: value for name, value in parse_qsl(parts.query) if name.lower() != "apikey"}
    if not unquote(parts.path).endswith(path) or not query:
        raise VendorError(FaultKind.INCOMPLETE, "next_url leads elsewhere")
    return Page(rows, query)


def _told(body: object, secret: str) -> str:
    """Return what the vendor says of a failure; it uses two names for it."""
    if not isinstance(body, dict):
        return ""
    return clean(str(body.get("error") or body.get("message") or "").replace(secret, _MASK), 120)

"""Everything that can go wrong between the vendor and a client, each as an `Effect` made by one function."""

import asyncio
import random
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Literal
from urllib.parse import urlencode

from .api import Call, VendorApi
from .query import PUBLIC_HOST, next_url
from .reply import Reply, json_reply, request_id

Envelope = dict[str, Any]
RetryAfter = int | str | timedelta | None
Delivery = Callable[[bytes, bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
_MEGABYTE = 1 << 20
_ERRORS = {
    401: ("ERROR", "error", "Unknown API Key"),
    403: ("NOT_AUTHORIZED", "message", "You are not entitled to this data. Please upgrade your plan."),
    404: ("NOT_FOUND", "message", "not found"),
    429: ("ERROR", "error", "You've exceeded the maximum requests per minute, please wait or upgrade."),
}


@dataclass(frozen=True, slots=True)
class Effect:
    """What a fault does, by stage: before the answer, in its place, to its JSON, bytes, sending.

    `edit` is left out where the answer has no `results`.
    """

    delay: Callable[[], float] | None = None  # seconds
    instead: Callable[[], Reply] | None = None
    edit: Callable[[Envelope, Call, VendorApi], None] | None = None
    mangle: Callable[[bytes], bytes] | None = None
    deliver: Delivery | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """An effect and the requests it strikes: by path pattern, page number and exact expiration asked."""

    effect: Effect
    path: str = "*"
    page: int | None = None
    expiry: date | None = None
    times: int | None = None  # strikes in all; None is until cleared
    skip: int = 0  # matching requests let through first

    def fits(self, call: Call) -> bool:
        """Return whether a call is one this fault looks for; counts are the server's business."""
        return (
            fnmatchcase(call.path, self.path)
            and self.page in (None, call.page)
            and (self.expiry is None or call.expiry == self.expiry.isoformat())
        )


def latency(seconds: float, jitter: float = 0.0) -> Effect:
    """Wait before answering: `seconds`, and up to `jitter` more."""
    dice = random.Random(7)
    return Effect(delay=lambda: seconds + dice.random() * jitter)


def status(code: int, body: Literal["json", "html", "empty"] = "json", retry_after: RetryAfter = None) -> Effect:
    """Answer an HTTP status. `retry_after`: seconds, a span (sent as an HTTP date), or any text as it is."""

    def reply() -> Reply:
        headers = {} if retry_after is None else {"Retry-After": _retry_after(retry_after)}
        if body == "json":
            word, key, text = _ERRORS.get(code, ("ERROR", "error", f"error {code}"))
            return json_reply(code, {"status": word, "request_id": request_id(), key: text}, headers)
        page = f"<html><head><title>{code}</title></head><body><h1>{code}</h1><hr>nginx</body></html>"
        return Reply(code, page.encode() if body == "html" else b"", headers=headers, content_type="text/html")

    return Effect(instead=reply)


def garbage(size: int = 2_000) -> Effect:
    """Answer 200 with bytes that are no JSON."""
    return Effect(instead=lambda: Reply(200, random.Random(size).randbytes(size)))


def corrupt_gzip() -> Effect:
    """Answer 200 with a body said to be gzip, which it is not."""
    return Effect(instead=lambda: Reply(200, b'{"results":[]}', encoding="gzip"))


def gzip_bomb(megabytes: int = 100) -> Effect:
    """Answer valid JSON, a thousand times larger decoded than on the wire."""
    bomb = _bomb(megabytes)
    return Effect(instead=lambda: Reply(200, bomb, encoding="gzip"))


def error_with_200() -> Effect:
    """Answer 200 with status ERROR and no results."""
    error = "too many requests"
    body = {"status": "ERROR", "error": error}
    return Effect(instead=lambda: json_reply(200, {**body, "request_id": request_id()}))


def truncated_json(keep: float = 0.5) -> Effect:
    """Cut the JSON, in a complete HTTP answer; `keep` is the fraction left."""
    return Effect(mangle=lambda body: body[: int(len(body) * keep)])


def rewrite(edit: Callable[[Envelope], None]) -> Effect:
    """Change the decoded body in any way, in place."""
    return Effect(edit=lambda envelope, _call, _api: edit(envelope))


def missing_results() -> Effect:
    """Leave `results` out of an answer that says OK."""
    return rewrite(lambda envelope: envelope.pop("results", None))


def next_link(value: str | None) -> Effect:
    """Put this in place of `next_url` on every page struck, the last one too."""
    return rewrite(lambda envelope: envelope.update(next_url=value))


def next_link_repeats() -> Effect:
    """Let `next_url` name the very page it stands on."""

    def edit(envelope: Envelope, call: Call, _: VendorApi) -> None:
        pairs = {name: value for name, value in call.query.items() if name != "apiKey"}
        envelope["next_url"] = f"{PUBLIC_HOST}{call.path}?{urlencode(pairs)}"

    return Effect(edit=edit)


def next_link_elsewhere(host: str) -> Effect:
    """Let `next_url` keep path and cursor, but name another host (`http://127.0.0.1:9`)."""

    def edit(envelope: Envelope, _call: Call, _api: VendorApi) -> None:
        if envelope.get("next_url"):
            envelope["next_url"] = envelope["next_url"].replace(PUBLIC_HOST, host)

    return Effect(edit=edit)


def endless_pages() -> Effect:
    """Let the last page lead on to the first rows again, under a cursor never seen before."""

    def edit(envelope: Envelope, call: Call, _: VendorApi) -> None:
        envelope.setdefault("next_url", next_url(call.path, call.params, call.page + 1, None))

    return Effect(edit=edit)


def repeated_rows(count: int = 1) -> Effect:
    """Let the next page begin with the last `count` rows of this one."""

    def edit(envelope: Envelope, call: Call, _: VendorApi) -> None:
        rows = envelope["results"]
        if envelope.get("next_url") and len(rows) > count:
            last = {**rows[-1 - count], **rows[-1 - count].get("details", {})}
            after = (last[call.params.get("sort", "ticker")], last["ticker"])
            envelope["next_url"] = next_url(call.path, call.params, call.page + 1, after)

    return Effect(edit=edit)


def stray_expiry(count: int = 3) -> Effect:
    """Mix in rows of an expiration that the page of a chain does not have otherwise."""

    def edit(envelope: Envelope, call: Call, api: VendorApi) -> None:
        chain = api.book.chains.get(call.symbol)
        rows = envelope["results"]
        if chain is not None and isinstance(rows, list):
            present = {row["details"]["expiration_date"] for row in rows}
            strays = [item for item in chain.items if item["details"]["expiration_date"] not in present]
            rows += [api.row_as_seen(item) for item in strays[:count]]

    return Effect(edit=edit)


def nulls(*paths: str, every: int = 1) -> Effect:
    """Set fields of every n-th row to null: `greeks`, `last_quote.bid`, ..."""
    return _on_fields(paths, every, lambda block, name: block.update({name: None}))


def without(*paths: str, every: int = 1) -> Effect:
    """Leave fields out of every n-th row: `last_quote`, `underlying_asset.value`, ..."""
    return _on_fields(paths, every, lambda block, name: block.pop(name, None))


def slow_loris(interval_s: float = 0.05) -> Effect:
    """Send the headers at once, then one byte of the body per interval."""

    async def deliver(head: bytes, body: bytes, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for at in range(len(body)):
            await asyncio.sleep(interval_s)
            writer.write(body[at : at + 1])
            await writer.drain()

    return Effect(deliver=deliver)


def reset(graceful: bool = False) -> Effect:
    """Break the connection in the middle of the body: with RST, or `graceful` with FIN."""

    async def deliver(head: bytes, body: bytes, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head + body[: min(len(body) // 2, 1_000)])
        await writer.drain()
        if not graceful:
            # Lingering for zero seconds turns the close into a reset.
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()

    return Effect(deliver=deliver)


def black_hole() -> Effect:
    """Take the request and never answer; the connection stays until the client lets go."""

    async def deliver(_head: bytes, _body: bytes, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    return Effect(deliver=deliver)


def not_http() -> Effect:
    """Answer bytes that are no HTTP at all."""

    async def deliver(_head: bytes, _body: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x15\x03\x01\x00\x02\x02\x50" * 4 + b"\r\n\r\n")
        await writer.drain()

    return Effect(deliver=deliver)


def _retry_after(value: int | str | timedelta) -> str:
    if isinstance(value, timedelta):
        return format_datetime(datetime.now(UTC) + value, usegmt=True)
    return str(value)


def _on_fields(paths: Iterable[str], every: int, change: Callable[[dict[str, Any], str], object]) -> Effect:
    def edit(envelope: Envelope) -> None:
        results = envelope["results"]
        rows = results if isinstance(results, list) else [results]
        for row in rows[::every]:
            for path in paths:
                *parents, name = path.split(".")
                block = row
                for parent in parents:
                    block = block.get(parent) or {}
                change(block, name)

    return rewrite(edit)


@cache
def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    parts = [packer.compress(b'{"status":"OK","request_id":"b0","results":[')]
    parts += [packer.compress(b" " * _MEGABYTE) for _ in range(megabytes)]
    return b"".join([*parts, packer.compress(b"]}"), packer.flush()])

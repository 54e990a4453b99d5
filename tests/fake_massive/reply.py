"""What the fake answers: a status, headers, and a body that may share an already compressed part."""

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple
from uuid import uuid4

import orjson

_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


class Squeezed(NamedTuple):
    """A compressed run of bytes that more compressed bytes may follow."""

    deflated: bytes
    crc: int
    size: int


def squeeze(plain: bytes, mode: int = zlib.Z_FULL_FLUSH) -> Squeezed:
    """Return raw deflate bytes ending on a byte boundary, with CRC and length of the plain text."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)  # as front ends do by default
    return Squeezed(packer.compress(plain) + packer.flush(mode), zlib.crc32(plain), len(plain))


def gzip_member(first: Squeezed | None, tail: bytes) -> bytes:
    """Return one gzip member of both parts; `first` is not compressed again."""
    last = squeeze(tail, zlib.Z_FINISH)
    before, crc, size = first or (b"", 0, 0)
    trailer = struct.pack("<II", zlib.crc32(tail, crc), (size + last.size) & 0xFFFFFFFF)
    return _GZIP_HEAD + before + last.deflated + trailer


class Page:
    """The beginning of a listing's body, `{"results":[` and its rows; only the compressed form is kept."""

    def __init__(self, rows: Sequence[bytes]) -> None:
        self._rows = rows

    def plain(self) -> bytes:
        return b'{"results":[' + b",".join(self._rows)

    @cached_property
    def squeezed(self) -> Squeezed:
        return squeeze(self.plain())


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. With a `page` the body is the page followed by `tail`, else `tail` alone."""

    status: int
    tail: bytes = b""
    page: Page | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    encoding: str = ""  # of a tail that is already encoded, or claims to be

    def plain(self) -> bytes:
        return (self.page.plain() if self.page else b"") + self.tail

    def encoded(self, accepts_gzip: bool) -> tuple[bytes, str]:
        """Return the body's bytes on the wire and its content encoding, if any."""
        if self.encoding or not accepts_gzip:
            return self.plain(), self.encoding
        return gzip_member(self.page.squeezed if self.page else None, self.tail), "gzip"


def request_id() -> str:
    return uuid4().hex


def json_reply(status: int, body: object, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, orjson.dumps(body), headers=headers or {})


class RefusalError(Exception):
    """A request that the vendor turns down, in the vendor's words."""

    def __init__(self, status: int, word: str, **text: str) -> None:
        super().__init__(f"{status} {word} {text}")
        self.status = status
        self.body: dict[str, Any] = {"status": word, "request_id": request_id(), **text}

    def reply(self) -> Reply:
        return json_reply(self.status, self.body)


def bad_request(text: str) -> RefusalError:
    return RefusalError(400, "ERROR", error=text)

"""Limits of a value from outside, checked on its bytes before any object is created."""

import re

from msgspec import Struct

from chain.errors import DecodeError, OverLimitError, TooDeepError

_BRACKETS = bytes.maketrans(b"[]", b"{}")  # for depth, an array nests like an object
_KEPT = b'"\\{}[]'
_DROPPED = bytes(byte for byte in range(256) if byte not in _KEPT)
_STRING = re.compile(rb'"[^"]*"')
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Limits(Struct, frozen=True):
    """The most that one JSON text may hold. `size` and `string` in bytes, the others are counts."""

    size: int
    depth: int = 16
    containers: int = 10_000  # objects and arrays
    values: int = 50_000
    string: int = 8_192

    def check(self, raw: bytes, *, nesting: bool = True) -> None:
        """Raise DecodeError naming the first limit that a JSON text exceeds, or why it is not JSON.

        Without `nesting` its depth and its containers are not limited, for who leaves what nests as bytes.
        """
        self.check_size(raw)
        if not raw or raw.isspace():
            raise DecodeError("nothing but blanks" if raw else "empty")
        self._check_encoding(raw)
        self._check_values(raw)
        if nesting:
            self._check_nesting(raw)
        self._check_strings(raw)

    def check_written(self, raw: bytes) -> None:
        """Raise as `check` does, of JSON that we have written from values that were checked when they were read.

        It is well formed, and nests as deep as they did and what we put around them: only what adds up is left to see.
        Brackets inside its strings are limited for readers only.
        """
        self.check_size(raw)
        self._check_values(raw)
        # Each container takes two bytes; and where all that could open one are few, there is nothing to count exactly.
        if len(raw) > 2 * self.containers and raw.count(b"{") + raw.count(b"[") > self.containers:
            self._check_nesting(raw)
        self._check_strings(raw)

    def check_size(self, raw: bytes) -> None:
        """Raise DecodeError for too many bytes."""
        if len(raw) > self.size:
            raise OverLimitError(f"larger than {self.size} bytes")

    def _check_values(self, raw: bytes) -> None:
        # Each value but the first takes a byte and a comma.
        if len(raw) > 2 * self.values and raw.count(b",") >= self.values:
            raise OverLimitError(f"more than {self.values} values")

    @staticmethod
    def _check_encoding(raw: bytes) -> None:
        if raw.isascii():
            return
        if raw.startswith(_BYTE_ORDER_MARK):
            raise DecodeError("not JSON: begins with a byte-order mark")
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            raise DecodeError(f"not JSON: byte {error.start} is not UTF-8") from None

    def _check_strings(self, raw: bytes) -> None:
        """A string this long leaves at least one aligned block of half its size without a quotation mark."""
        block = self.string // 2
        for start in range(0, len(raw) - block, block):
            if raw.find(b'"', start, start + block) < 0:
                raise DecodeError(f"a string or gap of {block} bytes or more")

    def _check_nesting(self, raw: bytes) -> None:
        """Peel the brackets that stand outside strings, one level at a time."""
        brackets = self._outside_strings(raw)
        if brackets.count(b"{") > self.containers:
            raise OverLimitError(f"more than {self.containers} objects and arrays")
        for _ in range(self.depth):
            if not brackets:
                return
            brackets = brackets.replace(b"{}", b"")
        # What does not match is no JSON, and the decoder says where; but it must not be led into the depth.
        if b"{}" in brackets or len(brackets) > self.depth:
            raise TooDeepError(f"nested more than {self.depth} deep")

    def _outside_strings(self, raw: bytes) -> bytes:
        """Return the text's brackets, all as braces, without those inside strings."""
        marks = raw.translate(_BRACKETS, _DROPPED)
        if b"\\" in marks:
            # Only now is each quotation mark that is left the end of a string.
            unescaped = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
            marks = unescaped.translate(_BRACKETS, _DROPPED + b"\\")
        marks = marks.replace(b'""', b"")  # strings without brackets, nearly always all of them
        if b'"' in marks:
            if len(marks) > 4 * self.containers:
                raise OverLimitError(f"more than {4 * self.containers} brackets, in strings too")
            marks = _STRING.sub(b"", marks)
        return marks

"""Replaces what nests too deep, by brackets alone, so that the rest of a text can be decoded."""

import re

_TOKEN = re.compile(rb'"[^"]*"|[\[\]{}]')
_OPENING, _CLOSING = frozenset(b"[{"), frozenset(b"]}")


def without_deep(raw: bytes, level: int, depth: int, instead: bytes) -> bytes:
    """Return a JSON text in which each value at a level, within which anything nests too deep, is replaced.

    The whole text is at level 1. Of a text whose brackets do not match, nothing is replaced after the fault.
    """
    # Of the same length, and every quotation mark the end of a string.
    masked = raw.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    parts: list[bytes] = []
    now = kept = start = 0
    deep = False
    for token in _TOKEN.finditer(masked):
        mark = masked[token.start()]
        if mark in _OPENING:
            now += 1
            if now == level:
                start, deep = token.start(), False
            deep = deep or now > depth
        elif mark in _CLOSING:
            if now == level and deep:
                parts += [raw[kept:start], instead]
                kept = token.end()
            now -= 1
    return b"".join([*parts, raw[kept:]])

"""A reader that knows live data by their figures alone, and remembers every other value where live data stand."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

import orjson
import redis as blocking

_LOOK = """
local seen = {}
for _, key in ipairs(redis.call('KEYS', 'massive:chain:latest:*')) do
  seen[#seen + 1] = key
  seen[#seen + 1] = redis.call('GET', key) or ''
end
return seen
"""
_EVERY_S = 0.004
LIVE_SPOT = 3000.0  # of the fake vendor; mock and records of SPX stand near 6,900
_LIVE_ATM = range(2000, 4000)
_KIND = re.compile(r"chains? fresh, .*(live|test|mock|capture|replay|unknown)")


@dataclass
class SourceWitness:
    """What was seen of all pointers, each look in one instant; times are monotonic seconds."""

    url: str
    ttl_s: float
    beside: list[tuple[str, str]] = field(default_factory=list)  # a live pointer, and one that is not, at once
    within: list[tuple[str, float]] = field(default_factory=list)  # not live, so long after the last live move
    looks: int = 0
    live_moved: float | None = None
    _kinds: dict[str, bool] = field(default_factory=dict)

    def look(self, client: blocking.Redis) -> None:
        """Read all pointers at once."""
        answer = cast("list[bytes]", client.eval(_LOOK, 0))
        pointers = dict(zip((k.decode() for k in answer[::2]), (v.decode() for v in answer[1::2]), strict=True))
        fresh = [value for value in pointers.values() if value and value not in self._kinds]
        for value, raw in zip(fresh, client.mget(fresh) if fresh else [], strict=True):
            if raw is not None:
                body = orjson.loads(cast("bytes", raw))
                self._kinds[value] = body["underlying"] == "SPX" and body["atm"] in _LIVE_ATM
        now = time.monotonic()
        live = [key for key, value in pointers.items() if self._kinds.get(value)]
        other = [key for key, value in pointers.items() if self._kinds.get(value) is False]
        if any(self._kinds.get(value) for value in fresh):
            self.live_moved = now
        if live and other:
            self.beside.append((live[0], other[0]))
        if self.live_moved is not None and now - self.live_moved < self.ttl_s - 0.5:
            self.within += [(pointers[key], now - self.live_moved) for key in other if pointers[key] in fresh]
        self.looks += 1

    def kinds(self, client: blocking.Redis) -> set[bool]:
        """Return whether live data stand now, others, or both."""
        answer = cast("list[bytes]", client.eval(_LOOK, 0))
        return {kind for value in answer[1::2] if (kind := self._kinds.get(value.decode())) is not None}


@contextmanager
def source_witness(url: str, ttl_s: float) -> Iterator[SourceWitness]:
    """Give a witness that looks on from a thread of its own."""
    seen, done = SourceWitness(url, ttl_s), threading.Event()

    def watch() -> None:
        with blocking.Redis.from_url(url) as client:
            while not done.wait(_EVERY_S):
                seen.look(client)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join(5)


def names_its_kind(line: str) -> bool:
    """Whether what a check says is not OK, or names the kind of source."""
    return not line.startswith("CHAIN OK") or _KIND.search(line) is not None

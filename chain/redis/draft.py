"""A snapshot on its way into Redis: the scripts that write it, and what their answers mean."""

from dataclasses import dataclass, replace
from enum import StrEnum

from chain.errors import InvalidSnapshotError
from chain.model.keys import Names, SnapshotId
from chain.model.snapshot import Snapshot, encode
from chain.redis.causes import redis_cause
from chain.text import clean

_TAIL_BYTES = 64
_REFUSALS = {
    "lost": "Redis evicted at once what was written: raise maxmemory",
    "future": "our clock is ahead of Redis's: set the time on this machine",
    "late": "written too late: its time to live had passed",
}

# A pointer moves forward only, to the same deadline as its payload. One held in the future of Redis's own clock, or
# not of the grammar, holds nobody back. MGET answers nothing for what is no string.
_MOVE_FUNCTION = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function move(pointer, held, key, head, stamp, ahead, deadline)
  local new, limit = tonumber(stamp), now + ahead
  if now >= tonumber(deadline) then return 'late' end
  if new > limit then return 'future' end
  local past = held and string.sub(held, 1, #head) == head and tonumber(string.match(held, '^[1-9]%d*$', #head + 1))
  if past and past > new and past <= limit then return 'older' end
  redis.call('SET', pointer, key, 'PXAT', deadline)
  return 'moved'
end
"""
# Follows the SETs of all payloads in one request, and so cannot know what they answered: a payload counts as written
# if it is as long as ours and ends as ours. What the SET itself refused is asked again, exactly, by PUT.
MOVE_ALL = (
    _MOVE_FUNCTION
    + """
local answers, pointers = {}, {}
for n = 1, #KEYS / 2 do pointers[n] = KEYS[2 * n - 1] end
local held = redis.call('MGET', unpack(pointers))
for n = 1, #pointers do
  local key, at = KEYS[2 * n], 4 * n - 2
  local tail = ARGV[at + 3]
  if redis.pcall('GETRANGE', key, ARGV[at + 2] - #tail, -1) == tail then
    local deadline = redis.call('PEXPIRETIME', key)
    answers[n] = move(pointers[n], held[n], key, ARGV[at], ARGV[at + 1], ARGV[1], deadline)
  else
    answers[n] = 'lost'
  end
end
return answers
"""
)
# The two steps apart: for a cluster, where payload and pointer lie in different slots, and for a place that is taken.
# The same bytes written again keep the deadline of the first time.
PUT = """
if not redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PX', ARGV[1]) and redis.pcall('GET', KEYS[1]) ~= ARGV[2] then
  return -1
end
return redis.call('PEXPIRETIME', KEYS[1])
"""
MOVE = (
    _MOVE_FUNCTION + "return move(KEYS[1], redis.call('MGET', KEYS[1])[1], ARGV[4], ARGV[1], ARGV[2], ARGV[3], ARGV[5])"
)


class Verdict(StrEnum):
    """What became of one snapshot."""

    PUBLISHED = "published"
    REFUSED_OLDER = "refused-older"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one publish: `id` as written (its millisecond may have been stepped on), payload size in bytes."""

    id: SnapshotId
    verdict: Verdict
    size: int = 0
    reason: str = ""


# What a script said, and whether both keys are there after it.
Answer = tuple[object, bool]


@dataclass(frozen=True, slots=True)
class Draft:
    """A snapshot on its way: its keys, its JSON, and why it cannot be sent, if so."""

    snapshot: Snapshot
    pointer: str
    payload: str
    body: bytes
    refusal: str = ""

    @classmethod
    def of(cls, snapshot: Snapshot, names: Names) -> "Draft":
        """Return a snapshot ready to be sent, or refused where no reader would take it."""
        body, refusal = b"", ""
        try:
            body = encode(snapshot)
        except (InvalidSnapshotError, TypeError) as error:
            refusal = clean(error, 120)
        return cls(snapshot, names.latest(snapshot.id.chain), names.snapshot(snapshot.id), body, refusal)

    @property
    def marks(self) -> tuple[str, int, int, bytes]:
        """What tells its keys and its bytes from others: what its payload keys begin with, stamp, length and end."""
        return self.head, self.snapshot.id.ts_ms, len(self.body), self.body[-_TAIL_BYTES:]

    @property
    def head(self) -> str:
        """What every payload key of its chain begins with."""
        return self.payload[: self.payload.rindex(":") + 1]

    def later(self, names: Names) -> "Draft":
        """Return the same a millisecond later."""
        stamp = self.snapshot.id.ts_ms + 1
        moved = replace(self.snapshot, id=SnapshotId(self.snapshot.id.chain, stamp), ts=stamp / 1000)
        return Draft.of(moved, names)

    def ended(self, answer: Answer) -> Outcome | None:
        """Return its end; None where its millisecond is taken by other bytes."""
        said, there = answer
        word = said.decode() if isinstance(said, bytes) else said
        if word == "moved" and there:
            return Outcome(self.snapshot.id, Verdict.PUBLISHED, len(self.body))
        if word == "clash":
            return None
        if word == "older":
            return Outcome(self.snapshot.id, Verdict.REFUSED_OLDER, len(self.body), "a newer snapshot is already there")
        if word == "moved":
            return self.failed(_REFUSALS["lost"])
        if isinstance(said, Exception):
            return self.failed(str(redis_cause(said)))
        return self.failed(_REFUSALS.get(str(word)) or f"Redis answered {clean(word, 40)!r}")

    def failed(self, reason: str) -> Outcome:
        """Return a failure as its end."""
        return Outcome(self.snapshot.id, Verdict.FAILED, len(self.body), reason)

"""A snapshot on its way into Redis: the scripts that write it, and what their answers mean."""

from dataclasses import dataclass, replace
from enum import StrEnum

from chain.errors import InvalidSnapshotError
from chain.model.keys import Names, SnapshotId
from chain.model.snapshot import Snapshot, encode
from chain.redis.causes import redis_cause
from chain.redis.kinds import KIND_FUNCTIONS
from chain.text import clean

_TAIL_BYTES = 64
_REFUSALS = {
    "lost": "Redis evicted at once what was written: raise maxmemory",
    "future": "our clock is ahead of Redis's: set the time on this machine",
    "late": "written too late: its time to live had passed",
}

# A pointer moves forward only, to the same deadline as its payload. One held in the future of Redis's own clock, or
# not of the grammar, holds nobody back. MGET answers nothing for what is no string. What is invented or recorded never
# takes the place of what may be live, and the kind of what is written is recorded in the same step.
_MOVE_FUNCTION = (
    KIND_FUNCTIONS
    + """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function move(pointer, held, source, record, key, head, stamp, ahead, deadline, kind)
  local new, limit = tonumber(stamp), now + ahead
  local past = stamp_of(held, head)
  if past and RECORDED[kind] and not RECORDED[kind_of(record, past)] then return 'live' end
  if now >= tonumber(deadline) then return 'late' end
  if new > limit then return 'future' end
  if past and tonumber(past) > new and tonumber(past) <= limit then return 'older' end
  redis.call('SET', pointer, key, 'PXAT', deadline)
  if kind ~= '' then note(source, record, past, kind, stamp, now) end
  return 'moved'
end
"""
)
# Follows the SETs of all payloads in one request, and so cannot know what they answered: a payload counts as written
# if it is as long as ours and ends as ours. What the SET itself refused is asked again, exactly, by PUT.
# KEYS: pointers and payloads by turns, and where a kind is given the records of all and the mark of a live publisher.
# A payload that may not be pointed to is taken back.
MOVE_ALL = (
    _MOVE_FUNCTION
    + """
local ahead, count, kind, among_live = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4] == '1'
local answers, pointers, records = {}, {}, {}
for n = 1, count do pointers[n] = KEYS[2 * n - 1] end
local held = redis.call('MGET', unpack(pointers))
if kind ~= '' then records = redis.call('MGET', unpack(KEYS, 2 * count + 1, 3 * count)) end
local kept_off = RECORDED[kind] and not among_live and redis.call('EXISTS', KEYS[#KEYS]) == 1
for n = 1, count do
  local key, at = KEYS[2 * n], 4 * n + 1
  local tail = ARGV[at + 3]
  if redis.pcall('GETRANGE', key, ARGV[at + 2] - #tail, -1) ~= tail then
    answers[n] = 'lost'
  elseif kept_off then
    answers[n] = 'live'
  else
    local deadline = redis.call('PEXPIRETIME', key)
    answers[n] = move(
      pointers[n], held[n], KEYS[2 * count + n], records[n], key, ARGV[at], ARGV[at + 1], ahead, deadline, kind
    )
  end
  if answers[n] == 'live' then redis.call('DEL', key) end
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
# KEYS: pointer, where a kind is given its record, and the mark of a live publisher where it can be seen: on a cluster
# it lies in another slot, and who publishes asks for it before each cycle.
MOVE = (
    _MOVE_FUNCTION
    + """
local kind, record = ARGV[6], nil
if KEYS[3] and RECORDED[kind] and redis.call('EXISTS', KEYS[3]) == 1 then return 'live' end
if kind ~= '' then record = redis.call('MGET', KEYS[2])[1] end
return move(KEYS[1], redis.call('MGET', KEYS[1])[1], KEYS[2], record, ARGV[4], ARGV[1], ARGV[2], ARGV[3], ARGV[5], kind)
"""
)


class Verdict(StrEnum):
    """What became of one snapshot."""

    PUBLISHED = "published"
    REFUSED_OLDER = "refused-older"
    LEFT_TO_LIVE = "left-to-live"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one publish: `id` as written (its millisecond may have been stepped on), payload size in bytes."""

    id: SnapshotId
    verdict: Verdict
    size: int = 0
    reason: str = ""

    @property
    def failed(self) -> bool:
        """Whether nothing newer than it is there either."""
        return self.verdict in (Verdict.FAILED, Verdict.LEFT_TO_LIVE)


_LEFT = {
    "older": (Verdict.REFUSED_OLDER, "a newer snapshot is already there"),
    "live": (Verdict.LEFT_TO_LIVE, "left to a live publisher"),
}

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
        word = said.decode() if isinstance(said, bytes) else str(said)
        if word == "moved" and there:
            return Outcome(self.snapshot.id, Verdict.PUBLISHED, len(self.body))
        if word == "clash":
            return None
        if word in _LEFT:
            verdict, reason = _LEFT[word]
            return Outcome(self.snapshot.id, verdict, len(self.body), reason)
        if word == "moved":
            return self.failed(_REFUSALS["lost"])
        if isinstance(said, Exception):
            return self.failed(str(redis_cause(said)))
        return self.failed(_REFUSALS.get(str(word)) or f"Redis answered {clean(word, 40)!r}")

    def failed(self, reason: str) -> Outcome:
        """Return a failure as its end."""
        return Outcome(self.snapshot.id, Verdict.FAILED, len(self.body), reason)

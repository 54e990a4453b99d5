"""Which kind of source each chain's snapshot comes from, recorded beside its pointer; and the mark of a live publisher.

A record reads `KIND TS_MS`, and for an hour after a change of kind `KIND TS_MS BEFORE CHANGED_MS`. It speaks for the
snapshot of that stamp alone: where the pointer names another, somebody who records nothing has published since. Record
and pointer share a slot, so a script sees and changes both in one step, on a cluster too.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from redis.asyncio import Redis

from chain.model.keys import ChainId, Names, SnapshotId
from chain.model.kinds import UNKNOWN
from chain.redis.connection import bounded, heard, is_cluster

RECORD_BYTES = 80
CHANGE_TOLD_S = 3600.0
_RECORD = re.compile(rb"([a-z]{1,20}) ([1-9]\d{11,13})(?: ([a-z]{1,20}) ([1-9]\d{11,13}))?")
_BATCH = 500

# `stamp_of` and `kind_of` take what GET or MGET answered. `note` keeps a change of kind for an hour.
KIND_FUNCTIONS = """
local RECORDED = {mock = true, capture = true, replay = true}
local TOLD_MS = 3600000
local function stamp_of(held, head)
  return held and string.sub(held, 1, #head) == head and string.match(held, '^[1-9]%d*$', #head + 1) or nil
end
local function kind_of(record, stamp)
  local kind, made = string.match(record or '', '^(%l+) (%d+)')
  return made == stamp and kind or 'unknown'
end
local function note(source, record, past, kind, stamp, now)
  local was, _, from, at = string.match(record or '', '^(%l+) (%d+) ?(%l*) ?(%d*)$')
  if past and kind_of(record, past) == 'unknown' then was, from = 'unknown', '' end
  if was and was ~= kind then
    from, at = was, string.format('%.0f', now)
  elseif (from or '') ~= '' and now - tonumber(at) >= TOLD_MS then
    from = ''
  end
  local text = kind .. ' ' .. stamp
  if (from or '') ~= '' then text = text .. ' ' .. from .. ' ' .. at end
  redis.call('SET', source, text, 'PX', TOLD_MS)
end
"""
# KEYS: pointer, source; ARGV: what the chain's payload keys begin with. Takes away what is known not to be live.
_WITHDRAW = (
    KIND_FUNCTIONS
    + """
local held, record = unpack(redis.call('MGET', KEYS[1], KEYS[2]))
local past = stamp_of(held, ARGV[1])
if past and RECORDED[kind_of(record, past)] then return redis.call('DEL', KEYS[1]) end
return 0
"""
)
# KEYS: pointer, source; ARGV: head, the new payload's key, its stamp, its kind, milliseconds to live. For damage done
# on purpose: points where told, unless what stands there may be live.
_FORCE = (
    KIND_FUNCTIONS
    + """
local held, record = unpack(redis.call('MGET', KEYS[1], KEYS[2]))
local past = stamp_of(held, ARGV[1])
if past and not RECORDED[kind_of(record, past)] then return 0 end
local time = redis.call('TIME')
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[5])
note(KEYS[2], record, past, ARGV[4], ARGV[3], time[1] * 1000 + math.floor(time[2] / 1000))
return 1
"""
)
# KEYS: pointer, source; ARGV: head. Forgets a change of kind; a chain of a publisher that records nothing is noted as
# unknown, so that its next snapshot is no change either.
_ACKNOWLEDGE = (
    KIND_FUNCTIONS
    + """
local held, record = unpack(redis.call('MGET', KEYS[1], KEYS[2]))
local kind, made, from = string.match(record or '', '^(%l+) (%d+) ?(%l*)')
if not kind then return 0 end
local past = stamp_of(held, ARGV[1])
if past and past ~= made then kind, made, from = 'unknown', past, kind end
if from == '' or from == kind then return 0 end
redis.call('SET', KEYS[2], kind .. ' ' .. made, 'PX', TOLD_MS)
return 1
"""
)


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A chain's change of kind; `at` is epoch seconds of Redis's clock, or of the last snapshot whose kind was told."""

    before: str
    after: str
    at: float


@dataclass(frozen=True, slots=True)
class KindRecord:
    """The kind of source of one snapshot, empty where nothing is recorded, and the last change of it."""

    kind: str = ""
    change: SourceChange | None = None


NO_RECORD = KindRecord()


def parse_record(raw: object, ts_ms: int) -> KindRecord:
    """Return what a record says of the snapshot of `ts_ms`, epoch milliseconds; one of another stamp: unknown."""
    found = _RECORD.fullmatch(raw) if isinstance(raw, bytes) else None
    if found is None:
        return KindRecord()
    kind, made, before, at = (part.decode() if part else "" for part in found.groups())
    if int(made) != ts_ms:
        change = SourceChange(kind, UNKNOWN, int(made) / 1000) if kind != UNKNOWN else None
        return KindRecord(UNKNOWN, change)
    return KindRecord(kind, SourceChange(before, kind, int(at) / 1000) if before else None)


class KindRecords:
    """Reads and changes records under one prefix. Every call is bounded in time and raises RedisUnavailableError."""

    def __init__(self, redis: Redis, names: Names) -> None:
        self._redis = redis
        self._names = names
        self._cluster = is_cluster(redis)

    async def held(self, chains: Iterable[ChainId]) -> dict[ChainId, tuple[SnapshotId, str]]:
        """Return the snapshot that each chain's pointer names and its kind, of chains that have one."""
        found: dict[ChainId, tuple[SnapshotId, str]] = {}
        wanted = list(chains)
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            pipe = self._redis.pipeline(transaction=False)
            for chain in batch:
                pipe.getrange(self._names.latest(chain), 0, 127)
                pipe.getrange(self._source(chain), 0, RECORD_BYTES)
            async with bounded():
                replies = heard(await pipe.execute(raise_on_error=False))
            for chain, pointer, record in zip(batch, replies[::2], replies[1::2], strict=True):
                if (stamp := self._stamp(chain, pointer)) is not None:
                    found[chain] = SnapshotId(chain, stamp), parse_record(record, stamp).kind or UNKNOWN
        return found

    async def withdraw(self, chains: Iterable[ChainId]) -> int:
        """Delete the pointers to invented and recorded snapshots, no others; return how many were there."""
        return await self._each(_WITHDRAW, chains)

    async def acknowledge(self, chains: Iterable[ChainId]) -> int:
        """Forget the changes of kind of these chains; return how many were told."""
        return await self._each(_ACKNOWLEDGE, chains)

    async def force(self, chain: ChainId, payload: str, *, kind: str, hold_ms: int) -> bool:
        """Point a chain to a payload whatever its stamp; return False, and do nothing, where live data may be."""
        stamp = payload.rpartition(":")[2]
        keys = (self._names.latest(chain), self._source(chain))
        async with bounded():
            said = await self._redis.eval(_FORCE, 2, *keys, self._head(chain), payload, stamp, kind, hold_ms)
        return bool(said == 1)

    async def _each(self, script: str, chains: Iterable[ChainId]) -> int:
        wanted = list(chains)
        done = 0
        for start in range(0, len(wanted), _BATCH):
            pipe = self._redis.pipeline(transaction=False)
            for chain in wanted[start : start + _BATCH]:
                pipe.eval(script, 2, self._names.latest(chain), self._source(chain), self._head(chain))
            async with bounded():
                replies: Sequence[object] = heard(await pipe.execute(raise_on_error=False))
            for reply in replies:
                if isinstance(reply, Exception):
                    async with bounded():
                        raise reply
                done += reply == 1
        return done

    def _stamp(self, chain: ChainId, pointer: object) -> int | None:
        head = self._head(chain)
        text = pointer.decode("utf-8", "replace") if isinstance(pointer, bytes) else ""
        stamp = text.removeprefix(head)
        return int(stamp) if text.startswith(head) and stamp.isascii() and stamp.isdigit() else None

    def _source(self, chain: ChainId) -> str:
        return self._names.source(chain, cluster=self._cluster)

    def _head(self, chain: ChainId) -> str:
        return self._names.snapshot_head(chain)

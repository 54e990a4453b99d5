"""Staging in Redis: a hash for each chain, written in one step by the one who leads, and read by anybody."""

import logging
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import cast

from msgspec import Struct, field
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from redis.typing import EncodableT

from chain.errors import DecodeError, OverLimitError, OversizedError, RedisUnavailableError
from chain.model.keys import ChainId, KeySchema
from chain.pipeline.staging import CONTRACT_FORM, META_FIELD, META_FORM, Flush, StagedContract, StagingMeta
from chain.redis.connect.causes import is_wrong_type, redis_cause
from chain.redis.connect.connection import is_cluster, raise_if_lost, redis_call
from chain.redis.contract.scripts import ScriptCall, ScriptRunner
from chain.text import clean

log = logging.getLogger(__name__)

STAGING_BYTES = 16 * 1024 * 1024  # of one chain, read at once
_WORDS = (b"written", b"unheard", b"lost", b"behind", b"other")


class StagingVerdict(StrEnum):
    """What became of a write."""

    WRITTEN = "written"
    UNHEARD = "unheard"  # written, and not announced: this user may not
    LOST = "lost"  # the lease is another's, or nobody's
    BEHIND = "behind"  # what stands there includes more of the stream
    OTHER = "other"  # what was to be changed is gone, or is not what was written before


class Extent(StrEnum):
    """How much a write replaces."""

    PART = "part"  # some fields
    WHOLE = "whole"  # all of it
    ANEW = "anew"  # all of it, also where a later position stands there, of a stream that is gone


class StagingWrite(Struct, frozen=True):
    """What is written of one chain: its meta, and contracts by ticker, all of them unless it is a part.

    A part changes what was written before with the position `before`.
    """

    chain: ChainId
    meta: StagingMeta
    extent: Extent
    ttl_ms: int
    contracts: Mapping[str, StagedContract] = field(default_factory=dict)
    removed: Sequence[str] = ()
    before: str = ""


class Staging(Struct, frozen=True):
    """A chain's staging as read: contracts by ticker, and how many fields could not be read."""

    meta: StagingMeta
    contracts: Mapping[str, StagedContract]
    malformed: int = 0


class StagingWriter:
    """Writes as one compositor. Every call is bounded in time and raises RedisUnavailableError."""

    def __init__(self, redis: Redis, keys: KeySchema, owner: str) -> None:
        """`owner`: the name under which it holds the lease."""
        self._keys = keys
        self._owner = owner
        self._runner = ScriptRunner(redis)
        self._unheard = False  # whether that was said
        self._lease = [] if is_cluster(redis) else [keys.compositor_lease()]

    async def write(self, writes: Sequence[StagingWrite]) -> list[StagingVerdict]:
        """Write chains and announce each, in one request; return what became of each, in order."""
        replies = (await self._runner.run([self._call(each) for each in writes])).calls
        verdicts = [_verdict(reply) for reply in raise_if_lost(replies)]
        if StagingVerdict.UNHEARD in verdicts and not self._unheard:
            self._unheard = True
            log.warning("writes of staging are not announced: this Redis user has no right to PUBLISH them")
        return verdicts

    def _call(self, write: StagingWrite) -> ScriptCall:
        meta, chain = write.meta, write.chain
        notice = Flush(
            underlying=chain.underlying,
            expiration=chain.expiry.isoformat(),
            position=meta.position,
            flushed=meta.flushed,
            fields=tuple(write.contracts) if write.extent is Extent.PART else (),
            whole=write.extent is not Extent.PART,
        )
        head = (
            self._owner,
            meta.position,
            write.ttl_ms,
            write.extent.value,
            self._keys.staging_flushes(),
            notice.encode(),
        )
        args: list[EncodableT] = [*head, write.before, len(write.removed), *write.removed, META_FIELD, meta.encode()]
        for ticker, staged in write.contracts.items():
            args += (ticker, staged.encode())
        return ScriptCall("stage", [self._keys.staging(chain), *self._lease], args)


def _verdict(reply: object) -> StagingVerdict:
    if isinstance(reply, Exception):
        cause = redis_cause(reply, "EVAL")
        raise RedisUnavailableError(str(cause), cause.code)
    if isinstance(reply, bytes) and reply in _WORDS:
        return StagingVerdict(reply.decode())
    raise RedisUnavailableError(f"Redis answered {clean(reply, 40)!r} to a write of staging")


async def read_staging(
    redis: Redis, keys: KeySchema, chain: ChainId, fields: Sequence[str] | None = None
) -> Staging | None:
    """Return a chain's staging, all of it or only some contracts; None where there is none.

    A contract that cannot be read is left out and counted. Raises DecodeError where the meta cannot be read, or the key
    holds something else, and RedisUnavailableError.
    """
    found = await _read(redis, keys.staging(chain), fields)
    raw = found.pop(META_FIELD.encode(), None)
    if raw is None:
        return None
    contracts: dict[str, StagedContract] = {}
    malformed = 0
    for name, value in found.items():
        if value is None:
            continue
        try:
            contracts[name.decode()] = CONTRACT_FORM.decode(value)
        except (DecodeError, UnicodeDecodeError):
            malformed += 1
    return Staging(META_FORM.decode(raw), contracts, malformed)


async def _read(redis: Redis, key: str, fields: Sequence[str] | None) -> dict[bytes, bytes | None]:
    try:
        async with redis_call(most=STAGING_BYTES):
            return await _hash(redis, key, fields)
    except OversizedError:
        raise OverLimitError(f"staging: larger than {STAGING_BYTES} bytes") from None


async def _hash(redis: Redis, key: str, fields: Sequence[str] | None) -> dict[bytes, bytes | None]:
    """Return fields of a hash, None for all of them; raise DecodeError where the key holds something else."""
    try:
        if fields is None:
            return cast("dict[bytes, bytes | None]", await redis.hgetall(key))
        names = [META_FIELD, *fields]
        values = cast("list[bytes | None]", await redis.hmget(key, names))
    except ResponseError as error:
        if is_wrong_type(error):
            raise DecodeError("staging: not a hash") from None
        raise
    return dict(zip([name.encode() for name in names], values, strict=True))

"""Publishers of the contract: one that keeps it, and for every clause some that break it and keep all else."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import orjson
from redis.asyncio import Redis

from chain.audit.clauses import Clause
from chain.model.keys import ChainId
from chain.model.session import new_york
from chain.model.snapshot import MAX_CONTRACTS, MAX_PAYLOAD_BYTES
from chain.monitor.heartbeat import ChainPlan, Heartbeat, SourceInfo
from tests.support.builders import contract, contracts
from tests.support.waiting import wait_until_async

TTL_MS = 60_000
ATM, RANGE = 6930, 100
STRIKES = tuple(range(ATM - RANGE, ATM + RANGE + 1, 10))  # 21: one lone side is just under one in twenty

Body = dict[str, Any]


def ahead(days: int) -> ChainId:
    """Return a chain of SPX that expires so many days from New York's today."""
    return ChainId("SPX", new_york(time.time()).date() + timedelta(days=days))


class Honest:
    """Publishes three expirations whole, one step at a time; what is broken, subclasses break on the first alone."""

    prefix = "massive"

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.chains = [ahead(2), ahead(3), ahead(6)]
        self.steps = 0
        self.last_ms = 0

    async def step(self) -> None:
        """Publish one snapshot of every chain, and the heartbeat."""
        self.steps += 1
        for chain in self.chains:
            self.last_ms = max(time.time_ns() // 1_000_000, self.last_ms + 1)
            if chain == self.chains[0]:
                await self.broken(chain, self.last_ms)
            else:
                await self.publish(chain, self.last_ms, self.body(chain, self.last_ms))
        await self.redis.set("mock_massive:heartbeat", self.heartbeat().encode(), ex=15)

    async def broken(self, chain: ChainId, ts_ms: int) -> None:
        await self.publish(chain, ts_ms, self.body(chain, ts_ms))

    def body(self, chain: ChainId, ts_ms: int) -> Body:
        return {
            "ts": ts_ms / 1000 + 0.000389,
            "underlying": chain.underlying,
            "expiration": chain.expiry.isoformat(),
            "atm": ATM,
            "range_points": RANGE,
            "contracts": contracts(chain, STRIKES),
        }

    def pointer_key(self, chain: ChainId) -> str:
        return f"{self.prefix}:chain:latest:{chain.underlying}:{chain.expiry}"

    def payload_key(self, chain: ChainId, ts_ms: int) -> str:
        return f"{self.prefix}:chain:snapshot:{chain.underlying}:{chain.expiry}:{ts_ms}"

    async def publish(self, chain: ChainId, ts_ms: int, body: object) -> None:
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        await self.write(self.pointer_key(chain), self.payload_key(chain, ts_ms), raw)

    async def write(self, pointer: str, key: str, raw: bytes, value: str | None = None) -> None:
        """Write payload, then pointer, with one deadline."""
        deadline = await self.deadline()
        await self.redis.set(key, raw, pxat=deadline)
        await self.redis.set(pointer, key if value is None else value, pxat=deadline)

    async def deadline(self) -> int:
        seconds, micros = await self.redis.time()
        return int(seconds) * 1000 + micros // 1000 + TTL_MS

    def heartbeat(self) -> Heartbeat:
        plan = ChainPlan(prefix=self.prefix, depth=len(self.chains), expected=tuple(self.chains))
        return Heartbeat("mock_massive", time.time(), 1, "running", SourceInfo("mock"), plan)


class BodyBroken(Honest):
    """Publishes a body that was spoiled."""

    def __init__(self, redis: Redis, spoil: Callable[[Body], object]) -> None:
        super().__init__(redis)
        self.spoil = spoil

    async def broken(self, chain: ChainId, ts_ms: int) -> None:
        body = self.body(chain, ts_ms)
        spoiled = self.spoil(body)
        await self.publish(chain, ts_ms, body if spoiled is None else spoiled)


class ValueBroken(Honest):
    """Lets the pointer say something else than the payload's key."""

    def __init__(self, redis: Redis, value: Callable[[str], str]) -> None:
        super().__init__(redis)
        self.value = value

    async def broken(self, chain: ChainId, ts_ms: int) -> None:
        key = self.payload_key(chain, ts_ms)
        await self.write(self.pointer_key(chain), key, orjson.dumps(self.body(chain, ts_ms)), self.value(key))


class StampBroken(Honest):
    """Ends payload keys in something else than milliseconds."""

    def __init__(self, redis: Redis, stamp: Callable[[int], str]) -> None:
        super().__init__(redis)
        self.stamp = stamp

    async def broken(self, chain: ChainId, ts_ms: int) -> None:
        key = self.payload_key(chain, ts_ms).replace(str(ts_ms), self.stamp(ts_ms))
        await self.write(self.pointer_key(chain), key, orjson.dumps(self.body(chain, ts_ms)))


class PointerKeyBroken(Honest):
    """Writes one more pointer, under a name that is none."""

    def __init__(self, redis: Redis, name: str) -> None:
        super().__init__(redis)
        self.name = name

    async def broken(self, chain: ChainId, ts_ms: int) -> None:
        await super().broken(chain, ts_ms)
        await self.redis.set(f"massive:chain:latest:{self.name}", self.payload_key(chain, ts_ms), px=TTL_MS)


class ListForPointer(Honest):
    """Keeps its pointers in a list."""

    async def broken(self, chain: ChainId, ts_ms: int) -> None:
        key = self.pointer_key(chain)
        await self.redis.lpush(key, self.payload_key(chain, ts_ms))
        await self.redis.pexpire(key, TTL_MS)


class HashForPayload(Honest):
    """Keeps a payload's fields in a hash."""

    async def broken(self, chain: ChainId, ts_ms: int) -> None:
        key, deadline = self.payload_key(chain, ts_ms), await self.deadline()
        await self.redis.hset(key, "atm", str(ATM))
        await self.redis.pexpireat(key, deadline)
        await self.redis.set(self.pointer_key(chain), key, pxat=deadline)


class Rewriting(Honest):
    """Corrects a payload in its place."""

    async def broken(self, chain: ChainId, ts_ms: int) -> None:
        await super().broken(chain, ts_ms)
        if self.steps == 2:
            self.corrected = chain, ts_ms
        elif self.steps == 5:
            chain, ts_ms = self.corrected
            await self.redis.set(
                self.payload_key(chain, ts_ms), orjson.dumps(self.body(chain, ts_ms) | {"atm": ATM + 1}), keepttl=True
            )


class Endless(Honest):
    """Forgets a time to live, of the payload or of the pointer."""

    def __init__(self, redis: Redis, part: str) -> None:
        super().__init__(redis)
        self.part = part

    async def broken(self, chain: ChainId, ts_ms: int) -> None:
        await super().broken(chain, ts_ms)
        key = self.payload_key(chain, ts_ms) if self.part == "payload" else self.pointer_key(chain)
        await self.redis.persist(key)


class Unmirrored(Honest):
    """Gives the pointer a time to live of its own."""

    def __init__(self, redis: Redis, by_ms: int) -> None:
        super().__init__(redis)
        self.by_ms = by_ms

    async def broken(self, chain: ChainId, ts_ms: int) -> None:
        await super().broken(chain, ts_ms)
        key = self.pointer_key(chain)
        await self.redis.pexpireat(key, await self.redis.pexpiretime(key) + self.by_ms)


class Dangling(Honest):
    """Moves the pointer and writes no payload."""

    async def broken(self, chain: ChainId, ts_ms: int) -> None:
        await self.redis.set(self.pointer_key(chain), self.payload_key(chain, ts_ms), px=TTL_MS)


class Backward(Honest):
    """Now and then points to the snapshot before."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis)
        self.before = self.newest = ""

    async def broken(self, chain: ChainId, ts_ms: int) -> None:
        if self.steps % 3 == 0:
            deadline = await self.redis.pexpiretime(self.before)
            await self.redis.set(self.pointer_key(chain), self.before, pxat=deadline)
            return
        self.before = self.newest
        self.newest = self.payload_key(chain, ts_ms)
        await super().broken(chain, ts_ms)


class Lapsing(Honest):
    """Comes back to a pointer after its time to live."""

    async def broken(self, chain: ChainId, ts_ms: int) -> None:
        await super().broken(chain, ts_ms)
        if self.steps == 4:
            await self.redis.pexpire(self.payload_key(chain, ts_ms), 1)
            await self.redis.pexpire(self.pointer_key(chain), 1)
            await wait_until_async(lambda: self._gone(chain), what="the pointer's end")

    async def _gone(self, chain: ChainId) -> bool:
        return not await self.redis.exists(self.pointer_key(chain))


class Frozen(Honest):
    """Stamps every snapshot with the time of its first."""

    async def broken(self, chain: ChainId, ts_ms: int) -> None:
        if self.steps == 1:
            self.first = ts_ms / 1000
        await self.publish(chain, ts_ms, self.body(chain, ts_ms) | {"ts": self.first})


class Fast(Honest):
    """Lives ten seconds ahead of Redis, key and ts alike."""

    async def broken(self, chain: ChainId, ts_ms: int) -> None:
        await super().broken(chain, ts_ms + 10_000)


class Expired(Honest):
    """Publishes yesterday's expiration besides the tradable ones."""

    async def broken(self, chain: ChainId, ts_ms: int) -> None:
        await super().broken(chain, ts_ms)
        await self.publish(ahead(-1), ts_ms, self.body(ahead(-1), ts_ms))


class Shallow(Honest):
    """Publishes three expirations and says that it publishes six."""

    def heartbeat(self) -> Heartbeat:
        chains = tuple(ahead(days) for days in (2, 3, 6, 7, 8, 9))
        plan = ChainPlan(depth=6, expected=chains)
        return Heartbeat("mock_massive", time.time(), 1, "running", SourceInfo("mock"), plan)


class Dropping(Honest):
    """Takes an expiration away, and announces nothing at all."""

    async def step(self) -> None:
        await super().step()
        await self.redis.delete("mock_massive:heartbeat")

    async def broken(self, chain: ChainId, ts_ms: int) -> None:
        if self.steps < 4:
            await super().broken(chain, ts_ms)
        else:
            await self.redis.delete(self.pointer_key(chain))


@dataclass(frozen=True)
class Case:
    """A publisher, the clause that it breaks, what its evidence says, and what else is broken by consequence."""

    clause: Clause
    make: Callable[[Redis], Honest]
    evidence: str
    also: frozenset[Clause] = frozenset()


def body(spoil: Callable[[Body], object]) -> Callable[[Redis], Honest]:
    return lambda redis: BodyBroken(redis, spoil)


def field(name: str, value: object) -> Callable[[Redis], Honest]:
    return body(lambda made: made.update({name: value}))


def details(index: int, **changes: object) -> Callable[[Redis], Honest]:
    return body(lambda made: made["contracts"][index]["details"].update(changes))


def value(change: Callable[[str], str]) -> Callable[[Redis], Honest]:
    return lambda redis: ValueBroken(redis, change)


def _chain_of(made: Body) -> ChainId:
    return ChainId(made["underlying"], date.fromisoformat(made["expiration"]))


def _without_range(made: Body) -> None:
    del made["range_points"]


def _only_calls(made: Body) -> None:
    made["contracts"] = made["contracts"][::2]


def _two_lone_sides(made: Body) -> None:
    del made["contracts"][1], made["contracts"][2]


_TOO_DEEP = MAX_CONTRACTS * 10 + 1

CASES = {
    "lower-case underlying": Case(
        Clause.POINTER_KEY, lambda redis: PointerKeyBroken(redis, "spx:2026-01-02"), "'spx' in a key"
    ),
    "compact date in a pointer key": Case(
        Clause.POINTER_KEY, lambda redis: PointerKeyBroken(redis, "SPX:20260102"), "'20260102' is not a date"
    ),
    "JSON string in the pointer": Case(Clause.POINTER_VALUE, value(lambda key: f'"{key}"'), "its value is JSON"),
    "JSON object in the pointer": Case(
        Clause.POINTER_VALUE, value(lambda key: f'{{"key":"{key}"}}'), "its value is JSON"
    ),
    "pointer without the prefix": Case(
        Clause.POINTER_VALUE, value(lambda key: key.removeprefix("massive:")), "no payload key of this prefix"
    ),
    "pointer to another prefix": Case(
        Clause.POINTER_VALUE, value(lambda key: key.replace("massive:", "massive:replay:", 1)), "no payload key of this"
    ),
    "pointer to another chain": Case(
        Clause.POINTER_VALUE, value(lambda key: key.replace(":SPX:", ":NDX:")), "names a payload of NDX"
    ),
    "empty pointer": Case(Clause.POINTER_VALUE, value(lambda _: ""), "no payload key"),
    "list for a pointer": Case(Clause.POINTER_VALUE, ListForPointer, "no Redis string"),
    "payload key in seconds": Case(
        Clause.PAYLOAD_KEY, lambda redis: StampBroken(redis, lambda ms: str(ms // 1000)), "no epoch in milliseconds"
    ),
    "payload key with a fraction": Case(
        Clause.PAYLOAD_KEY, lambda redis: StampBroken(redis, lambda ms: f"{ms}.25"), ".25', which is no epoch"
    ),
    "payload rewritten": Case(Clause.PAYLOAD_IMMUTABLE, Rewriting, "bytes became"),
    "payload without TTL": Case(Clause.PAYLOAD_TTL, lambda redis: Endless(redis, "payload"), "has no time to live"),
    "pointer without TTL": Case(Clause.POINTER_TTL, lambda redis: Endless(redis, "pointer"), "has no time to live"),
    "pointer outlives its payload": Case(Clause.TTL_MIRROR, lambda redis: Unmirrored(redis, 5_000), "5000 ms after"),
    "pointer ends two ms early": Case(Clause.TTL_MIRROR, lambda redis: Unmirrored(redis, -2), "2 ms before"),
    "pointer before payload": Case(Clause.POINTER_RESOLVES, Dangling, "which is not there"),
    "pointer goes back": Case(Clause.POINTER_FORWARD, Backward, "back by"),
    "pointer lapses": Case(Clause.POINTER_KEPT, Lapsing, "the pointer lapsed", frozenset({Clause.DEPTH})),
    "hash for a payload": Case(Clause.PAYLOAD_JSON, HashForPayload, "no Redis string"),
    "payload cut short": Case(Clause.PAYLOAD_JSON, body(lambda made: orjson.dumps(made)[:-1]), "not JSON"),
    "payload with NaN": Case(
        Clause.PAYLOAD_JSON, body(lambda made: orjson.dumps(made).replace(b"6930,", b"NaN,", 1)), "not JSON"
    ),
    "empty payload": Case(Clause.PAYLOAD_JSON, body(lambda _: b""), "empty"),
    "array for a payload": Case(Clause.PAYLOAD_JSON, body(lambda made: made["contracts"]), "an array, not an object"),
    "payload beyond the limit": Case(
        Clause.PAYLOAD_JSON,
        body(lambda made: orjson.dumps(made)[:-1] + b' "' * (MAX_PAYLOAD_BYTES // 2)),
        "larger than",
    ),
    "payload of nesting": Case(
        Clause.PAYLOAD_JSON, body(lambda _: b"[" * _TOO_DEEP + b"]" * _TOO_DEEP), "more than 50000 objects"
    ),
    "a field missing": Case(Clause.PAYLOAD_FIELDS, body(_without_range), "missing: range_points"),
    "ts in milliseconds": Case(Clause.TS, body(lambda made: made.update(ts=made["ts"] * 1000)), "no epoch in seconds"),
    "ts in words": Case(Clause.TS, field("ts", "2026-01-02T09:30:00Z"), "'2026-01-02T09:30:00Z'"),
    "ts that is true": Case(Clause.TS, field("ts", True), "ts true"),
    "ts five ms off": Case(Clause.TS_KEY, body(lambda made: made.update(ts=made["ts"] - 0.005)), "-4.611 ms from the"),
    "ts stands still": Case(Clause.TS_FORWARD, Frozen, "in a later key", frozenset({Clause.TS_KEY})),
    "ts in the future": Case(Clause.TS_NOT_FUTURE, Fast, "ahead of Redis"),
    "vendor's name for the underlying": Case(Clause.UNDERLYING, field("underlying", "I:SPX"), "'I:SPX' under a key of"),
    "compact expiration": Case(Clause.EXPIRATION, field("expiration", "20260102"), "is not a date YYYY-MM-DD"),
    "expiration of another chain": Case(
        Clause.EXPIRATION, field("expiration", ahead(9).expiry.isoformat()), "under a key of SPX"
    ),
    "fractional atm": Case(Clause.ATM, field("atm", 6930.0), "atm 6930.0 is no int"),
    "atm that is null": Case(Clause.ATM, field("atm", None), "atm null"),
    "negative range": Case(Clause.RANGE_POINTS, field("range_points", -100), "range_points -100"),
    "fractional range": Case(Clause.RANGE_POINTS, field("range_points", 100.5), "range_points 100.5"),
    "contracts by strike": Case(
        Clause.CONTRACTS, body(lambda made: made.update(contracts={"6930": made["contracts"][0]})), "an object of 1"
    ),
    "no contracts": Case(Clause.CONTRACTS, field("contracts", []), "contracts is empty"),
    "contracts by name": Case(
        Clause.CONTRACTS,
        body(lambda made: made["contracts"].append("O:SPXW260102C06930000")),
        "contracts[42] is 'O:SPXW",
    ),
    "calls only": Case(Clause.BOTH_SIDES, body(_only_calls), "21 contracts and no put"),
    "sides by a letter": Case(Clause.BOTH_SIDES, details(7, contract_type="P"), "contracts[7]: contract_type 'P'"),
    "strike in words": Case(Clause.STRIKE_GRID, details(4, strike_price="6850"), "strike_price '6850' is no number"),
    "strike twice": Case(
        Clause.STRIKE_GRID,
        body(lambda made: made["contracts"].append(contract(_chain_of(made), 6840, "put", 77))),
        "contracts[42]: a second SPXW put 6840",
    ),
    "lone sides": Case(Clause.STRIKE_GRID, body(_two_lone_sides), "2 of 21 strikes have one side only, SPXW 6830"),
    "strikes beyond the range": Case(Clause.IN_RANGE, field("range_points", 99), "strike 6830 is outside 6930 ± 99"),
    "contract of another date": Case(
        Clause.CONTRACT_EXPIRATION, details(5, expiration_date="2031-01-03"), "expiration_date '2031-01-03' under a key"
    ),
    "expired chain": Case(Clause.UNEXPIRED, Expired, "after its expiration"),
    "fewer than announced": Case(Clause.DEPTH, Shallow, "3 expirations where the heartbeat says 6"),
    "expiration taken away": Case(Clause.DEPTH, Dropping, "2 expirations after 3", frozenset({Clause.POINTER_KEPT})),
}

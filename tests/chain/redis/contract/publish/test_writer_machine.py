"""Two publishers, crashes, stalls, expiry and a foreign hand in any order: the laws of the store after every step."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from redis.asyncio import Redis

from chain.model.keys import ChainId, KeySchema, SnapshotId
from chain.model.snapshot import Snapshot, decode, encode
from chain.redis.contract.publish.draft import Draft, PublishResult, PublishVerdict
from chain.redis.contract.publish.reply import PutReply, WriteReply
from chain.redis.contract.publish.step_writer import StepWriter, WriteTarget
from chain.redis.contract.publish.writer import SnapshotWriter, snapshot_writer
from chain.redis.contract.scripts import ScriptRunner
from tests.support.builders import SPX, Held, assert_all_expire, eventually, held, items_in, small

pytestmark = pytest.mark.slow

T = TypeVar("T")

NAMES = KeySchema()
CHAINS = (SPX, ChainId("NDX", SPX.expiry))
SHORT_S = 0.03

publishers = st.integers(0, 1)
chains = st.sampled_from(CHAINS)
# Few offsets, so that milliseconds collide; one beyond what Redis's clock tolerates.
offsets = st.sampled_from([-90_000, -3, -2, -1, 0, 1, 2, 3, 500, 60_000])
marks = st.integers(1, 3)
ways = st.tuples(st.booleans(), st.booleans())  # whether each store writes payload and pointer apart
ttls = st.sampled_from([SHORT_S, 60.0, 600.0])


class StallingSteps(StepWriter):
    """Writes payload and pointer apart, as on a cluster, and can be held between the two."""

    def __init__(self, redis: Redis, runner: ScriptRunner) -> None:
        super().__init__(redis, runner, WriteTarget(NAMES))
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.between = asyncio.Event()

    async def move(self, drafts: Sequence[Draft], puts: Sequence[PutReply]) -> list[WriteReply]:
        self.between.set()
        await self.go_on.wait()
        return await super().move(drafts, puts)


class TwoWays:
    """One publisher that can write a snapshot in one request, and in steps."""

    def __init__(self, redis: Redis) -> None:
        runner = ScriptRunner(redis)
        self.steps = StallingSteps(redis, runner)
        self.at_once = snapshot_writer(redis, NAMES)
        self.apart = SnapshotWriter(redis, NAMES, runner, self.steps)
        self.in_steps = False

    async def publish(self, made: Snapshot, ttl: float) -> PublishResult:
        [outcome] = await (self.apart if self.in_steps else self.at_once).publish([made], ttl)
        return outcome


@dataclass
class Stalled:
    made: Snapshot
    task: asyncio.Task[PublishResult]


class TwoPublishers(RuleBasedStateMachine):
    """The model: for each chain the newest pointer seen, and whether a foreign hand has taken its payload."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.seen: dict[ChainId, Held] = {}
        self.robbed: set[ChainId] = set()
        self.mortal: set[int] = set()  # stamps whose payloads had a short deadline, or were taken away
        self.stalled: dict[int, Stalled] = {}
        self.run(self.open())

    def run(self, work: Awaitable[T]) -> T:
        async def wait() -> T:
            return await work

        return self.runner.run(wait())

    async def open(self) -> None:
        self.redis = Redis.from_url(self.url)
        await self.redis.flushall()
        self.clients = [Redis.from_url(self.url) for _ in range(2)]
        self.stores = [TwoWays(client) for client in self.clients]
        self.base = await self.now()

    def teardown(self) -> None:
        self.run(self.close())
        self.runner.close()

    async def close(self) -> None:
        for stalled in self.stalled.values():
            stalled.task.cancel()
        for client in (*self.clients, self.redis):
            await client.aclose()

    async def now(self) -> int:
        seconds, micros = await self.redis.time()
        return int(seconds * 1000 + micros // 1000)

    # What may happen

    @precondition(lambda self: len(self.stalled) < 2)
    @rule(chain=chains, offset=offsets, mark=marks, ttl=ttls)
    def publish(self, chain: ChainId, offset: int, mark: int, ttl: float) -> None:
        self.run(self.publish_and_judge(self.free(), small(chain, self.base + offset, mark), ttl))

    @precondition(lambda self: not self.stalled)
    @rule(chain=chains, left=st.tuples(offsets, marks), right=st.tuples(offsets, marks), apart=ways)
    def publish_together(
        self, chain: ChainId, left: tuple[int, int], right: tuple[int, int], apart: tuple[bool, bool]
    ) -> None:
        for store, way in zip(self.stores, apart, strict=True):
            store.in_steps = way

        async def together() -> None:
            made = [small(chain, self.base + offset, mark) for offset, mark in (left, right)]
            await asyncio.gather(*(self.publish_and_judge(who, one, 60.0) for who, one in enumerate(made)))

        self.run(together())

    @precondition(lambda self: len(self.stalled) < 2)
    @rule(chain=chains, offset=offsets, mark=marks)
    def stall_between_payload_and_pointer(self, chain: ChainId, offset: int, mark: int) -> None:
        who, made = self.free(), small(chain, self.base + offset, mark)
        store = self.stores[who]

        async def stall() -> None:
            store.in_steps = True
            store.steps.between.clear()
            store.steps.go_on.clear()
            task = asyncio.create_task(store.publish(made, 60.0))
            waiting = asyncio.create_task(store.steps.between.wait())
            await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
            assert not task.done(), f"it ended before the pointer: {task}"
            self.stalled[who] = Stalled(made, task)

        self.run(stall())

    @precondition(lambda self: self.stalled)
    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.stalled)))
        stalled = self.stalled.pop(who)

        async def finish() -> None:
            self.stores[who].steps.go_on.set()
            outcome = await stalled.task
            await self.evaluate(stalled.made, outcome, lives=True)

        self.run(finish())

    @precondition(lambda self: self.stalled)
    @rule(data=st.data())
    def crash_between_payload_and_pointer(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.stalled)))
        stalled = self.stalled.pop(who)

        async def crash() -> None:
            stalled.task.cancel()
            await asyncio.wait([stalled.task])
            self.stores[who].steps.go_on.set()

        self.run(crash())

    @rule(chain=chains)
    def expire(self, chain: ChainId) -> None:
        async def expire() -> None:
            found = await held(self.redis, chain)
            if found is None:
                return
            if found.deadline < self.base + 50_000:
                await eventually(lambda: self.gone(chain))
            else:  # what expiry does, in one instant
                await self.redis.delete(NAMES.latest(chain), found.pointer)
                self.mortal.add(found.ts_ms)  # a writer held before its pointer may have kept the same payload
            self.forget(chain)

        self.run(expire())

    @rule(chain=chains)
    def pointer_is_deleted(self, chain: ChainId) -> None:
        self.run(self.redis.delete(NAMES.latest(chain)))
        self.forget(chain)

    @rule(chain=chains)
    def payload_is_deleted(self, chain: ChainId) -> None:
        found = self.run(held(self.redis, chain))
        if found is not None:
            self.run(self.redis.delete(found.pointer))
            self.mortal.add(found.ts_ms)
            self.robbed.add(chain)

    @rule(chain=chains, ahead=st.sampled_from([3_000, 10**9]))
    def pointer_is_poisoned_from_the_future(self, chain: ChainId, ahead: int) -> None:
        async def poison() -> None:
            key = NAMES.snapshot(SnapshotId(chain, await self.now() + ahead))
            await self.redis.set(NAMES.latest(chain), key, ex=60)

        self.run(poison())
        self.forget(chain)
        self.robbed.add(chain)

    # What must hold

    def free(self) -> int:
        return next(who for who in range(2) if who not in self.stalled)

    async def gone(self, chain: ChainId) -> bool:
        return await held(self.redis, chain) is None

    def forget(self, chain: ChainId) -> None:
        self.seen.pop(chain, None)
        self.robbed.discard(chain)

    async def publish_and_judge(self, who: int, made: Snapshot, ttl: float) -> None:
        outcome = await self.stores[who].publish(made, ttl)
        await self.evaluate(made, outcome, lives=ttl > SHORT_S)

    async def evaluate(self, made: Snapshot, outcome: PublishResult, *, lives: bool) -> None:
        """Hold the outcome against Redis; `lives` where it cannot have expired meanwhile."""
        chain = made.id.chain
        ahead = outcome.id.ts_ms > await self.now() + 2_000
        stamps = {made.id.ts_ms, outcome.id.ts_ms}  # the second where the first was taken
        mortal = not self.mortal.isdisjoint(stamps)
        found = await held(self.redis, chain)
        if outcome.verdict is PublishVerdict.FAILED:
            # A payload kept from before may also die of its first, short deadline, or be taken from a held writer,
            # whose pointer then names what is gone.
            assert ahead or not lives or mortal, outcome
            if mortal:
                self.robbed.add(chain)
        elif outcome.verdict is PublishVerdict.REFUSED_OLDER:
            assert found is None or outcome.id.ts_ms < found.ts_ms <= await self.now() + 2_000
        else:
            assert not ahead
            raw = await self.redis.get(NAMES.snapshot(outcome.id))
            if isinstance(raw, bytes):
                assert items_in(raw) == made.contracts
                assert raw == encode(made) or outcome.id != made.id
            if found is not None:
                self.robbed.discard(chain)
                assert found.ts_ms >= outcome.id.ts_ms
            else:
                assert not lives or mortal, "published, but there is no pointer"
        if not lives:
            self.mortal |= stamps

    @invariant()
    def the_laws(self) -> None:
        self.run(self.check())

    async def check(self) -> None:
        await assert_all_expire(self.redis)
        for chain in CHAINS:
            found = await held(self.redis, chain)
            if found is None:
                self.forget(chain)
                continue
            if chain not in self.robbed:
                assert found.payload is not None, "the pointer dangles"
                assert abs(found.deadline - found.payload_deadline) <= 1, "the deadlines part"
                assert decode(found.payload, NAMES.parse_snapshot(found.pointer)).id.chain == chain
                before = self.seen.get(chain)
                if before is not None and found.ts_ms < before.ts_ms:
                    assert before.deadline <= await self.now(), "the pointer went back"
                self.seen[chain] = found


def test_two_publishers_and_the_laws_of_the_store(redis_url: str) -> None:
    TwoPublishers.url = redis_url
    run_state_machine_as_test(
        TwoPublishers,
        settings=settings(
            max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )

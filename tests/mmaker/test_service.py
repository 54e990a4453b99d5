"""A compositor as it runs: who leads, what its heartbeat says, and how it ends."""

import asyncio
import logging

import msgspec
import pytest
from redis.asyncio import Redis

from chain.clock import SystemClock
from chain.model.keys import STREAM
from chain.monitor.messages.compositor import CompositorBeat, read_compositor_beat
from chain.monitor.states import CompositorState
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.staging import STAGING_BYTES
from chain.redis.contract.stream.group import GROUP
from chain.supervisor import Supervisor
from chain.tasks import end
from mmaker.flush import ChainFlush
from mmaker.service import CompositorService
from tests.support.builders import SPX
from tests.support.composing import PUT, Surroundings, running, staged_quote
from tests.support.waiting import wait_until_async

LEADER, STANDBY = "mmaker", "mmaker:standby"


@pytest.fixture
def around(redis: Redis) -> Surroundings:
    return Surroundings(redis, SystemClock(), interval_s=1.0, ttl_s=20.0)


async def beat(redis: Redis, service: str = LEADER) -> CompositorBeat | None:
    raw = await redis.get(f"{service}:heartbeat")
    return read_compositor_beat(raw, service) if isinstance(raw, bytes) else None


async def test_who_leads_says_so_at_once_and_what_it_stages(around: Surroundings) -> None:
    flushes: list[ChainFlush] = []
    await around.publish()
    async with running(around, on_flush=flushes.append) as service:
        last = await around.add(around.quote())
        await wait_until_async(lambda: staged_quote(around), what="the quote in staging")
        await wait_until_async(lambda: beat(around.redis), what="its heartbeat")
        told = await beat(around.redis)
        assert told is not None and (told.status, told.error, told.notice) == ("leading", "", "")
        await service.compositor.measure()
        await wait_until_async(lambda: str(service.compositor.acknowledged) == str(last), what="it acknowledged")
        await service._announce()
        told = await beat(around.redis)
        assert told is not None
        [chain] = told.chains
        assert (chain.underlying, chain.expiration, chain.events, chain.reason) == ("SPX", "2026-01-02", 1, "")
        assert (told.position, told.lag, told.events, told.interval_s) == (str(last), 0, 1, 0.2)
    assert flushes[0].whole and flushes[0].chain == SPX


async def test_who_is_told_to_stop_hands_over_at_once(around: Surroundings) -> None:
    await around.publish()
    async with running(around) as second_at_first:
        await wait_until_async(lambda: second_at_first.leading, what="the first to lead")
        async with running(around) as standby:
            await standby._announce()
            told = await beat(around.redis, STANDBY)
            assert told is not None and (told.status, told.chains, told.error) == ("standby", (), "")
            assert not standby.leading
    told = await beat(around.redis)
    assert told is not None and told.status == "stopped"
    assert not await around.redis.exists(around.keys.compositor_lease())
    place = (
        await around.redis.xinfo_groups(around.keys.stream()) if await around.redis.exists("massive:ws:stream") else []
    )
    assert all(group["pending"] == 0 for group in place)


async def test_a_standby_takes_over_from_one_that_died(around: Surroundings) -> None:
    await around.publish()
    dead = await around.lead()
    await around.add(around.quote())
    async with running(around) as heir:
        await asyncio.sleep(0.1)
        assert not heir.leading
        asked = around.clock.monotonic()
        await wait_until_async(lambda: staged_quote(around), what="the heir to write")
        assert around.clock.monotonic() - asked <= 1.0  # the interval
    assert not dead.holds(STREAM)


async def test_what_went_wrong_is_no_longer_said_once_another_leads(around: Surroundings) -> None:
    await around.publish()
    async with running(around) as service:
        await wait_until_async(lambda: service.leading, what="it to lead")
        await around.redis.delete(around.keys.compositor_lease())
        await around.redis.set(around.keys.compositor_lease(), "another:1:abc", px=60_000)
        service.compositor._failed("no answer in time")
        await wait_until_async(lambda: not service.leading, what="it to stand by")
        assert service.compositor.error == "" and service.compositor.lease.leader[STREAM] == "another:1:abc"


async def test_redis_that_came_back_empty_is_filled_again_and_it_is_said(
    around: Surroundings, caplog: pytest.LogCaptureFixture
) -> None:
    await around.publish()
    await around.add(around.quote())
    async with running(around) as service:
        await wait_until_async(lambda: staged_quote(around), what="the quote in staging")
        with caplog.at_level(logging.WARNING):
            await around.redis.flushall()
            await wait_until_async(lambda: "the stream is gone" in service.compositor.notice, what="it to be said")
        await around.publish(quoted_ms=around.now_ms - 5_000)
        await around.add(around.quote(seq=9))
        await wait_until_async(lambda: staged_quote(around), what="the quote in staging again")
        assert service.compositor.notice == "rebuilt from snapshots and the retained stream: the stream is gone"
        assert service.compositor.error == ""


async def test_a_group_that_somebody_destroyed_is_made_again_and_nothing_is_lost(around: Surroundings) -> None:
    await around.publish()
    async with running(around) as service:
        await around.add(around.quote())
        await wait_until_async(lambda: staged_quote(around), what="the quote in staging")
        await around.redis.xgroup_destroy(around.keys.stream(), GROUP)
        await around.add(around.quote("O:SPXW260102P06930000"))
        await wait_until_async(lambda: staged_quote(around, "O:SPXW260102P06930000"), what="the second quote")
        assert "the consumer group was gone" in service.compositor.notice


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("-xreadgroup", "this Redis user has no right to run XREADGROUP"),
        ("-xgroup", "this Redis user has no right to run XGROUP"),
        ("-hset", "this Redis user has no right to run HSET"),
        ("-set", "no lease, without which two would compose at once: this Redis user has no right to run SET"),
    ],
)
async def test_what_it_may_not_do_is_said_and_the_rest_goes_on(
    around: Surroundings, redis_url: str, gone: str, said: str
) -> None:
    await around.publish()
    await around.add(around.quote())
    await around.redis.execute_command("ACL", "SETUSER", "poor", "reset", "on", ">pw", "~*", "&*", "+@all", gone)
    try:
        async with RedisTarget(login(redis_url)).connect() as poor, running(around, poor) as service:
            await wait_until_async(lambda: said in service.compositor.error, what="the refusal")
            assert await around.meta() is None
    finally:
        await around.redis.execute_command("ACL", "DELUSER", "poor")


def login(url: str) -> str:
    return url.replace("//", "//poor:pw@", 1)


async def test_a_listener_that_fails_is_its_own_fault(around: Surroundings) -> None:
    """The part fails and begins again; nothing is lost, for what it had not acknowledged is read again."""
    heard: list[ChainFlush] = []

    def on_flush(flush: ChainFlush) -> None:
        heard.append(flush)
        if len(heard) == 1:
            raise ValueError("not today")

    await around.publish()
    await around.add(around.quote())
    async with running(around, on_flush=on_flush):
        await wait_until_async(lambda: len(heard) > 1, what="the second life")
        assert await staged_quote(around)


async def test_nothing_is_written_before_a_board_is_heard(around: Surroundings) -> None:
    await around.publish()
    service = CompositorService(around.redis, around.another())
    task = asyncio.ensure_future(Supervisor(around.clock).run(service.parts()))
    try:
        await wait_until_async(lambda: service.compositor.lease.holds(STREAM), what="the lease")
        await asyncio.sleep(0.3)
        assert not service.leading and await around.meta() is None
    finally:
        await end([task])
        await service.leave()


@pytest.mark.parametrize("junk", ["string", "oversized"])
async def test_whatever_stands_in_the_place_of_staging_is_replaced(around: Surroundings, junk: str) -> None:
    await around.publish()
    await around.add(around.quote())
    key = around.keys.staging(SPX)
    async with running(around) as service:
        await wait_until_async(lambda: staged_quote(around), what="the quote in staging")
        await around.redis.delete(key)
        if junk == "string":
            await around.redis.set(key, "junk")
        else:
            await around.redis.hset(key, "meta", b"x" * (STAGING_BYTES + 1))
        await around.add(around.quote(PUT))
        await wait_until_async(lambda: is_staged(around), what="staging of the next term")
        assert service.compositor.error == ""


async def is_staged(around: Surroundings) -> bool:
    return await around.redis.type(around.keys.staging(SPX)) == b"hash" and bool(await staged_quote(around, PUT))


async def test_who_leads_and_cannot_begin_does_not_say_that_it_stands_by(around: Surroundings) -> None:
    await around.publish()
    await around.redis.set(around.keys.stream(), "no stream")
    async with running(around) as service:
        await wait_until_async(lambda: service.compositor.error, what="the fault")
        await service._announce()
        told = await beat(around.redis)
        assert told is not None and told.status == "leading" and "wrong kind of value" in told.error
        assert await beat(around.redis, STANDBY) is None


@pytest.mark.parametrize("to", ["$", "99999999999999-0"])
async def test_a_group_that_somebody_moved_on_skips_nothing(around: Surroundings, to: str) -> None:
    await around.publish()
    await around.add(around.trade())
    async with running(around) as service:
        await wait_until_async(lambda: staged_quote(around, mark="trade_seq"), what="the trade in staging")
        async with around.redis.pipeline(transaction=True) as step:  # so that nobody reads in between
            step.xadd(around.keys.stream(), {"payload": msgspec.json.encode([around.quote()])})
            step.execute_command("XGROUP", "SETID", around.keys.stream(), GROUP, to)
            await step.execute()
        await wait_until_async(lambda: staged_quote(around), what="the quote that was passed over")
        await around.add(around.quote(PUT))
        await wait_until_async(lambda: staged_quote(around, PUT), what="the quote after it")
        assert "the consumer group was moved" in service.compositor.notice


async def test_an_entry_larger_than_any_frame_costs_no_other(around: Surroundings) -> None:
    await around.publish()
    async with running(around) as service:
        for _ in range(3):
            await around.add_raw(b"[" + b" " * 16_000_000 + b"]")
        await around.add(around.quote())
        await wait_until_async(lambda: staged_quote(around), what="the quote in staging")
        assert service.compositor.error == ""


async def test_who_cannot_take_the_lease_is_seen_by_every_reader(around: Surroundings) -> None:
    await around.publish()
    await around.redis.rpush(around.keys.compositor_lease(), "no lease")
    async with running(around) as service:
        await wait_until_async(lambda: service.compositor.error, what="the refusal")
        await service._announce()
        found = (await around.board()).compositor
        assert found is not None and found.state is CompositorState.FAILING
        assert "without which two would compose at once" in found.beat.error

"""Who leads: leases on a real server, judged by a clock moved by hand."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from chain.clock import ManualClock
from chain.model.keys import REPLAY_PREFIX, KeySchema
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.coordination.lease import Lease
from chain.tasks import end
from tests.support.contexts import context_of
from tests.support.fault_proxy import Command, Fate, FaultProxy, always, deliver, first
from tests.support.waiting import wait_until_async

SPX, NDX = "massive:publisher:lease:SPX", "massive:publisher:lease:NDX"
INTERVAL_S = 100.0
TTL_S = 60.0  # of a lease, at that interval


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(0, 1_000.0)


def lease_of(redis: Redis, clock: ManualClock, *underlyings: str, keys: KeySchema | None = None) -> Lease:
    return Lease(redis, context_of(clock, interval_s=INTERVAL_S, ttl_s=400.0, keys=keys), underlyings or ("SPX",))


async def holder_of(redis: Redis, key: str = SPX) -> str:
    value = await redis.get(key)
    return value.decode() if isinstance(value, bytes) else ""


@pytest.fixture
async def proxy(redis: Redis, redis_url: str, short_dir: Path) -> AsyncIterator[FaultProxy]:
    """A line to the emptied server, to be spoiled."""
    async with FaultProxy(redis_url, short_dir) as line:
        yield line


@pytest.fixture
async def client(proxy: FaultProxy) -> AsyncIterator[Redis]:
    async with RedisTarget(proxy.url).connect() as far:
        yield far


# Taking and keeping


async def test_the_first_to_ask_leads_and_the_second_knows_who_does(redis: Redis, clock: ManualClock) -> None:
    one, two = lease_of(redis, clock), lease_of(redis, clock)
    assert not one.leads("SPX")  # before it asked
    assert (await one.renew(), await two.renew()) == (["SPX"], [])
    assert (one.leads("SPX"), two.leads("SPX")) == (True, False)
    assert one.leader == two.leader == {"SPX": one.me}
    assert await holder_of(redis) == one.me
    assert 0 < await redis.pttl(SPX) <= TTL_S * 1000


async def test_whatever_stands_in_a_lease_only_its_beginning_is_read(redis: Redis, clock: ManualClock) -> None:
    await redis.set(SPX, "x" * 6_000_000)
    lease = lease_of(redis, clock)
    sent_before = (await redis.info("stats"))["total_net_output_bytes"]
    assert await lease.renew() == []
    assert (await redis.info("stats"))["total_net_output_bytes"] - sent_before < 50_000
    assert lease.leader["SPX"] == "x" * 79 + "…"


async def test_of_many_that_ask_at_once_one_leads_each_underlying(redis: Redis, clock: ManualClock) -> None:
    leases = [lease_of(redis, clock, "SPX", "NDX") for _ in range(8)]
    gained = await asyncio.gather(*(lease.renew() for lease in leases))
    assert sorted(name for keys in gained for name in keys) == ["NDX", "SPX"]
    for underlying in ("SPX", "NDX"):
        [leader] = [lease for lease in leases if lease.leads(underlying)]
        assert {lease.leader[underlying] for lease in leases} == {leader.me}


async def test_underlyings_are_led_one_by_one(redis: Redis, clock: ManualClock) -> None:
    one, two = lease_of(redis, clock, "SPX"), lease_of(redis, clock, "SPX", "NDX")
    await one.renew()
    assert await two.renew() == ["NDX"]
    assert (two.leads("SPX"), two.leads("NDX")) == (False, True)
    assert two.leader == {"SPX": one.me, "NDX": two.me}


async def test_another_prefix_has_leaders_of_its_own(redis: Redis, clock: ManualClock) -> None:
    live, replay = lease_of(redis, clock), lease_of(redis, clock, keys=KeySchema(REPLAY_PREFIX))
    assert (await live.renew(), await replay.renew()) == (["SPX"], ["SPX"])


async def test_each_look_renews_for_the_whole_time(redis: Redis, clock: ManualClock) -> None:
    lease = lease_of(redis, clock)
    await lease.renew()
    for _ in range(3):
        await redis.pexpire(SPX, 5_000)  # as if time had gone by there too
        clock.advance(TTL_S - 0.1)
        assert lease.leads("SPX")
        assert await lease.renew() == []  # it is no gain to keep it
        assert await redis.pttl(SPX) > 59_000


async def test_who_does_not_renew_leads_until_the_lease_has_run_out(redis: Redis, clock: ManualClock) -> None:
    lease = lease_of(redis, clock)
    await lease.renew()
    clock.advance(TTL_S - 0.001)
    assert lease.leads("SPX")
    clock.advance(0.001)
    assert not lease.leads("SPX")
    clock.step_wall(-3_600)
    assert not lease.leads("SPX")  # the wall clock has no say


async def test_a_lease_counts_from_before_it_was_asked_for(
    redis: Redis, proxy: FaultProxy, client: Redis, clock: ManualClock
) -> None:
    async def slowly(command: Command) -> Fate:
        if command[0] == b"SET":
            clock.advance(40)
        return Fate.DELIVER

    lease = lease_of(client, clock)
    proxy.rule = slowly
    await lease.renew()
    clock.advance(TTL_S - 40 - 0.001)
    assert lease.leads("SPX")
    clock.advance(0.001)
    assert not lease.leads("SPX")


async def test_an_answer_later_than_the_lease_is_no_lead(
    redis: Redis, proxy: FaultProxy, client: Redis, clock: ManualClock
) -> None:
    async def too_slowly(command: Command) -> Fate:
        if command[0] == b"SET":
            clock.advance(TTL_S)
        return Fate.DELIVER

    lease = lease_of(client, clock)
    proxy.rule = too_slowly
    assert await lease.renew() == []
    assert not lease.leads("SPX")
    proxy.rule = deliver
    assert await lease.renew() == ["SPX"]  # its name stands there: nothing to wait for


# Losing and finding again


async def test_a_lease_that_another_took_is_lost_and_said(
    redis: Redis, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = lease_of(redis, clock), lease_of(redis, clock)
    await one.renew()
    await redis.delete(SPX)  # it ran out there
    assert await two.renew() == ["SPX"]
    assert await one.renew() == []
    assert not one.leads("SPX")
    assert one.leader == {"SPX": two.me}
    assert f"lost the lead of SPX to {two.me}" in caplog.text
    assert await holder_of(redis) == two.me


async def test_who_slept_past_its_lease_does_not_lead_when_it_wakes(redis: Redis, clock: ManualClock) -> None:
    one, two = lease_of(redis, clock), lease_of(redis, clock)
    await one.renew()
    clock.advance(TTL_S + 5)
    await redis.delete(SPX)
    await two.renew()
    assert not one.leads("SPX")  # before it asks anybody
    assert await one.renew() == []
    assert not one.leads("SPX")
    assert two.leads("SPX")


async def test_a_lease_that_ran_out_unclaimed_is_taken_again(redis: Redis, clock: ManualClock) -> None:
    lease = lease_of(redis, clock)
    await lease.renew()
    clock.advance(TTL_S)
    await redis.delete(SPX)
    assert await lease.renew() == ["SPX"]


@pytest.mark.parametrize("word", [b"SET", b"EVALSHA"])
async def test_a_lost_answer_costs_no_lease(
    redis: Redis, proxy: FaultProxy, client: Redis, clock: ManualClock, word: bytes
) -> None:
    lease = lease_of(client, clock)
    if word == b"EVALSHA":
        await lease.renew()
        clock.advance(TTL_S - 1)
    proxy.rule = first(word, Fate.SWALLOW)
    for _ in range(2):
        await lease.renew()
    assert lease.leads("SPX")
    assert await holder_of(redis) == lease.me


async def test_while_redis_is_away_nobody_gains_and_the_leader_leads_to_its_end(
    redis: Redis, proxy: FaultProxy, client: Redis, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    lease, standby = lease_of(client, clock, "SPX", "NDX"), lease_of(client, clock)
    assert await lease.renew() == ["SPX", "NDX"]
    proxy.rule = always(Fate.CUT)
    for _ in range(3):
        assert (await lease.renew(), await standby.renew()) == ([], [])
        assert lease.leads("SPX")
        clock.advance(20)
    assert not lease.leads("SPX")
    assert not standby.leads("SPX")
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert sorted(line.partition(":")[0] for line in told) == [  # once for each publisher, not once a look
        "lease on SPX not to be had",
        "lease on SPX, NDX not to be had",
    ]
    proxy.rule = deliver
    assert await standby.renew() == []  # the leader's name still stands there
    assert await lease.renew() == ["SPX", "NDX"]


async def test_a_key_of_another_type_is_a_reason_not_a_crash(
    redis: Redis, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    await redis.lpush(SPX, "x")
    lease = lease_of(redis, clock, "SPX", "NDX")
    assert await lease.renew() == ["NDX"]
    assert "lease on SPX not to be had: " in caplog.text
    assert "wrong kind" in caplog.text


async def test_a_foreign_holders_name_is_made_harmless(redis: Redis, clock: ManualClock) -> None:
    await redis.set(SPX, b"\x1b]0;pwned\x07\xff" + b"x" * 500)
    lease = lease_of(redis, clock)
    assert await lease.renew() == []
    assert lease.leader["SPX"].isprintable()
    assert len(lease.leader["SPX"]) <= 80


# Letting go


async def test_what_is_released_is_free_at_once(redis: Redis, clock: ManualClock) -> None:
    one, two = lease_of(redis, clock, "SPX", "NDX"), lease_of(redis, clock, "SPX", "NDX")
    await one.renew()
    await one.release()
    assert not one.leads("SPX")
    assert await redis.exists(SPX, NDX) == 0
    assert await two.renew() == ["SPX", "NDX"]


async def test_only_ones_own_is_released(redis: Redis, clock: ManualClock, caplog: pytest.LogCaptureFixture) -> None:
    one, two = lease_of(redis, clock), lease_of(redis, clock)
    await one.renew()
    await redis.delete(SPX)
    await two.renew()
    await one.release()
    assert await holder_of(redis) == two.me
    await lease_of(redis, clock).release()  # which never held anything
    assert await holder_of(redis) == two.me
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_release_that_redis_does_not_hear_is_said_and_leaves_the_lease_to_its_end(
    redis: Redis, proxy: FaultProxy, client: Redis, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    lease = lease_of(client, clock)
    await lease.renew()
    proxy.rule = always(Fate.CUT)
    await lease.release()
    assert not lease.leads("SPX")
    assert "lease on SPX left to run out: " in caplog.text
    assert 0 < await redis.pttl(SPX) <= TTL_S * 1000


# By itself


async def test_running_it_keeps_the_lease_and_tells_a_gain_once(redis: Redis) -> None:
    gains: list[str] = []

    def lease() -> Lease:
        return Lease(redis, context_of(interval_s=0.2), ("SPX",))

    one, two = lease(), lease()
    leading = asyncio.create_task(one.run(lambda: gains.append("one")))
    await wait_until_async(lambda: gains)
    waiting = asyncio.create_task(two.run(lambda: gains.append("two")))
    first_end = await redis.pexpiretime(SPX)
    await wait_until_async(lambda: two.leader)

    async def renewed() -> bool:
        return bool(await redis.pexpiretime(SPX) > first_end + 500)

    await wait_until_async(renewed, what="a lease held beyond its first end")
    assert gains == ["one"]
    leading.cancel()  # dies without a word
    await wait_until_async(lambda: two.leads("SPX"), what="the standby to lead")
    assert gains == ["one", "two"]
    await end([leading, waiting])

"""The circuit breaker on a clock moved by hand: who may ask, when, and what others learn from it."""

import asyncio

import pytest

from chain.clock import ManualClock
from publisher.massive.api.breaker import FAILURES, Breaker, BreakerState
from publisher.massive.api.faults import OF_ONE_PATH, OF_THE_VENDOR, FaultKind, VendorError

OPEN_S = 8.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_783_953_000_000_000_000, 100.0)


@pytest.fixture
def breaker(clock: ManualClock) -> Breaker:
    return Breaker(clock, OPEN_S, OF_THE_VENDOR)


async def ask(breaker: Breaker, fault: VendorError | None = None, gate: asyncio.Event | None = None) -> None:
    """Make a request past the breaker: it waits at the gate, then fails or not."""
    async with breaker.guard():
        if gate is not None:
            await gate.wait()
        if fault is not None:
            raise fault


async def fail(breaker: Breaker, kind: FaultKind = FaultKind.SERVER, retry_after: float | None = None) -> VendorError:
    """Make a request that fails; return what was raised."""
    with pytest.raises(VendorError) as caught:
        await ask(breaker, VendorError(kind, retry_after=retry_after))
    return caught.value


async def refused(breaker: Breaker) -> bool:
    """Whether the breaker keeps a request back."""
    try:
        await ask(breaker)
    except VendorError as fault:
        assert not fault.asked
        return True
    return False


async def settled() -> None:
    """Let every task run until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_failures_in_a_row_open_it_and_a_success_between_them_does_not(
    breaker: Breaker, clock: ManualClock
) -> None:
    for _ in range(FAILURES - 1):
        assert (await fail(breaker)).asked
    await ask(breaker)
    clock.advance(OPEN_S)
    for _ in range(FAILURES - 1):
        await fail(breaker)
        assert breaker.closed
    await fail(breaker)
    assert breaker.state is BreakerState.OPEN
    assert await refused(breaker)


async def test_failures_beside_a_success_do_not_open_it(breaker: Breaker, clock: ManualClock) -> None:
    """One bad expiry of several fails again and again within the cycle in which others were answered."""
    await ask(breaker)
    clock.advance(OPEN_S - 0.5)
    for _ in range(3 * FAILURES):
        await fail(breaker)
    assert breaker.closed
    clock.advance(0.5)
    await fail(breaker)
    assert not breaker.closed


@pytest.mark.parametrize("kind", [FaultKind.BAD_KEY, FaultKind.DNS, FaultKind.TIMEOUT, FaultKind.RATE_LIMITED])
async def test_it_names_its_reason_and_its_wait(breaker: Breaker, clock: ManualClock, kind: FaultKind) -> None:
    assert breaker.words() == ""
    for _ in range(FAILURES):
        if breaker.closed:
            await fail(breaker, kind)
    assert breaker.words() == f"{kind.value}; asked again in 8 s"
    clock.advance(3)
    assert breaker.words() == f"{kind.value}; asked again in 5 s"
    told = await fail(breaker)
    assert (told.kind, told.asked, str(told)) == (kind, False, f"{kind.value} (asked again in 5 s)")
    clock.advance(60)
    assert breaker.words() == f"{kind.value}; asked again in 0 s"
    await ask(breaker)
    assert breaker.words() == ""


@pytest.mark.parametrize(("kind", "counted"), [(FaultKind.BAD_KEY, OF_THE_VENDOR), (FaultKind.PLAN, OF_ONE_PATH)])
async def test_a_refused_key_or_plan_opens_it_at_once(
    clock: ManualClock, kind: FaultKind, counted: frozenset[FaultKind]
) -> None:
    breaker = Breaker(clock, OPEN_S, counted)
    await ask(breaker)
    await fail(breaker, kind)
    for _ in range(20):
        assert await refused(breaker)
    clock.advance(OPEN_S)
    await fail(breaker, kind)
    assert await refused(breaker)


async def test_it_opens_for_as_long_as_the_vendor_asks(breaker: Breaker, clock: ManualClock) -> None:
    await fail(breaker, FaultKind.RATE_LIMITED, retry_after=OPEN_S / 2)
    assert breaker.closed  # short waits are the limiter's
    await fail(breaker, FaultKind.RATE_LIMITED, retry_after=45)
    clock.advance(44.9)
    assert await refused(breaker)
    clock.advance(0.2)
    assert not await refused(breaker)


async def test_one_probe_speaks_for_those_that_wait(breaker: Breaker, clock: ManualClock) -> None:
    await fail(breaker, FaultKind.BAD_KEY)
    clock.advance(OPEN_S)
    gate = asyncio.Event()
    probe = asyncio.create_task(ask(breaker, gate=gate))
    await settled()
    assert breaker.state is BreakerState.HALF_OPEN
    waiting = [asyncio.create_task(ask(breaker)) for _ in range(5)]
    await settled()
    assert not any(task.done() for task in waiting)
    gate.set()
    await asyncio.gather(probe, *waiting)
    assert breaker.closed


async def test_a_probe_that_finds_the_key_refused_keeps_all_back(breaker: Breaker, clock: ManualClock) -> None:
    await fail(breaker, FaultKind.BAD_KEY)
    clock.advance(OPEN_S)
    gate = asyncio.Event()
    probe = asyncio.create_task(ask(breaker, VendorError(FaultKind.BAD_KEY), gate))
    await settled()
    waiting = [asyncio.create_task(ask(breaker)) for _ in range(5)]
    await settled()
    gate.set()
    ended = await asyncio.gather(probe, *waiting, return_exceptions=True)
    assert [getattr(end, "asked", None) for end in ended] == [True, *[False] * 5]


async def test_a_probe_that_fails_otherwise_lets_the_next_try(breaker: Breaker, clock: ManualClock) -> None:
    """What is wrong may concern that request alone: the others probe one by one, until one succeeds for all."""
    for _ in range(FAILURES):
        await fail(breaker)
    clock.advance(OPEN_S)
    gates = [asyncio.Event() for _ in range(3)]
    fault = VendorError(FaultKind.SERVER)
    tasks = [asyncio.create_task(ask(breaker, fault if n < 2 else None, gate)) for n, gate in enumerate(gates)]
    last = asyncio.create_task(ask(breaker))
    for number, gate in enumerate(gates):
        await settled()
        assert [task.done() for task in tasks] == [n < number for n in range(3)]
        assert not last.done()
        gate.set()
    ended = await asyncio.gather(*tasks, last, return_exceptions=True)
    assert ended == [fault, fault, None, None]
    assert breaker.closed


async def test_a_probe_given_up_lets_the_next_try(breaker: Breaker, clock: ManualClock) -> None:
    await fail(breaker, FaultKind.BAD_KEY)
    clock.advance(OPEN_S)
    probe = asyncio.create_task(ask(breaker, gate=asyncio.Event()))
    await settled()
    second = asyncio.create_task(ask(breaker))
    await settled()
    assert not second.done()
    probe.cancel()
    await second
    assert breaker.closed


async def test_one_that_waits_and_is_given_up_disturbs_nobody(breaker: Breaker, clock: ManualClock) -> None:
    await fail(breaker, FaultKind.BAD_KEY)
    clock.advance(OPEN_S)
    gate = asyncio.Event()
    probe = asyncio.create_task(ask(breaker, gate=gate))
    await settled()
    waiting = asyncio.create_task(ask(breaker))
    await settled()
    waiting.cancel()
    await settled()
    assert breaker.state is BreakerState.HALF_OPEN
    gate.set()
    await probe
    assert breaker.closed


async def test_what_concerns_one_path_shows_that_the_vendor_answers(breaker: Breaker, clock: ManualClock) -> None:
    for _ in range(FAILURES):
        await fail(breaker)
    clock.advance(OPEN_S)
    await fail(breaker, FaultKind.PLAN)
    assert breaker.closed


async def test_a_path_s_breaker_learns_nothing_from_the_vendor_s_outage(clock: ManualClock) -> None:
    path = Breaker(clock, OPEN_S, OF_ONE_PATH)
    await fail(path, FaultKind.PLAN)
    clock.advance(OPEN_S)
    assert (await fail(path, FaultKind.TIMEOUT)).asked
    assert path.state is BreakerState.OPEN
    assert "plan" in path.words()
    await ask(path)
    for _ in range(3 * FAILURES):
        await fail(path, FaultKind.SERVER)
    assert path.closed


async def test_an_inner_refusal_is_no_finding_of_the_outer_one(clock: ManualClock) -> None:
    path, vendor = Breaker(clock, OPEN_S, OF_ONE_PATH), Breaker(clock, OPEN_S, OF_THE_VENDOR)
    await fail(path, FaultKind.PLAN)
    await fail(vendor, FaultKind.RATE_LIMITED, retry_after=60)
    clock.advance(OPEN_S)
    with pytest.raises(VendorError) as told:
        async with path.guard(), vendor.guard():
            pytest.fail("nothing may pass")
    assert (told.value.kind, told.value.asked) == (FaultKind.RATE_LIMITED, False)
    assert path.state is BreakerState.OPEN
    clock.advance(60)
    async with path.guard(), vendor.guard():
        pass
    assert path.closed
    assert vendor.closed

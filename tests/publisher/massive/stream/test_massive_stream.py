"""The stream against a fake vendor on a real socket: the way in, every fault, and what is handed on."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterator
from typing import Literal

import orjson
import pytest

from chain.clock import Instant, ManualClock, SystemClock
from chain.model.keys import SnapshotId
from chain.model.snapshot import Snapshot
from publisher.massive.api.faults import VendorError
from publisher.massive.stream.backoff import HOPELESS_WAIT_S, LIMIT_LONGEST_S, LIMIT_WAIT_S, Backoff
from publisher.massive.stream.massive_stream import MassiveStream
from publisher.massive.stream.protocol import MAX_FRAME_BYTES
from publisher.massive.stream.session import ANSWER_S, Session
from publisher.massive.stream.subscriptions import MAX_QUOTES, Layout, Planner
from publisher.stream.source import StreamState
from tests.fake_massive.stream import FakeStream, Rules, quote, trade
from tests.support.builders import SPX, TS_NS, contracts, golden_snapshot
from tests.support.stream_client import KEY, NAMES, TOPICS, Client, advance_until, client_of, drained, waiting
from tests.support.waiting import wait_until_async


@pytest.fixture
def fake() -> Iterator[FakeStream]:
    with FakeStream() as fake:
        yield fake


async def test_it_subscribes_to_what_the_snapshots_hold_and_hands_frames_on_as_they_came(fake: FakeStream) -> None:
    async with client_of(fake) as client:
        await client.subscribed(fake)
        events = [quote(NAMES[0]), trade(NAMES[1])]
        began = time.time()
        fake.push(*events)
        await client.until("a frame", lambda: client.frames)
        [frame] = client.frames
        assert (frame.payload, frame.events) == (orjson.dumps(events), 2)
        assert began <= frame.ts <= time.time()
        status = client.stream.status()
        assert (status.state, status.subscriptions, status.left_out, status.error) == (StreamState.STREAMING, 10, 0, "")
        assert (status.detail, status.delayed, status.limits, status.reconnects) == ("127.0.0.1", False, "", 0)
    await wait_until_async(lambda: not fake.open_peers, what="the farewell")
    assert fake.sent_by_clients("auth") == [KEY]


async def test_nothing_is_connected_before_there_is_something_to_subscribe_to(fake: FakeStream) -> None:
    stream = MassiveStream(KEY, SystemClock(), Session(), url=fake.url)
    client = Client(stream, SystemClock())
    reading = asyncio.ensure_future(client.read())
    await asyncio.sleep(0.05)
    assert fake.peers == []
    stream.on_published([golden_snapshot()])
    await client.subscribed(fake)
    reading.cancel()


# The way in, and what bars it


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(TS_NS, 1_000.0)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (Rules(key="another"), "the vendor does not know this API key"),
        (Rules(websocket=False), "Your plan doesn't include websocket access"),
        (Rules(kinds=frozenset()), "the plan of this API key does not include this data (not authorized"),
        (Rules(kinds=frozenset(), refusal="bare"), "the plan of this API key does not include this data"),
        (Rules(real_time=False), "You don't have access real-time data"),
    ],
    ids=["key", "no stream", "no topic", "bare", "delayed only"],
)
async def test_a_key_or_a_plan_is_told_in_one_line_and_not_asked_again_for_a_quarter_of_an_hour(
    rules: Rules, words: str, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    with FakeStream(rules) as fake:
        async with client_of(fake, clock) as client:
            assert words in await waiting(client)
            tried = fake.handshakes
            assert tried == 1
            clock.advance(HOPELESS_WAIT_S - 1)
            await asyncio.sleep(0.02)
            assert fake.handshakes == tried
            clock.advance(1.0)
            await client.until("the next attempt", lambda: fake.handshakes == tried + 1)
            await waiting(client)
    assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == 1
    assert KEY not in caplog.text.replace("demo_", "")


@pytest.mark.parametrize(
    "rules", [Rules(greets=False), Rules(answers=False)], ids=["no greeting", "no answer to the key"]
)
async def test_a_vendor_that_is_connected_and_silent_is_given_up(rules: Rules, clock: ManualClock) -> None:
    with FakeStream(rules) as fake:
        async with client_of(fake, clock) as client:
            await client.until("the connection", lambda: fake.open_peers)
            if rules.greets:
                await client.until("the key", lambda: fake.sent_by_clients("auth"))
            took = await advance_until(client, "giving up", lambda: client.stream.status().state is StreamState.WAITING)
            assert ANSWER_S <= took <= ANSWER_S + 1
            assert "silent" in client.stream.status().error


async def test_an_auth_timeout_is_asked_again_soon(clock: ManualClock) -> None:
    with FakeStream(Rules(auth_timeout_s=0.01)) as fake:
        async with client_of(fake, clock) as client:
            assert "did not answer in time" in await waiting(client)
            fake.rules.auth_timeout_s = 0
            clock.advance(1.0)
            await client.subscribed(fake)


async def test_without_real_time_rights_the_delayed_host_is_asked_at_once_and_it_is_said(clock: ManualClock) -> None:
    with FakeStream(Rules(real_time=False)) as fast, FakeStream(Rules(kinds=frozenset({"T."}))) as slow:
        async with client_of(fast, clock, delayed=slow) as client:
            trades = {topic for topic in TOPICS if topic.startswith("T.")}
            await client.until("trades", lambda: slow.held == trades and client.stream.topics == trades)
            status = client.stream.status()
            assert (status.state, status.delayed, status.subscriptions) == (StreamState.STREAMING, True, 10)
            assert status.limits == "the plan of this API key includes no quotes on the stream"
            slow.cut()
            await waiting(client)
            clock.advance(1.0)
            await client.until("trades again", lambda: slow.held == trades)
            assert len(fast.peers) == 1


# What ends a connection


def _restart(fake: FakeStream) -> None:
    fake.close(1001, "restarting")


@pytest.mark.parametrize(
    ("strike", "words"),
    [
        (FakeStream.cut, "the connection to the vendor broke"),
        (FakeStream.cut_in_a_frame, "the connection to the vendor broke"),
        (_restart, "ended the stream (1001 restarting)"),
        (FakeStream.break_protocol, "breaks the WebSocket protocol"),
        (lambda fake: fake.close(1008, "slow consumer"), "it was read too slowly (slow consumer)"),
        (lambda fake: fake.push(frame=b" " * (MAX_FRAME_BYTES + 1)), "a frame of more than 2 MB"),
        (lambda fake: fake.close(1011, f"no {KEY}"), "ended the stream (1011 no ********)"),
        (lambda fake: fake.close(1002, "what we sent"), "ended the stream (1002 what we sent)"),
    ],
    ids=["cut", "cut in a frame", "restart", "no protocol", "slow", "huge", "echo", "our protocol"],
)
async def test_after_the_end_everything_is_subscribed_to_again(
    strike: Callable[[FakeStream], None], words: str, fake: FakeStream, clock: ManualClock
) -> None:
    async with client_of(fake, clock) as client:
        await client.subscribed(fake)
        strike(fake)
        assert words in await waiting(client)
        assert client.stream.topics == frozenset()
        clock.advance(1.0)
        await client.subscribed(fake)
        assert client.stream.status().reconnects == 1
        assert words in client.stream.status().error, "not proved yet"
        clock.advance(10.0)
        assert client.stream.status().error == ""


@pytest.mark.parametrize("how", ["displaced", "1008"])
async def test_after_another_connection_took_its_place_it_waits_at_least_a_minute(
    how: str, fake: FakeStream, clock: ManualClock
) -> None:
    async with client_of(fake, clock) as client:
        await client.subscribed(fake)
        if how == "displaced":
            fake.displace()
        else:
            fake.close(1008)
        assert "another connection of this account" in await waiting(client)
        took = await advance_until(client, "the next attempt", lambda: len(fake.peers) == 2, 100)
        assert LIMIT_WAIT_S <= took <= LIMIT_WAIT_S + 1


@pytest.mark.parametrize("kills", ["older", "newer"])
async def test_beside_another_program_of_the_account_it_does_not_fight(
    kills: Literal["older", "newer"], clock: ManualClock
) -> None:
    """Whichever socket the vendor ends, an hour sees fewer than twenty attempts."""
    with FakeStream(Rules(most=1, kills=kills)) as fake:
        other = MassiveStream(KEY, SystemClock(), Session(backoff=Backoff(lambda: 0.0)), url=fake.url)
        async with client_of(fake, clock) as client:
            await client.subscribed(fake)
            other.on_published([golden_snapshot()])
            theirs = asyncio.ensure_future(Client(other, SystemClock()).read())
            await client.until("the other one", lambda: len(fake.peers) == 2)
            before = len(fake.peers)
            for _ in range(360):
                clock.advance(10.0)
                await asyncio.sleep(0.004)
            assert len(fake.peers) - before < 20
            theirs.cancel()
            await asyncio.gather(theirs, return_exceptions=True)


async def test_a_vendor_that_refuses_connections_is_asked_less_and_less_often(clock: ManualClock) -> None:
    with FakeStream() as fake:
        url = fake.url
    stream = MassiveStream(KEY, clock, Session(backoff=Backoff(lambda: 1.0)), url=url)
    stream.on_published([golden_snapshot()])
    client = Client(stream, clock)
    reading = asyncio.ensure_future(client.read())
    assert "refuses connections" in await waiting(client)
    since = stream.status().since
    assert since == clock.wall_ns() / 1e9
    for _ in range(720):  # an hour
        clock.advance(5.0)
        await asyncio.sleep(0.002)
    assert 60 <= stream.status().reconnects <= 70
    assert stream.status().since == since, "a failure keeps its beginning"
    reading.cancel()


@pytest.mark.parametrize("seed", range(3))
async def test_struck_at_random_moments_it_always_comes_back_with_everything(seed: int, clock: ManualClock) -> None:
    """On the way in, among answers, among frames: whatever is cut, nothing but time is needed."""
    chance = random.Random(seed)
    strikes: list[Callable[[FakeStream], None]] = [
        FakeStream.cut,
        FakeStream.cut_in_a_frame,
        FakeStream.break_protocol,
        FakeStream.displace,
        lambda fake: fake.close(chance.choice([1000, 1001, 1008, 1011, 4000])),
        lambda fake: fake.push(frame=b"{" * 100),
    ]
    with FakeStream() as fake:
        async with client_of(fake, clock) as client:
            for _ in range(15):
                before = fake.handshakes
                await asyncio.sleep(chance.uniform(0, 0.01))
                chance.choice(strikes)(fake)
                fake.push(trade(NAMES[0]))
                clock.advance(LIMIT_LONGEST_S * 1.3)
                await asyncio.sleep(chance.uniform(0, 0.01))
                assert fake.handshakes <= before + 2
            for _ in range(5):
                clock.advance(LIMIT_LONGEST_S * 1.3)
                await asyncio.sleep(0.01)
            await client.subscribed(fake)
            seen = len(client.frames)
            fake.push(trade(NAMES[1]))
            await client.until("the trade", lambda: len(client.frames) > seen)
            assert len(fake.open_peers) == 1


async def test_a_defect_beside_the_reader_is_raised_where_a_supervisor_sees_it(fake: FakeStream) -> None:
    class Defective(Session):
        def late(self, now: Instant) -> VendorError | None:
            raise ZeroDivisionError(str(now))

    stream = MassiveStream(KEY, SystemClock(), Defective(), url=fake.url)
    stream.on_published([golden_snapshot()])
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(drained(stream.frames()), 5)


# What is not handed on


async def test_frames_that_are_no_json_are_left_out_told_once_and_end_nothing(
    fake: FakeStream, caplog: pytest.LogCaptureFixture
) -> None:
    async with client_of(fake) as client:
        await client.subscribed(fake)
        for garbage in (b"nonsense", b"[{", b"[" * 50 + b"]" * 50, b""):
            fake.push(frame=garbage or b" ")
        fake.push(trade(NAMES[0]))
        await client.until("the trade", lambda: client.frames)
        assert [frame.events for frame in client.frames] == [1]
    assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == 1


async def test_status_frames_are_not_handed_on_and_a_flood_of_them_is_only_read(fake: FakeStream) -> None:
    async with client_of(fake) as client:
        await client.subscribed(fake)
        fake.flood(2_000)
        fake.push(trade(NAMES[0]))
        await client.until("the trade", lambda: client.frames)
        assert len(client.frames) == 1
        mixed = orjson.dumps([{"ev": "status", "status": "success", "message": "note"}, trade(NAMES[0])])
        fake.push(frame=mixed)
        await client.until("the mixed frame", lambda: len(client.frames) == 2)
        assert client.frames[-1].payload == mixed


async def test_a_frame_that_holds_the_key_goes_nowhere(fake: FakeStream, caplog: pytest.LogCaptureFixture) -> None:
    fake.rules.key = key = "a-k3y-nobody-may-see"
    async with client_of(fake, key=key) as client:
        await client.subscribed(fake)
        fake.push(frame=orjson.dumps([trade(NAMES[0]) | {"echo": key}]))
        fake.say("error", f"the key {key} is not known here")
        fake.push(trade(NAMES[0]))
        await client.until("the trade", lambda: client.frames)
        assert [frame.payload for frame in client.frames] == [orjson.dumps([trade(NAMES[0])])]
        assert key not in repr(client.stream.status())
    assert key not in caplog.text


# Following the snapshots


async def test_subscriptions_follow_the_structure_and_a_repeated_snapshot_asks_for_nothing(fake: FakeStream) -> None:
    async with client_of(fake) as client:
        await client.subscribed(fake)
        asked = len(fake.sent_by_clients("subscribe"))
        client.stream.on_published([golden_snapshot(ts_ns=TS_NS + 10**10)])
        await asyncio.sleep(0.05)
        assert len(fake.sent_by_clients("subscribe")) == asked
        client.stream.on_published([golden_snapshot(strikes=(6920, 6930, 6940, 6950, 6960), ts_ns=TS_NS + 2 * 10**10)])
        await client.until("the new strike", lambda: "Q.O:SPXW260102C06960000" in fake.held)
        client.stream.on_published([golden_snapshot(strikes=(6920, 6930, 6940, 6950, 6960), ts_ns=TS_NS + 8 * 10**10)])
        await client.until("the old one to be let go", lambda: "Q.O:SPXW260102C06910000" not in fake.held)
        assert fake.peers == fake.open_peers, "on the same connection"


def _wide(atm: int, later_s: int) -> Snapshot:
    """Return a snapshot of 1,500 contracts around an ATM."""
    ts_ns = TS_NS + later_s * 10**9
    items = contracts(strikes=[atm + 5 * step for step in range(-375, 375)])
    return Snapshot.at(SnapshotId(SPX, ts_ns // 1_000_000), ts_ns, atm=atm, range_points=1_875, contracts=items)


async def test_as_the_market_moves_no_connection_ever_carries_more_quotes_than_the_vendor_allows(
    fake: FakeStream,
) -> None:
    stream = MassiveStream(KEY, SystemClock(), Session(), url=fake.url)
    client = Client(stream, SystemClock())
    reading = asyncio.ensure_future(client.read())
    for later, atm in enumerate((6_000, 6_005, 6_010, 6_200, 6_150)):
        snapshot = _wide(atm, 100 * later)
        stream.on_published([snapshot])
        planned = {f"Q.{ticker}" for ticker, strike in Layout.of(snapshot).strikes.items() if abs(strike - atm) < 1_235}

        def is_followed(planned: set[str] = planned) -> bool:
            held = {topic for topic in fake.held if topic.startswith("Q.")}
            return planned <= held and len(held) == MAX_QUOTES

        await wait_until_async(is_followed, 20, what=f"quotes around {atm}")
    assert fake.most_quotes == MAX_QUOTES
    assert stream.status().left_out > 400
    assert len(fake.peers) == 1
    reading.cancel()


async def test_more_contracts_than_the_vendors_cap_are_never_held_at_once(fake: FakeStream) -> None:
    async with client_of(fake, planner=Planner(max_quotes=6)) as client:
        await client.until("quotes", lambda: sum(topic.startswith("Q.") for topic in client.stream.topics) == 6)
        assert client.stream.status().left_out == 4
        near = {f"Q.O:SPXW260102{side}0{strike}000" for side in "CP" for strike in (6920, 6930, 6940)}
        assert {topic for topic in client.stream.topics if topic.startswith("Q.")} == near

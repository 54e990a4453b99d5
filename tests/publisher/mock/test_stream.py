"""The mock's stream: it moves between two snapshots, its trades are in the next, and it knows the market's hours."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.clock import ManualClock
from chain.errors import DecodeError
from chain.model.keys import SnapshotId
from chain.model.snapshot import Contract, Snapshot
from chain.pipeline.events import Frame, Quote, StreamEvent, Trade, decode_frame
from chain.pipeline.frame import ReceivedFrame
from chain.pipeline.ticker import parse_ticker
from publisher.mock.market import BURST, BURST_EVERY_S, bustle
from publisher.mock.source import MockSource
from publisher.mock.stream import MOST_CONTRACTS, TICK_S, MockStream
from tests.support.builders import law

NY = ZoneInfo("America/New_York")
NOON = datetime(2025, 12, 23, 12, 0, tzinfo=NY)  # a Tuesday
OPEN, CLOSE = NOON.replace(hour=9, minute=30), NOON.replace(hour=16)


class Market:
    """A mock's source and stream on one clock."""

    def __init__(
        self, at: datetime = NOON, *, seed: int = 7, rate: float = 200.0, underlyings: Sequence[str] = ("SPX",)
    ) -> None:
        self.clock = ManualClock(round(at.timestamp() * 1e9))
        self.source = MockSource(self.clock, seed=seed, underlyings=underlyings)
        self.stream = MockStream(self.source.exchange, self.clock, rate=rate)

    async def publish(self, depth: int = 1) -> dict[str, Contract]:
        """Let a cycle pass; return the contracts of its snapshots by ticker."""
        await self.source.begin_cycle()
        ts_ns = self.clock.wall_ns()
        found: list[Snapshot] = []
        for name in self.source.underlyings:
            survey = await self.source.survey(name)
            for expiry in survey.expirations[:depth]:
                window = await self.source.fetch_window(survey, expiry)
                snapshot_id = SnapshotId(window.chain, ts_ns // 1_000_000)
                found.append(
                    Snapshot.at(
                        snapshot_id,
                        ts_ns,
                        atm=window.atm,
                        range_points=window.range_points,
                        contracts=window.contracts,
                    )
                )
        self.stream.on_published(found)
        return {item["details"]["ticker"]: item for snapshot in found for item in snapshot.contracts}

    def listen(self, seconds: float) -> list[ReceivedFrame]:
        """Return the frames of the next seconds."""
        heard: list[ReceivedFrame] = []
        for _ in range(round(seconds / TICK_S)):
            self.clock.advance(TICK_S)
            heard += self.stream.tick(TICK_S)
        return heard


def events_in(frames: Sequence[ReceivedFrame]) -> list[StreamEvent]:
    return [event for frame in frames for event in decode_frame(frame.payload).events]


def mid(item: Contract) -> float:
    return (float(item["last_quote"]["bid"]) + float(item["last_quote"]["ask"])) / 2


def run(market: Market, seconds: float) -> tuple[dict[str, Contract], list[StreamEvent], dict[str, Contract]]:
    """Return the contracts of two cycles, and the events between them."""

    async def play() -> tuple[dict[str, Contract], list[StreamEvent], dict[str, Contract]]:
        before = await market.publish()
        between = events_in(market.listen(seconds))
        market.clock.advance(0.05)  # the snapshot is taken between two ticks of the stream
        return before, between, await market.publish()

    return asyncio.run(play())


# Coherent with the snapshots


@law
@given(
    seed=st.integers(0, 10_000),
    minute=st.integers(0, 388),
    seconds=st.sampled_from([0.3, 3.0, 20.0]),
    underlying=st.sampled_from(["SPX", "NDX", "SPY"]),
)
def test_a_quote_lies_between_two_snapshots_give_or_take_a_tick(
    seed: int, minute: int, seconds: float, underlying: str
) -> None:
    at = datetime.fromtimestamp(OPEN.timestamp() + 60 * minute, NY)
    before, events, after = run(Market(at, seed=seed, rate=80, underlyings=[underlying]), seconds)
    quotes = [event for event in events if isinstance(event, Quote) and event.ticker in before.keys() & after.keys()]
    assert quotes or seconds < 1
    for event in quotes:
        moved = abs(mid(after[event.ticker]) - mid(before[event.ticker]))
        tick = 0.10 if event.ask >= 3 else 0.05  # by which bid and ask are each rounded
        assert abs((event.bid + event.ask) / 2 - mid(after[event.ticker])) <= moved + tick + 1e-9, event


@law
@given(seed=st.integers(0, 10_000), minute=st.integers(0, 388))
def test_a_trade_of_the_stream_is_in_the_next_snapshot_or_one_that_came_later(seed: int, minute: int) -> None:
    at = datetime.fromtimestamp(OPEN.timestamp() + 60 * minute, NY)
    before, events, after = run(Market(at, seed=seed, rate=200), 2.0)
    last = {event.ticker: event for event in events if isinstance(event, Trade)}
    for ticker, trade in last.items():
        if ticker not in after:
            continue
        assert after[ticker]["last_trade"]["sip_timestamp"] // 1_000_000 >= trade.ts_ms
        was = before[ticker]["day"]["volume"] if ticker in before else 0
        assert after[ticker]["day"]["volume"] > was


def test_a_trade_after_which_nothing_traded_is_the_snapshots_own() -> None:
    _, events, after = run(Market(rate=1_000), 1.0)
    last = {event.ticker: event for event in events if isinstance(event, Trade)}
    held = {ticker: after[ticker]["last_trade"] for ticker in last}
    same = [ticker for ticker in last if held[ticker]["sip_timestamp"] // 1_000_000 == last[ticker].ts_ms]
    assert len(same) > 5
    assert [(held[t]["price"], held[t]["size"]) for t in same] == [(last[t].price, last[t].size) for t in same]


def test_a_snapshot_quotes_no_earlier_than_the_stream_did() -> None:
    _, events, after = run(Market(rate=2_000), 3.0)
    last = {event.ticker: event.ts_ms for event in events if isinstance(event, Quote)}
    late = [ms for ticker, ms in last.items() if after[ticker]["last_quote"]["last_updated"] // 1_000_000 < ms]
    assert (len(last) > 50, late) == (True, [])


def test_snapshots_quote_the_same_with_the_stream_or_without() -> None:
    with_stream, without = run(Market(), 10.0), run(Market(rate=0), 10.0)
    assert len(with_stream[1]) > 1_000
    assert not without[1]
    for name in ("implied_volatility", "greeks", "underlying_asset", "open_interest"):
        assert {t: item.get(name) for t, item in with_stream[2].items()} == {
            t: item.get(name) for t, item in without[2].items()
        }
    assert {t: mid(item) for t, item in with_stream[2].items()} == {t: mid(item) for t, item in without[2].items()}


def test_the_market_moves_between_two_snapshots() -> None:
    _, events, _ = run(Market(rate=5_000), 10.0)
    quoted: dict[str, set[float]] = {}
    for event in events:
        if isinstance(event, Quote):
            quoted.setdefault(event.ticker, set()).add(event.bid)
    assert sum(len(bids) > 1 for bids in quoted.values()) > 20


# The same for the same seed and clock


def frames_of(market: Market, seconds: float = 10.0) -> list[ReceivedFrame]:
    async def play() -> list[ReceivedFrame]:
        await market.publish()
        heard = market.listen(seconds)
        await market.publish()
        return heard + market.listen(seconds)

    return asyncio.run(play())


def test_the_same_seed_and_clock_give_the_same_frames() -> None:
    assert frames_of(Market()) == frames_of(Market())
    assert frames_of(Market()) != frames_of(Market(seed=8))


# Its shape


def test_every_frame_is_one_of_the_vendors_and_its_events_rise_within_a_contract() -> None:
    newest: dict[str, tuple[int, int]] = {}
    now_ms = round(NOON.timestamp() * 1000)
    for frame in frames_of(Market(rate=1_000)):
        decoded = decode_frame(frame.payload)
        assert (len(decoded.events), decoded.others, decoded.malformed) == (frame.events, 0, 0)
        assert 1 <= frame.events <= 10
        for event in decoded.events:
            assert (event.ts_ms, event.seq) > newest.get(event.ticker, (0, 0))
            assert now_ms <= event.ts_ms <= frame.ts * 1000 < event.ts_ms + 201
            newest[event.ticker] = event.ts_ms, event.seq


def test_quotes_are_two_sided_and_one_event_in_five_is_a_trade_as_far_as_there_is_volume() -> None:
    events = events_in(frames_of(Market(underlyings=("SPX", "SPY"))))
    kinds = Counter(type(event).__name__ for event in events)
    assert 0.05 < kinds["Trade"] / len(events) < 0.25
    assert all(event.price > 0 and event.size >= 1 for event in events if isinstance(event, Trade))
    for event in events:
        if isinstance(event, Quote):
            assert 0 <= event.bid < event.ask
            assert (event.bid_size > 0) is (event.bid > 0)


def test_a_connection_has_the_vendors_number_of_contracts_nearest_the_money() -> None:
    market = Market(underlyings=("SPX", "NDX", "SPY"))
    published = asyncio.run(market.publish(6))
    status, topics = market.stream.status(), market.stream.topics
    assert status.subscriptions <= MOST_CONTRACTS < len(published)
    assert status.subscriptions + status.left_out == len(published)
    assert {topic[:2] for topic in topics} == {"Q.", "T."}
    tickers = {topic[2:] for topic in topics}
    assert len(tickers) == status.subscriptions
    assert tickers <= published.keys()
    atm: dict[tuple[str, str], list[float]] = {}
    for ticker, item in published.items():
        details = item["details"]
        away = abs(
            details["strike_price"] - item["underlying_asset"].get("value", item["underlying_asset"].get("price"))
        )
        chain = parse_ticker(ticker).root[:3], details["expiration_date"]
        atm.setdefault(chain, [0.0, float("inf")])
        if ticker in tickers:
            atm[chain][0] = max(atm[chain][0], away)
        else:
            atm[chain][1] = min(atm[chain][1], away)
    step = {"SPX": 5.0, "NDX": 10.0, "SPY": 1.0}
    assert all(inside <= outside + step[root] for (root, _), (inside, outside) in atm.items())


def test_it_speaks_only_of_what_it_is_subscribed_to_and_mostly_of_the_nearest() -> None:
    market = Market(rate=2_000)
    published = asyncio.run(market.publish(6))
    events = events_in(market.listen(5.0))
    assert {f"Q.{event.ticker}" for event in events} <= market.stream.topics
    spot = market.source.exchange.spot("SPX")
    near = sum(abs(published[event.ticker]["details"]["strike_price"] - spot) < 50 for event in events)
    assert near > 0.6 * len(events)


async def test_subscriptions_change_only_with_what_is_listed_and_what_has_settled_is_left() -> None:
    market = Market(CLOSE.replace(hour=15, minute=59))
    await market.publish()
    before = market.stream.topics
    kept = 0
    for _ in range(8):
        listed, topics = {topic[2:] for topic in market.stream.topics}, market.stream.topics
        same = (await market.publish()).keys() == listed
        assert (market.stream.topics is topics) is same
        kept += same
    assert kept
    market.clock.advance(120.0)
    await market.publish()
    dates = {parse_ticker(topic[2:]).expiry for topic in market.stream.topics}
    assert NOON.date() in {parse_ticker(topic[2:]).expiry for topic in before}
    assert NOON.date() not in dates


# Its hours and its pace


@pytest.mark.parametrize(
    ("at", "trading"),
    [
        (OPEN.replace(minute=29), False),
        (OPEN, True),
        (CLOSE.replace(hour=15, minute=58), True),
        (CLOSE, False),
        (NOON.replace(day=25), False),  # Christmas
        (NOON.replace(day=27), False),  # a Saturday
        (NOON.replace(day=24), True),  # a half day
        (NOON.replace(day=24, hour=13, minute=1), False),
    ],
)
def test_it_quotes_at_any_hour_and_trades_while_the_market_is_open(at: datetime, trading: bool) -> None:
    _, events, _ = run(Market(at), 10.0)
    assert any(isinstance(event, Quote) for event in events)
    assert any(isinstance(event, Trade) for event in events) is trading


def test_a_new_session_is_quoted_only_once_its_first_snapshot_is_there() -> None:
    market = Market(OPEN.replace(minute=29, second=55))

    async def play() -> tuple[list[ReceivedFrame], list[ReceivedFrame]]:
        await market.publish()
        early = market.listen(10.0)
        await market.publish()
        return early, market.listen(5.0)

    early, late = asyncio.run(play())
    assert early and max(frame.ts for frame in early) < OPEN.timestamp()
    assert late


@pytest.mark.parametrize("rate", [20.0, 200.0])
def test_its_rate_is_an_average_over_the_session(rate: float) -> None:
    seen = 0
    samples = 13
    for number in range(samples):  # every half hour, sixteen seconds: a whole round of bursts
        at = datetime.fromtimestamp(OPEN.timestamp() + 900 + 1_800 * number, NY)
        _, events, _ = run(Market(at, rate=rate), 16.0)
        seen += len(events)
    assert seen / (16 * samples) == pytest.approx(rate, rel=0.1)


@law
@given(seed=st.integers(0, 2**31))
def test_one_second_in_sixteen_is_a_burst(seed: int) -> None:
    paces = [bustle(seed, second) for second in range(1_600)]
    assert paces.count(BURST) == pytest.approx(1_600 / BURST_EVERY_S, abs=3)
    assert sum(paces) / len(paces) == pytest.approx(1.0, rel=0.02)


async def test_it_speaks_five_times_a_second_and_does_not_make_up_for_a_pause() -> None:
    market = Market(rate=1_000)
    await market.publish()
    heard: list[ReceivedFrame] = []

    async def hear() -> None:
        async for frame in market.stream.frames():
            heard.append(frame)  # noqa: PERF401 - it never ends by itself

    task = asyncio.ensure_future(hear())
    await market.clock.run(1.0)
    assert len({frame.ts for frame in heard}) == 5
    heard.clear()
    market.clock.advance(3_600.0)
    await market.clock.run(0.0)
    task.cancel()
    await asyncio.wait([task])
    assert 0 < sum(frame.events for frame in heard) <= 1_000 * BURST * 2


# Faults on purpose


def faulty(**changes: object) -> tuple[Market, list[ReceivedFrame]]:
    market = Market()
    for name, value in changes.items():
        setattr(market.stream.faults, name, value)
    return market, frames_of(market, 3.0)


def test_a_quiet_stream_says_nothing_and_does_not_make_up_for_it() -> None:
    market, frames = faulty(quiet=True)
    assert not frames
    market.stream.faults.quiet = False
    assert len(events_in(market.listen(1.0))) < 1_000


def test_a_stream_from_the_future_is_stamped_so_frame_and_event() -> None:
    _, frames = faulty(ahead_s=30.0)
    plain = frames_of(Market(), 3.0)
    assert [frame.ts - 30 for frame in frames] == pytest.approx([frame.ts for frame in plain])
    shifted = [event.ts_ms - 30_000 for event in events_in(frames)]
    assert shifted == [event.ts_ms for event in events_in(plain)]


def test_outside_trading_hours_it_speaks_slowly() -> None:
    _, events, _ = run(Market(CLOSE.replace(hour=22)), 16.0)
    assert len(events) == pytest.approx(0.25 * 200 * 16, rel=0.1)


def test_malformed_frames_come_beside_whole_ones() -> None:
    _, frames = faulty(malformed=True)

    def whole(frame: ReceivedFrame) -> Frame | None:
        try:
            return decode_frame(frame.payload)
        except DecodeError:
            return None

    found = [whole(frame) for frame in frames]
    assert None in found
    assert any(frame is not None and frame.malformed for frame in found)
    assert sum(len(frame.events) for frame in found if frame) > 100


def test_unknown_contracts_are_of_nobody() -> None:
    market, frames = faulty(unknown=True)
    strange = [event for event in events_in(frames) if f"Q.{event.ticker}" not in market.stream.topics]
    assert len(strange) > 50
    assert {parse_ticker(event.ticker).strike for event in strange} == {99_999.0}

"""What a chain becomes of snapshots and events: a function of both, whatever order and batches they come in."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from chain.model.keys import SnapshotId
from chain.model.snapshot import Received, Snapshot, decode, encode
from chain.pipeline.events import Quote, StreamEvent, Trade
from chain.pipeline.staging import Dropped, StagedContract, Value
from chain.thresholds import FUTURE_TOLERANCE_MS
from mmaker.merge.state import KNOWN_BEFORE_MS, StagedChainState
from tests.support.builders import SPX, TS_MS, contract, law

STRIKES = (6920, 6930)
CALL, PUT = "O:SPXW260102C06930000", "O:SPXW260102P06930000"
TICKERS = ("O:SPXW260102C06920000", "O:SPXW260102P06920000", CALL, PUT)
QUOTE_MS, TRADE_MS = TS_MS - 3_000, TS_MS - 5_000  # the vendor's times in `snapshot`
LATER_MS = TS_MS + 60_000  # when events are received, unless said otherwise


def snapshot(made_ms: int = TS_MS, *, quote_ms: int = QUOTE_MS, trade_ms: int = TRADE_MS, **changes: Any) -> Received:
    """Return a snapshot of four contracts with vendor times of its own; `changes` are of each item."""
    items = []
    for serial, (strike, side) in enumerate((strike, side) for strike in STRIKES for side in ("call", "put")):
        item = contract(SPX, strike, side, serial + 1)
        item["last_quote"]["last_updated"] = quote_ms * 1_000_000 + 999_999
        item["last_trade"]["sip_timestamp"] = trade_ms * 1_000_000
        items.append(item | changes)
    of = SnapshotId(SPX, made_ms)
    made = Snapshot.at(of, made_ms * 1_000_000, atm=6930, range_points=24, contracts=items)
    return decode(encode(made), of)


def state_of(*snapshots: Received) -> StagedChainState:
    state = StagedChainState(SPX)
    for each in snapshots:
        state.apply_snapshot(each)
    return state


def quote(ts_ms: int = TS_MS, seq: int = 1, bid: float = 7.6, ask: float = 7.9, ticker: str = CALL) -> Quote:
    return Quote(ticker, bid, ask, 5.0, 6.0, ts_ms, seq)


def trade(ts_ms: int = TS_MS, seq: int = 1, price: float = 7.7, ticker: str = CALL) -> Trade:
    return Trade(ticker, price, 2.0, ts_ms, seq)


def staged(state: StagedChainState, ticker: str = CALL) -> StagedContract:
    return state.take_changes().contracts[ticker]


def fields(state: StagedChainState) -> dict[str, bytes]:
    return {ticker: shown.encode() for ticker, shown in state.take_changes().contracts.items()}


def stream(value: float, ts_ms: int = TS_MS) -> Value:
    return Value(value, ts_ms, "stream")


# A snapshot alone


def test_every_value_of_a_snapshot_has_the_vendors_time_of_it() -> None:
    shown = staged(state_of(snapshot()))
    assert (shown.side, shown.strike, shown.root) == ("call", 6930.0, "SPXW")
    assert shown.bid == Value(10.13, QUOTE_MS, "snapshot") and shown.ask == Value(10.15, QUOTE_MS, "snapshot")
    assert shown.bid_size == Value(2003, QUOTE_MS, "snapshot") and shown.ask_size == Value(3003, QUOTE_MS, "snapshot")
    assert shown.mid == Value(10.14, QUOTE_MS, "snapshot")
    assert shown.last == Value(10.16, TRADE_MS, "snapshot") and shown.last_size == Value(4003, TRADE_MS, "snapshot")
    assert shown.iv == Value(0.12003, TS_MS, "snapshot") and shown.open_interest == Value(60003, TS_MS, "snapshot")
    assert shown.quote_seq is shown.trade_seq is UNSET


def test_what_a_snapshot_lacks_is_left_out() -> None:
    bare = staged(state_of(snapshot(last_quote={}, last_trade=None, greeks={"delta": 7}, implied_volatility=None)))
    for missing in ("bid", "ask", "bid_size", "ask_size", "mid", "last", "last_size", "iv", "delta", "gamma"):
        assert getattr(bare, missing) is UNSET, missing
    assert b'"bid"' not in bare.encode()


@pytest.mark.parametrize("stamp", [None, "soon", True, -1, (TS_MS + FUTURE_TOLERANCE_MS + 1) * 1_000_000])
def test_a_stamp_that_cannot_be_is_replaced_by_the_snapshots(stamp: object) -> None:
    shown = staged(state_of(snapshot(last_quote={"bid": 1.0, "ask": 2.0, "last_updated": stamp})))
    assert shown.bid == Value(1.0, TS_MS, "snapshot")


def test_a_contract_is_named_by_its_place_whatever_its_item_calls_it() -> None:
    state = state_of(snapshot())
    assert tuple(state.tickers) == TICKERS


# Events over it


def test_a_later_quote_touches_bid_ask_sizes_and_mid_alone() -> None:
    state = state_of(snapshot())
    before = staged(state)
    state.apply(quote(seq=9), LATER_MS)
    after = staged(state)
    assert (after.bid, after.ask, after.mid) == (stream(7.6), stream(7.9), stream(7.75))
    assert (after.bid_size, after.ask_size, after.quote_seq) == (stream(5.0), stream(6.0), 9)
    same = {
        "bid": before.bid,
        "ask": before.ask,
        "bid_size": before.bid_size,
        "ask_size": before.ask_size,
        "mid": before.mid,
        "quote_seq": UNSET,
    }
    assert replace(after, **same) == before


def test_a_later_trade_touches_last_and_its_size_alone() -> None:
    state = state_of(snapshot())
    before = staged(state)
    state.apply(trade(seq=9), LATER_MS)
    after = staged(state)
    assert (after.last, after.last_size, after.trade_seq) == (stream(7.7), stream(2.0), 9)
    assert replace(after, last=before.last, last_size=before.last_size, trade_seq=UNSET) == before


def test_an_event_as_old_as_the_snapshots_own_value_is_older() -> None:
    state = state_of(snapshot())
    state.apply(quote(QUOTE_MS), LATER_MS)
    state.apply(trade(TRADE_MS), LATER_MS)
    assert state.dropped == Dropped(older=2)
    state.apply(quote(QUOTE_MS + 1), LATER_MS)
    state.apply(trade(TRADE_MS + 1), LATER_MS)
    assert (state.events, state.dropped) == (2, Dropped(older=2))


def test_time_counts_before_the_sequence_number_and_that_before_all_else() -> None:
    state = state_of(snapshot())
    for event in (quote(TS_MS, 5, 7.0), quote(TS_MS, 4, 7.1), quote(TS_MS - 1, 9, 7.2), quote(TS_MS, 5, 7.0)):
        state.apply(event, LATER_MS)
    assert staged(state).bid == stream(7.0) and state.dropped.older == 3
    state.apply(quote(TS_MS, 6, 7.1), LATER_MS)
    state.apply(quote(TS_MS + 1, 1, 7.2), LATER_MS)
    assert staged(state).bid == stream(7.2, TS_MS + 1)


def test_the_stream_never_adds_a_contract() -> None:
    state = state_of(snapshot())
    state.apply(quote(ticker="O:SPXW260102C06925000"), LATER_MS)
    state.apply(trade(ticker=""), LATER_MS)
    assert state.dropped == Dropped(unknown=2) and tuple(staged_all(state)) == TICKERS


def staged_all(state: StagedChainState) -> dict[str, StagedContract]:
    return dict(state.take_changes().contracts)


@pytest.mark.parametrize(
    "absurd",
    [
        quote(bid=-0.01),
        quote(ask=-0.01),
        quote(bid=math.nan),
        quote(ask=math.inf),
        quote(ask=1.1e7),
        replace(quote(), bid_size=-1.0),
        replace(quote(), ask_size=1.1e9),
        quote(LATER_MS + FUTURE_TOLERANCE_MS + 1),
        trade(price=0.0),
        trade(price=-1.0),
        trade(price=math.nan),
        replace(trade(), size=-1.0),
        trade(LATER_MS + FUTURE_TOLERANCE_MS + 1),
    ],
)
def test_what_cannot_be_is_left_out_and_counted(absurd: StreamEvent) -> None:
    state = state_of(snapshot())
    before = fields(state)
    state.apply(absurd, LATER_MS)
    assert state.dropped == Dropped(absurd=1) and fields(state) == before


def test_an_event_may_be_ahead_of_its_receipt_by_as_much_as_clocks_may_differ() -> None:
    state = state_of(snapshot())
    state.apply(quote(LATER_MS + FUTURE_TOLERANCE_MS), LATER_MS)
    assert state.events == 1


@pytest.mark.parametrize(
    ("bid", "ask", "mid", "crossed"),
    [
        (7.6, 7.9, 7.75, 0),
        (7.9, 7.6, None, 1),
        (7.6, 7.6, None, 0),  # locked
        (0.0, 0.05, None, 0),  # nobody bids
        (7.6, 0.0, None, 0),  # nobody offers
        (0.0, 0.0, None, 0),
    ],
)
def test_only_a_sound_quote_has_a_mid(bid: float, ask: float, mid: float | None, crossed: int) -> None:
    state = state_of(snapshot())
    state.apply(quote(bid=bid, ask=ask), LATER_MS)
    shown = staged(state)
    assert shown.mid == (UNSET if mid is None else stream(mid))
    assert shown.ask == (stream(ask) if ask else UNSET)
    assert shown.bid_size == stream(5.0)
    assert (state.events, state.dropped) == (1, Dropped(crossed=crossed))


# A snapshot is a barrier


def test_the_next_snapshot_keeps_what_is_later_than_its_own_values_and_replaces_the_rest() -> None:
    state = state_of(snapshot())
    state.apply(quote(TS_MS + 500), LATER_MS)
    state.apply(trade(TS_MS + 500), LATER_MS)
    state.apply_snapshot(snapshot(TS_MS + 1_000, quote_ms=TS_MS + 499, trade_ms=TS_MS + 500))
    shown = staged(state)
    assert shown.bid == stream(7.6, TS_MS + 500) and shown.last == Value(10.16, TS_MS + 500, "snapshot")
    assert shown.trade_seq is UNSET


def test_contracts_come_and_go_with_snapshots() -> None:
    state = state_of(snapshot())
    state.take_changes()
    fewer = replace_contracts(snapshot(TS_MS + 1_000), keep=2)
    state.apply_snapshot(fewer)
    changes = state.take_changes()
    assert changes.whole and changes.removed == {CALL, PUT} and tuple(changes.contracts) == TICKERS[:2]
    state.apply(quote(TS_MS + 2_000), LATER_MS)
    assert state.dropped.unknown == 1
    state.apply_snapshot(snapshot(TS_MS + 3_000))
    assert staged(state).bid == Value(10.13, QUOTE_MS, "snapshot")  # what went by meanwhile is not known


def replace_contracts(whole: Received, keep: int) -> Received:
    return Received(whole.id, whole.ts, whole.atm, whole.range_points, whole.contracts[:keep])


def test_what_is_long_before_a_snapshot_tells_nothing_that_it_does_not_know() -> None:
    state = state_of(snapshot(quote_ms=1, trade_ms=1))
    state.apply(quote(TS_MS - KNOWN_BEFORE_MS - 1), LATER_MS)
    assert (state.events, state.dropped.older) == (0, 1)
    state.apply(quote(TS_MS - KNOWN_BEFORE_MS), LATER_MS)
    assert state.events == 1
    state.apply_snapshot(snapshot(TS_MS + 1, quote_ms=1, trade_ms=1))
    shown = staged(state).bid
    assert shown is not UNSET and shown.origin == "snapshot"


def test_nothing_of_another_kind_of_source_survives() -> None:
    state = state_of(snapshot())
    state.apply(quote(TS_MS + 500), LATER_MS)
    state.apply_snapshot(snapshot(TS_MS + 1_000), since_ms=TS_MS + 501)
    shown = staged(state).bid
    assert shown is not UNSET and shown.origin == "snapshot"


# Changes


def test_only_what_shows_is_a_change() -> None:
    state = state_of(snapshot())
    first = state.take_changes()
    assert first.whole and first.changed == set(TICKERS)
    clean = state.dirty
    state.apply(quote(), LATER_MS)
    assert (clean, state.dirty) == (False, True)
    second = state.take_changes()
    assert not second.whole and second.changed == {CALL} and not second.removed
    assert first.contracts[CALL] != second.contracts[CALL]  # what was handed out stays as it was
    state.apply_snapshot(snapshot())
    assert state.take_changes().changed == frozenset()


# Laws

times = st.integers(TS_MS - 6_000, TS_MS + 6_000)
prices = st.sampled_from([0.0, -0.0, 0.05, 7.6, 7.9, 9.0])
quotes = st.builds(
    Quote, st.sampled_from(TICKERS), prices, prices, st.just(1.0), st.just(2.0), times, st.integers(0, 3)
)
trades = st.builds(Trade, st.sampled_from(TICKERS), prices, st.just(1.0), times, st.integers(0, 3))
events = st.lists(quotes | trades, max_size=30)
snapshots = st.builds(
    lambda made, quoted, traded: snapshot(made, quote_ms=quoted, trade_ms=traded), times, times, times
)


@given(st.lists(snapshots, min_size=1, max_size=3), events, st.data())
@law
def test_any_order_any_batches_and_duplicates_give_the_same_bytes(
    laid: list[Received], taken: list[StreamEvent], data: st.DataObject
) -> None:
    """The last snapshot beneath is the same; everything else may come in any order, again and again."""
    plain = state_of(*laid)
    for event in taken:
        plain.apply(event, LATER_MS)
    mixed = state_of(laid[-1])
    steps: list[Any] = data.draw(st.permutations([*taken, *taken, *laid]))
    for step in steps:
        if isinstance(step, Received):
            mixed.apply_snapshot(step)
        else:
            mixed.apply(step, LATER_MS)
        if data.draw(st.booleans()):
            mixed.take_changes()
    mixed.apply_snapshot(laid[-1])
    assert fields(mixed) == fields(plain)


@given(events)
@law
def test_values_of_the_stream_never_go_back_in_time(taken: list[StreamEvent]) -> None:
    state = state_of(snapshot())
    before = staged_all(state)
    for event in taken:
        state.apply(event, LATER_MS)
        after = staged_all(state)
        for ticker, shown in after.items():
            for name in ("bid_size", "last"):
                new, old = getattr(shown, name), getattr(before[ticker], name)
                assert new.ts_ms >= old.ts_ms
        before = after


@given(snapshots, events, events)
@law
def test_staging_is_all_that_a_successor_needs(
    beneath: Received, first: list[StreamEvent], rest: list[StreamEvent]
) -> None:
    """Whoever resumes from the staged fields, and takes in some events again, goes on as if nothing had happened."""
    one = state_of(beneath)
    for event in first:
        one.apply(event, LATER_MS)
    two = state_of(beneath)
    two.resume(staged_all(one), LATER_MS)
    assert fields(two) == fields(one)
    for event in (*first[len(first) // 2 :], *rest):
        two.apply(event, LATER_MS)
    for event in rest:
        one.apply(event, LATER_MS)
    assert fields(two) == fields(one)


def test_staged_values_that_cannot_be_are_not_resumed() -> None:
    far = Value(7.6, LATER_MS + FUTURE_TOLERANCE_MS + 1, "stream")
    spoiled = replace(staged(state_of(snapshot())), bid=far, ask=far, bid_size=far, ask_size=far, quote_seq=1)
    state = state_of(snapshot())
    state.resume({CALL: spoiled, "O:SPXW260102C01000000": spoiled}, LATER_MS)
    assert fields(state) == fields(state_of(snapshot()))

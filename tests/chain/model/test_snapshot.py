"""The payload: what is encoded decodes to the same, and nothing malformed decodes at all."""

import re
import tracemalloc
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chain.errors import InvalidSnapshotError
from chain.model.contract import Details, Item, Quote, part
from chain.model.grid import build_grid
from chain.model.keys import ChainId, SnapshotId
from chain.model.snapshot import (
    MAX_CONTRACTS,
    MAX_PAYLOAD_BYTES,
    PAYLOAD_LIMITS,
    EncodedSnapshot,
    Snapshot,
    decode,
    decode_header,
    encode,
    same_instant,
    stamped,
)
from tests.support.builders import (
    GOLDEN_ID,
    SPOT,
    SPX,
    TS_MS,
    TS_NS,
    contract,
    contracts,
    golden_body,
    golden_snapshot,
    items_in,
    law,
    numbers,
    payload,
)

NS_2000, NS_2100 = 946_684_800 * 10**9, 4_102_444_800 * 10**9
century_ns = st.integers(NS_2000, NS_2100 - 1000)  # in the last half microsecond a float is already 2100


def refusal(raw: bytes, expected: SnapshotId = GOLDEN_ID) -> str:
    """Return why `raw` is refused, checked to be one line that a person can be shown."""
    with pytest.raises(InvalidSnapshotError) as error:
        decode(raw, expected)
    reason = str(error.value)
    assert reason.isprintable()
    assert 0 < len(reason) < 200
    return reason


def test_the_golden_items_repeat_no_number_but_what_they_share() -> None:
    items = contracts(strikes=[6900 + 5 * n for n in range(60)])
    counts = Counter(number for item in items for number in numbers(item))
    shared = {100, SPOT} | {item["details"]["strike_price"] for item in items}
    assert {number for number, count in counts.items() if count > 1} == shared
    assert len(counts) > 3000


# Round trip


def test_the_golden_payload_is_the_contracts_six_fields_in_their_order() -> None:
    body = orjson.loads(encode(golden_snapshot()))
    assert list(body) == ["ts", "underlying", "expiration", "atm", "range_points", "contracts"]
    assert body == golden_body()
    assert isinstance(body["ts"], float)
    assert int(body["ts"] * 1000) == TS_MS


def test_what_is_encoded_decodes_to_itself_with_the_vendors_items_unchanged() -> None:
    before = golden_snapshot()
    after = decode(encode(before), GOLDEN_ID)
    assert (after.id, after.ts, after.atm, after.range_points) == (
        before.id,
        before.ts,
        before.atm,
        before.range_points,
    )
    assert items_in(encode(before)) == tuple(contracts())
    assert [summary_of(item) for item in after.contracts] == [summary_of_vendor(item) for item in contracts()]


def summary_of(item: Item) -> tuple[object, ...]:
    details, quote = part(item.details, Details), part(item.last_quote, Quote)
    return details.ticker, details.strike_price, quote.bid, quote.last_updated, item.open_interest, item.spot


def summary_of_vendor(item: dict[str, Any]) -> tuple[object, ...]:
    details, quote = item["details"], item["last_quote"]
    return (
        *(details["ticker"], details["strike_price"], quote["bid"], quote["last_updated"]),
        item["open_interest"],
        SPOT,
    )


@law
@given(
    century_ns,
    st.integers(0, 10**9),
    st.integers(0, 10**6),
    st.lists(
        st.dictionaries(st.text(max_size=8), st.integers(0, 2**63) | st.text(max_size=8) | st.lists(st.booleans())),
        min_size=1,
        max_size=5,
    ),
)
def test_every_snapshot_that_can_be_made_can_be_read_back(
    ts_ns: int, atm: int, range_points: int, items: list[dict[str, Any]]
) -> None:
    snapshot_id = SnapshotId(SPX, ts_ns // 1_000_000)
    made = Snapshot.at(snapshot_id, ts_ns, atm=atm, range_points=range_points, contracts=items)
    found = decode(encode(made), snapshot_id)
    assert (found.id, found.ts, found.atm, found.range_points) == (made.id, made.ts, atm, range_points)
    assert len(found.contracts) == len(items)


def test_no_contracts_is_refused_where_made_and_accepted_where_read() -> None:
    with pytest.raises(InvalidSnapshotError, match="SPX 2026-01-02 has no contracts"):
        Snapshot.at(GOLDEN_ID, TS_NS, atm=6930, range_points=24, contracts=[])
    assert decode(payload(contracts=[]), GOLDEN_ID).contracts == ()


def test_fields_that_the_contract_does_not_know_are_let_be() -> None:
    assert decode(payload(dte=7, source={"kind": "x"}), GOLDEN_ID) == decode(payload(), GOLDEN_ID)


# What a publisher must not be able to write


@pytest.mark.parametrize("ts_ns", [NS_2000 - 1_000_000, NS_2100, 0, TS_NS // 1000, TS_NS * 1000])
def test_a_snapshot_outside_this_century_is_not_made(ts_ns: int) -> None:
    with pytest.raises(InvalidSnapshotError, match="not an epoch in seconds"):
        Snapshot.at(SnapshotId(SPX, ts_ns // 1_000_000), ts_ns, atm=6930, range_points=24, contracts=contracts())


def test_a_snapshot_of_another_instant_than_its_key_is_not_made() -> None:
    with pytest.raises(InvalidSnapshotError, match="more than 1 ms apart"):
        Snapshot.at(SnapshotId(SPX, TS_MS + 3), TS_NS, atm=6930, range_points=24, contracts=contracts())


def test_too_many_contracts_are_not_made() -> None:
    most = Snapshot.at(GOLDEN_ID, TS_NS, atm=6930, range_points=24, contracts=[{}] * MAX_CONTRACTS)
    assert len(most.contracts) == MAX_CONTRACTS
    with pytest.raises(InvalidSnapshotError, match=f"{MAX_CONTRACTS + 1} contracts, more than {MAX_CONTRACTS}"):
        Snapshot.at(GOLDEN_ID, TS_NS, atm=6930, range_points=24, contracts=[{}] * (MAX_CONTRACTS + 1))


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"description": "x" * MAX_PAYLOAD_BYTES}, "larger than"),
        ({"description": "x" * PAYLOAD_LIMITS.string}, "a string or gap"),
        ({"legs": [{}] * (MAX_CONTRACTS * 10)}, "more than 50000 objects"),
    ],
    ids=["payload", "string", "objects"],
)
def test_what_every_reader_would_refuse_is_not_encoded(item: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidSnapshotError, match=said):
        encode(replace(golden_snapshot(), contracts=(item,)))


# Malformed payloads, one kind each


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00",
        b"text",
        b"{",
        b'{"ts": 1',
        b"\xef\xbb\xbf{}",
        b'{"a": "\xff"}',
        b"{'ts': 1}",
        b"\x1f\x8b",
        payload() + b"{}",
    ],
    ids=["nul", "text", "open", "cut", "bom", "utf8", "quotes", "gzip", "two"],
)
def test_not_json(raw: bytes) -> None:
    assert "not JSON" in refusal(raw)


@pytest.mark.parametrize(
    ("raw", "kind"), [(b"[]", "an array"), (b"1", "an integer"), (b'"x"', "a string"), (b"null", "null")]
)
def test_json_that_is_no_object(raw: bytes, kind: str) -> None:
    assert refusal(raw) == f"{kind}, not an object"


def test_an_empty_payload_says_that_it_is_empty() -> None:
    assert (refusal(b""), refusal(b" \n")) == ("empty", "nothing but blanks")


@pytest.mark.parametrize("word", [b"1e999", b"-1e999", b"1" + b"0" * 400])
def test_numbers_that_no_float_holds(word: bytes) -> None:
    assert refusal(payload(ts=0).replace(b'"ts":0', b'"ts":' + word)) == "ts: a number too large for any reader"


@pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity"])
def test_numbers_that_json_does_not_know(word: bytes) -> None:
    assert "not JSON" in refusal(payload(ts=0).replace(b'"ts":0', b'"ts":' + word))


@pytest.mark.parametrize("ts", ["1766762051.149389", "soon", True, False, None, [TS_NS / 1e9], {"s": 1}])
def test_a_ts_that_is_no_number(ts: Any) -> None:
    assert refusal(payload(ts=ts)).startswith("ts: ")
    assert refusal(payload(ts=ts)).endswith(", not a number")


@pytest.mark.parametrize("ts", [TS_NS / 1e6, TS_NS, 0, 1, -1.5, 946_684_799.9, 4_102_444_800, 1e300, -1e300, 2**63])
def test_a_ts_that_is_no_second_of_this_century(ts: float) -> None:
    reason = refusal(payload(ts=ts))
    assert "not an epoch in seconds between 2000 and 2100" in reason
    assert f"{ts:g}" in reason


def test_a_whole_second_may_be_an_integer() -> None:
    snapshot_id = SnapshotId(SPX, 1_766_762_051_000)
    assert decode(payload(ts=1_766_762_051), snapshot_id).ts == 1_766_762_051


@pytest.mark.parametrize("apart", [-1, 0, 1])
def test_key_and_ts_a_millisecond_apart_are_one_instant(apart: int) -> None:
    assert decode(payload(), SnapshotId(SPX, TS_MS + apart)).id.ts_ms == TS_MS + apart


@pytest.mark.parametrize("apart", [-3000, -2, 2, 3000])
def test_key_and_ts_further_apart_are_refused_with_both_shown(apart: int) -> None:
    reason = refusal(payload(), SnapshotId(SPX, TS_MS + apart))
    assert "more than 1 ms apart" in reason
    assert "1766762051.149389" in reason
    assert str(TS_MS + apart) in reason


@law
@given(st.integers(NS_2000 // 1_000_000 + 2, NS_2100 // 1_000_000 - 3), st.sampled_from([-2, -1, 0, 1, 2]))
@example(1_073_863_344_634, 2)  # a float that falls short of its millisecond
def test_the_millisecond_of_grace_holds_over_the_century(ts_ms: int, apart: int) -> None:
    raw, expected = payload(ts=(ts_ms + apart) / 1000), SnapshotId(SPX, ts_ms)
    if abs(apart) <= 1:
        assert decode(raw, expected).id == expected
    else:
        assert "more than 1 ms apart" in refusal(raw, expected)


@law
@given(century_ns)
def test_a_key_cut_from_the_same_nanoseconds_always_agrees(ts_ns: int) -> None:
    expected = SnapshotId(SPX, ts_ns // 1_000_000)
    assert decode(payload(ts=ts_ns / 1e9), expected).id == expected


@pytest.mark.parametrize("value", [None, 7, ["SPX"], True])
@pytest.mark.parametrize("name", ["underlying", "expiration"])
def test_an_identity_that_is_no_string(name: str, value: Any) -> None:
    reason = refusal(payload(**{name: value}))
    assert reason.startswith(f"{name}: ")
    assert reason.endswith(", not a string")


@pytest.mark.parametrize("underlying", ["NDX", "I:SPX", "spx", "SPX ", "", "SPXW", "\x1b]0;owned\x07"])
def test_another_underlying_than_the_keys(underlying: str) -> None:
    reason = refusal(payload(underlying=underlying))
    assert reason.startswith("underlying ")
    assert reason.endswith("under a key of SPX")


def test_another_expiration_than_the_keys() -> None:
    assert refusal(payload(expiration="2026-01-03")) == "expiration 2026-01-03 under a key of 2026-01-02"


@pytest.mark.parametrize("text", ["", "2026-1-2", "20260102", "2026-02-30", "2026-01-02T00:00", "\u202e2026-01-02"])
def test_an_expiration_that_is_no_date(text: str) -> None:
    assert "not a date YYYY-MM-DD" in refusal(payload(expiration=text))


@pytest.mark.parametrize("value", ["6930", 6930.0, 6930.5, True, None, []])
@pytest.mark.parametrize("name", ["atm", "range_points"])
def test_a_strike_field_that_is_no_integer(name: str, value: Any) -> None:
    reason = refusal(payload(**{name: value}))
    assert reason.startswith(f"{name}: ")
    assert reason.endswith(", not an integer")


def test_an_integer_wider_than_64_bits_is_no_strike() -> None:
    assert (
        refusal(payload().replace(b'"atm":6930', b'"atm":18446744073709551616')) == "atm: must be <= 9007199254740992"
    )


def test_a_negative_range() -> None:
    assert refusal(payload(range_points=-1)) == "range_points: must be >= 0"


@pytest.mark.parametrize("value", [None, {}, "[]", 0, True])
def test_contracts_that_are_no_array(value: Any) -> None:
    assert refusal(payload(contracts=value)).startswith("contracts: ")
    assert refusal(payload(contracts=value)).endswith(", not an array")


@pytest.mark.parametrize(
    ("value", "kind"),
    [(None, "null"), ("O:SPX", "a string"), (7, "an integer"), ([], "an array"), (False, "true or false")],
)
def test_a_contract_that_is_no_object_is_named_by_its_place(value: Any, kind: str) -> None:
    items = [*contracts(), value]
    assert refusal(payload(contracts=items)) == f"contracts[10]: {kind}, not an object"


@pytest.mark.parametrize("name", golden_body())
def test_each_field_is_required(name: str) -> None:
    assert refusal(payload(name)) == f"{name}: missing"


@pytest.mark.parametrize("depth", [17, 250, 1_000, 20_000])
@pytest.mark.parametrize(
    "field", ["contract_type", "expiration_date", "shares_per_contract", "strike_price", "ticker", "exercise_style"]
)
def test_a_contract_in_which_anything_nests_deep_is_rejected_alone(field: str, depth: int) -> None:
    items = contracts()
    items[3]["details"] |= {field: "HERE", "note": 'a "quoted" [bracket \\'}
    raw = payload(contracts=items).replace(b'"HERE"', b"[" * depth + b"]" * depth)
    grid = build_grid(decode(raw, GOLDEN_ID))
    assert [(one.index, one.reason) for one in grid.rejected] == [
        (3, "details 'nested more than 16 deep' is no object")
    ]
    assert len(grid.legs) == len(items) - 1


# Bombs


MEGABYTE = 1 << 20
BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "arrays nested 5000 deep": (lambda: b'{"contracts":' + b"[" * 5000 + b"]" * 5000 + b"}", "ts: missing"),
    "objects nested 5000 deep": (lambda: b'{"a":' * 5000 + b"1" + b"}" * 5000, "ts: missing"),
    "a deep field": (lambda: payload(atm=0).replace(b'"atm":0', b'"atm":' + b"[" * 990 + b"]" * 990), "atm: an array"),
    "never closed": (lambda: payload(ts=0).replace(b'"ts":0', b'"ts":' + b"[" * 990), "nested more than 16 deep"),
    "half a million brackets": (lambda: payload(contracts=[{"a": [[]] * 5}] * 80_000), "more than 50000 objects"),
    "a million empty contracts": (lambda: payload(contracts=[{}] * 10**6), "more than 500000 values"),
    "a million empty arrays": (lambda: payload(contracts=[[]] * 10**6), "more than 500000 values"),
    "a string of 10 MB": (lambda: payload(underlying="x" * (10 * MEGABYTE)), "larger than"),
    "a string of 5 MB": (lambda: payload(underlying="x" * (5 * MEGABYTE)), "a string or gap"),
    "two million numbers": (lambda: payload(contracts=[1] * 2_000_000), "more than 500000 values"),
    "a gap of 1 MB": (lambda: b"{" + b" " * MEGABYTE + b"}", "a string or gap"),
    "one byte too many": (lambda: payload().ljust(MAX_PAYLOAD_BYTES + 1), "larger than"),
    "one contract too many": (lambda: payload(contracts=[{"a": 1}] * 5001), "5001 contracts, more than 5000"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_before_they_cost_memory(name: str) -> None:
    make, word = BOMBS[name]
    raw = make()
    tracemalloc.start()
    try:
        assert word in refusal(raw)
        assert tracemalloc.get_traced_memory()[1] < MAX_PAYLOAD_BYTES + 1_000_000  # once its own size, for a moment
    finally:
        tracemalloc.stop()


def test_as_much_as_is_allowed_is_read() -> None:
    items = [contract(SPX, 1000 + n, "call", n % 1000) for n in range(MAX_CONTRACTS)]
    raw = payload(contracts=items)
    assert len(raw) < MAX_PAYLOAD_BYTES
    assert len(decode(raw, GOLDEN_ID).contracts) == MAX_CONTRACTS
    longest = contracts() + [{"description": "x" * (PAYLOAD_LIMITS.string // 2 - 2)}] * 3
    assert len(decode(payload(contracts=longest), GOLDEN_ID).contracts) == 13


# Fuzz: whatever comes, one kind of error

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30)
)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner))
expected_ids = st.sampled_from([GOLDEN_ID, SnapshotId(ChainId("NDX", SPX.expiry), TS_MS), SnapshotId(SPX, TS_MS + 2)])


def judged(raw: bytes, expected: SnapshotId) -> None:
    """Decode: the result is what was asked for, or the one error with a line to show.

    The header alone is read of all that is read whole.
    """
    with suppress(InvalidSnapshotError):
        assert decode_header(raw, expected).id == expected
    try:
        found = decode(raw, expected)
        grid = build_grid(found)
    except InvalidSnapshotError as error:
        assert str(error).isprintable()
        assert len(str(error)) < 300
    else:
        assert found.id == expected
        assert not found.contracts or decode_header(raw, expected) == EncodedSnapshot.from_received(found, raw)
        assert abs(found.ts - expected.ts_ms / 1000) < 0.0021
        assert len(grid.legs) + len(grid.rejected) == len(found.contracts)
        assert all(rejected.reason.isprintable() and len(rejected.reason) < 120 for rejected in grid.rejected)


@law
@given(st.binary(max_size=2000), expected_ids)
@example(b'{"ts":' + b"9" * 400 + b"}", GOLDEN_ID)
def test_random_bytes(raw: bytes, expected: SnapshotId) -> None:
    judged(raw, expected)


@law
@given(st.data(), expected_ids)
def test_the_golden_payload_with_bytes_spoiled(data: st.DataObject, expected: SnapshotId) -> None:
    raw = bytearray(payload())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=20))
    judged(bytes(raw), expected)


@law
@given(
    st.dictionaries(st.sampled_from(list(golden_body())), values, max_size=3),
    st.sets(st.sampled_from(list(golden_body())), max_size=2),
    expected_ids,
)
def test_the_golden_payload_with_fields_replaced(
    changes: dict[str, Any], without: set[str], expected: SnapshotId
) -> None:
    judged(payload(*without, **changes), expected)


@law
@given(st.lists(values, max_size=6), expected_ids)
def test_the_golden_payload_with_contracts_replaced(items: list[Any], expected: SnapshotId) -> None:
    judged(payload(contracts=[*contracts(strikes=[6930]), *items]), expected)


@pytest.mark.parametrize("number", [b"1" + b"0" * 400, b"-1" + b"0" * 400, b"1e999"])
@pytest.mark.parametrize(
    ("place", "where"),
    [
        (b'"ts":', "ts"),
        (b'"strike_price":', "contracts[0].details.strike_price"),
        (b'"open_interest":', "contracts[0].open_interest"),
    ],
)
def test_a_number_beyond_every_reader_is_named_with_its_place(number: bytes, place: bytes, where: str) -> None:
    raw = payload().replace(place, place + number + b',"before":', 1)
    with pytest.raises(InvalidSnapshotError, match=re.escape(f"{where}: a number too large for any reader")):
        decode(raw, GOLDEN_ID)


def test_what_is_kept_as_bytes_opens_as_it_was_read() -> None:
    raw = encode(golden_snapshot())
    read = decode(raw, GOLDEN_ID)
    kept = EncodedSnapshot.from_received(read, raw)
    assert (kept.id, kept.ts, kept.atm, kept.range_points) == (read.id, read.ts, read.atm, read.range_points)
    assert kept.open() == read


@pytest.mark.parametrize("raw", [payload(contracts=[]), payload(atm=None), payload()[:-1], b"", b'{"contracts":[[1]]}'])
def test_what_no_publisher_sends_has_no_header_to_read(raw: bytes) -> None:
    with pytest.raises(InvalidSnapshotError):
        decode_header(raw, GOLDEN_ID)


@pytest.mark.parametrize("name", BOMBS)
def test_no_bomb_costs_memory_where_the_header_alone_is_read(name: str) -> None:
    raw = BOMBS[name][0]()
    tracemalloc.start()
    try:
        with suppress(InvalidSnapshotError):
            decode_header(raw, GOLDEN_ID)
        assert tracemalloc.get_traced_memory()[1] < 4 * MAX_PAYLOAD_BYTES
    finally:
        tracemalloc.stop()


@law
@given(st.integers(TS_NS, NS_2100 - 10**9))
def test_stamped_anew_it_is_of_then_and_its_contracts_are_the_same_byte_for_byte(ts_ns: int) -> None:
    """Numbers as they were written, though another writer would write them otherwise; blanks too."""
    item = b'{ "implied_volatility": 1.50e-1, "open_interest": 12345678901234567890, "later": "\\u00e9" }'
    raw = payload(contracts=[]).replace(b'"contracts":[]', b'"contracts":[' + item + b"]")
    made = stamped(decode_header(raw, GOLDEN_ID), ts_ns)
    assert decode(made.raw, made.id).id == SnapshotId(SPX, ts_ns // 10**6)
    assert made.raw.endswith(b'"contracts":[' + item + b"]}")
    assert list(orjson.loads(made.raw)) == list(golden_body())


@pytest.mark.parametrize(
    ("off_us", "same"),
    [(-1_001, False), (-1_000, True), (0, True), (999, True), (1_000, True), (1_999, True), (2_000, False)],
)
def test_a_stamp_is_its_keys_instant_give_or_take_a_millisecond(off_us: int, same: bool) -> None:
    """A key's millisecond is cut off: its instant may lie up to a whole one after it."""
    assert same_instant((TS_MS * 1000 + off_us) / 1e6, TS_MS) is same

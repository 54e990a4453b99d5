"""The key grammar: what is built parses back, what was not built by it never parses."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import InvalidNameError
from chain.model.keys import (
    EPOCH_MAX_S,
    EPOCH_MIN_S,
    LIVE_PREFIX,
    REPLAY_PREFIX,
    ChainId,
    KeySchema,
    SnapshotId,
    heartbeat_key,
    parse_expiry,
    parse_underlying,
    vendor_symbol,
)
from tests.support.builders import GOLDEN_ID, SPX, law

LIVE = KeySchema()
REPLAY = KeySchema(REPLAY_PREFIX)

symbols = st.text("ABCXYZ019.^-", min_size=1, max_size=12)
chains = st.builds(ChainId, symbols, st.dates(min_value=date(1000, 1, 1)))
stamps = st.integers(EPOCH_MIN_S * 1000, EPOCH_MAX_S * 1000 - 1)
snapshots = st.builds(SnapshotId, chains, stamps)
prefixes = st.from_regex(re.compile(r"[a-z0-9_]{1,9}(:[a-z0-9_]{1,9}){0,5}", re.ASCII), fullmatch=True)

POINTER = "massive:chain:latest:SPX:2026-01-02"
PAYLOAD = "massive:chain:snapshot:SPX:2026-01-02:1766762051149"


def test_the_contracts_own_examples() -> None:
    assert LIVE.snapshot(GOLDEN_ID) == PAYLOAD
    assert LIVE.latest(SPX) == POINTER
    assert LIVE.parse_snapshot(PAYLOAD) == GOLDEN_ID
    assert LIVE.parse_latest(POINTER.encode()) == SPX
    assert REPLAY.snapshot(GOLDEN_ID) == "massive:replay:chain:snapshot:SPX:2026-01-02:1766762051149"
    assert REPLAY.latest(SPX) == "massive:replay:chain:latest:SPX:2026-01-02"
    assert (heartbeat_key("massive"), heartbeat_key("mock_massive")) == ("massive:heartbeat", "mock_massive:heartbeat")
    assert str(SPX) == "SPX 2026-01-02"


@law
@given(prefixes, snapshots)
def test_what_is_built_parses_back(prefix: str, snapshot: SnapshotId) -> None:
    keys = KeySchema(prefix)
    for key in (keys.snapshot(snapshot), keys.snapshot(snapshot).encode()):
        assert keys.parse_snapshot(key) == snapshot
    for key in (keys.latest(snapshot.chain), keys.latest(snapshot.chain).encode()):
        assert keys.parse_latest(key) == snapshot.chain


@law
@given(snapshots)
def test_live_and_replay_never_read_each_other(snapshot: SnapshotId) -> None:
    for keys, other in ((LIVE, REPLAY), (REPLAY, LIVE)):
        with pytest.raises(InvalidNameError):
            keys.parse_snapshot(other.snapshot(snapshot))
        with pytest.raises(InvalidNameError):
            keys.parse_latest(other.latest(snapshot.chain))


@law
@given(snapshots, snapshots)
def test_no_two_snapshots_share_a_key(one: SnapshotId, other: SnapshotId) -> None:
    assert (LIVE.snapshot(one) == LIVE.snapshot(other)) == (one == other)
    assert (LIVE.latest(one.chain) == LIVE.latest(other.chain)) == (one.chain == other.chain)


@law
@given(snapshots, st.data())
def test_one_byte_more_less_or_other_never_names_the_same(snapshot: SnapshotId, data: st.DataObject) -> None:
    key = LIVE.snapshot(snapshot).encode()
    at = data.draw(st.integers(0, len(key) - 1))
    byte = data.draw(st.binary(min_size=1, max_size=1))
    for damaged in (key[:at] + byte + key[at:], key[:at] + key[at + 1 :], key[:at] + byte + key[at + 1 :]):
        if damaged == key:
            continue
        try:
            found = LIVE.parse_snapshot(damaged)
        except InvalidNameError:
            continue
        assert found != snapshot
        assert LIVE.snapshot(found).encode() == damaged


@law
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300)))
def test_anything_else_is_refused_in_one_visible_line(key: bytes | str) -> None:
    for parse in (LIVE.parse_snapshot, LIVE.parse_latest):
        with pytest.raises(InvalidNameError) as refusal:
            parse(key)
        assert str(refusal.value).isprintable()
        assert len(str(refusal.value)) < 200


HOSTILE = {
    "empty": "",
    "another's key": "massive:heartbeat",
    "the pointer itself": POINTER,
    "no stamp": "massive:chain:snapshot:SPX:2026-01-02",
    "empty stamp": "massive:chain:snapshot:SPX:2026-01-02:",
    "seconds": "massive:chain:snapshot:SPX:2026-01-02:1766762051",
    "microseconds": "massive:chain:snapshot:SPX:2026-01-02:1766762051149389",
    "leading zero": "massive:chain:snapshot:SPX:2026-01-02:01766762051149",
    "1999": f"massive:chain:snapshot:SPX:2026-01-02:{EPOCH_MIN_S * 1000 - 1}",
    "2100": f"massive:chain:snapshot:SPX:2026-01-02:{EPOCH_MAX_S * 1000}",
    "sign": "massive:chain:snapshot:SPX:2026-01-02:+1766762051149",
    "exponent": "massive:chain:snapshot:SPX:2026-01-02:1.76676e12",
    "other digits": "massive:chain:snapshot:SPX:2026-01-02:١٧٦٦٧٦٢٠٥١١٤٩",
    "newline": PAYLOAD + "\n",
    "trailing field": PAYLOAD + ":x",
    "leading space": " " + PAYLOAD,
    "capitals": PAYLOAD.replace("massive", "Massive"),
    "lower-case symbol": PAYLOAD.replace("SPX", "spx"),
    "vendor's symbol": PAYLOAD.replace("SPX", "I:SPX"),
    "no symbol": PAYLOAD.replace("SPX", ""),
    "symbol of 13": PAYLOAD.replace("SPX", "A" * 13),
    "glob": PAYLOAD.replace("SPX", "*"),
    "path": PAYLOAD.replace("SPX", "../SPX"),
    "escape": PAYLOAD.replace("SPX", "\x1b[31mSPX"),
    "no such day": PAYLOAD.replace("2026-01-02", "2026-02-30"),
    "basic date": PAYLOAD.replace("2026-01-02", "20260102"),
    "week date": PAYLOAD.replace("2026-01-02", "2026-W01-5"),
    "with a time": PAYLOAD.replace("2026-01-02", "2026-01-02T00"),
    "a megabyte": PAYLOAD + "0" * 1_000_000,
}


@pytest.mark.parametrize("key", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_payload_keys(key: str) -> None:
    for form in (key, key.encode()):
        with pytest.raises(InvalidNameError) as refusal:
            LIVE.parse_snapshot(form)
        assert str(refusal.value).isprintable()
        assert len(str(refusal.value)) < 200


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(InvalidNameError, match="underlying"):
        LIVE.parse_snapshot(PAYLOAD.encode().replace(b"SPX", b"SP\xff"))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("other:chain:snapshot:SPX:2026-01-02:1766762051149", "does not begin with massive:chain:snapshot:"),
        ("massive:chain:snapshot:SPX:2026-01-02:1766762051", "'1766762051', which is no epoch in milliseconds"),
        ("massive:chain:snapshot:s p:2026-01-02:1766762051149", "underlying 's p'"),
        ("massive:chain:snapshot:SPX:02/01/2026:1766762051149", "'02/01/2026' is not a date YYYY-MM-DD"),
    ],
)
def test_a_refusal_says_which_part_and_what_was_there(key: str, said: str) -> None:
    with pytest.raises(InvalidNameError, match=re.escape(said)):
        LIVE.parse_snapshot(key)


@pytest.mark.parametrize("prefix", ["", "Massive", "massive:", ":massive", "massive::x", "a b", "a*", "a\n", "a" * 61])
def test_a_prefix_that_could_not_be_read_back_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidNameError, match="key prefix"):
        KeySchema(prefix)


def test_the_pattern_finds_pointers_of_its_own_prefix_only() -> None:
    glob = LIVE.latest_pattern()
    assert glob == "massive:chain:latest:*"
    assert LIVE.latest(SPX).startswith(glob[:-1])
    assert not LIVE.snapshot(GOLDEN_ID).startswith(glob[:-1])
    assert not REPLAY.latest(SPX).startswith(glob[:-1])
    assert LIVE.prefix == LIVE_PREFIX


# Symbols and dates


@pytest.mark.parametrize("index", ["SPX", "NDX", "VIX", "RUT", "XSP", "DJX"])
def test_an_index_is_bare_in_keys_and_marked_at_the_vendor(index: str) -> None:
    assert parse_underlying(f"I:{index}") == parse_underlying(index) == index
    assert vendor_symbol(index) == f"I:{index}"


@pytest.mark.parametrize("symbol", ["SPY", "TSLA", "BRK.B", "BF-B", "^TNX", "A", "ABCDEFGHIJKL"])
def test_all_else_is_bare_everywhere(symbol: str) -> None:
    assert parse_underlying(symbol) == vendor_symbol(symbol) == symbol


@law
@given(symbols)
def test_the_vendors_name_leads_back_to_the_keys(symbol: str) -> None:
    assert parse_underlying(vendor_symbol(symbol)) == symbol


@pytest.mark.parametrize("text", ["", "spx", "I:", "I:I:SPX", "SPX ", "SPX\n", "SPX:X", "A" * 13, "ÄÖÜ", "*", "S/P"])
def test_unsafe_symbols_are_refused(text: str) -> None:
    with pytest.raises(InvalidNameError, match="is not a symbol") as refusal:
        parse_underlying(text)
    assert str(refusal.value).isprintable()


@law
@given(st.dates())
def test_dates_round_trip(day: date) -> None:
    assert parse_expiry(day.isoformat()) == day


@pytest.mark.parametrize(
    "text",
    ["", "2026-1-2", "20260102", "2026-02-29", "2026-13-01", "0000-01-01", "2026-01-02 ", "２０２６-01-02", "today"],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InvalidNameError, match="is not a date YYYY-MM-DD"):
        parse_expiry(text)

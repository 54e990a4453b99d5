"""Recorded chains: what is in the files comes out, and a file that makes no sense is named with its line."""

import asyncio
import gzip
import re
import zlib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from chain.model.contract import Item
from chain.model.keys import ChainId, SnapshotId
from chain.model.session import new_york, tradable
from chain.model.snapshot import PAYLOAD_LIMITS, Snapshot, decode, encode
from publisher.capture import CaptureSource
from publisher.source import ChainWindow, SourceError, Survey
from tests.support.builders import (
    AS_OF,
    GOLDEN_STRIKES,
    SPOT,
    SPX,
    capture_line,
    contract,
    contracts,
    expiries,
    golden_body,
)
from tests.support.places import CAPTURES


def captured(name: str) -> CaptureSource:
    return CaptureSource([next(CAPTURES.glob(f"{name}-*.jsonl.gz"))])


async def turn(source: CaptureSource) -> tuple[Survey, list[ChainWindow]]:
    """Return the next cycle's survey and its six next tradable windows, as the publisher asks for them."""
    await source.begin_cycle()
    survey = await source.survey(source.underlyings[0])
    dates = tradable(survey.expirations, survey.as_of)[:6]
    return survey, [await source.fetch_window(survey, day) for day in dates]


def strikes(piece: ChainWindow) -> list[float]:
    return [item["details"]["strike_price"] for item in piece.contracts]


def raw_items(name: str, line: int, expiry: date) -> list[Any]:
    """Return the recorded items of one expiry, read without the code under test."""
    with gzip.open(next(CAPTURES.glob(f"{name}-*.jsonl.gz"))) as file:
        body = orjson.loads(file.readlines()[line])
    return [item for item in body["results"] if item["details"]["expiration_date"] == expiry.isoformat()]


# Real records


async def test_spy_minutes_before_the_close() -> None:
    survey, pieces = await turn(captured("SPY"))
    assert survey.underlying == "SPY"
    assert survey.spot == pytest.approx(752.06)
    assert f"{new_york(survey.as_of):%Y-%m-%d %H:%M}" == "2026-07-14 15:56"
    assert len(survey.expirations) == 33
    assert [str(piece.chain) for piece in pieces] == [
        f"SPY 2026-07-{day}" for day in (14, 15, 16, 17, 20, 21)
    ]  # the day of expiry itself still counts at 15:56
    assert {piece.atm for piece in pieces} == {752}
    ranges = [piece.range_points for piece in pieces]
    assert ranges[0] == 10  # minutes are left: the ten strikes on each side decide
    assert ranges == sorted(ranges)
    for piece in pieces:
        assert min(strikes(piece)) == 752 - piece.range_points
        assert max(strikes(piece)) == 752 + piece.range_points


async def test_nothing_inside_the_range_is_lost_and_nothing_is_changed() -> None:
    _, pieces = await turn(captured("SPY"))
    for piece in (pieces[0], pieces[5]):
        inside = [
            item
            for item in raw_items("SPY", 0, piece.chain.expiry)
            if abs(item["details"]["strike_price"] - piece.atm) <= piece.range_points
        ]
        by_ticker = {item["details"]["ticker"]: item for item in piece.contracts}
        assert len(by_ticker) == len(piece.contracts)
        assert by_ticker == {item["details"]["ticker"]: item for item in inside}


async def test_nvda_at_a_fractional_strike() -> None:
    source = captured("NVDA")
    for _ in range(3):
        survey, pieces = await turn(source)
    assert survey.spot == pytest.approx(208.69)
    first = pieces[0]
    assert first.chain == ChainId("NVDA", date(2026, 7, 15))
    assert (first.atm, type(first.atm), type(first.range_points)) == (208, int, int)
    assert strikes(first).count(207.5) == 2
    for piece in pieces:
        assert len({k for k in strikes(piece) if k < piece.atm}) >= 5
        assert all(abs(k - piece.atm) <= piece.range_points for k in strikes(piece))


async def test_nvda_before_the_open_has_no_usable_volatility_and_still_a_window() -> None:
    _, pieces = await turn(captured("NVDA"))
    at_the_money = [item for item in pieces[0].contracts if item["details"]["strike_price"] == 212.5]
    assert len(at_the_money) == 2
    assert all(not 0.01 < item["implied_volatility"] < 5 for item in at_the_money) or pieces[0].range_points > 10
    assert any(item["last_quote"]["bid"] == 0 for item in pieces[0].contracts)
    assert pieces[0].contracts


async def test_tsla_rolls_through_its_four_records_and_begins_again() -> None:
    source = captured("TSLA")
    seen = []
    for _ in range(9):
        survey, pieces = await turn(source)
        status = source.status()
        assert status.as_of == {"TSLA": survey.as_of}
        seen.append((survey.spot, status.record, len(survey.expirations), len(pieces)))
    assert [round(spot, 2) for spot, *_ in seen[:4]] == [396.18, 395.53, 397.32, 394.69]
    assert [record for _, record, *_ in seen[:5]] == [
        "TSLA 1/4 of 2026-07-15 04:13 ET",
        "TSLA 2/4 of 2026-07-15 10:48 ET",
        "TSLA 3/4 of 2026-07-15 11:21 ET",
        "TSLA 4/4 of 2026-07-15 13:16 ET",
        "TSLA 1/4 of 2026-07-15 04:13 ET",
    ]
    assert [count for *_, count, _ in seen[:4]] == [12, 12, 12, 21]  # the last record lists more
    assert seen[4:8] == seen[:4]
    assert seen[8] == seen[0]


async def test_spx_is_an_index_with_two_roots_on_the_third_friday() -> None:
    survey, pieces = await turn(captured("SPX"))
    assert survey.underlying == "SPX"
    assert survey.spot == pytest.approx(7575.39)
    assert f"{new_york(survey.as_of):%A}" == "Sunday"
    by_date = {piece.chain.expiry.day: piece for piece in pieces}
    assert list(by_date) == [13, 14, 15, 16, 17, 20]
    roots = {
        day: {re.split(r"\d", item["details"]["ticker"][2:])[0] for item in piece.contracts}
        for day, piece in by_date.items()
    }
    assert roots.pop(17) == {"SPX", "SPXW"}
    assert all(found == {"SPXW"} for found in roots.values())
    asset = pieces[0].contracts[0]["underlying_asset"]
    assert (asset["ticker"], asset["value"]) == ("I:SPX", survey.spot)
    assert "price" not in asset


async def test_several_files_are_several_underlyings_each_with_its_own_records() -> None:
    files = [next(CAPTURES.glob(f"{name}-*.gz")) for name in ("SPY", "TSLA")]
    source = CaptureSource(files)
    assert source.underlyings == ("SPY", "TSLA")
    spots: list[tuple[float, float]] = []
    for _ in range(3):
        await source.begin_cycle()
        spots.append(((await source.survey("SPY")).spot, (await source.survey("TSLA")).spot))
    assert len({spy for spy, _ in spots}) == 1
    assert len({tsla for _, tsla in spots}) == 3
    status = source.status()
    assert status.record == "SPY 1/1 07-14, TSLA 3/4 07-15"
    assert status.detail == "SPY-2026-07-14.jsonl.gz, TSLA-2026-07-15.jsonl.gz"


# Records of our own


def written(folder: Path, *lines: bytes, name: str = "chains.jsonl") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(b"".join(lines)) if name.endswith(".gz") else b"".join(lines))
    return path


@pytest.mark.parametrize("name", ["chains.jsonl", "chains.jsonl.gz"])
async def test_what_was_recorded_comes_out_whole(tmp_path: Path, name: str) -> None:
    dates = expiries(3)
    source = CaptureSource([written(tmp_path, capture_line(dates=dates), name=name)])
    assert source.underlyings == ("SPX",)
    assert source.status().kind == "capture"
    assert (source.status().detail, source.status().record, source.status().as_of) == (name, "", {})
    await source.begin_cycle()
    assert await source.survey("SPX") == Survey("SPX", SPOT, AS_OF, dates)
    assert source.status().record == "SPX 1/1 of 2025-12-26 10:14 ET"
    assert source.status().as_of == {"SPX": AS_OF}
    piece = await source.fetch_window(await source.survey("SPX"), dates[1])
    assert piece.contracts == contracts(ChainId("SPX", dates[1]))
    assert (piece.atm, piece.spot, piece.adjusted) == (6930, SPOT, 0)
    await source.aclose()


async def test_records_play_in_the_order_of_their_time_over_files_and_lines(tmp_path: Path) -> None:
    late = written(tmp_path, capture_line(ts=AS_OF + 20, spot=6933), capture_line(ts=AS_OF, spot=6931), name="b.jsonl")
    early = written(tmp_path, b"\n", capture_line(ts=AS_OF + 10, spot=6932), b"  \n", name="a.jsonl")
    source = CaptureSource([late, early])
    spots = []
    for _ in range(4):
        await source.begin_cycle()
        spots.append((await source.survey("SPX")).spot)
    assert spots == [6931, 6932, 6933, 6931]


async def test_the_range_follows_the_records_day_not_ours(tmp_path: Path) -> None:
    ladder = [5.0 * n for n in range(1200, 1600)]
    rows = [item | {"implied_volatility": 0.20} for item in contracts(strikes=ladder)]
    source = CaptureSource([written(tmp_path, capture_line(spot=6930.0, results=rows))])
    await source.begin_cycle()
    piece = await source.fetch_window(await source.survey("SPX"), SPX.expiry)
    assert piece.range_points == 384  # seven days from 2025-12-26
    wide = CaptureSource([written(tmp_path, capture_line(spot=6930.0, results=rows))], mult=1.0)
    await wide.begin_cycle()
    assert (await wide.fetch_window(await wide.survey("SPX"), SPX.expiry)).range_points == 192


async def test_adjusted_contracts_are_counted(tmp_path: Path) -> None:
    odd = contract(SPX, 6930, "call", 77, shares_per_contract=150)
    source = CaptureSource([written(tmp_path, capture_line(results=[odd, *contracts()]))])
    await source.begin_cycle()
    piece = await source.fetch_window(await source.survey("SPX"), SPX.expiry)
    assert (piece.adjusted, piece.contracts) == (1, contracts())


async def test_a_date_of_adjusted_contracts_alone_does_not_count_among_the_expirations(tmp_path: Path) -> None:
    adjusted = ChainId("SPX", SPX.expiry - timedelta(days=1))
    items = [contract(adjusted, strike, "call", 1, shares_per_contract=25) for strike in GOLDEN_STRIKES]
    line = orjson.dumps(orjson.loads(capture_line()) | {"results": [*items, *contracts()]})
    survey = await CaptureSource([written(tmp_path, line)]).survey("SPX")
    assert survey.expirations == (SPX.expiry,)
    alone = orjson.dumps(orjson.loads(capture_line()) | {"results": items})
    with pytest.raises(SourceError, match="lists no calls of 100 shares"):
        await CaptureSource([written(tmp_path, alone, name="alone.jsonl")]).survey("SPX")


async def test_a_date_that_the_record_lacks_concerns_that_window_alone(tmp_path: Path) -> None:
    source = CaptureSource([written(tmp_path, capture_line())])
    await source.begin_cycle()
    survey = await source.survey("SPX")
    with pytest.raises(SourceError, match="the record of SPX has no 2026-01-09"):
        await source.fetch_window(survey, date(2026, 1, 9))
    assert len((await source.fetch_window(survey, SPX.expiry)).contracts) == 2 * len(GOLDEN_STRIKES)


# Files that make no sense


def spoiled(**changes: Any) -> bytes:
    """Return a record with fields replaced by what does not belong there."""
    return orjson.dumps(orjson.loads(capture_line()) | changes) + b"\n"


def complaint(*files: Path) -> str:
    """Return why these files are refused at the start: one line for a person."""
    with pytest.raises(SourceError) as error:
        CaptureSource(files)
    reason = str(error.value)
    assert reason.isprintable()
    return reason


BAD_LINES = {
    "not JSON": (b"hello\n", "not JSON"),
    "cut short": (capture_line()[:500] + b"\n", "not JSON"),
    "an array": (b"[]\n", "an array, not an object; a record is"),
    "a number": (b"7\n", "an integer, not an object; a record is"),
    "a snapshot": (orjson.dumps(golden_body()) + b"\n", "results: missing; a record is"),
    "results no array": (spoiled(results={"a": 1}), "results: an object, not an array"),
    "no underlying": (spoiled(underlying=None), "underlying: null, not a string"),
    "bad underlying": (spoiled(underlying="\x1b[31mSPX"), "is not a symbol"),
    "no ts": (spoiled(ts=None), "ts: null, not a number"),
    "ts as text": (spoiled(ts="now"), "ts: a string, not a number"),
    "ts as bool": (spoiled(ts=True), "ts: true or false, not a number"),
    "ts below zero": (spoiled(ts=-1), "ts -1 is no epoch in seconds"),
    "ts in milliseconds": (spoiled(ts=round(AS_OF * 1e3)), "is in milliseconds, not in seconds"),
    "ts in microseconds": (spoiled(ts=round(AS_OF * 1e6)), "is in microseconds, not in seconds"),
    "ts in nanoseconds": (spoiled(ts=round(AS_OF * 1e9)), "is in nanoseconds, not in seconds"),
    "a byte that is no UTF-8": (capture_line().replace(b"REAL", b"\xff\xfe"), "is not UTF-8"),
    "a mark within the file": (b"\xef\xbb\xbf" + capture_line(), "begins with a byte-order mark"),
    "nested deep": (capture_line()[:-2] + b',"x":' + b"[" * 3_000 + b"]" * 3_000 + b"}\n", "nested more than 16 deep"),
    "a vast number": (spoiled().replace(b'"ts":', b'"ts":1' + b"0" * 400 + b',"x":'), "ts: a number too large"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "said"), BAD_LINES.values(), ids=BAD_LINES.keys())
@pytest.mark.parametrize("name", ["chains.jsonl", "chains.jsonl.gz"])
def test_a_bad_line_is_named_at_the_start(tmp_path: Path, line: bytes, said: str, name: str) -> None:
    reason = complaint(written(tmp_path, capture_line(), b"\n", line, capture_line(), name=name))
    assert reason.startswith(f"{name}, line 3: ")
    assert said in reason


BAD_FIELDS = {
    "no spot": ({"spot": None}, "spot is missing or not a positive number"),
    "zero spot": ({"spot": 0}, "spot is missing or not a positive number"),
    "no details": ({"results": [{}]}, "contract 1 has no usable ticker"),
    "a contract that is text": ({"results": ["O:SPX"]}, "contract 1 has no usable ticker"),
    "a contract that is null": ({"results": [*contracts(), None]}, "contract 11 has no usable ticker"),
    "details no object": ({"results": [{"details": [1]}]}, "contract 1 has no usable ticker"),
    "no ticker": (
        {"results": [*contracts(), contract(SPX, 1, "call", 0, ticker=None)]},
        "contract 11 has no usable ticker",
    ),
    "no date": ({"results": [contract(SPX, 1, "call", 0, expiration_date=None)]}, "no usable expiration_date"),
    "a date that is none": ({"results": [contract(SPX, 1, "call", 0, expiration_date="soon")]}, "not a date"),
    "a date that is a number": (
        {"results": [contract(SPX, 1, "call", 0, expiration_date=20260102)]},
        "no usable expiration_date",
    ),
    "no side": ({"results": [contract(SPX, 1, "call", 0, contract_type=None)]}, "no usable contract_type"),
    "a strike as text": ({"results": [contract(SPX, 1, "call", 0, strike_price="high")]}, "no usable strike_price"),
    "no strike": ({"results": [contract(SPX, 1, "call", 0, strike_price=None)]}, "no usable strike_price"),
    "a spot beyond any": ({"spot": 1e308}, "spot is missing or not a positive number"),
    "a spot in cents": ({"spot": SPOT * 100}, "spot 693137 beside contracts that say 6931.37"),
    "another root": (
        {"results": [contract(SPX, 6930, "call", 0, root="NDX")]},
        "contract 1: of the root NDX",
    ),
    "another underlying": (
        {"results": [contract(SPX, 6930, "call", 0) | {"underlying_asset": {"ticker": "I:NDX", "value": SPOT}}]},
        "contract 1: of the underlying I:NDX",
    ),
    "a strike that was shifted": (
        {"results": [contract(SPX, 6930, "call", 0, strike_price=6935)]},
        "contract 1: strike_price 6935 of the contract O:SPXW260102C06930000",
    ),
    "sides that were swapped": (
        {"results": [contract(SPX, 6930, "call", 0, contract_type="put")]},
        "contract 1: a put of 2026-01-02 by its fields, O:SPXW260102C06930000 by its symbol",
    ),
}


@pytest.mark.parametrize(("changes", "said"), BAD_FIELDS.values(), ids=BAD_FIELDS.keys())
async def test_a_bad_field_is_named_when_its_record_comes_up_and_the_next_record_plays(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    source = CaptureSource(
        [written(tmp_path, capture_line(), spoiled(ts=AS_OF + 1, **changes), capture_line(ts=AS_OF + 2))]
    )
    await source.begin_cycle()
    assert (await source.survey("SPX")).as_of == AS_OF
    await source.begin_cycle()
    for _ in range(2):
        with pytest.raises(SourceError) as error:
            await source.survey("SPX")
        reason = str(error.value)
        assert reason.startswith("chains.jsonl, line 2: ")
        assert said in reason
        assert reason.isprintable()
    await source.begin_cycle()
    assert (await source.survey("SPX")).as_of == AS_OF + 2


@pytest.mark.parametrize(("name", "packed"), [("plain.gz", False), ("packed.jsonl", True), ("packed", True)])
def test_what_a_file_holds_is_told_by_its_bytes_not_its_name(tmp_path: Path, name: str, packed: bool) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(capture_line()) if packed else capture_line())
    assert CaptureSource([path]).underlyings == ("SPX",)


def test_a_truncated_gzip_names_the_line_at_which_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl.gz"
    whole = gzip.compress(capture_line() * 30, compresslevel=0)
    path.write_bytes(whole[: len(whole) // 2])
    reason = complaint(path)
    assert re.match(r"cut\.jsonl\.gz, line \d+: ", reason)
    assert "ended before" in reason


def test_a_damaged_gzip_is_a_complaint_not_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl.gz"
    body = bytearray(gzip.compress(capture_line() * 30))
    body[200:260] = bytes(60)
    path.write_bytes(body)
    with pytest.raises((OSError, EOFError, zlib.error)):
        gzip.decompress(body)
    assert complaint(path).startswith("bad.jsonl.gz, line 1: ")


def test_a_gzip_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl.gz"
    path.write_bytes(b"\x1f\x8b" + capture_line())
    assert re.match(r"broken\.jsonl\.gz, line 1: Unknown compression method", complaint(path))


@pytest.mark.parametrize("body", [b"", b"\n\n", b"  \n"])
@pytest.mark.parametrize("name", ["empty.jsonl", "empty.jsonl.gz"])
def test_an_empty_file(tmp_path: Path, body: bytes, name: str) -> None:
    assert complaint(written(tmp_path, body, name=name)) == f"no records in {name}"


def test_no_file_at_all() -> None:
    assert complaint() == "no records in no files"


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    assert "nowhere.jsonl" in complaint(tmp_path / "nowhere.jsonl")
    assert "No such file" in complaint(tmp_path / "nowhere.jsonl")
    assert "Is a directory" in complaint(tmp_path)


@pytest.mark.parametrize("name", ["chains.jsonl", "chains.jsonl.gz", "[x].jsonl", "[red]a.jsonl"])
async def test_a_file_that_begins_with_a_byte_order_mark_is_read_whatever_its_name(tmp_path: Path, name: str) -> None:
    source = CaptureSource([written(tmp_path, b"\xef\xbb\xbf", capture_line(), name=name)])
    await source.begin_cycle()
    assert (await source.survey("SPX")).as_of == AS_OF
    assert source.status().detail == name


def test_the_deepest_item_that_a_record_may_hold_can_be_read_where_it_is_published(tmp_path: Path) -> None:
    """Published payloads are not searched for depth: what holds an item here holds it there at the same depth."""
    levels = PAYLOAD_LIMITS.depth - 3  # below the record, its results, and the item
    for more, readable in ((0, True), (1, False)):
        deep = b',"deep":' + b"[" * (levels + more) + b"]" * (levels + more)
        line = capture_line().replace(b'"open_interest"', deep[1:] + b',"open_interest"')
        assert line != capture_line()
        if not readable:
            assert "nested more than" in complaint(written(tmp_path, line))
            continue
        source = CaptureSource([written(tmp_path, line)])
        _, [piece, *_] = asyncio.run(turn(source))
        ts_ns = round(AS_OF * 1e9)
        made = Snapshot.at(
            SnapshotId(piece.chain, ts_ns // 10**6),
            ts_ns,
            atm=piece.atm,
            range_points=piece.range_points,
            contracts=piece.contracts,
        )
        assert all(isinstance(item, Item) and item.details for item in decode(encode(made), made.id).contracts)

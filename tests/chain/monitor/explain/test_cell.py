"""A figure's explanation leads to the payload: its path is followed, its formula computed, and what is missing told."""

import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.clock import Instant
from chain.model.grid import StrikeGrid, build_grid
from chain.model.placement import Place
from chain.monitor.analytics import analytics_of
from chain.monitor.board import ChainRecord
from chain.monitor.explain.explain import explain
from chain.monitor.explain.explanation import Explanation
from chain.monitor.explain.fields import AGES, CHECKED, FIGURES, STRIKE, Derived, Field
from chain.monitor.explain.question import CellOf, ChainOf, MeasureOf, Staged
from chain.monitor.explain.subjects.axis import LEVELS
from chain.monitor.heartbeat import SourceInfo
from chain.pipeline.staging import StagedContract, StagingMeta, Value
from tests.support.explained import PATH, followed, question, recorded_records
from tests.support.hostile import CANARIES
from tests.support.places import CAPTURES
from tests.support.scenes import SPX, item, law, manual_clock, record, surface

FILES = sorted(CAPTURES.glob("*.jsonl.gz"))
PLACE = Place(6930, "SPXW", "call")
EVERY = 23  # of the contracts of a capture, so that each file's chains are met from edge to edge
FORMULAS: Mapping[str, Any] = {
    "mid": lambda bid, ask: (bid + ask) / 2,
    "spread": lambda bid, ask: (ask - bid) / ((bid + ask) / 2),
    "spread_points": lambda bid, ask: ask - bid,
    "volume_on_interest": lambda volume, interest: volume / interest,
}


def places(grid: StrikeGrid) -> list[Place]:
    sides = [(row, side, leg) for row in grid.rows for side, leg in (("call", row.call), ("put", row.put))]
    return [Place(row.strike, row.root, side) for row, side, leg in sides if leg]


def shown(grid: StrikeGrid, place: Place, figure: Field | Derived) -> float | None:
    [row] = [row for row in grid.rows if (row.strike, row.root) == place[:2]]
    leg = row.call if place.side == "call" else row.put
    assert leg is not None
    return figure.of(leg)


def asked(held: ChainRecord, now: Instant, figure: str, place: Place = PLACE, **how: Any) -> Explanation:
    return explain(question(held, now, CellOf(place, figure, **how)))


def of(contracts: list[dict[str, Any]], **how: Any) -> tuple[ChainRecord, Instant]:
    now = Instant.now(manual_clock())
    return record(SPX, now, age_ms=3_100, contracts=contracts, **how), now


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
async def test_every_figure_of_a_recorded_chain_leads_to_its_payload(path: Path) -> None:
    met = 0
    for held, now in await recorded_records(path, 3):
        assert held.last_good is not None
        raw = held.last_good.snapshot.raw
        grid = build_grid(held.last_good.snapshot.open())
        for place in islice(places(grid), 0, None, EVERY):
            for name, figure in FIGURES.items():
                found = asked(held, now, name, place)
                assert found.facts("key") == [
                    f"massive:chain:snapshot:{held.chain.underlying}:"
                    f"{held.chain.expiry}:{held.last_good.snapshot.id.ts_ms}"
                ]
                if name == STRIKE:
                    assert found.value == place.strike == followed(raw, found.facts("field")[0])
                    continue
                assert found.value == shown(grid, place, figure), (place, name)
                assert (found.value is None) == bool(found.facts("missing")), (place, name)
                if isinstance(figure, Field):
                    assert_read(raw, found)
                else:
                    assert_computed(raw, name, found)
                met += 1
    assert met


def assert_read(raw: bytes, found: Explanation) -> None:
    """The path leads to the value; where there is none, to nothing at all or to what is written and refused."""
    [path] = found.facts("field")
    if found.value is not None:
        assert float(followed(raw, path)) == found.value
    elif written := found.facts("written"):
        assert float(followed(raw, path)) == float(written[0])
    else:
        with pytest.raises(KeyError):
            followed(raw, path)


def assert_computed(raw: bytes, name: str, found: Explanation) -> None:
    """The formula of what its paths lead to gives the value."""
    if found.value is None:
        return
    figure = FIGURES[name]
    assert isinstance(figure, Derived)
    inputs = [PATH.search(text) for what in figure.inputs for text in found.facts(FIGURES[what].words)]
    one, other = (Decimal(repr(float(followed(raw, match[0])))) for match in inputs if match)
    assert found.value == pytest.approx(float(FORMULAS[name](one, other)), rel=1e-12)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
async def test_what_is_computed_with_the_whole_chain_is_computed_again(path: Path) -> None:
    for held, now in await recorded_records(path, 2):
        known = analytics_of(held)
        assert known is not None and held.last_good is not None
        raw, spot = held.last_good.snapshot.raw, known.measures.spot
        for check in known.measures.contracts[::EVERY]:
            place = Place(check.strike, check.root, check.side)
            for name, figure in CHECKED.items():
                found = asked(held, now, name, place)
                assert found.value == figure.of(check)
                assert bool(found.facts("missing")) == (found.value is None)
            gex, sign = asked(held, now, "gex", place), 1 if place.side == "call" else -1
            if gex.value is not None:
                gamma, interest = (paths_of(raw, gex, words) for words in ("gamma", "open interest"))
                assert spot is not None
                assert gex.value == pytest.approx(sign * gamma * interest * 100 * spot**2 * 0.01)
            for name, age in AGES.items():
                old = asked(held, now, name, place)
                if old.value is not None:
                    stamp = int(old.facts("stamp")[0].split(",")[0])
                    assert old.value == pytest.approx(held.last_good.snapshot.ts - stamp / 1e9, abs=2e-3)
                assert bool(old.facts("missing")) == (old.value is None), age


def paths_of(raw: bytes, found: Explanation, words: str) -> float:
    """What the path of an input leads to."""
    [match] = [match for text in found.facts(words) for match in [PATH.search(text)] if match]
    return float(followed(raw, match[0]))


@pytest.mark.parametrize(
    ("quote", "quality"),
    [
        ({"bid": 1.1, "ask": 1.2}, "sound"),
        ({"bid": 1.3, "ask": 1.2}, "crossed"),
        ({"bid": 1.2, "ask": 1.2}, "locked"),
        ({"bid": 1.2}, "one-sided"),
        ({}, "none"),
    ],
)
def test_the_quality_of_a_quote_is_told_with_both_sides(quote: dict[str, float], quality: str) -> None:
    found = asked(*of([item(6930, "call", last_quote=quote), item(6930, "put")]), "quote")
    assert found.facts("value") == [quality]
    assert found.facts("bid")[0].startswith(str(quote.get("bid", "-")))


@pytest.mark.parametrize(
    ("figure", "parts", "why"),
    [
        ("bid", {"last_quote": None}, "contracts[0] has no last_quote"),
        ("bid", {"last_quote": {"ask": 3.0}}, "contracts[0].last_quote has no bid"),
        ("ask", {"last_quote": {"bid": 1.0, "ask": 0}}, "an ask of 0"),
        ("ask", {"last_quote": {"bid": 1.0, "ask": "3"}}, 'contracts[0].last_quote.ask is "3", which is no number'),
        ("iv", {"implied_volatility": 1e-5}, "0.00001 is not plausible: implied volatility is between 0.001 and 10"),
        ("delta", {"greeks": [1]}, "contracts[0].greeks is no object, so it has no delta"),
        ("delta", {"greeks": {"delta": 1.5}}, "1.5 is not plausible: delta is -1 to 1"),
        ("gamma", {"greeks": {"gamma": False}}, "contracts[0].greeks.gamma is false, which is no number"),
        ("mid", {"last_quote": {"bid": 5.0, "ask": 4.0}}, "the quote is crossed, and no figure is made of such a one"),
        ("mid", {"last_quote": {}}, "there is no quote"),
        ("spread", {"last_quote": {"bid": 5.0}}, "the quote is one-sided, and no figure is made of such a one"),
    ],
)
def test_what_is_not_there_is_told(figure: str, parts: dict[str, Any], why: str) -> None:
    found = asked(*of([item(6930, "call", **parts), item(6930, "put")]), figure)
    assert found.value is None
    assert found.facts("missing")[0].startswith(why)


def test_a_contract_that_is_not_listed_or_left_out_is_told() -> None:
    adjusted = item(6940, "call")
    adjusted["details"] = {**adjusted["details"], "shares_per_contract": 10}
    held, now = of([*surface((6920, 6930)), adjusted])
    listed = asked(held, now, "bid", Place(6950, "SPXW", "put")).facts("missing")
    assert listed == ["none of its 5 contracts is a SPXW put at 6950"]
    [left_out] = asked(held, now, "bid", Place(6940, "SPXW", "call")).facts("missing")
    assert left_out.endswith("contracts[4] is left out: adjusted contract of 10 shares")


def test_a_chain_that_was_never_read_has_nothing_to_explain() -> None:
    held, now = ChainRecord(SPX), Instant.now(manual_clock())
    found = asked(held, now, "bid")
    assert found.value is None
    assert found.facts("missing") == ["no valid snapshot of this chain has been read"]
    assert found.facts("pointer") == ["massive:chain:latest:SPX:2026-01-02"]


def test_the_vendors_time_is_told_with_how_old_it_was_when_the_snapshot_was_made() -> None:
    clock = manual_clock()
    now = Instant.now(clock)
    stamp = now.wall_ns - 3_100 * 10**6 - 1_234 * 10**6
    quote = {"bid": 10.0, "ask": 10.4, "last_updated": stamp, "timeframe": "DELAYED"}
    held = record(SPX, now, age_ms=3_100, contracts=[item(6930, "call", last_quote=quote)])
    found = asked(held, now, "bid")
    assert found.facts("vendor time") == ["2026-01-02 09:59:55.666 ET, 1.2 s old at ts"]
    assert found.facts("stamp") == [f"{stamp}, contracts[0].last_quote.last_updated"]
    assert found.facts("delay") == ['"DELAYED", says the vendor\'s last_quote.timeframe']
    assert asked(held, now, "last").facts("vendor time") == ["none: contracts[0].last_trade has no sip_timestamp"]


def test_both_ages_are_told_and_the_worse_is_the_one() -> None:
    held, _ = of(surface())
    clock = manual_clock()
    clock.advance(5)
    clock.step_wall(-4)
    found = explain(question(held, Instant.now(clock), CellOf(PLACE, "bid")))
    assert found.facts("age") == ["8.1 s, the worse of two"]
    assert found.facts("by clock") == ["4.1 s: now less ts"]
    assert found.facts("by sight") == ["8.1 s: 3.1 s when its pointer was first read here, and 5.0 s since"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (SourceInfo("mock", detail="seed 7"), "MOCK, invented data, seed 7"),
        (SourceInfo("massive", detail="api.massive.com"), "LIVE, api.massive.com"),
        (SourceInfo("massive", detail="localhost"), "TEST localhost, localhost"),
        (SourceInfo(), "SOURCE ?"),
    ],
)
def test_the_kind_of_source_is_told(source: SourceInfo, said: str) -> None:
    assert asked(*of(surface(), source=source), "bid").facts("source") == [said]


def test_recorded_data_say_of_when_they_are() -> None:
    then = 1_750_000_000.5
    held, now = of(surface(), source=SourceInfo("capture", as_of=then))
    found = asked(held, now, "bid")
    assert found.facts("recorded")[0].startswith("2025-06-15 11:06:40.500 ET")
    assert found.facts("vendor time")[0].endswith("after the time of recording")


def test_a_frozen_view_and_the_past_say_so() -> None:
    held, now = of(surface())
    subject = CellOf(PLACE, "bid")
    frozen = explain(question(held, now, subject, frozen_at=now.wall_s - 60)).facts("shown")
    assert frozen == ["frozen at 2026-01-02 09:59:00.000 ET; the chain goes on"]
    assert explain(question(held, now, subject, is_past=True)).facts("shown") == [
        "as of 2026-01-02 10:00:00.000 ET, in the past"
    ]


def staged(held: ChainRecord, **values: Any) -> Staged:
    assert held.last_good is not None
    snapshot = held.last_good.snapshot
    key = f"massive:chain:snapshot:SPX:2026-01-02:{snapshot.id.ts_ms}"
    meta = StagingMeta(snapshot=key, ts=snapshot.ts, atm=6930, position="1767366002000-4", flushed=snapshot.ts + 1)
    contract = StagedContract(side="call", strike=6930, root="SPXW", **values)
    return Staged(meta, {"O:SPXW260102C06930000": contract})


def test_a_value_of_the_stream_names_staging_event_and_position() -> None:
    held, now = of(surface())
    assert held.last_good is not None
    event = held.last_good.snapshot.id.ts_ms + 250
    newer = staged(held, bid=Value(11.5, event, "stream"), ask=Value(11.9, event, "stream"), quote_seq=77)
    found = asked(held, now, "bid", staged=newer)
    assert found.value == 11.5
    assert found.facts("key")[0] == "mmaker:chain:staging:SPX:2026-01-02"
    assert "O:SPXW260102C06930000, in it bid" in found.facts("field")
    assert found.facts("event")[0].endswith(f"({event} ms)")
    assert found.facts("sequence") == ["77 by the vendor"]
    assert found.facts("position") == ["1767366002000-4 of massive:ws:stream: the last entry merged"]
    assert found.facts("written") == ["10.0"]  # what the snapshot says beneath
    middle = asked(held, now, "mid", staged=newer)
    assert middle.value == 11.7
    assert middle.facts("bid") == ["11.5, of the stream"]
    assert asked(held, now, "last", staged=newer).facts("key") == asked(held, now, "last").facts("key")


def test_a_side_that_the_stream_says_is_gone_is_told() -> None:
    held, now = of(surface())
    gone = staged(held, ask=Value(11.9, held.last_good.snapshot.id.ts_ms + 9, "stream") if held.last_good else None)
    found = asked(held, now, "bid", staged=gone)
    assert found.value is None
    assert found.facts("missing") == ["the stream's newest event says that there is none"]
    assert asked(held, now, "mid", staged=gone).facts("missing")[0].startswith("the quote is one-sided")


def test_an_explanation_is_one_text() -> None:
    text = asked(*of(surface()), "bid").text("10.00")
    assert text.startswith("SPX 2026-01-02 SPXW 6930 call bid: 10.00\n\nVALUE\n  value")
    assert re.search(r"^  key +massive:chain:snapshot:SPX", text, re.MULTILINE)
    assert all(line.isprintable() for line in text.splitlines())


def test_a_strike_tells_its_distance_and_the_levels_that_are_nearest_to_it() -> None:
    held, now = of(surface((6910, 6920, 6930, 6940, 6950)))
    known = analytics_of(held)
    assert known is not None
    levels = {name: known.measures[name].value for name in LEVELS}
    named = set()
    for strike in (6910, 6920, 6930, 6940, 6950):
        found = asked(held, now, STRIKE, Place(strike, "SPXW", "call"))
        away = next(each.deviations for each in known.measures.contracts if each.strike == strike)
        assert found.facts("deviations") == [f"{away:+.2f} standard deviations"]
        for name, level in levels.items():
            if found.facts(name.replace("_", " ")):
                assert level is not None and abs(level - strike) <= 5
                named.add(name)
    assert named == {name for name, level in levels.items() if level is not None and 6910 <= level <= 6950}
    lost, now = of(surface(spot=None, implied_volatility=None))
    assert asked(lost, now, STRIKE).facts("missing") == ["there is no expected move, or neither forward nor spot"]


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False), st.text(max_size=8),
    st.sampled_from(CANARIES), st.lists(st.booleans(), max_size=2), st.dictionaries(st.text(max_size=4), st.booleans()),
)  # fmt: skip
BLOCKS = ("last_quote", "greeks", "day", "last_trade", "implied_volatility", "open_interest", "underlying_asset")


@law
@given(
    odd=st.dictionaries(st.sampled_from(BLOCKS), ODD), inner=ODD, figure=st.sampled_from(sorted({*FIGURES, *CHECKED}))
)
def test_whatever_a_payload_holds_is_explained_in_printable_words(odd: dict[str, Any], inner: Any, figure: str) -> None:
    quote = {"bid": inner, "ask": 3.0, "last_updated": inner, "timeframe": inner}
    spoiled = item(6930, "call", **{"last_quote": quote, **odd})
    held, now = of([*surface((6920, 6940)), spoiled, item(6930, "put")])
    for subject in (CellOf(PLACE, figure), MeasureOf("straddle"), ChainOf()):
        found = explain(question(held, now, subject))
        assert all(line.isprintable() for line in found.text("-").split("\n"))
        assert isinstance(subject, ChainOf) or (found.value is None) == bool(found.facts("missing"))

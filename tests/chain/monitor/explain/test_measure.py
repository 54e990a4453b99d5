"""A measure's explanation computes it again from the payloads, and its contracts lead to what is written there."""

from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from chain.analytics.measures.gamma import GexConvention, GexSigns, GexUnit
from chain.analytics.measures.measure import Measure
from chain.analytics.measures.underlying import ACROSS, OF_A_CHAIN, TOTALS, underlying_measures
from chain.clock import Instant
from chain.model.keys import SnapshotId
from chain.monitor.analytics import DatedBoard, chain_measures
from chain.monitor.board import ChainRecord
from chain.monitor.explain.explain import explain
from chain.monitor.explain.explanation import Explanation
from chain.monitor.explain.question import MeasureOf, Question
from tests.support.explained import PATH, followed, question, recorded_records
from tests.support.places import CAPTURES
from tests.support.scenes import SPX, SPX_MON, board, item, manual_clock, record, surface

FILES = sorted(CAPTURES.glob("*.jsonl.gz"))


def key(held: ChainRecord) -> str:
    assert held.last_good is not None
    return f"massive:chain:snapshot:{held.chain.underlying}:{held.chain.expiry}:{held.last_good.snapshot.id.ts_ms}"


def leading(found: Explanation, side: str, words: tuple[str, ...], raw: bytes) -> list[Decimal]:
    """What the paths of a contract at the money lead to, for figures of these words that it has."""
    facts = [(fact.name, fact.text) for section in found.sections for fact in section.facts]
    mine = [text for name, text in facts if name.startswith(side) and text.startswith(words)]
    paths = [match[0] for text in mine if " -  " not in text for match in [PATH.search(text)] if match]
    return [Decimal(repr(float(followed(raw, path)))) for path in paths]


def mean(values: list[Decimal]) -> Decimal:
    return sum(values, Decimal()) / len(values)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
async def test_every_measure_of_a_recorded_chain_is_computed_again(path: Path) -> None:
    for held, now in await recorded_records(path, 3):
        measures = chain_measures(held)
        assert measures is not None and set(OF_A_CHAIN) == set(measures.measures)
        for name, measure in measures.measures.items():
            found = explain(question(held, now, MeasureOf(name)))
            assert found.value == measure.value, name
            assert found.facts("key") == [key(held)]
            assert found.facts("used") == [str(measure.used)]
            assert len(found.facts("skipped")) == len(measure.skipped)
            assert found.facts("formula") == [measure.convention]
            assert bool(found.facts("missing")) == (measure.value is None)
            assert bool(found.facts("slice only")) == measure.slice_only
            assert {fact.replace("_", " ") for fact in measure.inputs} <= {
                fact.name for section in found.sections for fact in section.facts
            }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
async def test_straddle_and_iv_are_made_of_what_their_contracts_lead_to(path: Path) -> None:
    for held, now in await recorded_records(path, 3):
        assert held.last_good is not None
        raw = held.last_good.snapshot.raw
        straddle = explain(question(held, now, MeasureOf("straddle")))
        prices = [leading(straddle, side, ("bid", "ask", "last trade", "day's close"), raw) for side in ("call", "put")]
        if straddle.value is not None:
            assert straddle.value == pytest.approx(float(sum(map(mean, prices))), abs=1e-9)
        iv = explain(question(held, now, MeasureOf("atm_iv")))
        ivs = [each for side in ("call", "put") for each in leading(iv, side, ("implied volatility",), raw)]
        assert len(ivs) == int(iv.facts("used")[0])
        assert iv.value == (pytest.approx(float(mean(ivs))) if ivs else None)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
async def test_what_several_expirations_say_is_computed_again_and_names_each_snapshot(path: Path) -> None:
    records = [held for held, _ in await recorded_records(path, 3)]
    by_underlying = [one for one in records if one.chain.underlying == records[0].chain.underlying]
    now = Instant.now(manual_clock())
    across = underlying_measures([one for one in map(chain_measures, by_underlying) if one is not None])
    moment = DatedBoard(board(records, now), now)
    chain = by_underlying[-1]
    for name in TOTALS:
        found = explain(Question(MeasureOf(name, across=True), chain.chain, moment, chain.last_good))
        assert found.value == across.totals[name].value
        assert set(found.facts("key")) == {key(one) for one in by_underlying}
    for name, measure in zip(ACROSS, across.forward_vols[-1:], strict=True):
        found = explain(Question(MeasureOf(name), chain.chain, moment, chain.last_good))
        assert found.value == measure.value
        assert len(found.facts("key")) == len(set(measure.snapshots))


def test_the_oldest_of_several_snapshots_is_named() -> None:
    now = Instant.now(manual_clock())
    records = [record(SPX, now, age_ms=2_000), record(SPX_MON, now, age_ms=7_500)]
    asked = Question(MeasureOf("gex_net", across=True), SPX, DatedBoard(board(records, now), now), records[0].last_good)
    first, second = explain(asked).facts("ts")
    assert first.endswith("; 2.0 s old")
    assert second.endswith("; 7.5 s old, the oldest")


def test_gamma_exposure_is_explained_in_the_unit_that_is_shown() -> None:
    now = Instant.now(manual_clock())
    held = record(SPX, now)
    convention = GexConvention(GexUnit.SHARES, GexSigns.UNSIGNED)
    found = explain(question(held, now, MeasureOf("gex_net", convention=convention)))
    assert found.value == pytest.approx(6 * 0.003 * 900 * 100)
    assert found.facts("formula") == ["vendor gamma * open interest in shares per point, calls +, puts +"]


def test_a_measure_that_cannot_be_had_says_why_and_which_contract_lacks_what() -> None:
    now = Instant.now(manual_clock())
    lacking = [item(6930, "call"), item(6930, "put", last_quote={"bid": 3.0, "ask": 2.0})]
    held = record(SPX, now, contracts=[*surface((6920, 6940)), *lacking])
    found = explain(question(held, now, MeasureOf("straddle")))
    assert found.value is None
    assert found.facts("missing") == ["needs both sides: crossed quote"]
    assert found.facts("skipped") == ["1: crossed quote"]
    assert found.facts("put 6930") == ["bid 3  contracts[5].last_quote.bid", "ask 2  contracts[5].last_quote.ask"]
    nothing = explain(replace(question(held, now, MeasureOf("straddle")), good=None))
    assert nothing.facts("missing") == ["no valid snapshot of this chain has been read"]


def test_a_measure_of_what_was_seen_before_names_its_first_and_last_snapshot() -> None:
    now = Instant.now(manual_clock())
    held = record(SPX, now)
    seen = [SnapshotId(SPX, 1_767_366_000_000 + 60_000 * minute) for minute in range(3)]
    given = Measure(0.17, "fraction", "of log returns", tuple(seen), 2, {"gap": 1}, {"minutes": 2.0})
    found = explain(question(held, now, MeasureOf("realised_vol", True, given=given, counted="returns")))
    assert found.value == 0.17
    assert found.title == "SPX realised vol"
    assert found.facts("used") == ["2"] and found.facts("skipped") == ["1: gap"]
    assert found.facts("count")[0].startswith("3, of snapshots that this deck has seen")
    assert found.facts("first")[0].startswith("massive:chain:snapshot:SPX:2026-01-02:1767366000000")
    alone = explain(question(held, now, MeasureOf("realised_vol")))
    assert alone.facts("missing") == ["it is of all expirations together: there is none of one alone"]

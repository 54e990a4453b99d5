"""A straddle at any strike is computed again, and its legs lead to what is written."""

from pathlib import Path

import pytest

from chain.clock import Instant
from chain.monitor.analytics import analytics_of
from chain.monitor.explain.explain import explain
from chain.monitor.explain.question import StraddleOf
from tests.support.explained import question, recorded_records
from tests.support.places import CAPTURES
from tests.support.scenes import SPX, item, manual_clock, record, surface

FILES = sorted(CAPTURES.glob("*.jsonl.gz"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
async def test_every_straddle_of_a_recorded_chain_is_computed_again(path: Path) -> None:
    [(held, now), *_] = await recorded_records(path, 1)
    known = analytics_of(held)
    assert known is not None and known.measures.straddles
    for each in known.measures.straddles[::7]:
        found = explain(question(held, now, StraddleOf(each.strike)))
        assert found.value == each.value
        assert bool(found.facts("missing")) == (each.value is None)
        assert len(found.facts("key")) == 1 and found.facts(f"call {each.strike:g}")


def test_a_straddle_that_is_not_there_says_why() -> None:
    now = Instant.now(manual_clock())
    held = record(SPX, now, contracts=[*surface((6920, 6930)), item(6940, "call")])

    def missing(strike: float | None) -> list[str]:
        return explain(question(held, now, StraddleOf(strike))).facts("missing")

    assert missing(6930) == []
    assert missing(6940) == ["it needs a price on both sides"]
    assert missing(6950) == ["no contract at 6950 is listed"]
    absurd = [item(6950, side, last_quote={"bid": 1e308, "ask": 1.7e308}) for side in ("call", "put")]
    held = record(SPX, now, contracts=[*surface((6920, 6930)), *absurd])
    assert missing(6950) == ["its prices are absurd"]
    assert missing(None) == ["the slice does not reach so far"]

"""What the rules about chains say, to the word: which chains, how many, and of what nothing is said."""

from datetime import date

import pytest
from msgspec.structs import replace

from chain.clock import Instant
from chain.model.keys import ChainId
from chain.monitor.board import ChainRecord
from chain.monitor.discovery import Search
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.states import State
from tests.support.scenes import NDX, SPX, SPX_MON, START_NS, board, in_state, record

NOW = Instant(START_NS, 5_000.0)
YESTERDAY, THE_DAY_BEFORE = (ChainId("SPX", day) for day in (date(2026, 1, 1), date(2025, 12, 31)))


def texts(records: list[ChainRecord], **parts: object) -> dict[str, str]:
    return {signal.name: signal.text for signal in evaluate(board(records, NOW, **parts), NOW).signals}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ((State.STALE,), "SPX 01-02 STALE"),
        ((State.STALE, State.STALE), "all 2 STALE"),
        ((State.MISSING, State.STALE, State.MISSING), "all 3 MISSING or STALE"),
    ],
)
def test_without_one_usable_chain_all_are_counted_and_the_only_one_is_named(
    states: tuple[State, ...], said: str
) -> None:
    records = [in_state(chain, state, NOW) for chain, state in zip((SPX, SPX_MON, NDX), states, strict=False)]
    assert texts(records)["all-stale"] == f"no chain has a usable snapshot: {said}"


def test_of_what_cannot_be_judged_nothing_is_counted_while_redis_does_not_answer() -> None:
    good = record(SPX, NOW).last_good
    assert good
    poisoned = replace(record(SPX, NOW), last_good=replace(good, summary=None))
    assert {"all-stale", "depth"} <= texts([poisoned]).keys()
    assert {"all-stale", "depth"}.isdisjoint(texts([poisoned], reached=False))


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (State.FRESH, State.MISSING, "SPX depth 1 of 2: SPX 01-05 MISSING"),
        (State.MISSING, State.MISSING, "SPX depth 0 of 2: all MISSING"),
        (State.INVALID, State.DANGLING, "SPX depth 0 of 2: all INVALID or DANGLING"),
        (State.MISSING, None, "SPX depth 0 of 1: SPX 01-02 MISSING"),
    ],
)
def test_a_depth_names_what_is_lost_where_that_is_not_all(first: State, second: State | None, said: str) -> None:
    records = [in_state(SPX, first, NOW), *([in_state(SPX_MON, second, NOW)] if second else [])]
    assert texts([*records, record(NDX, NOW)])["depth"] == said


@pytest.mark.parametrize(
    ("over", "trading", "said"),
    [
        ([YESTERDAY], [SPX], "SPX 01-01 PAST-DATED: 1 whose session is over, not counted"),
        ([YESTERDAY], [], "SPX 01-01 PAST-DATED: 1 whose session is over, nothing that still trades is published"),
        ([THE_DAY_BEFORE, YESTERDAY], [SPX], "SPX 12-31, 01-01 PAST-DATED: 2 whose sessions are over, not counted"),
    ],
)
def test_what_is_past_is_counted_beside_what_still_trades(
    over: list[ChainId], trading: list[ChainId], said: str
) -> None:
    assert texts([record(chain, NOW) for chain in (*over, *trading)])["past-dated"] == said


SEARCHING = "nothing is announced: looking for chains among all keys of this Redis"
NOTHING = "no chains under massive: nothing is published"
HINDERED = "no chains under massive: none is announced, and others cannot be looked for"


@pytest.mark.parametrize(
    ("search", "told"),
    [
        (Search(over=False), {"starting": SEARCHING}),
        (Search(over=True), {"nothing-published": NOTHING}),
        (
            Search(over=False, error="SCAN is not allowed"),
            {
                "nothing-published": HINDERED,
                "discovery": "chains that no publisher announces cannot be found: SCAN is not allowed",
            },
        ),
    ],
)
def test_nothing_is_published_only_once_all_keys_were_looked_at_or_cannot_be(
    search: Search, told: dict[str, str]
) -> None:
    assert texts([], beats=[], search=search) == told
    assert {"starting", "nothing-published", "discovery"}.isdisjoint(texts([], beats=[], search=search, reached=False))
    assert {"starting", "nothing-published"}.isdisjoint(texts([record(SPX, NOW)], search=search))

"""How old the vendor's data were when a snapshot was made, in words; and when a chain's options do not trade."""

from datetime import datetime

import pytest

from chain.clock import Instant
from chain.model.keys import EPOCH_MIN_S
from chain.model.session import NEW_YORK
from chain.monitor.board import ChainRecord
from chain.monitor.evaluate.provenance import made_at, off_hours, old_source
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.heartbeat import SourceInfo
from chain.monitor.states import Flag, State
from chain.thresholds import OLD_SOURCE_DELAYED_S, OLD_SOURCE_S
from tests.support.scenes import SPX, START_NS, START_S, board, record, surface

NOW = Instant(START_NS, 5_000.0)
NIGHT = Instant(round(datetime(2026, 1, 2, 21, tzinfo=NEW_YORK).timestamp() * 1e9), 5_000.0)
LIVE = SourceInfo("massive")


def quoted(stamp_ns: int, *, timeframe: str = "REAL-TIME", source: SourceInfo = LIVE) -> ChainRecord:
    """Return a chain whose snapshot is made now, and its quotes at `stamp_ns`, epoch ns."""
    quote = {"bid": 1.0, "ask": 1.2, "last_updated": stamp_ns, "timeframe": timeframe}
    return record(SPX, NOW, contracts=surface(last_quote=quote), source=source)


def said(one: ChainRecord) -> str:
    assert one.last_good
    return old_source(one, one.last_good)


@pytest.mark.parametrize(
    ("age_ms", "words"),
    [
        (round(OLD_SOURCE_S * 1000), ""),
        (round(OLD_SOURCE_S * 1000) + 1, f"quotes {OLD_SOURCE_S:.0f} s old"),
        (3_599_000, "quotes 3599 s old"),
        (3_600_000, "quotes 1.0 h old"),
        (9_000_000, "quotes 2.5 h old"),
        (172_799_000, "quotes 48.0 h old"),
        (172_800_000, "quotes 2 d old"),
        (41 * 86_400_000, "quotes 41 d old"),
    ],
)
def test_the_age_of_the_data_is_told_in_the_unit_that_fits(age_ms: int, words: str) -> None:
    assert said(quoted(START_NS - age_ms * 1_000_000)) == words


def test_delayed_data_may_be_older_by_their_delay() -> None:
    for over_ms, words in ((0, ""), (1, f"quotes {OLD_SOURCE_DELAYED_S:.0f} s old")):
        stamp = START_NS - round(OLD_SOURCE_DELAYED_S * 1e9) - over_ms * 1_000_000
        assert said(quoted(stamp, timeframe="DELAYED")) == words


def test_the_first_second_of_the_epoch_that_we_know_is_an_age_and_the_one_before_is_none() -> None:
    first = EPOCH_MIN_S * 10**9
    assert said(quoted(first)) == f"quotes {(START_S - EPOCH_MIN_S) / 86_400:.0f} d old"
    assert said(quoted(first - 1)) == f"quotes stamped {first - 1}, no epoch in nanoseconds: how old is unknown"


def test_a_recordings_data_are_as_old_as_they_were_then_and_a_replays_as_its_stamps_say() -> None:
    """A recording that is stamped anew counts from its own now; a replay keeps the stamps that it was made with."""
    recording = SourceInfo("capture", as_of=START_S - 600.0)
    replay = SourceInfo("replay", as_of=START_S + 600.0, speed=1.0, heard_at=NOW.mono)
    for source, made in ((LIVE, START_S), (recording, START_S - 600.0), (replay, START_S)):
        fresh, old = (quoted(round((made - age) * 1e9), source=source) for age in (5.0, 400.0))
        assert fresh.last_good
        assert made_at(fresh, fresh.last_good) == made
        assert (said(fresh), said(old)) == ("", "quotes 400 s old")


@pytest.mark.parametrize(
    ("market", "as_of", "off"),
    [("", None, False), ("open", None, False), ("closed", None, True), ("extended-hours", None, True)],
)
def test_at_night_only_what_somebody_says_of_the_market_makes_off_hours(
    market: str, as_of: float | None, off: bool
) -> None:
    assert off_hours(record(SPX, NIGHT, source=SourceInfo("massive", market=market, as_of=as_of)), NIGHT) is off


def test_a_chain_that_was_never_read_has_its_hours_too() -> None:
    unread = ChainRecord(SPX, source=SourceInfo("massive", market="closed"))
    [status] = evaluate(board([unread], NIGHT), NIGHT).statuses
    assert (status.state, status.flags) == (State.MISSING, (Flag.OFF_HOURS,))

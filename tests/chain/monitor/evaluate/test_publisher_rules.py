"""What the rules about publishers and their parts say, to the word, and which underlyings can suffer from it."""

from typing import Any

import pytest
from msgspec.structs import replace

from chain.clock import Instant
from chain.monitor.board import ChainRecord, PublisherStatus, Refusal
from chain.monitor.evaluate.report import Signal
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.heartbeat import STOPPED, WITHDRAWN, Heartbeat, SourceInfo
from chain.supervisor import PartState, PartStatus
from chain.thresholds import HEARTBEAT_TTL_S
from tests.support.scenes import NDX, SPX, START_NS, START_S, board, heartbeat, record

NOW = Instant(START_NS, 5_000.0)
LIVE = heartbeat(SPX, service="massive", kind="massive", detail="api.massive.com")
MOCK = heartbeat(SPX, NDX)


def known(beat: Heartbeat, **values: Any) -> PublisherStatus:
    return replace(PublisherStatus(beat, NOW.mono, alive=True), **values)


def told(
    name: str, *publishers: PublisherStatus, records: list[ChainRecord] | None = None, **parts: Any
) -> list[Signal]:
    """Return the signals of one name on a Board of SPX with these publishers."""
    made = board([record(SPX, NOW)] if records is None else records, NOW, known=publishers, **parts)
    return [signal for signal in evaluate(made, NOW).signals if signal.name == name]


def heard(name: str, *publishers: PublisherStatus, **parts: Any) -> list[tuple[str, frozenset[str] | None]]:
    """Return the text of each signal of one name, and the underlyings that it concerns."""
    return [(signal.text, signal.concerns) for signal in told(name, *publishers, **parts)]


def test_without_a_heartbeat_everything_can_suffer_and_with_a_forbidden_one_nothing_follows() -> None:
    assert heard("publisher-unknown") == [("no publisher's heartbeat: source of data unknown", None)]
    limits = ("cannot watch the stream: NOPERM", "cannot hear heartbeats: NOPERM")
    assert heard("publisher-unknown", limits=limits) == [
        ("cannot hear heartbeats: NOPERM: source of data unknown", frozenset())
    ]
    assert heard("publisher-unknown", reached=False) == []
    assert heard("publisher-unknown", records=[]) == []


def test_a_chain_of_nobody_who_beats_is_named() -> None:
    stray = record(NDX, NOW, source=SourceInfo())
    assert heard("publisher-unknown", known(LIVE), records=[record(SPX, NOW), stray]) == [
        ("NDX 01-02: of no publisher that beats, source of data unknown", frozenset({"NDX"}))
    ]
    assert heard("publisher-unknown", known(LIVE), records=[stray], reached=False) == []


@pytest.mark.parametrize(
    ("ahead_s", "skew_s", "said"),
    [
        (9.0, None, "9 s ahead of this machine's"),
        (-HEARTBEAT_TTL_S - 5.0, None, f"{HEARTBEAT_TTL_S + 5:.0f} s behind this machine's"),
        (1.5, 1.0, "2 s ahead of Redis's"),  # together beyond what clocks differ by
        (1.0, 1.0, None),
        (9.0, -7.0, None),  # as far ahead of us as we are behind: it agrees with Redis
        (9.0, -4.0, "5 s ahead of Redis's"),
        (0.0, 9.0, None),  # it agrees with this machine, of which it is said
    ],
)
def test_a_publishers_clock_is_held_against_rediss_where_that_is_known(
    ahead_s: float, skew_s: float | None, said: str | None
) -> None:
    expected = [(f"publisher mock_massive's clock is {said}", frozenset({"SPX", "NDX"}))] if said else []
    assert heard("publisher-clock", known(MOCK, ahead_s=ahead_s), skew_s=skew_s) == expected
    assert heard("publisher-clock", known(MOCK, ahead_s=ahead_s, alive=False), skew_s=skew_s) == []


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        (("chain.depth: negative",), "chain.depth: negative, ignored"),
        (("chain.depth: negative", "pid: no number"), "chain.depth: negative, ignored, and 1 more"),
        (("chain.depth: negative", "pid: no number", "ts: none"), "chain.depth: negative, ignored, and 2 more"),
    ],
)
def test_of_what_does_not_fit_in_a_beat_the_first_is_named_and_the_rest_counted(
    left_out: tuple[str, ...], said: str
) -> None:
    beat = replace(MOCK, left_out=left_out)
    assert [text for text, _ in heard("heartbeat-misfit", known(beat))] == [f"heartbeat of mock_massive: {said}"]
    assert heard("heartbeat-misfit", known(beat, alive=False)) == []


def test_refused_heartbeats_are_one_signal_since_the_first() -> None:
    refusals = (Refusal("massive", "not JSON", START_S - 3.0), Refusal("mock_massive", "empty", START_S - 8.0))
    [signal] = told("heartbeat-refused", refusals=refusals)
    assert signal.text == "heartbeat of massive refused: not JSON; heartbeat of mock_massive refused: empty"
    assert signal.since == START_S - 8.0


def test_what_a_source_complains_of_is_its_own_publishers_affair() -> None:
    troubled = replace(MOCK, source=SourceInfo("mock", last_error="vendor: 503"))
    assert heard("source", known(LIVE), known(troubled)) == [("source mock: vendor: 503", frozenset({"SPX", "NDX"}))]
    assert heard("source", known(troubled, alive=False)) == []
    assert heard("source", known(replace(troubled, status=WITHDRAWN))) == []


@pytest.mark.parametrize(("status", "how"), [("running", "is silent"), (STOPPED, "has stopped")])
def test_a_silent_publisher_concerns_what_no_living_one_publishes(status: str, how: str) -> None:
    gone = known(replace(MOCK, status=status), alive=False, gone_since=START_S - 5.0)
    [signal] = told("publisher-silent", known(LIVE), gone)
    assert (signal.text, signal.since) == (f"publisher mock_massive {how}", START_S - 5.0)
    assert signal.concerns == frozenset({"NDX"})
    waiting = known(replace(LIVE, status=WITHDRAWN))  # publishes nothing
    assert [signal.concerns for signal in told("publisher-silent", waiting, gone)] == [frozenset({"SPX", "NDX"})]


def test_who_gave_way_is_named_with_its_process_and_why() -> None:
    gave_way = replace(MOCK, status=WITHDRAWN, source=SourceInfo("mock", last_error="massive publishes here"))
    words = "mock publisher (process 77) has withdrawn, until asked to publish again: massive publishes here"
    assert heard("withdrawn", known(LIVE), known(gave_way)) == [(words, frozenset({"NDX"}))]
    assert heard("withdrawn", known(gave_way, alive=False)) == []


def test_a_failed_part_is_told_once_with_its_restarts() -> None:
    once = PartStatus("lease", PartState.FAILED, "ValueError: x", START_S - 4.0, 1)
    often = PartStatus("events", PartState.FAILED, "OSError: y", START_S - 9.0, 2)
    beat = replace(MOCK, parts=(once, often, PartStatus("cadence")))
    signals = told("part-failed", known(beat), parts=(once,))  # our own publisher's, which come both ways
    assert [(signal.text, signal.since, signal.subject) for signal in signals] == [
        ("lease failed: ValueError: x", START_S - 4.0, "lease"),
        ("events failed: OSError: y, restarted 2 times", START_S - 9.0, "events"),
    ]
    assert [signal.subject for signal in told("part-failed", known(beat, alive=False), parts=(once,))] == ["lease"]

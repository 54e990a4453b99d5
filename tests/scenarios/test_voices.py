"""One truth in every voice: check, status as text and JSON, deck, heartbeat and metrics agree on every Board."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.clock import Instant, ManualClock
from chain.model.keys import ChainId
from chain.model.snapshot import encode
from chain.monitor.board import Board, ChainRecord
from chain.monitor.discovery import Search
from chain.monitor.evaluate.serialize import health_block
from chain.monitor.evaluate.signals import HealthReport, evaluate
from chain.monitor.heartbeat import STOPPED, SourceInfo
from chain.monitor.states import DeckState, Flag, State
from chain.monitor.watch import record_updates
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.kinds import SourceChange
from chain.thresholds import OLD_SOURCE_S, STREAM_ACTIVE_S, Thresholds
from chaindeck.commands.check import exit_code, line
from chaindeck.commands.metrics.endpoint import DeckCollector
from chaindeck.commands.status import as_text
from tests.support.plugin_line import read_line
from tests.support.published import status_json
from tests.support.scenes import (
    NDX,
    SPX,
    SPX_MON,
    START_NS,
    START_S,
    at_fault,
    board,
    heartbeat,
    in_state,
    item,
    law,
    manual_clock,
    received,
    record,
    report,
    snapshot,
    surface,
)
from tests.support.schemas import validator
from tui.lines.board.table import board_table
from tui.lines.line import plain
from tui.lines.signals import severity_word, signal_lines
from tui.lines.strip import trouble

NOW = Instant(START_NS, 5_000.0)
STATUS_SCHEMA, HEARTBEAT_SCHEMA = validator("status"), validator("heartbeat")
WIDE = 600  # no line of a scene is cut or wrapped at this width
EXITS = {"OK": 0, "STARTING": 3, "WARNING": 1, "PARTIAL DEGRADATION": 1, "DEGRADED": 2, "CRITICAL": 2}
SHORT = {
    "DLY": Flag.DELAYED,
    "OLD": Flag.OLD_SOURCE,
    "BACK": Flag.ROLLED_BACK,
    "PART": Flag.PARTIAL,
    "FAIL": Flag.FAILING,
    "PAST": Flag.PAST_DATED,
    "OFF": Flag.OFF_HOURS,
    "SRC?": Flag.SOURCE_UNKNOWN,
    "CHANGED": Flag.SOURCE_CHANGED,
}
MARKS = ("·", "!", "x", ">")


@dataclass(frozen=True, slots=True)
class Voices:
    """What each voice says of one Report, as its reader takes it."""

    status: dict[str, Any]
    health: dict[str, Any]
    check: str
    text: list[str]  # of `status`
    metrics: set[str]  # the states of the deck that a scrape finds set
    strip: str
    heads: str  # of the board: its title and the headings of underlyings
    rows: dict[tuple[str, str], list[str]]  # by underlying and expiry, the board's columns after the day
    panel: list[str]

    @classmethod
    def of(cls, evaluated: HealthReport) -> "Voices":
        beat = replace(heartbeat(SPX), health=health_block(evaluated))
        table = board_table(evaluated, None, WIDE, 1_000)
        heads = [plain(table.head[0])]
        rows: dict[tuple[str, str], list[str]] = {}
        for body_line, chain in zip(table.body, table.rows, strict=True):
            columns = plain(body_line).split()
            if chain is None:
                heads.append(plain(body_line))
            elif columns[0] == f"{chain.expiry:%m-%d}":
                rows[chain.underlying, chain.expiry.isoformat()] = columns[2:]
        return cls(
            status=status_json(evaluated),
            health=orjson.loads(beat.encode()),
            check=line(evaluated),
            text=as_text(evaluated, RedisTarget("redis://h:1")).splitlines(),
            metrics=_scraped(evaluated),
            strip=plain(trouble(evaluated, WIDE)),
            heads="\n".join(heads),
            rows=rows,
            panel=[plain(part) for part in signal_lines(evaluated, WIDE)],
        )


def _scraped(evaluated: HealthReport) -> set[str]:
    """Return the states of the deck that a scrape at the instant of the report finds set."""
    collector = DeckCollector(ManualClock(evaluated.now.wall_ns, evaluated.now.mono))
    collector.on_board(evaluated.board)
    samples = [sample for family in collector.collect() for sample in family.samples]
    return {s.labels["chaindeck_state"] for s in samples if s.name == "chaindeck_state" and s.value}


def shown_age(text: str) -> tuple[float, float]:
    """Return the ages, seconds, from which and below which the board would show this text."""
    if "." in text:
        return float(text), float(text) + 0.1
    hours, sign, minutes = text.partition("h")
    if sign:
        at = int(hours) * 3600 + int(minutes) * 60
        return at, at + 60
    minutes, _, seconds = text.partition(":")
    at = int(minutes) * 60 + int(seconds)
    return at, at + 1


def assert_agreement(evaluated: HealthReport) -> Voices:
    """Fail unless all four voices say the same; return what they say."""
    voices = Voices.of(evaluated)
    STATUS_SCHEMA.validate(voices.status)
    HEARTBEAT_SCHEMA.validate(voices.health)
    said = read_line(voices.check)
    state = voices.status["state"]
    assert said.state == voices.health["state"] == state == evaluated.state
    assert voices.metrics == {state}
    assert voices.strip.startswith(f" {state} ")
    assert voices.text[1].startswith(f" {state} ")
    assert exit_code(evaluated) == EXITS[state]
    _signals_agree(evaluated, voices, said.words)
    expiries = voices.status["expiries"]
    for expiry in expiries:
        _expiry_agrees(expiry, voices)
    ages = {f"{e['underlying']} {e['expiry']} age": e["age_s"] for e in expiries if e["age_s"] is not None}
    assert {label: datum.value for label, datum in said.data.items() if datum.warn and datum.unit == "s"} == ages
    for underlying, (have, wanted) in voices.health["depth"].items():
        told = said.data[f"{underlying} depth"]
        assert (told.value, told.high) == (have, wanted)
        assert any(underlying in head and f" {have} of {wanted}" in head for head in voices.heads.split("\n"))
    stream = said.data.get("stream age")
    assert (stream and stream.value) == voices.health["stream"]["age_s"]
    return voices


def _signals_agree(evaluated: HealthReport, voices: Voices, words: str) -> None:
    signals = voices.status["signals"]
    assert voices.status["sources"] == voices.health["sources"] == evaluated.sources
    kinds = evaluated.sources.removeprefix("source ")
    texts = [signal["text"] for signal in signals]
    assert voices.health["signals"] == signals
    assert [signal["name"] for signal in signals] == [signal.name for signal in evaluated.signals]
    panel = [text[len(lead) :] for text in voices.panel for lead in (" ! ", "   └ ") if text.startswith(lead)]
    for told in evaluated.signals:
        word, text = severity_word(told.severity), told.text
        alike = [other for other in evaluated.signals if other.name == told.name]
        folded = len(alike) > 1 and any(line.startswith(word) and told.subject in line for line in panel)
        assert folded or any(line.startswith(f"{word} {text}") for line in panel)
    assert len(panel) <= len(signals)
    assert not evaluated.signals or panel[0].startswith(f"{severity_word(evaluated.signals[0].severity)} ")
    if signals:
        assert words == "; ".join(texts) + (f"; source {kinds}" if kinds else "")
        assert voices.strip.removeprefix(f" {evaluated.state}  ").startswith(texts[0])
        assert max(signals, key=lambda s: DeckState(s["severity"]).rank)["severity"] == evaluated.state
    else:
        assert (
            words == f"{len(evaluated.statuses)} chain{'s' * (len(evaluated.statuses) != 1)} fresh, {evaluated.sources}"
        )
        assert (words if len(evaluated.statuses) == 1 else f"all {words}") in voices.strip


def _expiry_agrees(expiry: dict[str, Any], voices: Voices) -> None:
    row = voices.rows[expiry["underlying"], expiry["expiry"]]
    healthy = voices.health["expiries"][f"{expiry['underlying']} {expiry['expiry']}"]
    assert {name: expiry[name] for name in ("state", "flags", "source", "age_s", "ttl_s", "since")} == healthy
    dte, state, *rest = row
    assert (int(dte), state) == (expiry["dte"], expiry["state"])
    age, ttl, *rest = rest[1:] if rest[0] in MARKS else rest
    if expiry["age_s"] is None:
        assert age == "-"
    else:
        low, high = shown_age(age)
        assert low <= round(expiry["age_s"], 6) < high
    assert ttl == "-" if expiry["ttl_s"] is None else int(ttl) - 1 < expiry["ttl_s"] <= int(ttl)
    assert [SHORT.get(flag, flag) for flag in rest if not flag[0].isdigit() and flag != "-"] == expiry["flags"]


# Every state and every flag


def _one(one: ChainRecord, *, reached: bool = True, **parts: Any) -> HealthReport:
    return report([one], NOW, reached=reached, **parts)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("beside", [None, State.FRESH, State.STALE], ids=["alone", "beside FRESH", "beside STALE"])
def test_every_state_is_told_alike(state: State, beside: State | None) -> None:
    records = [in_state(SPX, state, NOW)] + ([in_state(SPX_MON, beside, NOW)] if beside else [])
    voices = assert_agreement(report(records, NOW, reached=state is not State.UNREACHABLE))
    assert voices.status["expiries"][0]["state"] == state


EARLIER = snapshot(SPX, START_NS - 9 * 10**9)


def _rolled_back() -> ChainRecord:
    return record_updates.accept(record(SPX, NOW), received(EARLIER), encode(EARLIER), 60_000, NOW)


DELAYED = [
    item(6930, side, last_quote={"bid": 1.0, "ask": 1.2, "last_updated": START_NS, "timeframe": "DELAYED"})
    for side in ("call", "put")
]
OLD = surface(last_quote={"bid": 1.0, "ask": 1.2, "last_updated": START_NS - 900 * 10**9, "timeframe": "REAL-TIME"})
FLAGGED: dict[Flag, Callable[[], ChainRecord]] = {
    Flag.PARTIAL: lambda: record(SPX, NOW, contracts=surface()[::2]),
    Flag.FAILING: lambda: replace(record(SPX, NOW), last_error="vendor: 429"),
    Flag.PAST_DATED: lambda: record(ChainId("SPX", date(2026, 1, 1)), NOW),
    Flag.DELAYED: lambda: record(SPX, NOW, contracts=DELAYED),
    Flag.OLD_SOURCE: lambda: record(SPX, NOW, contracts=OLD),
    Flag.ROLLED_BACK: _rolled_back,
    Flag.MOCK: lambda: record(SPX, NOW),
    Flag.CAPTURE: lambda: record(SPX, NOW, source=SourceInfo("capture", as_of=float(START_S))),
    Flag.REPLAY: lambda: record(SPX, NOW, source=SourceInfo("replay", as_of=float(START_S))),
    Flag.OFF_HOURS: lambda: record(SPX, NOW, source=SourceInfo("massive", market="closed")),
    Flag.SOURCE_UNKNOWN: lambda: record(SPX, NOW, source=SourceInfo()),
    Flag.SOURCE_CHANGED: lambda: replace(record(SPX, NOW), change=SourceChange("massive", "mock", NOW.wall_s - 5)),
}


@pytest.mark.parametrize("flag", Flag)
def test_every_flag_is_told_alike(flag: Flag) -> None:
    voices = assert_agreement(_one(FLAGGED[flag]()))
    assert flag in voices.status["expiries"][0]["flags"]


VENDOR_DOWN = replace(heartbeat(SPX), source=SourceInfo("mock", last_error="vendor: 503"))
DECKS: dict[str, tuple[DeckState, Callable[[], HealthReport]]] = {
    "starting": (DeckState.STARTING, lambda: report([], NOW, beats=[], started=NOW.mono - 1.0)),
    "searching": (DeckState.STARTING, lambda: report([], NOW, beats=[], search=Search(over=False))),
    "announced, a moment ago": (
        DeckState.CRITICAL,
        lambda: report([ChainRecord(SPX)], NOW, beats=[heartbeat(SPX)], started=NOW.mono - 1.0),
    ),
    "fresh": (DeckState.OK, lambda: _one(record(SPX, NOW))),
    "aging": (DeckState.WARNING, lambda: _one(in_state(SPX, State.AGING, NOW))),
    "silent": (DeckState.WARNING, lambda: _one(record(SPX, NOW), beats=[heartbeat(SPX, status=STOPPED)])),
    "unknown": (DeckState.WARNING, lambda: _one(record(SPX, NOW), beats=[])),
    "source": (DeckState.WARNING, lambda: _one(record(SPX, NOW), beats=[VENDOR_DOWN])),
    "stepped": (DeckState.WARNING, lambda: _one(record(SPX, NOW), step_s=-7.5, step_at=NOW.mono - 4)),
    "depth": (DeckState.PARTIAL_DEGRADATION, lambda: _one(record(SPX, NOW), depth={"SPX": 6})),
    "stream": (
        DeckState.DEGRADED,
        lambda: report([in_state(SPX, State.STALE, NOW), record(NDX, NOW)], NOW, last_frame=START_S - 1.0),
    ),
    "all stale": (DeckState.CRITICAL, lambda: _one(in_state(SPX, State.STALE, NOW))),
    "nothing": (DeckState.CRITICAL, lambda: report([], NOW, beats=[])),
    "nothing, silent": (DeckState.CRITICAL, lambda: report([], NOW, beats=[heartbeat(SPX, status=STOPPED)])),
    "nothing, lost": (DeckState.CRITICAL, lambda: report([], NOW, beats=[], reached=False)),
    "lost": (DeckState.CRITICAL, lambda: _one(record(SPX, NOW), reached=False)),
}


@pytest.mark.parametrize("scene", DECKS)
def test_every_state_of_the_deck_is_told_alike(scene: str) -> None:
    state, make = DECKS[scene]
    assert assert_agreement(make()).status["state"] == state


# Every limit, to the millisecond


SOONER = Thresholds(3.0, 20.0)  # AGING above 8 s, STALE above 14 s
OLD_QUOTES = surface(last_quote={"bid": 1.0, "ask": 1.2, "last_updated": START_NS, "timeframe": "REAL-TIME"})


def _aged(thresholds: Thresholds, *, alone: bool = False) -> Callable[[ManualClock, float], HealthReport]:
    """Return a scene of one snapshot as old as told, beside a fresh one where `alone` does not forbid it."""

    def scene(clock: ManualClock, seconds: float) -> HealthReport:
        one = record(SPX, Instant.now(clock), thresholds=thresholds)
        clock.advance(seconds)
        now = Instant.now(clock)
        return evaluate(board([one] if alone else [one, record(NDX, now)], now), now)

    return scene


def _ahead(clock: ManualClock, seconds: float) -> HealthReport:
    now = Instant.now(clock)
    return evaluate(board([record(SPX, now, age_ms=-round(seconds * 1000))], now), now)


def _quotes_aged(clock: ManualClock, seconds: float) -> HealthReport:
    clock.advance(seconds)
    now = Instant.now(clock)
    return evaluate(board([record(SPX, now, contracts=OLD_QUOTES)], now), now)


def _stream_silent(clock: ManualClock, seconds: float) -> HealthReport:
    last = clock.wall / 1e9
    clock.advance(seconds)
    now = Instant.now(clock)
    return evaluate(board([in_state(SPX, State.STALE, now), record(NDX, now)], now, last_frame=last), now)


def _stepped(clock: ManualClock, seconds: float) -> HealthReport:
    now = Instant.now(clock)
    return evaluate(board([record(SPX, now)], now, step_s=-seconds, step_at=now.mono), now)


def _unpolled(clock: ManualClock, seconds: float) -> HealthReport:
    polled = board([record(SPX, Instant.now(clock))], Instant.now(clock))
    clock.advance(seconds)
    return evaluate(polled, Instant.now(clock))


# The scene, its limit in seconds, the signal that begins above the limit or ends there, and the deck before and after.
LIMITS: dict[str, tuple[Callable[[ManualClock, float], HealthReport], float, str, str]] = {
    "warn": (_aged(Thresholds()), 22.0, "", "aging"),
    "stale": (_aged(Thresholds()), 35.0, "aging", "stale"),
    "warn of 3 s": (_aged(SOONER), 8.0, "", "aging"),
    "stale of 3 s": (_aged(SOONER), 14.0, "aging", "stale"),
    "future": (_ahead, 2.0, "", "future"),
    "quotes": (_quotes_aged, OLD_SOURCE_S, "", "old-source"),
    "stream": (_stream_silent, STREAM_ACTIVE_S, "stream-over-stale", "stale"),
    "clock step": (_stepped, 2.0, "", "clock-step"),
    "poll loop": (_unpolled, 3.0, "", "poll-silent"),
}


@pytest.mark.parametrize("off_ms", [-1, 0, 1])
@pytest.mark.parametrize("limit", LIMITS)
def test_at_every_limit_all_voices_turn_in_the_same_millisecond(limit: str, off_ms: int) -> None:
    scene, seconds, below, above = LIMITS[limit]
    voices = assert_agreement(scene(manual_clock(), seconds + off_ms / 1000))
    first = next((signal["name"] for signal in voices.status["signals"]), "")
    assert first == (above if off_ms > 0 else below)


@pytest.mark.parametrize("off_ms", [-1, 0, 1])
@pytest.mark.parametrize(("limits", "seconds"), [("warn", 22.0), ("crit", 35.0)])
def test_the_limits_in_the_performance_data_are_those_of_the_states(limits: str, seconds: float, off_ms: int) -> None:
    evaluated = _aged(Thresholds(), alone=limits == "crit")(manual_clock(), seconds + off_ms / 1000)
    data = read_line(line(evaluated)).data
    datum = data["SPX 2026-01-02 age"] if limits == "warn" else data["youngest"]
    told = datum.warn if limits == "warn" else datum.crit
    assert told is not None
    assert told.alarms(datum.value) is (off_ms > 0)
    worse = (State.AGING, State.STALE) if limits == "warn" else (State.STALE,)
    assert told.alarms(datum.value) is (evaluated.statuses[0].state in worse)
    assert exit_code(evaluated) == (
        2 if limits == "crit" and off_ms > 0 else 1 if limits == "crit" or off_ms > 0 else 0
    )


# Any Board

DATES = [date(2026, 1, day) for day in (2, 5, 6, 7)]
STATES = st.sampled_from([state for state in State if state is not State.UNREACHABLE])


@st.composite
def boards(draw: st.DrawFn) -> Board:
    """Return a Board of up to eight chains, each in some state and of some age, of publishers as they may be."""
    records = []
    for underlying, expiry in itertools.product(draw(st.sampled_from([["SPX"], ["SPX", "NDX"]])), DATES):
        if draw(st.booleans()):
            continue
        chain, age_ms = ChainId(underlying, expiry), draw(st.integers(-5_000, 4_000_000))
        source = SourceInfo(draw(st.sampled_from(["mock", "massive", "capture", "unknown"])))
        one = replace(
            record(chain, NOW, age_ms=age_ms, source=source), last_error=draw(st.sampled_from(["", "vendor: 429"]))
        )
        state = draw(STATES)
        fault = state in (State.MISSING, State.DANGLING, State.INVALID)
        records.append(at_fault(one, state, NOW) if fault else one)
    chains = [one.chain for one in records]
    beats = draw(st.sampled_from([[], [heartbeat(*chains)], [heartbeat(*chains, status=STOPPED)]]))
    stream_ts = draw(st.none() | st.integers(0, 9_000).map(lambda ms: START_S - ms / 1000))
    return board(records, NOW, beats=beats, reached=draw(st.booleans()), last_frame=stream_ts)


@law
@given(made=boards(), late_ms=st.integers(0, 4_000))
def test_no_board_is_told_in_two_ways(made: Board, late_ms: int) -> None:
    assert_agreement(evaluate(made, Instant(NOW.wall_ns + late_ms * 1_000_000, NOW.mono + late_ms / 1000)))

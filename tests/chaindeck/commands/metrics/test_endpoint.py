"""The metrics endpoint: what a scrape reads is what the Report says, and the alert rules ask for what is there."""

import asyncio
import re
import signal
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from chain.clock import Instant, ManualClock
from chain.model.keys import REPLAY_PREFIX, KeySchema
from chain.monitor.board import Board
from chain.monitor.evaluate.signals import evaluate, usable
from chain.monitor.heartbeat import STOPPED, Heartbeat, parse_heartbeat
from chain.monitor.states import DeckState, State
from chain.redis.server.embedded import EmbeddedServer
from chain.thresholds import Thresholds
from chaindeck import __version__
from chaindeck.cli import app
from chaindeck.commands.metrics.alert_rules import alert_rules
from chaindeck.commands.metrics.endpoint import DeckCollector
from publisher.loop.publisher import Publisher
from tests.support.builders import ScriptedSource
from tests.support.contexts import context_of
from tests.support.product import command, environment, run
from tests.support.scenes import (
    NDX,
    SPX,
    SPX_MON,
    board,
    changed,
    compositor,
    heartbeat,
    in_state,
    law,
    manual_clock,
    record,
    recorder,
)
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
SMALL = ("--underlyings", "SPX", "--expirations", "2")
KEY = "mAsSiVe-KeY-31415926"


def read(text: str) -> Samples:
    """Return a scrape's samples; fail for a sample that comes twice, which Prometheus would refuse."""
    samples: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation, f"{family.name} has no help"
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in samples, f"{key} twice"
            samples[key] = sample.value
    return samples


def scraped(one: Board | None, clock: ManualClock) -> Samples:
    """Return what a scrape reads of a Board at this instant."""
    collector, registry = DeckCollector(clock), CollectorRegistry()
    registry.register(collector)
    if one is not None:
        collector.on_board(one)
    return read(generate_latest(registry).decode())


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


# One Board


FRIDAY, MONDAY, NASDAQ = (
    f'expiry="2026-01-0{day}",underlying="{name}"' for day, name in ((2, "SPX"), (5, "SPX"), (2, "NDX"))
)
PUBLISHER = 'service="mock_massive",source="mock"'
GOLDEN = f"""
chaindeck_build_info{{version="{__version__}"}} 1
chaindeck_state{{chaindeck_state="STARTING"}} 0
chaindeck_state{{chaindeck_state="OK"}} 0
chaindeck_state{{chaindeck_state="WARNING"}} 0
chaindeck_state{{chaindeck_state="PARTIAL DEGRADATION"}} 1
chaindeck_state{{chaindeck_state="DEGRADED"}} 0
chaindeck_state{{chaindeck_state="CRITICAL"}} 0
chaindeck_redis_up 1
chaindeck_redis_ping_seconds 0.0004
chaindeck_depth{{underlying="SPX"}} 2
chaindeck_depth{{underlying="NDX"}} 0
chaindeck_depth_wanted{{underlying="SPX"}} 2
chaindeck_depth_wanted{{underlying="NDX"}} 1
chaindeck_snapshot_usable{{{FRIDAY}}} 1
chaindeck_snapshot_usable{{{MONDAY}}} 1
chaindeck_snapshot_usable{{{NASDAQ}}} 0
chaindeck_snapshot_age_seconds{{{FRIDAY}}} 3
chaindeck_snapshot_age_seconds{{{MONDAY}}} 40
chaindeck_snapshot_age_seconds{{{NASDAQ}}} 3
chaindeck_snapshot_timestamp_seconds{{{FRIDAY}}} 1767365997
chaindeck_snapshot_timestamp_seconds{{{MONDAY}}} 1767365960
chaindeck_snapshot_timestamp_seconds{{{NASDAQ}}} 1767365997
chaindeck_snapshot_contracts{{{FRIDAY}}} 6
chaindeck_snapshot_contracts{{{MONDAY}}} 6
chaindeck_snapshot_contracts{{{NASDAQ}}} 6
chaindeck_pointer_ttl_seconds{{{FRIDAY}}} 60
chaindeck_pointer_ttl_seconds{{{MONDAY}}} 60
chaindeck_chain_source_info{{expiry="2026-01-02",source="mock",underlying="SPX"}} 1
chaindeck_chain_source_info{{expiry="2026-01-05",source="mock",underlying="SPX"}} 1
chaindeck_chain_source_info{{expiry="2026-01-02",source="mock",underlying="NDX"}} 1
chaindeck_publisher_alive{{{PUBLISHER}}} 1
chaindeck_publish_cycle_seconds{{{PUBLISHER}}} 0.0142
chaindeck_publisher_snapshots_total{{result="published",{PUBLISHER}}} 12
chaindeck_publisher_unknown_counters{{{PUBLISHER}}} 0
"""


def test_the_golden_page_of_a_fresh_a_stale_and_a_missing_chain() -> None:
    clock = manual_clock()
    now = Instant.now(clock)
    states = ((SPX, State.FRESH), (SPX_MON, State.STALE), (NDX, State.MISSING))
    samples = scraped(board([in_state(chain, state, now) for chain, state in states], now), clock)
    golden = (line.rsplit(" ", 1) for line in GOLDEN.strip().splitlines())
    assert {_spelt(*key): figure for key, figure in samples.items()} == {
        name: pytest.approx(float(figure)) for name, figure in golden
    }


def _spelt(name: str, labels: frozenset[tuple[str, str]]) -> str:
    """Return a sample's name and labels as they stand on the page."""
    inside = ",".join(f'{label}="{text}"' for label, text in sorted(labels))
    return f"{name}{{{inside}}}" if inside else name


def assert_says(samples: Samples, one: Board, now: Instant) -> None:
    """Fail unless every figure of a scrape is the Report's."""
    evaluated = evaluate(one, now)
    assert value(samples, "chaindeck_redis_up") == one.redis.health.ok
    for state in DeckState:
        assert value(samples, "chaindeck_state", chaindeck_state=state) == (state is evaluated.state)
    for chain_status in evaluated.statuses:
        chain = {
            "underlying": chain_status.record.chain.underlying,
            "expiry": chain_status.record.chain.expiry.isoformat(),
        }
        good = chain_status.record.last_good
        assert value(samples, "chaindeck_snapshot_usable", **chain) == usable(chain_status)
        assert value(samples, "chaindeck_chain_source_info", **chain, source=chain_status.record.kind) == 1
        assert value(samples, "chaindeck_snapshot_age_seconds", **chain) == chain_status.age_s
        assert value(samples, "chaindeck_pointer_ttl_seconds", **chain) == chain_status.ttl_s
        assert value(samples, "chaindeck_snapshot_contracts", **chain) == (good.summary.contracts if good else None)
    for underlying in one.chains.underlyings:
        mine = [
            chain_status for chain_status in evaluated.statuses if chain_status.record.chain.underlying == underlying
        ]
        assert value(samples, "chaindeck_depth", underlying=underlying) == sum(map(usable, mine))
        assert value(samples, "chaindeck_depth_wanted", underlying=underlying) == one.chains.depth[underlying]
    for publisher in one.publishers.known:
        labels = {"service": publisher.heartbeat.service, "source": publisher.heartbeat.source.kind}
        assert value(samples, "chaindeck_publisher_alive", **labels) == publisher.alive
        assert value(samples, "chaindeck_publish_cycle_seconds", **labels) == pytest.approx(0.0142)
        assert value(samples, "chaindeck_publisher_snapshots_total", **labels, result="published") == 12


@law
@given(
    states=st.lists(st.sampled_from(State), min_size=3, max_size=3),
    reached=st.booleans(),
    late_s=st.floats(0, 100),
    stopped=st.booleans(),
)
def test_every_figure_is_the_reports(states: list[State], reached: bool, late_s: float, stopped: bool) -> None:
    clock = manual_clock()
    now = Instant.now(clock)
    records = [in_state(chain, state, now) for chain, state in zip((SPX, SPX_MON, NDX), states, strict=True)]
    beats = [heartbeat(SPX, SPX_MON, NDX, status=STOPPED if stopped else "running"), heartbeat(service="massive")]
    one = board(records, now, reached=reached, beats=beats, depth={"SPX": 6, "NDX": 1})
    clock.advance(late_s)
    assert_says(scraped(one, clock), one, Instant.now(clock))


def test_between_polls_an_age_goes_on_growing() -> None:
    clock = manual_clock()
    one = board([record(SPX, Instant.now(clock), age_ms=1_250)], Instant.now(clock))
    chain = {"underlying": "SPX", "expiry": "2026-01-02"}
    assert value(scraped(one, clock), "chaindeck_snapshot_age_seconds", **chain) == 1.25
    clock.advance(2.5)
    assert value(scraped(one, clock), "chaindeck_snapshot_age_seconds", **chain) == 3.75
    assert value(scraped(one, clock), "chaindeck_pointer_ttl_seconds", **chain) == 57.5


def test_before_the_first_poll_there_is_nothing_to_say() -> None:
    assert scraped(None, manual_clock()) == {}


def telling(clock: ManualClock, *beats: Heartbeat) -> Samples:
    """Return a scrape of a Board with these heartbeats."""
    return scraped(board([record(SPX, Instant.now(clock))], Instant.now(clock), beats=list(beats)), clock)


def counting(**counters: int) -> Heartbeat:
    beat = heartbeat(SPX, service="massive")
    return replace(beat, source=replace(beat.source, kind="massive"), chain=replace(beat.chain, counters=counters))


def test_one_metric_a_meaning() -> None:
    counters = {
        "cycles": 7, "skipped": 1, "bytes": 2_000, "published": 12, "refused_older": 3, "failed": 2,
        "vendor_requests": 40, "vendor_bytes": 9_000, "vendor_holidays_unread": 5,
        "vendor_faults": 6, "vendor_fault_timeout": 4, "vendor_fault_proxy": 1, "vendor_fault_of_tomorrow": 1,
    }  # fmt: skip
    samples = telling(manual_clock(), counting(**counters))
    who = {"service": "massive", "source": "massive"}
    assert value(samples, "chaindeck_publisher_cycles_total", **who) == 7
    assert value(samples, "chaindeck_publisher_skipped_cycles_total", **who) == 1
    assert value(samples, "chaindeck_publisher_payload_bytes_total", **who) == 2_000
    results = {"published": 12, "refused_older": 3, "failed": 2}
    for result, count in results.items():
        assert value(samples, "chaindeck_publisher_snapshots_total", **who, result=result) == count
    assert value(samples, "chaindeck_vendor_requests_total", **who) == 40
    assert value(samples, "chaindeck_vendor_received_bytes_total", **who) == 9_000
    assert value(samples, "chaindeck_vendor_unread_holidays_total", **who) == 5
    faults = {dict(labels)["kind"]: count for (name, labels), count in samples.items() if "vendor_faults" in name}
    assert faults == {"timeout": 4, "proxy": 1, "other": 1}
    assert sum(faults.values()) == counters["vendor_faults"]
    assert value(samples, "chaindeck_publisher_unknown_counters", **who) == 0


def test_a_flood_of_counters_and_kinds_makes_no_series() -> None:
    clock = manual_clock()
    few = telling(clock, counting(cycles=1))
    flood = counting(cycles=1, **{f'x{number}"}} 1\n# HELP \\': 3 for number in range(5_000)})
    evil = replace(flood, source=replace(flood.source, kind="a kind of tomorrow"))
    many = telling(clock, flood, evil)
    assert {name for name, _ in many} == {name for name, _ in few}
    assert len(many) <= len(few) + 5
    assert value(many, "chaindeck_publisher_unknown_counters", service="massive", source="massive") == 5_000
    assert value(many, "chaindeck_publisher_unknown_counters", service="massive", source="other") == 5_000


def test_a_flood_of_counters_in_redis_is_left_out_and_the_publisher_stays_on_the_page() -> None:
    clock = manual_clock()
    flood = counting(cycles=1, **{f"x{number}": 3 for number in range(5_000)})
    heard = parse_heartbeat(flood.encode(), "massive")
    assert heard and heard.left_out[0].startswith("chain.counters: ")
    many = telling(clock, heard)
    assert {name for name, _ in many} <= {name for name, _ in telling(clock, counting(cycles=1))}
    assert len(many) <= len(telling(clock, counting(cycles=1)))


def test_two_heartbeats_of_one_name_make_no_series_twice() -> None:
    samples = telling(manual_clock(), counting(cycles=1), counting(cycles=2))
    assert value(samples, "chaindeck_publisher_cycles_total", service="massive", source="massive") == 1


def test_stamp_ping_evictions_and_build() -> None:
    clock = manual_clock()
    now = Instant.now(clock)
    one = board([record(SPX, now, age_ms=1_250)], now)
    health, server = replace(one.redis.health, ping_ms=2.5), one.redis.server
    samples = scraped(changed(one, health=health, server=replace(server, counted=17)), clock)
    chain = {"underlying": "SPX", "expiry": "2026-01-02"}
    assert value(samples, "chaindeck_snapshot_timestamp_seconds", **chain) == pytest.approx(now.wall_s - 1.25)
    assert value(samples, "chaindeck_redis_ping_seconds") == 0.0025
    assert value(samples, "chaindeck_redis_evicted_keys_total") == 17
    assert value(samples, "chaindeck_build_info", version=__version__) == 1
    away = changed(one, health=replace(health, ok=False), server=replace(server, counted=None))
    samples = scraped(away, clock)
    assert value(samples, "chaindeck_redis_ping_seconds") is None
    assert value(samples, "chaindeck_redis_evicted_keys_total") is None


def recording(clock: ManualClock, *, alive: bool = True, **values: Any) -> Samples:
    """Return what a scrape reads of a Board with a recorder that beats so: the metrics of recorders alone."""
    now = Instant.now(clock)
    told = recorder(now, alive=alive, **({"missed": 2, "size": 12_000_000, "free": 9 * 10**9} | values))
    samples = scraped(board([record(SPX, now)], now, recorder=told), clock)
    return {key: figure for key, figure in samples.items() if "recorder" in key[0]}


def test_a_recorder_is_measured() -> None:
    clock = manual_clock()
    samples = recording(clock, recorded_to=Instant.now(clock).wall_s - 1.5)
    assert {name.removeprefix("chaindeck_recorder_"): figure for (name, _), figure in samples.items()} == {
        "recording": 1,
        "behind_seconds": 1.5,
        "tape_bytes": 12_000_000,
        "disk_free_bytes": 9 * 10**9,
        "answers_total": 90,
        "missed_answers_total": 2,
    }
    assert not [name for name, _ in telling(clock, counting(cycles=1)) if "recorder" in name]


def test_a_recorder_that_cannot_write_or_is_silent_does_not_record_and_one_that_stopped_says_nothing() -> None:
    clock = manual_clock()
    assert value(recording(clock, error="disk full"), "chaindeck_recorder_recording") == 0
    silent = recording(clock, alive=False, recorded_to=Instant.now(clock).wall_s)
    assert value(silent, "chaindeck_recorder_recording") == 0
    assert value(silent, "chaindeck_recorder_behind_seconds") is None  # nobody knows
    assert recording(clock, alive=False, status=STOPPED) == {}


def test_names_follow_the_naming_guide() -> None:
    """A counter ends in _total, a unit is a base unit and stands at the end, every name has our prefix."""
    clock, registry = manual_clock(), CollectorRegistry()
    collector = DeckCollector(clock)
    registry.register(collector)
    collector.on_board(
        board([record(SPX, Instant.now(clock))], Instant.now(clock), beats=[counting(cycles=1, vendor_fault_dns=1)])
    )
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        name = family.name
        assert name.startswith("chaindeck_")
        assert not re.search(r"_(ms|millis\w*|kb|mb|minutes|percent|count)\b", name), name
        assert family.type in ("counter", "gauge"), name
        for sample in family.samples:
            assert sample.name.endswith("_total") is (family.type == "counter"), sample.name
            units = [unit for unit in ("seconds", "bytes") if unit in sample.name]
            assert all(sample.name.removesuffix("_total").endswith(unit) for unit in units), sample.name


# The endpoint


class Endpoint:
    """A running `chaindeck metrics` and what it has logged."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.log: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.log.extend(iter(self.process.stderr.readline, ""))

    def ended(self) -> None:
        """Wait for the last of its log."""
        self._reader.join(5)

    @property
    def url(self) -> str:
        wait_until(lambda: "http://" in "".join(self.log), 20, "the port in the log")
        [found] = re.findall(r"on (http://127\.0\.0\.1:[1-9]\d+/metrics)\n", "".join(self.log))
        return str(found)

    def scrape(self) -> str:
        """Return the scrape's text."""
        with urllib.request.urlopen(self.url, timeout=5) as reply:
            assert reply.headers["Content-Type"].startswith("text/plain")
            return str(reply.read().decode())

    def when(self, condition: Callable[[Samples], bool]) -> str:
        """Return the first scrape that fulfils a condition."""

        def fulfilled() -> str:
            text = self.scrape()
            return text if condition(read(text)) else ""

        return wait_until(fulfilled, 15, "a scrape")


@contextmanager
def serving(home: Path, *arguments: str, **more: str) -> Iterator[Endpoint]:
    with subprocess.Popen(
        command("metrics", *arguments, "--port", "0"),
        env=environment(home, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Endpoint(process)
        finally:
            process.kill()


def up(samples: Samples) -> float | None:
    return value(samples, "chaindeck_redis_up")


def test_a_scrape_of_a_real_publisher_and_then_of_its_redis_gone(short_dir: Path, holder: EmbeddedServer) -> None:
    url = holder.start_or_attach(short_dir / "s").url
    secret = {"MASSIVE_API_KEY": KEY}
    with serving(short_dir, url, **secret) as endpoint:
        empty = read(endpoint.when(lambda samples: up(samples) == 1))
        assert not [name for name, _ in empty if name.startswith("chaindeck_depth")]
        assert run(short_dir, "publish", "--once", "--redis-url", url, *SMALL, **secret).returncode == 0
        mock = {"service": "mock_massive", "source": "mock"}
        made = {**mock, "result": "published"}
        text = endpoint.when(lambda samples: value(samples, "chaindeck_publisher_snapshots_total", **made) == 2)
        samples = read(text)
        assert value(samples, "chaindeck_publisher_unknown_counters", **mock) == 0
        assert value(samples, "chaindeck_depth", underlying="SPX") == 2
        assert value(samples, "chaindeck_depth_wanted", underlying="SPX") == 2
        assert value(samples, "chaindeck_state", chaindeck_state="OK") == 1
        ages = {key: age for key, age in samples.items() if key[0] == "chaindeck_snapshot_age_seconds"}
        assert len(ages) == 2
        assert all(0 <= age < 20 for age in ages.values())
        holder.stop()
        later = read(endpoint.when(lambda samples: up(samples) == 0))
        assert value(later, "chaindeck_state", chaindeck_state="CRITICAL") == 1
        assert all(later[key] > age for key, age in ages.items())
        endpoint.process.send_signal(signal.SIGINT)
        assert endpoint.process.wait(10) == 0
        endpoint.ended()
        assert KEY not in text + "".join(endpoint.log)
        assert "Traceback" not in "".join(endpoint.log)


async def test_a_scrape_under_a_replays_prefix_is_of_the_replay_alone(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    now = datetime.now(UTC)
    day = now.date() + timedelta(days=7)
    invented = ScriptedSource({"NDX": (day,)}, as_of=now.timestamp())
    replay = ScriptedSource({"SPX": (day,)}, as_of=now.timestamp(), kind="replay")
    for keys, source in ((KeySchema(), invented), (KeySchema(REPLAY_PREFIX), replay)):
        publisher = Publisher(redis, source, context_of(keys=keys))
        assert (await publisher.cycle()).whole
        await publisher.beat()

    def scrape() -> Samples:
        with serving(short_dir, redis_url, "--prefix", REPLAY_PREFIX) as endpoint:
            return read(endpoint.when(lambda samples: bool(_chains_of(samples))))

    replayed = await asyncio.to_thread(scrape)
    assert _chains_of(replayed) == {("SPX", day.isoformat(), "replay")}
    assert value(replayed, "chaindeck_depth", underlying="SPX") == 1
    assert value(replayed, "chaindeck_depth", underlying="NDX") is None
    assert {dict(labels)["source"] for name, labels in replayed if name == "chaindeck_publisher_alive"} == {"replay"}


def _chains_of(samples: Samples) -> set[tuple[str, str, str]]:
    """Return the chains of a scrape: underlying, expiration and kind of source."""
    found = [dict(labels) for name, labels in samples if name == "chaindeck_chain_source_info"]
    return {(labels["underlying"], labels["expiry"], labels["source"]) for labels in found}


@pytest.fixture
def closed() -> str:
    """URL of a port on which nobody listens, with a password."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"redis://:hunter2@127.0.0.1:{held.getsockname()[1]}"


def test_an_unreachable_redis_is_down_and_the_endpoint_is_up(short_dir: Path, closed: str) -> None:
    with serving(short_dir, closed) as endpoint:
        text = endpoint.when(lambda samples: value(samples, "chaindeck_redis_up") is not None)
        samples = read(text)
        assert value(samples, "chaindeck_redis_up") == 0
        assert value(samples, "chaindeck_state", chaindeck_state="CRITICAL") == 1
        assert "hunter2" not in text + "".join(endpoint.log)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "99999"], "port 99999 must be from 0"),
        (["--port", "0", "--host", "no.such.host.invalid"], "host 'no.such.host.invalid' is no address"),
    ],
)
def test_a_port_that_cannot_be_had_is_one_line(short_dir: Path, closed: str, arguments: list[str], words: str) -> None:
    ended = run(short_dir, "metrics", closed, *arguments)
    assert (ended.returncode, ended.stderr.count("\n")) == (3, 1)
    assert ended.stderr.startswith("chaindeck: metrics ")
    assert words in ended.stderr


# The rules


EXPRESSION = re.compile(r'^ +expr: "(?P<expression>(?:[^"\\]|\\.)*)"$', re.MULTILINE)


def expressions(rules: str) -> list[str]:
    return [found["expression"].replace('\\"', '"') for found in EXPRESSION.finditer(rules)]


def test_every_metric_that_a_rule_asks_for_is_there() -> None:
    clock = manual_clock()
    one = board([record(SPX, Instant.now(clock))], Instant.now(clock))
    composed = replace(one, compositor=compositor(Instant.now(clock)))
    samples = scraped(composed, clock) | recording(clock)
    there = {name for name, _ in samples}
    asked = expressions(alert_rules(Thresholds()))
    assert len(asked) == 12
    for expression in asked:
        metrics = set(re.findall(r"\bchaindeck_\w+(?!\w*=)", re.sub(r"\{.*?\}", "", expression)))
        assert metrics
        assert metrics <= there
        for name, selected in re.findall(r'(chaindeck_\w+)\{chaindeck_state="([A-Z ]+)"\}', expression):
            assert value(samples, name, chaindeck_state=selected) is not None


@pytest.mark.parametrize(
    ("arguments", "limits"),
    [
        ((), ("22", "35")),
        (("--interval", "5"), ("12", "20")),
        (("--interval", "2.5", "--ttl", "30"), ("7", "12.5")),
    ],
)
def test_the_rules_follow_the_interval(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    limits: tuple[str, str],
) -> None:
    for variable in ("MASSIVE_CHAIN_INTERVAL_SEC", "MASSIVE_CHAIN_SNAPSHOT_TTL_SEC", "CHAINDECK_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    assert app(["metrics", "--rules", *arguments], result_action="return_value") == 0
    ages = [rule.rpartition(" > ")[2] for rule in expressions(capsys.readouterr().out) if "age_seconds" in rule]
    assert tuple(ages) == limits

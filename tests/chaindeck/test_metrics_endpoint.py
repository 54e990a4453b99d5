"""The metrics endpoint: what a scrape reads is what the Report says, and the alert rules ask for what is there."""

import re
import signal
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from chain.clock import ManualClock
from chain.monitor.board import Board, DeckState, State
from chain.monitor.freshness import Now
from chain.monitor.heartbeat import STOPPED
from chain.monitor.signals import judge, usable
from chain.redis.embedded import EmbeddedServer
from chain.thresholds import Thresholds
from chaindeck.alert_rules import alert_rules
from chaindeck.cli import app
from chaindeck.metrics import DeckCollector
from tests.support.product import command, environment, run
from tests.support.scenes import NDX, SPX, SPX_MON, board, entry, heartbeat, in_state, law, manual_clock
from tests.support.waiting import wait_until

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
        collector.take(one)
    return read(generate_latest(registry).decode())


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


# One Board


def assert_says(samples: Samples, one: Board, now: Now) -> None:
    """Fail unless every figure of a scrape is the Report's."""
    judged = judge(one, now)
    assert value(samples, "chaindeck_redis_up") == one.contact.ok
    for state in DeckState:
        assert value(samples, "chaindeck_state", chaindeck_state=state) == (state is judged.state)
    for reading in judged.readings:
        chain = {"underlying": reading.entry.chain.underlying, "expiry": reading.entry.chain.expiry.isoformat()}
        good = reading.entry.last_good
        assert value(samples, "chaindeck_snapshot_usable", **chain) == usable(reading)
        assert value(samples, "chaindeck_snapshot_age_seconds", **chain) == reading.age_s
        assert value(samples, "chaindeck_pointer_ttl_seconds", **chain) == reading.ttl_s
        assert value(samples, "chaindeck_snapshot_contracts", **chain) == (good.summary.contracts if good else None)
    for underlying in one.underlyings:
        mine = [reading for reading in judged.readings if reading.entry.chain.underlying == underlying]
        assert value(samples, "chaindeck_depth", underlying=underlying) == sum(map(usable, mine))
        assert value(samples, "chaindeck_depth_wanted", underlying=underlying) == one.depth[underlying]
    for publisher in one.publishers:
        labels = {"service": publisher.heartbeat.service, "source": publisher.heartbeat.source.kind}
        assert value(samples, "chaindeck_publisher_alive", **labels) == publisher.alive
        assert value(samples, "chaindeck_publish_cycle_seconds", **labels) == pytest.approx(0.0142)
        assert value(samples, "chaindeck_publisher_events_total", **labels, counter="published") == 12


@law
@given(
    states=st.lists(st.sampled_from(State), min_size=3, max_size=3),
    reached=st.booleans(),
    late_s=st.floats(0, 100),
    stopped=st.booleans(),
)
def test_every_figure_is_the_reports(states: list[State], reached: bool, late_s: float, stopped: bool) -> None:
    clock = manual_clock()
    now = Now.of(clock)
    entries = [in_state(chain, state, now) for chain, state in zip((SPX, SPX_MON, NDX), states, strict=True)]
    beats = [heartbeat(SPX, SPX_MON, NDX, status=STOPPED if stopped else "running"), heartbeat(service="massive")]
    one = board(entries, now, reached=reached, beats=beats, depth={"SPX": 6, "NDX": 1})
    clock.advance(late_s)
    assert_says(scraped(one, clock), one, Now.of(clock))


def test_between_polls_an_age_goes_on_growing() -> None:
    clock = manual_clock()
    one = board([entry(SPX, Now.of(clock), age_ms=1_250)], Now.of(clock))
    chain = {"underlying": "SPX", "expiry": "2026-01-02"}
    assert value(scraped(one, clock), "chaindeck_snapshot_age_seconds", **chain) == 1.25
    clock.advance(2.5)
    assert value(scraped(one, clock), "chaindeck_snapshot_age_seconds", **chain) == 3.75
    assert value(scraped(one, clock), "chaindeck_pointer_ttl_seconds", **chain) == 57.5


def test_before_the_first_poll_there_is_nothing_to_say() -> None:
    assert scraped(None, manual_clock()) == {}


def test_labels_from_outside_cannot_break_a_scrape() -> None:
    clock = manual_clock()
    evil = heartbeat(SPX)
    plan = replace(evil.chain, counters={'x"} 1\n# HELP \\': 3})
    one = board([entry(SPX, Now.of(clock))], Now.of(clock), beats=[replace(evil, chain=plan)])
    counters = [labels for name, labels in scraped(one, clock) if name == "chaindeck_publisher_events_total"]
    assert [dict(labels)["counter"] for labels in counters] == ['x"} 1\n# HELP \\']


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
        mock = {"service": "mock_massive", "source": "mock", "counter": "published"}
        text = endpoint.when(lambda samples: value(samples, "chaindeck_publisher_events_total", **mock) == 2)
        samples = read(text)
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
        (["--port", "0", "--host", "no.such.host.invalid"], "no.such.host.invalid:0"),
    ],
)
def test_a_port_that_cannot_be_had_is_one_line(short_dir: Path, closed: str, arguments: list[str], words: str) -> None:
    ended = run(short_dir, "metrics", closed, *arguments)
    assert (ended.returncode, ended.stderr.count("\n")) == (3, 1)
    assert ended.stderr.startswith("chaindeck: metrics port ")
    assert words in ended.stderr


# The rules


EXPRESSION = re.compile(r'^ +expr: "(?P<expression>(?:[^"\\]|\\.)*)"$', re.MULTILINE)


def expressions(rules: str) -> list[str]:
    return [found["expression"].replace('\\"', '"') for found in EXPRESSION.finditer(rules)]


def test_every_metric_that_a_rule_asks_for_is_there() -> None:
    clock = manual_clock()
    one = board([entry(SPX, Now.of(clock))], Now.of(clock))
    samples = scraped(one, clock)
    there = {name for name, _ in samples}
    asked = expressions(alert_rules(Thresholds()))
    assert len(asked) == 10
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

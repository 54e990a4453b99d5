"""A Prometheus endpoint: the Board and the publisher's heartbeat as metrics, read at each scrape."""

import logging
import socket
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
)
from prometheus_client.registry import Collector

from chain.clock import Clock, Instant
from chain.context import Context
from chain.errors import ConfigError
from chain.model.kinds import KINDS
from chain.monitor.board import Board, RecorderStatus
from chain.monitor.evaluate.signals import HealthReport, evaluate, usable
from chain.monitor.states import DeckState, RecorderState
from chain.text import clean
from chaindeck import __version__
from chaindeck.commands.metrics.counters import OTHER, PublisherCounters
from chaindeck.commands.metrics.pipeline import pipeline_metrics
from chaindeck.config.redis_location import running_place
from chaindeck.engine.watching import watching_services
from chaindeck.process.ended import run_until_signal
from chaindeck.process.logs import log_to_stderr

log = logging.getLogger(__name__)

_CHAIN = ["underlying", "expiry"]
_PUBLISHER = ["service", "source"]


class DeckCollector(Collector):
    """Turns the newest Board into metrics when asked; ages are those at the moment of the scrape."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._board: Board | None = None

    def on_board(self, board: Board) -> None:
        """Remember the newest Board."""
        self._board = board

    def collect(self) -> Iterator[Metric]:
        """Yield every metric family; none before the first poll."""
        if self._board is None:
            return
        report = evaluate(self._board, Instant.now(self._clock))
        yield InfoMetricFamily("chaindeck_build", "The program that answers", value={"version": __version__})
        yield from _redis(report)
        yield _state(report)
        yield from _chains(report)
        yield from _depth(report)
        yield from _publishers(report)
        yield from pipeline_metrics(report)
        yield from _recorder(report.board.recorder)


def _redis(report: HealthReport) -> Iterator[Metric]:
    """The attempt apart from the data: whether and how Redis answered the last poll."""
    contact, server = report.board.redis.health, report.board.redis.server
    yield GaugeMetricFamily("chaindeck_redis_up", "1 if Redis answered the last poll", value=contact.ok)
    ping = GaugeMetricFamily("chaindeck_redis_ping_seconds", "Time that Redis took to answer")
    if contact.ok and contact.ping_ms is not None:
        ping.add_metric([], contact.ping_ms / 1000)
    evicted = CounterMetricFamily("chaindeck_redis_evicted_keys", "Keys that Redis evicted since its start")
    if server.counted is not None:
        evicted.add_metric([], server.counted)
    yield from (ping, evicted)


def _state(report: HealthReport) -> Metric:
    words = {state.value: state is report.state for state in DeckState}
    return StateSetMetricFamily("chaindeck_state", "State of the whole deck", value=words)


def _chains(report: HealthReport) -> Iterator[Metric]:
    age = GaugeMetricFamily("chaindeck_snapshot_age_seconds", "Worse of two ages of a snapshot", labels=_CHAIN)
    ttl = GaugeMetricFamily("chaindeck_pointer_ttl_seconds", "Time until the pointer vanishes", labels=_CHAIN)
    contracts = GaugeMetricFamily("chaindeck_snapshot_contracts", "Contracts in a snapshot", labels=_CHAIN)
    stamp = GaugeMetricFamily("chaindeck_snapshot_timestamp_seconds", "When it was made, epoch seconds", labels=_CHAIN)
    good = GaugeMetricFamily("chaindeck_snapshot_usable", "1 if the chain has a valid snapshot", labels=_CHAIN)
    for status in report.statuses:
        labels = [status.record.chain.underlying, status.record.chain.expiry.isoformat()]
        good.add_metric(labels, usable(status))
        if status.age_s is not None:
            age.add_metric(labels, status.age_s)
        if status.ttl_s is not None:
            ttl.add_metric(labels, status.ttl_s)
        if status.record.last_good is not None:
            contracts.add_metric(labels, status.record.last_good.summary.contracts)
            stamp.add_metric(labels, status.record.last_good.snapshot.ts)
    yield from (age, stamp, ttl, contracts, good, _sources(report))


def _sources(report: HealthReport) -> Metric:
    source = GaugeMetricFamily(
        "chaindeck_chain_source_info", "1 for the kind of source that a chain comes from", labels=[*_CHAIN, "source"]
    )
    for status in report.statuses:
        chain = status.record.chain
        source.add_metric([chain.underlying, chain.expiry.isoformat(), _known(status.record.kind)], 1)
    return source


def _depth(report: HealthReport) -> Iterable[Metric]:
    have = GaugeMetricFamily("chaindeck_depth", "Expirations with a usable snapshot", labels=["underlying"])
    wanted = GaugeMetricFamily("chaindeck_depth_wanted", "Expirations that should have one", labels=["underlying"])
    for underlying in report.board.chains.underlyings:
        there, meant = report.depth(underlying)
        have.add_metric([underlying], there)
        wanted.add_metric([underlying], meant)
    return have, wanted


def _known(kind: str) -> str:
    """Return a kind of source as a label: one of a few words, whatever a heartbeat says."""
    return kind if kind in KINDS else OTHER


def _publishers(report: HealthReport) -> Iterator[Metric]:
    alive = GaugeMetricFamily("chaindeck_publisher_alive", "1 while its heartbeat stands", labels=_PUBLISHER)
    cycle = GaugeMetricFamily("chaindeck_publish_cycle_seconds", "Duration of the last cycle", labels=_PUBLISHER)
    counts = PublisherCounters()
    known: set[tuple[str, str]] = set()
    for publisher in sorted(report.board.publishers.known, key=lambda p: not p.alive):
        beat = publisher.heartbeat
        labels = (beat.service, _known(beat.source.kind))
        if labels in known:
            continue  # a series twice would make the whole scrape void
        known.add(labels)
        alive.add_metric(labels, publisher.alive)
        if beat.chain.cycle_ms is not None:
            cycle.add_metric(labels, beat.chain.cycle_ms / 1000)
        counts.add(labels, beat.chain.counters)
    yield from (alive, cycle, *counts.families())


def _recorder(recorder: RecorderStatus | None) -> Iterator[Metric]:
    """What a recorder says of itself; nothing where there is none, or it has said that it stops."""
    if recorder is None or recorder.state is RecorderState.STOPPED:
        return
    beat = recorder.beat
    going = recorder.state is RecorderState.RECORDING
    yield GaugeMetricFamily("chaindeck_recorder_recording", "1 while what is answered is recorded", value=going)
    told = (  # as of its last beat
        ("behind_seconds", "How far its tape is behind what is answered", beat.behind_s),
        ("tape_bytes", "Size of its tape", beat.size),
        ("disk_free_bytes", "Bytes that are free where it writes", beat.free),
    )
    for name, words, figure in told:
        if recorder.alive and figure is not None:
            yield GaugeMetricFamily(f"chaindeck_recorder_{name}", words, value=figure)
    yield CounterMetricFamily("chaindeck_recorder_answers", "Answers recorded since it began", value=beat.answers)
    yield CounterMetricFamily("chaindeck_recorder_missed_answers", "Answers that are on no tape", value=beat.missed)


def serve_metrics(context: Context, url: str | None, host: str, port: int) -> int:
    """Serve metrics until interrupted; raises ConfigError where the port cannot be had."""
    log_to_stderr()
    target = running_place(url).target
    collector = DeckCollector(context.clock)
    registry = CollectorRegistry()
    registry.register(collector)
    if not 0 <= port <= 65_535:
        raise ConfigError(f"metrics port {port} must be from 0 (any free one) to 65535")
    if not host:
        raise ConfigError("metrics host is empty: 0.0.0.0 or :: listens on every address")
    try:
        server, thread = start_http_server(port, host, registry)
    except (socket.gaierror, UnicodeError):
        raise ConfigError(f"metrics host {clean(host, 80)!r} is no address and no name of this machine") from None
    except OSError as error:
        raise ConfigError(f"metrics port {host}:{port}: {error.strerror}") from None
    log.info("metrics of %s on http://%s:%d/metrics", target.shown, host, server.server_port)

    async def watch() -> None:
        async with watching_services(target, context, name="chaindeck-metrics") as services:
            await services.run(collector.on_board)

    try:
        if run_until_signal(watch()).signal:
            log.info("stopped as told")
    finally:
        server.shutdown()
        thread.join(1)
    return 0

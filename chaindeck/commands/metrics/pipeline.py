"""Metrics of what stands beside the snapshots: the stream and the compositor."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from chain.monitor.board import CompositorStatus
from chain.monitor.evaluate.feed import feeding
from chain.monitor.evaluate.report import HealthReport, stream_active, stream_age_s
from chain.monitor.states import CompositorState

_STREAMING = "streaming"


def pipeline_metrics(report: HealthReport) -> Iterator[Metric]:
    """Yield the metrics of stream and compositor; of what was never there, none."""
    yield from _stream(report)
    yield from _feed(report)
    if report.board.compositor is not None:
        yield from _compositor(report.board.compositor)


def _stream(report: HealthReport) -> Iterator[Metric]:
    streams = report.board.streams
    age_s = stream_age_s(report.board, report.now)
    if age_s is None:
        return
    active = stream_active(report.board, report.now)
    yield GaugeMetricFamily("chaindeck_stream_active", "1 while the stream runs", value=active)
    yield GaugeMetricFamily("chaindeck_stream_age_seconds", "Since the stream's last sign of life", value=age_s)
    told = (
        ("chaindeck_stream_events_per_second", "Events written to the stream, over the last seconds", streams.events_s),
        ("chaindeck_stream_frames_per_second", "Frames written to the stream, over the last seconds", streams.frames_s),
        ("chaindeck_stream_entries", "Entries that the stream holds", streams.length),
        ("chaindeck_stream_subscriptions", "Topics subscribed to", streams.subscriptions),
        ("chaindeck_stream_lag_entries", "Entries that compositors have not read", streams.group_lag),
        ("chaindeck_stream_pending_entries", "Entries read and not acknowledged", streams.group_pending),
    )
    for name, words, value in told:
        if value is not None:
            yield GaugeMetricFamily(name, words, value=value)


def _feed(report: HealthReport) -> Iterator[Metric]:
    """Yield how the stream is fed, of the living publisher that does."""
    publisher = feeding(report.board)
    feed = publisher.heartbeat.feed if publisher else None
    if feed is None:
        return
    working = feed.state == _STREAMING
    yield GaugeMetricFamily("chaindeck_feed_streaming", "1 while a publisher feeds the stream", value=working)
    yield GaugeMetricFamily("chaindeck_feed_delayed", "1 where what it carries is 15 minutes old", value=feed.delayed)
    yield GaugeMetricFamily("chaindeck_feed_left_out_contracts", "Contracts without quotes", value=feed.left_out)
    yield CounterMetricFamily("chaindeck_feed_reconnects", "Connections to the vendor again", value=feed.reconnects)
    yield CounterMetricFamily("chaindeck_feed_dropped_frames", "Frames Redis was too slow for", value=feed.dropped)


def _compositor(compositor: CompositorStatus) -> Iterator[Metric]:
    beat = compositor.beat
    if compositor.state is not CompositorState.STOPPED:
        alive = compositor.state is CompositorState.LEADING
        yield GaugeMetricFamily("chaindeck_compositor_alive", "1 while it keeps staging and models", value=alive)
    yield CounterMetricFamily("chaindeck_compositor_events", "Events taken in since it began", value=beat.events)
    dropped = CounterMetricFamily(
        "chaindeck_compositor_dropped_events", "Events left out since it began to lead", labels=["reason"]
    )
    for reason in beat.dropped.__struct_fields__:
        dropped.add_metric([reason], getattr(beat.dropped, reason))
    yield dropped
    published = GaugeMetricFamily(
        "chaindeck_model_timestamp_seconds", "Newest value in a heatmap model, epoch seconds", labels=["underlying"]
    )
    for model in beat.models:
        if model.ts is not None:
            published.add_metric([model.underlying], model.ts)
    yield published

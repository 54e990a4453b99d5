"""The counters of a heartbeat as metrics: one metric a meaning, in base units, with labels of a few known values."""

from collections.abc import Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from publisher.massive.api.faults import FaultKind

OTHER = "other"  # the label of a word that is not among those known
_PUBLISHER = ("service", "source")
_RESULTS = ("published", "refused_older", "failed")
_FAULT = "vendor_fault_"
_FAULT_KINDS = frozenset(kind.name.lower() for kind in FaultKind)
_PLAIN = {
    "cycles": ("chaindeck_publisher_cycles", "Publishing cycles ended"),
    "skipped": ("chaindeck_publisher_skipped_cycles", "Cycles left out because the one before took too long"),
    "bytes": ("chaindeck_publisher_payload_bytes", "Bytes of payloads published"),
    "vendor_requests": ("chaindeck_vendor_requests", "Requests sent to the vendor"),
    "vendor_bytes": ("chaindeck_vendor_received_bytes", "Bytes of the vendor's answers, decoded"),
    "vendor_holidays_unread": ("chaindeck_vendor_unread_holidays", "Entries of the vendor's calendar not understood"),
}
_SUMS = frozenset({"vendor_faults"})  # what the metric by kind adds up to


class PublisherCounters:
    """Sorts the counters of publishers into metrics; those without one are counted, not shown."""

    def __init__(self) -> None:
        self._plain = {
            name: CounterMetricFamily(metric, words, labels=_PUBLISHER) for name, (metric, words) in _PLAIN.items()
        }
        self._snapshots = CounterMetricFamily(
            "chaindeck_publisher_snapshots", "Snapshots by what became of them", labels=(*_PUBLISHER, "result")
        )
        self._faults = CounterMetricFamily(
            "chaindeck_vendor_faults", "Failed requests to the vendor by kind", labels=(*_PUBLISHER, "kind")
        )
        self._unknown = GaugeMetricFamily(
            "chaindeck_publisher_unknown_counters", "Counters of a heartbeat without a metric", labels=_PUBLISHER
        )

    def add(self, labels: Sequence[str], counters: Mapping[str, int]) -> None:
        """Take one publisher's counters under its labels, service and source."""
        other_faults = unknown = 0
        for name, value in counters.items():
            if name in self._plain:
                self._plain[name].add_metric(labels, value)
            elif name in _RESULTS:
                self._snapshots.add_metric([*labels, name], value)
            elif (kind := name.removeprefix(_FAULT)) in _FAULT_KINDS and kind != name:
                self._faults.add_metric([*labels, kind], value)
            elif name.startswith(_FAULT):
                other_faults += value
            elif name not in _SUMS:
                unknown += 1
        if other_faults:
            self._faults.add_metric([*labels, OTHER], other_faults)
        self._unknown.add_metric(labels, unknown)

    def families(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield from (*self._plain.values(), self._snapshots, self._faults, self._unknown)

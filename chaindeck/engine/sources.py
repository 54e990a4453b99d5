"""The sources that can be published, by name, and the streams beside them.

Each is loaded only when asked for: live data need an HTTP client, and their stream a WebSocket client.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from chain.clock import Clock
from chain.errors import ConfigError
from chain.model.kinds import LIVE
from chaindeck.config.settings import LIVE_UNDERLYINGS, Settings
from publisher.source import Source
from publisher.stream.source import StreamSource

SourceName = Literal["mock", "capture", "massive"]


def make_source(name: SourceName, settings: Settings, captures: Sequence[Path], clock: Clock) -> Source:
    """Return a source; raises ChaindeckError for unreadable captures, unknown symbols and a missing key."""
    if captures and name != "capture":
        raise ConfigError(f"--capture does not go with the source {name}")
    return _SOURCES[name](settings, captures, clock)


def make_stream(source: Source, settings: Settings, clock: Clock) -> StreamSource | None:
    """Return what feeds the stream beside a source; None where the settings or the source have none.

    A mock has one unless told otherwise, live data only where told. Raises ConfigError where the key would travel in
    clear.
    """
    kind = source.status().kind
    if settings.stream and kind == LIVE:
        return _massive_stream(settings, clock)
    return _mock_stream(source, settings, clock) if settings.stream is not False and kind == "mock" else None


def _mock(settings: Settings, _: Sequence[Path], clock: Clock) -> Source:
    from publisher.mock.listing import PRODUCTS  # noqa: PLC0415
    from publisher.mock.source import MockSource  # noqa: PLC0415

    chosen = settings.underlyings or tuple(PRODUCTS)
    try:
        return MockSource(clock, seed=settings.seed, underlyings=chosen, mult=settings.em_mult)
    except ConfigError as error:
        raise settings.refused("underlyings", error) from None


def _mock_stream(source: Source, settings: Settings, clock: Clock) -> StreamSource | None:
    """Return the stream of a mock's own exchange; None for another that only gives itself out as a mock."""
    from publisher.faults import WithholdingSource  # noqa: PLC0415
    from publisher.mock.source import MockSource  # noqa: PLC0415
    from publisher.mock.stream import MockStream  # noqa: PLC0415

    inner = source.inner if isinstance(source, WithholdingSource) else source
    if not isinstance(inner, MockSource):
        return None
    return MockStream(inner.exchange, clock, rate=settings.stream_rate)


def _capture(settings: Settings, captures: Sequence[Path], _: Clock) -> Source:
    from publisher.capture import CaptureSource  # noqa: PLC0415

    if not captures:
        raise ConfigError("the source capture needs --capture FILE")
    return CaptureSource(captures, mult=settings.em_mult)


def _massive(settings: Settings, _: Sequence[Path], clock: Clock) -> Source:
    from publisher.massive.api.proxy import proxy_for, refuse_clear_key  # noqa: PLC0415
    from publisher.massive.api.vendor import Vendor  # noqa: PLC0415
    from publisher.massive.source import MassiveSource  # noqa: PLC0415

    open_s = min(60.0, 0.8 * settings.thresholds.interval_s)
    proxy = proxy_for(settings.base_url, os.environ)
    if not settings.allow_http:
        refuse_clear_key(settings.base_url, proxy)
    vendor = Vendor(settings.api_key or "", clock, base=settings.base_url, proxy=proxy, open_s=open_s)
    chosen = settings.underlyings or LIVE_UNDERLYINGS
    return MassiveSource(vendor, clock, chosen, depth=settings.expirations, mult=settings.em_mult)


def _massive_stream(settings: Settings, clock: Clock) -> StreamSource:
    from publisher.massive.api.address import delayed_url, is_delayed  # noqa: PLC0415
    from publisher.massive.api.proxy import proxy_for, refuse_clear_key  # noqa: PLC0415
    from publisher.massive.stream.massive_stream import MassiveStream  # noqa: PLC0415
    from publisher.massive.stream.session import Session  # noqa: PLC0415

    url, late = settings.stream_url, delayed_url(settings.stream_url)
    proxy = partial(proxy_for, environ=os.environ)
    through = proxy(url)
    if not settings.allow_http:
        refuse_clear_key(url, through, "stream_url")
    session = Session(delayed=is_delayed(url), can_be_delayed=bool(late))
    return MassiveStream(settings.api_key or "", clock, session, url=url, delayed_url=late or url, proxy=proxy)


_SOURCES: Mapping[SourceName, Callable[[Settings, Sequence[Path], Clock], Source]] = {
    "mock": _mock,
    "capture": _capture,
    "massive": _massive,
}

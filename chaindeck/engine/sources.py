"""The sources that can be published, by name. Each is loaded only when asked for: live data need an HTTP client."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from chain.clock import Clock
from chain.errors import ConfigError
from chaindeck.config.settings import LIVE_UNDERLYINGS, Settings
from publisher.source import Source

SourceName = Literal["mock", "capture", "massive"]


def make_source(name: SourceName, settings: Settings, captures: Sequence[Path], clock: Clock) -> Source:
    """Return a source; raises ChaindeckError for unreadable captures, unknown symbols and a missing key."""
    if captures and name != "capture":
        raise ConfigError(f"--capture does not go with the source {name}")
    return _SOURCES[name](settings, captures, clock)


def _mock(settings: Settings, _: Sequence[Path], clock: Clock) -> Source:
    from publisher.mock.listing import PRODUCTS  # noqa: PLC0415
    from publisher.mock.source import MockSource  # noqa: PLC0415

    chosen = settings.underlyings or tuple(PRODUCTS)
    try:
        return MockSource(clock, seed=settings.seed, underlyings=chosen, mult=settings.em_mult)
    except ConfigError as error:
        raise settings.refused("underlyings", error) from None


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


_SOURCES: Mapping[SourceName, Callable[[Settings, Sequence[Path], Clock], Source]] = {
    "mock": _mock,
    "capture": _capture,
    "massive": _massive,
}

"""Every setting in one table: name, variables, default, meaning. Resolved in `config/file.py`."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from msgspec import Struct

from chain.errors import ConfigError
from chain.monitor.alerts.rule import AlertRule
from chain.text import clean
from chain.thresholds import DEFAULT_EXPIRATIONS, DEFAULT_INTERVAL_S, DEFAULT_TTL_S, Thresholds
from chaindeck.config.heatmap import heatmap_options, parse_widths
from chaindeck.config.values import (
    number_between,
    one_of,
    parse_base_url,
    parse_key,
    parse_moves,
    parse_redis_url,
    parse_rewind,
    parse_seconds,
    parse_stream_url,
    parse_switch,
    parse_symbols,
    parse_text,
    parse_whole,
    whole_between,
)
from mmaker.flush import WRITES_A_SECOND
from mmaker.heatmap.options import DEFAULT_PACE, DEFAULT_STRIKES, HeatmapOptions, Pace
from publisher.massive.api.address import DEFAULT_BASE_URL, DEFAULT_STREAM_URL
from publisher.mock.market import DEFAULT_RATE
from publisher.window import EM_MULT
from tui.actions.keymap import Keymap
from tui.lines.grid.columns.catalogue import parse_columns
from tui.presets import PRESETS
from tui.terminal import attention
from tui.terminal.symbols import AUTO, Symbols

LIVE_UNDERLYINGS = ("SPX", "NDX")
_MOST_STRIKES, _MOST_EXPIRATIONS = 400, 60
_WRITES, _DIFFS, _WHOLES = (0.2, 50.0), (0.2, 10.0), (0.05, 2.0)  # a second
_EVENTS = (0, 100_000)  # a second; a mock makes about that many on one core

_T = TypeVar("_T")
Value = str | float | int | tuple[str, ...] | None


class Setting(Struct, frozen=True):
    """One setting. `parse` turns text or a TOML value into a value, or raises ValueError with what it wants."""

    name: str
    variables: tuple[str, ...]
    default: Value
    parse: Callable[[object], Value]
    meaning: str
    secret: bool = False


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting(
            "redis_url", ("MARKET_REDIS_URL", "REDIS_URL"), None, parse_redis_url, "Redis of the snapshots", secret=True
        ),
        Setting(
            "system_redis_url",
            ("SYSTEM_REDIS_URL",),
            None,
            parse_redis_url,
            "Redis that also gets heartbeats",
            secret=True,
        ),
        Setting("underlyings", ("MASSIVE_CHAIN_SYMBOLS",), (), parse_symbols, "symbols to publish"),
        Setting(
            "interval", ("MASSIVE_CHAIN_INTERVAL_SEC",), DEFAULT_INTERVAL_S, parse_seconds, "seconds between cycles"
        ),
        Setting(
            "ttl", ("MASSIVE_CHAIN_SNAPSHOT_TTL_SEC",), DEFAULT_TTL_S, parse_seconds, "seconds that a snapshot lives"
        ),
        Setting(
            "expirations",
            ("MASSIVE_CHAIN_NUM_EXPIRATIONS",),
            DEFAULT_EXPIRATIONS,
            whole_between(1, _MOST_EXPIRATIONS),
            "next expirations to publish",
        ),
        Setting("em_mult", ("MASSIVE_CHAIN_EM_MULT",), EM_MULT, parse_moves, "half-width of a slice in expected moves"),
        Setting("api_key", ("MASSIVE_API_KEY",), None, parse_key, "the vendor's API key", secret=True),
        Setting("base_url", ("MASSIVE_BASE_URL",), DEFAULT_BASE_URL, parse_base_url, "the vendor's host"),
        Setting(
            "stream",
            ("CHAINDECK_STREAM",),
            None,
            parse_switch,
            "feed the stream of trades and quotes, too; by default only a mock does",
        ),
        Setting(
            "stream_url", ("MASSIVE_WS_URL",), DEFAULT_STREAM_URL, parse_stream_url, "the vendor's host of the stream"
        ),
        Setting(
            "allow_http",
            ("MASSIVE_ALLOW_HTTP",),
            False,
            parse_switch,
            "send the API key in clear, to a base_url or stream_url of plain http or ws on another machine",
        ),
        Setting("seed", (), 7, parse_whole, "seed of the mock's market"),
        # A mock makes about a hundred thousand on one core.
        Setting(
            "stream_rate",
            (),
            DEFAULT_RATE,
            number_between(0, 100_000),
            "events a second of the mock's stream, on average",
        ),
        Setting(
            "rewind_mb",
            ("CHAINDECK_REWIND_MB",),
            64,
            parse_rewind,
            "MB of memory for the answers of the last while, to step back in; 0 for none",
        ),
        Setting(
            "staging_writes",
            ("CHAINDECK_STAGING_WRITES",),
            WRITES_A_SECOND,
            number_between(*_WRITES),
            "writes of a staging a second",
        ),
        Setting(
            "heatmap_widths",
            ("CHAINDECK_HEATMAP_WIDTHS",),
            (),
            parse_widths,
            "widths of the heatmap's spreads in points, by symbol",
        ),
        Setting(
            "heatmap_strikes",
            ("CHAINDECK_HEATMAP_STRIKES",),
            DEFAULT_STRIKES,
            whole_between(1, _MOST_STRIKES),
            "strikes of the heatmap, the nearest to the ATM of each expiration",
        ),
        Setting(
            "heatmap_diffs",
            ("CHAINDECK_HEATMAP_DIFFS",),
            1 / DEFAULT_PACE.diff_s,
            number_between(*_DIFFS),
            "diffs of a heatmap a second",
        ),
        Setting(
            "heatmap_wholes",
            ("CHAINDECK_HEATMAP_WHOLES",),
            1 / DEFAULT_PACE.whole_s,
            number_between(*_WHOLES),
            "writes of a whole heatmap a second",
        ),
        Setting(
            "legacy_models",
            ("CHAINDECK_LEGACY_MODELS",),
            False,
            parse_switch,
            "write heatmaps for MarketSwarm's own readers too",
        ),
        Setting("record_dir", (), None, parse_text, "folder of the tapes that the deck's key r writes"),
        Setting("export_dir", (), None, parse_text, "folder of the files that the deck's key e writes"),
        Setting(
            "symbols",
            ("CHAINDECK_SYMBOLS",),
            AUTO,
            one_of(AUTO, *Symbols),
            "what charts and marks are drawn with; auto as the terminal can",
        ),
        Setting(
            "notify_by",
            (),
            attention.AUTO,
            one_of(attention.AUTO, *attention.NotifyBy),
            "how an alert asks the terminal for a desktop notification; auto as its TERM says",
        ),
        Setting(
            "fps",
            ("CHAINDECK_FPS", "TEXTUAL_FPS"),
            None,
            whole_between(1, 120),
            "frames a second at most, by default 60, and 15 over SSH",
        ),
        Setting("preset", ("CHAINDECK_PRESET",), None, one_of(*PRESETS), "how the screen is arranged at first"),
        Setting(
            "grid_columns",
            ("CHAINDECK_GRID_COLUMNS",),
            (),
            parse_columns,
            "your own columns of the strike grid, from the strike outwards, the most important first",
        ),
        Setting("theme", (), None, parse_text, "a Textual theme; ansi-dark keeps to 16 colours"),
    )
}


class Settings(Struct, frozen=True):
    """All settings of a run, checked together; `origins` says where each came from, `warnings` which are unwise."""

    redis_url: str | None
    system_redis_url: str | None
    underlyings: tuple[str, ...]
    thresholds: Thresholds
    expirations: int
    em_mult: float
    api_key: str | None
    base_url: str
    stream: bool | None  # None: as the source has it
    stream_url: str
    allow_http: bool
    seed: int
    stream_rate: float
    rewind_mb: int
    staging_writes: float
    heatmap: HeatmapOptions
    heatmap_pace: Pace
    legacy_models: bool
    record_dir: str | None
    preset: str | None
    export_dir: str | None
    theme: str | None
    symbols: str
    notify_by: str
    grid_columns: tuple[str, ...]
    fps: int | None
    alerts: tuple[AlertRule, ...]
    keymap: Keymap
    origins: Mapping[str, str]
    warnings: tuple[str, ...]

    def refused(self, name: str, why: object) -> ConfigError:
        """Return the error that a setting is at fault, naming where it came from."""
        origin = self.origins[name]
        return ConfigError(f"{origin}: {why}" if origin.startswith("flag") else f"{origin}: {name}: {why}")

    def __repr__(self) -> str:
        return f"Settings(interval={self.thresholds.interval_s:g}, ttl={self.thresholds.ttl_s:g})"


def validate(
    values: Mapping[str, Value],
    origins: Mapping[str, str],
    warnings: tuple[str, ...],
    alerts: tuple[AlertRule, ...],
    keymap: Keymap,
) -> Settings:
    """Return the settings of these values; raise ConfigError if they conflict."""
    return Settings(
        redis_url=_optional(values, "redis_url"),
        system_redis_url=_optional(values, "system_redis_url"),
        underlyings=_as(values, "underlyings", tuple),
        thresholds=Thresholds(_as(values, "interval", float), _as(values, "ttl", float)),
        expirations=_as(values, "expirations", int),
        em_mult=_as(values, "em_mult", float),
        api_key=_optional(values, "api_key"),
        base_url=_as(values, "base_url", str),
        stream=None if values["stream"] is None else _as(values, "stream", bool),
        stream_url=_as(values, "stream_url", str),
        allow_http=_as(values, "allow_http", bool),
        seed=_as(values, "seed", int),
        stream_rate=_as(values, "stream_rate", float),
        rewind_mb=_as(values, "rewind_mb", int),
        staging_writes=_as(values, "staging_writes", float),
        heatmap=heatmap_options(_as(values, "heatmap_widths", tuple), _as(values, "heatmap_strikes", int)),
        heatmap_pace=Pace(1 / _as(values, "heatmap_diffs", float), 1 / _as(values, "heatmap_wholes", float)),
        legacy_models=_as(values, "legacy_models", bool),
        record_dir=_optional(values, "record_dir"),
        preset=_optional(values, "preset"),
        export_dir=_optional(values, "export_dir"),
        theme=_optional(values, "theme"),
        symbols=_as(values, "symbols", str),
        notify_by=_as(values, "notify_by", str),
        grid_columns=_as(values, "grid_columns", tuple),
        fps=None if values["fps"] is None else _as(values, "fps", int),
        alerts=alerts,
        keymap=keymap,
        origins=origins,
        warnings=warnings,
    )


def _as(values: Mapping[str, Value], name: str, kind: type[_T]) -> _T:
    value = values[name]
    assert isinstance(value, kind), f"{name}: {clean(value)}"
    return value


def _optional(values: Mapping[str, Value], name: str) -> str | None:
    value = values[name]
    assert value is None or isinstance(value, str)
    return value

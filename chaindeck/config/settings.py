"""Every setting in one table: name, variables, default, meaning. Resolved in `config/file.py`."""

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

from msgspec import Struct

from chain.errors import ConfigError, InvalidNameError
from chain.model.keys import parse_underlying, vendor_symbol
from chain.redis.connect.connection import RedisTarget
from chain.text import clean
from chain.thresholds import DEFAULT_EXPIRATIONS, DEFAULT_INTERVAL_S, DEFAULT_TTL_S, Thresholds
from chaindeck.config.heatmap import heatmap_options, parse_widths
from mmaker.compositor import WRITES_A_SECOND
from mmaker.heatmap.widths import DEFAULT_STRIKES, HeatmapOptions
from publisher.massive.api.address import DEFAULT_BASE_URL, DEFAULT_STREAM_URL, base_url, stream_url
from publisher.window import EM_MULT

LIVE_UNDERLYINGS = ("SPX", "NDX")
_SHORTEST_S, _LONGEST_S = 0.1, 604_800  # of an interval and a TTL: a week's TTL outlasts any holiday
_MOST_STRIKES, _MOST_EXPIRATIONS = 400, 60
_LEAST_REWIND_MB, _MOST_REWIND_MB = 16, 4096
_ROOTS = {"SPXW": "SPX", "NDXP": "NDX", "RUTW": "RUT", "VIXW": "VIX"}  # series of an index, named by their own root

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


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text")
    return value.strip()


def _key(value: object) -> str:
    key = _text(value)
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("a key: it holds a space, a line break or a character that no key has")
    return key


def _number(value: object) -> float:
    text = str(value)
    try:
        # `True` is no number, and its text is none either; Python also reads 1_0 and digits of other scripts
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("a number")
    return number


def _whole(value: object) -> int:
    number = _number(value)
    if number != int(number):
        raise ValueError("a whole number")
    return int(number)


def _seconds(value: object) -> float:
    seconds = _number(value)
    if not _SHORTEST_S <= seconds <= _LONGEST_S:
        raise ValueError(f"a number of seconds from {_SHORTEST_S:g} to {_LONGEST_S}")
    return seconds


def _count(most: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        count = _whole(value)
        if not 1 <= count <= most:
            raise ValueError(f"a whole number from 1 to {most}")
        return count

    return parse


def _moves(value: object) -> float:
    moves = _number(value)
    if not 0 < moves <= 20:
        raise ValueError("a number above 0 and at most 20")
    return moves


def _rewind(value: object) -> int:
    size = _whole(value)
    if size and not _LEAST_REWIND_MB <= size <= _MOST_REWIND_MB:
        raise ValueError(f"0, or a whole number of MB from {_LEAST_REWIND_MB} to {_MOST_REWIND_MB}")
    return size


def _writes(value: object) -> float:
    writes = _number(value)
    if not 0.2 <= writes <= 50:
        raise ValueError("a number from 0.2 to 50")
    return writes


def _switch(value: object) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    found = known.get(str(value).strip().lower())
    if found is None:
        raise ValueError("true or false")
    return found


def _redis_url(value: object) -> str:
    return RedisTarget(_text(value)).url


def _base_url(value: object) -> str:
    return base_url(_text(value))


def _stream_url(value: object) -> str:
    return stream_url(_text(value))


def _symbols(value: object) -> tuple[str, ...]:
    parts = value if isinstance(value, list | tuple) else str(value).split(",")
    given = [str(part).strip().upper() for part in parts if str(part).strip()]
    symbols = {_symbol(text): text for text in given}
    if not symbols:
        raise ValueError("a list of symbols, as in SPX,NDX")
    # The I: prefix stays if the name alone does not show that it is an index.
    return tuple(symbol if vendor_symbol(symbol) == text else text for symbol, text in symbols.items())


def _symbol(text: str) -> str:
    symbol = parse_underlying(text)
    if symbol in _ROOTS:
        raise InvalidNameError(
            f"{symbol} is a root of {_ROOTS[symbol]}, whose chains hold it: ask for {_ROOTS[symbol]}"
        )
    return symbol


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting(
            "redis_url", ("MARKET_REDIS_URL", "REDIS_URL"), None, _redis_url, "Redis of the snapshots", secret=True
        ),
        Setting(
            "system_redis_url",
            ("SYSTEM_REDIS_URL",),
            None,
            _redis_url,
            "Redis that also gets heartbeats",
            secret=True,
        ),
        Setting("underlyings", ("MASSIVE_CHAIN_SYMBOLS",), (), _symbols, "symbols to publish"),
        Setting("interval", ("MASSIVE_CHAIN_INTERVAL_SEC",), DEFAULT_INTERVAL_S, _seconds, "seconds between cycles"),
        Setting("ttl", ("MASSIVE_CHAIN_SNAPSHOT_TTL_SEC",), DEFAULT_TTL_S, _seconds, "seconds that a snapshot lives"),
        Setting(
            "expirations",
            ("MASSIVE_CHAIN_NUM_EXPIRATIONS",),
            DEFAULT_EXPIRATIONS,
            _count(_MOST_EXPIRATIONS),
            "next expirations to publish",
        ),
        Setting("em_mult", ("MASSIVE_CHAIN_EM_MULT",), EM_MULT, _moves, "half-width of a slice in expected moves"),
        Setting("api_key", ("MASSIVE_API_KEY",), None, _key, "the vendor's API key", secret=True),
        Setting("base_url", ("MASSIVE_BASE_URL",), DEFAULT_BASE_URL, _base_url, "the vendor's host"),
        Setting(
            "stream",
            ("CHAINDECK_STREAM",),
            None,
            _switch,
            "feed the stream of trades and quotes, too; by default only a mock does",
        ),
        Setting("stream_url", ("MASSIVE_WS_URL",), DEFAULT_STREAM_URL, _stream_url, "the vendor's host of the stream"),
        Setting(
            "allow_http",
            ("MASSIVE_ALLOW_HTTP",),
            False,
            _switch,
            "send the API key in clear, to a base_url or stream_url of plain http or ws on another machine",
        ),
        Setting("seed", (), 7, _whole, "seed of the mock's market"),
        Setting(
            "rewind_mb",
            ("CHAINDECK_REWIND_MB",),
            64,
            _rewind,
            "MB of memory for the answers of the last while, to step back in; 0 for none",
        ),
        Setting(
            "staging_writes", ("CHAINDECK_STAGING_WRITES",), WRITES_A_SECOND, _writes, "writes of a staging a second"
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
            _count(_MOST_STRIKES),
            "strikes of the heatmap, the nearest to the ATM of each expiration",
        ),
        Setting(
            "legacy_models",
            ("CHAINDECK_LEGACY_MODELS",),
            False,
            _switch,
            "write heatmaps for MarketSwarm's own readers too",
        ),
        Setting("record_dir", (), None, _text, "folder of the tapes that the deck's key r writes"),
        Setting("theme", (), None, _text, "a Textual theme; ansi-dark keeps to 16 colours"),
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
    rewind_mb: int
    staging_writes: float
    heatmap: HeatmapOptions
    legacy_models: bool
    record_dir: str | None
    theme: str | None
    origins: Mapping[str, str]
    warnings: tuple[str, ...]

    def refused(self, name: str, why: object) -> ConfigError:
        """Return the error that a setting is at fault, naming where it came from."""
        origin = self.origins[name]
        return ConfigError(f"{origin}: {why}" if origin.startswith("flag") else f"{origin}: {name}: {why}")

    def __repr__(self) -> str:
        return f"Settings(interval={self.thresholds.interval_s:g}, ttl={self.thresholds.ttl_s:g})"


def validate(values: Mapping[str, Value], origins: Mapping[str, str], warnings: tuple[str, ...]) -> Settings:
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
        rewind_mb=_as(values, "rewind_mb", int),
        staging_writes=_as(values, "staging_writes", float),
        heatmap=heatmap_options(_as(values, "heatmap_widths", tuple), _as(values, "heatmap_strikes", int)),
        legacy_models=_as(values, "legacy_models", bool),
        record_dir=_optional(values, "record_dir"),
        theme=_optional(values, "theme"),
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

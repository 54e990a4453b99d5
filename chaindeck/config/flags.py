"""The flags that several commands share, as cyclopts reads them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, Token

from chaindeck.config.file import Config, resolve
from chaindeck.exits import UsageError, say

# Text, and made into values in `settings`, as what comes from the environment is: the same words for each mistake.
Url = Annotated[str | None, Parameter(metavar="URL")]
Symbols = Annotated[str | None, Parameter(metavar="SYMBOLS")]
Seconds = Annotated[str | None, Parameter(metavar="SECONDS")]
Widths = Annotated[str | None, Parameter(metavar="SYMBOL=WIDTHS")]
Count = Annotated[str | None, Parameter(metavar="COUNT")]
Number = Annotated[str | None, Parameter(metavar="NUMBER")]
Named = Annotated[str | None, Parameter(metavar="NAME")]
Columns = Annotated[str | None, Parameter(metavar="COLUMNS")]
Level = Annotated[str | None, Parameter(metavar="LEVEL")]
Prefix = Annotated[str, Parameter(metavar="PREFIX")]
Switch = Annotated[bool, Parameter(negative="")]


def _path(_: object, tokens: Sequence[Token]) -> Path:
    """Return the path of one word; an empty one would name the current folder."""
    [token] = tokens
    if not token.value.strip():
        raise UsageError(f"{token.keyword or 'an argument'} is empty: name a file")
    return Path(token.value)


File = Annotated[Path, Parameter(converter=_path)]
# A name that begins with a bracket is a name, no list in JSON.
Capture = Annotated[tuple[File, ...], Parameter(consume_multiple=1, negative="", json_list=False)]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFlags:
    """Which Redis, and which file of settings.

    Attributes:
        redis_url: redis://, rediss:// or unix:// URL; without one, this user's embedded server [MARKET_REDIS_URL,
            REDIS_URL].
        config: a TOML file of settings [CHAINDECK_CONFIG].
    """

    redis_url: Url = None
    config: File | None = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class PublishFlags:
    """What to publish, and how often.

    Attributes:
        underlyings: symbols to publish, comma separated, as in SPX,NDX [MASSIVE_CHAIN_SYMBOLS].
        interval: seconds from one publishing cycle to the next, 0.1 to 604800, 10 by default
            [MASSIVE_CHAIN_INTERVAL_SEC].
        ttl: seconds that a snapshot lives in Redis, up to 604800 and above three intervals and 5 s, 60 by default
            [MASSIVE_CHAIN_SNAPSHOT_TTL_SEC].
        expirations: how many of the next tradable expirations, 1 to 60, 6 by default [MASSIVE_CHAIN_NUM_EXPIRATIONS].
        em_mult: half-width of a slice in expected moves, above 0 and up to 20, 2 by default [MASSIVE_CHAIN_EM_MULT].
        seed: seed of the mock's market, a whole number, 7 by default.
        stream_rate: events a second of the mock's stream, on average over a session: 0 to 100000, 200 by default.
        base_url: the vendor's host, for a live publisher [MASSIVE_BASE_URL].
        stream: feed the stream of trades and quotes, too, of live or mock data. Off by default with live data: the
            vendor allows an account one connection, and another program's would end [CHAINDECK_STREAM].
        stream_url: the vendor's host of the stream, for a live publisher [MASSIVE_WS_URL].
        allow_http: send the API key in clear, where base_url is plain http, or stream_url plain ws, on another machine
            [MASSIVE_ALLOW_HTTP].
    """

    underlyings: Symbols = None
    interval: Seconds = None
    ttl: Seconds = None
    expirations: Count = None
    em_mult: Number = None
    seed: Number = None
    stream_rate: Number = None
    base_url: Url = None
    stream: bool | None = None
    stream_url: Url = None
    allow_http: Switch | None = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFlags:
    """What a compositor writes: how often, what its heatmap covers, and who can read it.

    Attributes:
        staging_writes: writes a second of each chain's staging at most, 0.2 to 50, 5 by default
            [CHAINDECK_STAGING_WRITES].
        heatmap_widths: widths of spreads in points by symbol, as in "SPX=20,25,30 NDX=50,60"; other symbols have
            MarketSwarm's, or 4 to 10 times the step between their strikes [CHAINDECK_HEATMAP_WIDTHS].
        heatmap_strikes: how many strikes, the nearest to the ATM of each expiration, 1 to 400, 50 by default
            [CHAINDECK_HEATMAP_STRIKES].
        heatmap_diffs: messages a second of what changes in it, at most, 0.2 to 10, 1 by default
            [CHAINDECK_HEATMAP_DIFFS].
        heatmap_wholes: writes a second of all of it, at most, 0.05 to 2, 0.2 by default [CHAINDECK_HEATMAP_WHOLES].
        legacy_models: write it under the key of MarketSwarm's own readers too [CHAINDECK_LEGACY_MODELS].
    """

    staging_writes: Number = None
    heatmap_widths: Widths = None
    heatmap_strikes: Count = None
    heatmap_diffs: Number = None
    heatmap_wholes: Number = None
    legacy_models: Switch | None = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class LookFlags:
    """How the deck looks.

    Attributes:
        preset: how the screen is arranged at first: standard, desk, ops or demo; by default as it was
            [CHAINDECK_PRESET].
        theme: a theme, such as chaindeck-safe for the colour-blind; `ansi-dark` keeps to the terminal's own 16 colours.
        symbols: what charts and marks are drawn with: ascii, block, braille or, by default, auto: what the terminal
            bears [CHAINDECK_SYMBOLS].
        grid_columns: your own columns of the strike grid, from the strike outwards, the most important first, as in
            "Bid,Ask,IV,Lag"; key P turns to them [CHAINDECK_GRID_COLUMNS].
        fps: frames a second at most, 1 to 120; 60 by default, over SSH 15 [CHAINDECK_FPS, TEXTUAL_FPS].
    """

    preset: Named = None
    theme: Named = None
    symbols: Level = None
    grid_columns: Columns = None
    fps: Count = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenFlags(LookFlags):
    """How the deck looks, and how far one can step back in it.

    Attributes:
        rewind_mb: MB of memory for the answers of the last while, to step back in: 16 to 4096, 64 by default, 0 for
            none [CHAINDECK_REWIND_MB].
    """

    rewind_mb: Count = None


def config_of(
    where: ConnectionFlags | None,
    what: PublishFlags | None = None,
    *,
    url: str | None = None,
    screen: LookFlags | None = None,
    model: ModelFlags | None = None,
    warn: Callable[[str], None] = say,
) -> Config:
    """Return all settings, flags before environment before file; `warn` hears what is unwise in them.

    `url` is a command's argument, in place of the flag `--redis-url`. Raises ConfigError, and UsageError for both.
    """
    where = where or ConnectionFlags()
    if url is not None and where.redis_url is not None:
        raise UsageError("two Redis URLs: give the argument or --redis-url, not both")
    given = {
        "redis_url": where.redis_url if url is None else url,
        **asdict(what or PublishFlags()),
        **asdict(screen or LookFlags()),
        **asdict(model or ModelFlags()),
    }
    config = resolve(given, where.config, named={} if url is None else {"redis_url": "argument URL"})
    for warning in config.warnings:
        warn(warning)
    return config

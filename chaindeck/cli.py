"""The command line. Each command loads only what it needs; headless ones never load the screen."""

import logging
import sys
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

from chain.errors import ChaindeckError
from chain.model.keys import LIVE_PREFIX
from chaindeck import __version__
from chaindeck.commands.alert.cli import alert
from chaindeck.commands.analytics.cli import analytics
from chaindeck.commands.config import config_app
from chaindeck.commands.heatmap.cli import heatmap
from chaindeck.commands.mmaker.cli import mmaker
from chaindeck.commands.record.cli import record
from chaindeck.commands.tape.cli import tape_app
from chaindeck.config.flags import (
    Capture,
    ConnectionFlags,
    Prefix,
    PublishFlags,
    ScreenFlags,
    Switch,
    Url,
    config_of,
)
from chaindeck.deck.cli import open_tape, replay
from chaindeck.engine.context import make_context
from chaindeck.engine.sources import SourceName
from chaindeck.exits import UsageError, exit_table
from chaindeck.process.logs import LogFormat, log_to_stderr
from chaindeck.usage import usage_words

log = logging.getLogger(__name__)

app = App(
    name="chaindeck",
    help="Terminal deck and embedded publisher for option-chain snapshots in Redis.",
    version=__version__,
    help_epilogue=f"Exit codes of every command but check:\n\n{exit_table()}",
)
app.command(config_app)
app.command(tape_app)
app.command(record)
app.command(heatmap)
app.command(analytics)
app.command(alert)
app.command(mmaker)
app.command(replay)
app.command(open_tape, name="open")


@app.default
def deck(
    *,
    capture: Capture = (),
    among_live: Switch = False,
    where: ConnectionFlags | None = None,
    what: PublishFlags | None = None,
    screen: ScreenFlags | None = None,
) -> int:
    """Run the deck: publisher and screen in one process.

    Without arguments: a mock market on an embedded Redis. Not on a terminal: print one frame and end.

    Args:
        capture: recorded chains (JSON lines, .gz or plain) to publish instead of the mock.
        among_live: publish beside a live publisher all the same; chains that it holds stay its own.
        where: which Redis.
        what: what to publish.
        screen: how it looks, and how far one can step back in it.
    """
    from chaindeck.deck.deck import run_deck  # noqa: PLC0415

    settings = config_of(where, what, screen=screen).settings
    context = make_context(settings.thresholds)
    return run_deck(context, settings, "capture" if capture else "mock", capture, among_live=among_live)


@app.command
def live(
    *, where: ConnectionFlags | None = None, what: PublishFlags | None = None, screen: ScreenFlags | None = None
) -> int:
    """Run the deck on live data from Massive; the API key comes from MASSIVE_API_KEY or the config file.

    Args:
        where: which Redis.
        what: what to publish.
        screen: how it looks, and how far one can step back in it.
    """
    from chaindeck.deck.deck import run_deck  # noqa: PLC0415

    settings = config_of(where, what, screen=screen).settings
    return run_deck(make_context(settings.thresholds), settings, "massive", ())


@app.command
def watch(
    url: Url = None,
    /,
    *,
    prefix: Prefix = LIVE_PREFIX,
    where: ConnectionFlags | None = None,
    screen: ScreenFlags | None = None,
) -> int:
    """Show a Redis that others fill; never write to it.

    Args:
        url: Redis URL; without one, this user's running deck.
        prefix: what the contract's keys begin with, such as massive:replay.
        where: which Redis.
        screen: how it looks, and how far one can step back in it.
    """
    from chaindeck.deck.deck import run_watch  # noqa: PLC0415

    settings = config_of(where, url=url, screen=screen).settings
    return run_watch(make_context(settings.thresholds, prefix), settings)


@app.command
def publish(
    *,
    once: Switch = False,
    source: SourceName | None = None,
    capture: Capture = (),
    among_live: Switch = False,
    log_format: LogFormat = "text",
    where: ConnectionFlags | None = None,
    what: PublishFlags | None = None,
) -> int:
    """Publish without a screen; ends cleanly on SIGINT, SIGTERM and SIGHUP, SIGUSR1 publishes at once.

    Args:
        once: publish one whole cycle and its heartbeat; exit 0 only if every expiry was published, 1 if some were; if
            none was 2, or 3 where a key, a plan or a symbol is refused. Needs a Redis that outlives it.
        source: where chains come from; capture where files are named, else mock.
        capture: recorded chains (JSON lines, .gz or plain) to publish.
        among_live: publish mock or capture beside a live publisher all the same; chains that it holds stay its own.
        log_format: text, or one JSON object a line.
        where: which Redis.
        what: what to publish.
    """
    from chaindeck.commands.headless import run_publisher  # noqa: PLC0415

    log_to_stderr(log_format)
    config = config_of(where, what, warn=log.warning)
    kind = source or ("capture" if capture else "mock")
    settings = config.settings
    return run_publisher(make_context(settings.thresholds), settings, kind, capture, once=once, among_live=among_live)


@app.command
def status(
    url: Url = None, /, *, json: Switch = False, prefix: Prefix = LIVE_PREFIX, where: ConnectionFlags | None = None
) -> int:
    """Print the Board as of now: text, or JSON. Exit 0 if Redis answered, 2 if not.

    Args:
        url: Redis URL; without one, this user's running deck.
        json: print JSON.
        prefix: what the contract's keys begin with, such as massive:replay.
        where: which Redis.
    """
    from chaindeck.commands.status import print_status  # noqa: PLC0415

    settings = config_of(where, url=url).settings
    return print_status(make_context(settings.thresholds, prefix), settings.redis_url, as_json_text=json)


@app.command
def check(
    url: Url = None,
    /,
    *,
    warn_age: Annotated[float | None, Parameter(metavar="SECONDS")] = None,
    stale_age: Annotated[float | None, Parameter(metavar="SECONDS")] = None,
    depth: Annotated[int | None, Parameter(metavar="COUNT")] = None,
    watch: Annotated[float | None, Parameter(metavar="SECONDS")] = None,
    prefix: Prefix = LIVE_PREFIX,
    where: ConnectionFlags | None = None,
) -> int:
    """Check by the plugin convention: one line, performance data, exit 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.

    Args:
        url: Redis URL; without one, this user's running deck.
        warn_age: seconds above which a snapshot is AGING; by default from the publisher's interval.
        stale_age: seconds above which a snapshot is STALE; by default from the publisher's interval.
        depth: how many expirations each underlying must have; by default what the publisher means to publish.
        watch: repeat every so many seconds.
        prefix: what the contract's keys begin with, such as massive:replay.
        where: which Redis.
    """
    from chaindeck.commands.check import run_check  # noqa: PLC0415

    settings = config_of(where, url=url).settings
    context = make_context(settings.thresholds, prefix)
    return run_check(context, settings.redis_url, warn_age, stale_age, depth, watch)


@app.command
def acknowledge(url: Url = None, /, *, prefix: Prefix = LIVE_PREFIX, where: ConnectionFlags | None = None) -> int:
    """Take every SOURCE CHANGED of a Redis as known: no reader tells it any more from the next snapshot on.

    Args:
        url: Redis URL; without one, this user's running deck.
        prefix: what the contract's keys begin with, such as massive:replay.
        where: which Redis.
    """
    from chaindeck.commands import operator  # noqa: PLC0415

    settings = config_of(where, url=url).settings
    return operator.acknowledge(make_context(settings.thresholds, prefix), settings.redis_url)


@app.command
def verify(
    url: Url = None,
    /,
    *,
    seconds: Annotated[float, Parameter(name="--for", metavar="SECONDS")] = 30.0,
    json: Switch = False,
    prefix: Prefix = LIVE_PREFIX,
    where: ConnectionFlags | None = None,
) -> int:
    """Watch any publisher for a while and report every clause of the contract: held, broken or not seen. Only reads.

    Exit 0 if none is broken, 1 if one is, 2 if Redis does not answer or nothing is published.

    Args:
        url: Redis URL; without one, this user's running deck.
        seconds: how many seconds to watch; Ctrl-C ends sooner and reports what was seen.
        json: print JSON.
        prefix: what the contract's keys begin with, such as massive:replay.
        where: which Redis.
    """
    from chaindeck.commands.verify import run_verify  # noqa: PLC0415

    settings = config_of(where, url=url).settings
    context = make_context(settings.thresholds, prefix)
    return run_verify(context, settings.redis_url, seconds, as_json_text=json)


@app.command
def metrics(
    url: Url = None,
    /,
    *,
    host: str = "127.0.0.1",
    port: int = 9464,
    rules: Switch = False,
    prefix: Prefix = LIVE_PREFIX,
    where: ConnectionFlags | None = None,
    what: PublishFlags | None = None,
) -> int:
    """Serve Prometheus metrics of a Redis until interrupted, or print alert rules with this deck's thresholds.

    Args:
        url: Redis URL; without one, this user's running deck.
        host: address to listen on; loopback unless told otherwise.
        port: port to listen on.
        rules: print an alert-rules file for the interval and TTL, and end.
        prefix: what the contract's keys begin with, such as massive:replay.
        where: which Redis.
        what: what is published: its interval and TTL shape the rules.
    """
    settings = config_of(where, what, url=url).settings
    if rules:
        from chaindeck.commands.metrics.alert_rules import alert_rules  # noqa: PLC0415

        print(alert_rules(settings.thresholds), end="")
        return 0
    from chaindeck.commands.metrics.endpoint import serve_metrics  # noqa: PLC0415

    return serve_metrics(make_context(settings.thresholds, prefix), settings.redis_url, host, port)


def run_command() -> object:
    """Run what the command line says; return its exit code, None for 0. Raise UsageError where it makes no sense."""
    try:
        return app(sys.argv[1:], exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        if isinstance(error.__cause__, ChaindeckError):
            raise error.__cause__ from None
        raise UsageError(usage_words(error, app)) from None

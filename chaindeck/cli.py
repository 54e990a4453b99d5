"""The command line. Each command loads only what it needs; headless ones never load the screen."""

import sys
from typing import Annotated, NoReturn

from cyclopts import App, CycloptsError, Parameter

from chain.errors import ChaindeckError
from chain.text import clean
from chaindeck import __version__
from chaindeck.settings import PublisherSettings, RedisSettings

USAGE_ERROR = 2

app = App(
    name="chaindeck",
    help="Terminal deck and embedded publisher for option-chain snapshots in Redis.",
    version=__version__,
)


@app.default
def deck(
    *, redis: RedisSettings | None = None, publisher: PublisherSettings | None = None, theme: str | None = None
) -> None:
    """Run the deck: publisher and screen in one process.

    Without arguments: a mock market on an embedded Redis. Not on a terminal: print one frame and end.

    Args:
        redis: which Redis.
        publisher: what to publish.
        theme: a Textual theme; `ansi-dark` for 16 colours.
    """
    from chaindeck.deck import run_deck  # noqa: PLC0415

    run_deck(redis or RedisSettings(), publisher or PublisherSettings(), theme)


@app.command
def watch(url: str | None = None, /, *, redis: RedisSettings | None = None, theme: str | None = None) -> None:
    """Show a Redis that others fill; never write to it.

    Args:
        url: Redis URL; without one, this user's running deck.
        redis: which Redis, by flag or environment.
        theme: a Textual theme; `ansi-dark` for 16 colours.
    """
    from chaindeck.deck import run_watch  # noqa: PLC0415

    run_watch(_named(url, redis), theme)


@app.command
def publish(
    *, once: bool = False, redis: RedisSettings | None = None, publisher: PublisherSettings | None = None
) -> int:
    """Publish without a screen; ends cleanly on SIGINT, SIGTERM and SIGHUP, SIGUSR1 publishes at once.

    Args:
        once: publish one whole cycle and its heartbeat; exit 0 only if every expiry was published.
        redis: which Redis.
        publisher: what to publish.
    """
    from chaindeck.headless import run_publisher  # noqa: PLC0415

    return run_publisher(redis or RedisSettings(), publisher or PublisherSettings(), once=once)


@app.command
def status(
    url: str | None = None,
    /,
    *,
    json: Annotated[bool, Parameter(negative="")] = False,
    redis: RedisSettings | None = None,
) -> int:
    """Print the Board as of now: text, or JSON. Exit 0 if Redis answered, 1 if not.

    Args:
        url: Redis URL; without one, this user's running deck.
        json: print JSON.
        redis: which Redis, by flag or environment.
    """
    from chaindeck.status import print_status  # noqa: PLC0415

    return print_status(_named(url, redis).redis_url, as_json_text=json)


def _named(url: str | None, redis: RedisSettings | None) -> RedisSettings:
    return RedisSettings(redis_url=url) if url else redis or RedisSettings()


def main() -> NoReturn:
    """Run one command. A failure that was to be expected is one line on standard error, never a trace."""
    try:
        code = app(exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        cause = error.__cause__ if isinstance(error.__cause__, ChaindeckError) else error
        _fail(str(cause))
    except ChaindeckError as error:
        _fail(str(error))
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str) -> NoReturn:
    print(f"chaindeck: {clean(message.strip(), 400)}", file=sys.stderr)
    sys.exit(USAGE_ERROR)

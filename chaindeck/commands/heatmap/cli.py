"""The command line of `heatmap`; what does the work is loaded when it is asked for."""

from typing import Annotated, Literal

from cyclopts import Parameter

from chain.model.keys import LIVE_PREFIX, parse_underlying
from chaindeck.config.flags import ConnectionFlags, Prefix, Switch, Url, config_of
from chaindeck.engine.context import make_context


def heatmap(
    url: Url = None,
    /,
    *,
    underlying: Annotated[str | None, Parameter(metavar="SYMBOL")] = None,
    strategy: Literal["butterfly", "vertical", "single"] = "butterfly",
    side: Annotated[str, Parameter(metavar="call|put")] = "call",
    expiration: Annotated[str | None, Parameter(metavar="DATE")] = None,
    json: Switch = False,
    prefix: Prefix = LIVE_PREFIX,
    where: ConnectionFlags | None = None,
) -> int:
    """Print the heatmap model as of now: what each position costs around the ATM, or JSON. Exit 2 if there is none.

    Args:
        url: Redis URL; without one, this user's running deck.
        underlying: whose model; without one, that of the first underlying on the board.
        strategy: which positions.
        side: of calls or puts; call@SPX where two roots share a date.
        expiration: YYYY-MM-DD, the nearest without one; a single option has all of them side by side.
        json: print the whole model as it stands in Redis.
        prefix: what the contract's keys begin with, such as massive:replay.
        where: which Redis.
    """
    from chaindeck.commands.heatmap.page import PageChoice, print_heatmap  # noqa: PLC0415

    settings = config_of(where, url=url).settings
    symbol = None if underlying is None else parse_underlying(underlying.upper())
    choice = PageChoice(symbol, strategy, side, expiration)
    return print_heatmap(make_context(settings.thresholds, prefix), settings.redis_url, choice, as_json_text=json)

"""The command line of `analytics`; what does the work is loaded when it is asked for."""

from chain.model.keys import LIVE_PREFIX
from chaindeck.config.flags import ConnectionFlags, Prefix, Switch, Url, config_of
from chaindeck.engine.context import make_context


def analytics(
    url: Url = None, /, *, json: Switch = False, prefix: Prefix = LIVE_PREFIX, where: ConnectionFlags | None = None
) -> int:
    """Print what the chains say as of now, by expiration and in total: straddle, expected moves, skew, GEX and more.

    Each number with its convention and how many contracts it could use. Exit 2 if there is no snapshot.

    Args:
        url: Redis URL; without one, this user's running deck.
        json: print JSON.
        prefix: what the contract's keys begin with, such as massive:replay.
        where: which Redis.
    """
    from chaindeck.commands.analytics.run import print_analytics  # noqa: PLC0415

    settings = config_of(where, url=url).settings
    return print_analytics(make_context(settings.thresholds, prefix), settings.redis_url, as_json_text=json)

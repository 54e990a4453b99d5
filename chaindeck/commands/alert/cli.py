"""The command line of `alert`; what does the work is loaded when it is asked for."""

import logging

from chain.errors import ConfigError
from chain.model.keys import LIVE_PREFIX
from chaindeck.config.flags import ConnectionFlags, Prefix, Switch, Url, config_of
from chaindeck.engine.context import make_context
from chaindeck.exits import UsageError
from chaindeck.process.logs import LogFormat, log_to_stderr

log = logging.getLogger(__name__)


def alert(
    url: Url = None,
    /,
    *,
    once: Switch = False,
    json: Switch = False,
    prefix: Prefix = LIVE_PREFIX,
    log_format: LogFormat = "text",
    where: ConnectionFlags | None = None,
) -> int:
    """Watch a Redis without a screen, and raise the alerts of the config file; writes nothing to it.

    A line of the log for each that is raised or over; bell and notifications only on a terminal. Ends on SIGINT,
    SIGTERM and SIGHUP.

    Args:
        url: Redis URL; without one, this user's running deck.
        once: look once, print how every alert stands, and do nothing: exit 0 if none is beyond its limit, 1 if one is,
            2 if Redis does not answer.
        json: with --once, print JSON.
        prefix: what the contract's keys begin with, such as massive:replay.
        log_format: text, or one JSON object a line.
        where: which Redis, and the file with the alerts.
    """
    if json and not once:
        raise UsageError("--json prints one look: it goes with --once")
    if not once:
        log_to_stderr(log_format)
    config = config_of(where, url=url) if once else config_of(where, url=url, warn=log.warning)
    if not config.alerts:
        raise ConfigError(f"{config.file or 'no config file'}: no alerts are configured: write each as [[alerts]]")
    context = make_context(config.settings.thresholds, prefix)
    if once:
        from chaindeck.commands.alert.look import look_at_alerts  # noqa: PLC0415

        return look_at_alerts(context, config.settings, as_json_text=json)
    from chaindeck.commands.alert.run import run_alerts  # noqa: PLC0415

    return run_alerts(context, config.settings)

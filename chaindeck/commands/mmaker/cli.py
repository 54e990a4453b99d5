"""The command line of `mmaker`; what does the work is loaded when it is asked for."""

import logging

from chain.model.keys import LIVE_PREFIX
from chaindeck.config.flags import ConnectionFlags, ModelFlags, Prefix, Url, config_of
from chaindeck.engine.context import make_context
from chaindeck.process.logs import LogFormat, log_to_stderr

log = logging.getLogger(__name__)


def mmaker(
    url: Url = None,
    /,
    *,
    prefix: Prefix = LIVE_PREFIX,
    log_format: LogFormat = "text",
    where: ConnectionFlags | None = None,
    model: ModelFlags | None = None,
) -> int:
    """Merge snapshots and the stream into staging, and keep the heatmap models, until interrupted.

    One of them leads, others stand by and take over. Exit 2 if this Redis user may not do what it takes.

    Args:
        url: Redis URL; without one, this user's running deck.
        prefix: what the contract's keys begin with, such as massive:replay.
        log_format: text, or one JSON object a line.
        where: which Redis.
        model: what is written.
    """
    from chaindeck.commands.mmaker.run import run_mmaker  # noqa: PLC0415

    log_to_stderr(log_format)
    settings = config_of(where, url=url, model=model, warn=log.warning).settings
    return run_mmaker(make_context(settings.thresholds, prefix), settings)

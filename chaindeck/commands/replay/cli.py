"""The command line of `chaindeck replay`; what does the work is loaded when it is asked for."""

import logging
from typing import Annotated

from cyclopts import Parameter

from chain.model.keys import REPLAY_PREFIX
from chaindeck.config.flags import ConnectionFlags, File, Prefix, Switch, config_of
from chaindeck.engine.context import make_context
from chaindeck.process.logs import LogFormat, log_to_stderr

log = logging.getLogger(__name__)


def replay(
    tape: Annotated[File, Parameter(metavar="TAPE")],
    /,
    *,
    speed: Annotated[float, Parameter(metavar="TIMES")] = 60.0,
    begin: Annotated[str | None, Parameter(name="--from", metavar="TIME")] = None,
    end: Annotated[str | None, Parameter(name="--to", metavar="TIME")] = None,
    loop: Switch = False,
    restamp: Switch = False,
    prefix: Prefix = REPLAY_PREFIX,
    log_format: LogFormat = "text",
    where: ConnectionFlags | None = None,
) -> int:
    """Play a recording into Redis: what was published then, byte for byte, with its own stamps and the replay's clock.

    SIGUSR1 pauses it and lets it go on, SIGUSR2 goes one look further; SIGINT, SIGTERM and SIGHUP end it. What it has
    published is taken away at the end. Exit 0 if all was published, 1 if some snapshots were not taken, 2 if none was.

    Args:
        tape: the recording, or a folder of days.
        speed: seconds of the recording a second, 0.1 to 1000.
        begin: from when: 10:30 or 10:30:15 in New York on the recording's first day, 2026-01-02T10:30, or +5m after its
            beginning.
        end: until when.
        loop: begin anew at the end, until stopped; what is in force is taken away first.
        restamp: stamp snapshots as of now, for consumers that know only the live names; needs --prefix massive, and is
            refused where a live publisher publishes.
        prefix: what the contract's keys begin with.
        log_format: text, or one JSON object a line.
        where: which Redis.
    """
    from chaindeck.commands.replay.run import run_replay  # noqa: PLC0415
    from chaindeck.engine.replay.compose import ReplayOptions  # noqa: PLC0415

    log_to_stderr(log_format)
    settings = config_of(where, warn=log.warning).settings
    options = ReplayOptions(speed=speed, begin=begin, end=end, loop=loop, restamp=restamp)
    return run_replay(make_context(settings.thresholds, prefix), settings, tape, options)

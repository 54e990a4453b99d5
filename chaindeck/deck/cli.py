"""The command lines of `chaindeck open` and `replay`; what does the work is loaded when it is asked for."""

import logging
from dataclasses import asdict, dataclass
from typing import Annotated

from cyclopts import Parameter

from chain.model.keys import REPLAY_PREFIX
from chaindeck.config.flags import ConnectionFlags, File, LookFlags, Prefix, Switch, config_of
from chaindeck.engine.context import make_context
from chaindeck.exits import UnreadableTapeError, say
from chaindeck.process.logs import LogFormat, log_to_stderr
from chaindeck.process.streams import why_no_screen
from tape.errors import TapeError

log = logging.getLogger(__name__)


def open_tape(
    tape: Annotated[File, Parameter(metavar="TAPE")],
    /,
    *,
    at: Annotated[str | None, Parameter(metavar="TIME", allow_leading_hyphen=True)] = None,
    look: LookFlags | None = None,
    config: File | None = None,
) -> int:
    """Show a recording in the deck, at its end or at a time, without any Redis; nothing is written.

    Not on a terminal: print one frame and end.

    Args:
        tape: the recording, or a folder of days.
        at: 10:30 or 10:30:15 in New York on its last day, 2026-01-02T10:30, or -5m before its end.
        look: how it looks.
        config: a TOML file of settings [CHAINDECK_CONFIG].
    """
    from chaindeck.deck.open import run_open  # noqa: PLC0415

    settings = config_of(ConnectionFlags(config=config), screen=look).settings
    try:
        return run_open(make_context(settings.thresholds), settings, tape, at)
    except TapeError as error:
        raise UnreadableTapeError.of(error) from None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayFlags:
    """What of a recording is played, and how.

    Attributes:
        speed: seconds of the recording a second, 0.1 to 1000.
        begin: from when: 10:30 or 10:30:15 in New York on the recording's first day, 2026-01-02T10:30, +5m after its
            beginning, or -5m before its end.
        end: until when.
        loop: begin anew at the end, until stopped; what is in force is taken away first.
        restamp: stamp snapshots as of now, for consumers that know only the live names; needs --prefix massive, and is
            refused where a live publisher publishes.
    """

    speed: Annotated[float, Parameter(metavar="TIMES")] = 60.0
    begin: Annotated[str | None, Parameter(name="--from", metavar="TIME", allow_leading_hyphen=True)] = None
    end: Annotated[str | None, Parameter(name="--to", metavar="TIME", allow_leading_hyphen=True)] = None
    loop: Switch = False
    restamp: Switch = False


def replay(
    tape: Annotated[File, Parameter(metavar="TAPE")],
    /,
    *,
    how: ReplayFlags | None = None,
    prefix: Prefix = REPLAY_PREFIX,
    log_format: LogFormat = "text",
    where: ConnectionFlags | None = None,
    look: LookFlags | None = None,
) -> int:
    """Play a recording into Redis: what was published then, byte for byte, with its own stamps and the replay's clock.

    On a terminal the deck shows it, and its keys steer it. Not on a terminal: play to the end. SIGUSR1 pauses and lets
    it go on, SIGUSR2 goes one look further; SIGINT, SIGTERM and SIGHUP end it. At the end its pointers are deleted;
    payloads expire within their TTL, and the keys that tell their source within an hour of it. Exit 0 if every snapshot
    was published, 1 if some were damaged on the tape or not taken, 2 if none was or the tape cannot be read.

    Args:
        tape: the recording, or a folder of days.
        how: what of it, and how.
        prefix: what the contract's keys begin with.
        log_format: without a terminal: text, or one JSON object a line.
        where: which Redis.
        look: how it looks.
    """
    from chaindeck.engine.replay.compose import ReplayOptions  # noqa: PLC0415

    shown = why_no_screen() is None
    if not shown:
        log_to_stderr(log_format)
    settings = config_of(where, screen=look, warn=say if shown else log.warning).settings
    options, context = ReplayOptions(**asdict(how or ReplayFlags())), make_context(settings.thresholds, prefix)
    if shown:
        from chaindeck.deck.replay import run_replay_deck as play  # noqa: PLC0415
    else:
        from chaindeck.commands.replay import run_replay as play  # noqa: PLC0415
    try:
        return play(context, settings, tape, options)
    except TapeError as error:
        raise UnreadableTapeError.of(error) from None

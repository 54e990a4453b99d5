"""The command line of `record`; what does the work is loaded when it is asked for."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from chain.context import Context
from chain.model.keys import LIVE_PREFIX
from chaindeck.config.flags import ConnectionFlags, File, Prefix, PublishFlags, Switch, Url, config_of
from chaindeck.config.settings import Settings
from chaindeck.engine.context import make_context
from chaindeck.exits import UsageError
from chaindeck.process.logs import LogFormat, log_to_stderr

log = logging.getLogger(__name__)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class MockDayFlags:
    """A trading day of the mock in place of a Redis.

    Attributes:
        mock: make a whole trading day of the mock, without any Redis.
        day: which one, YYYY-MM-DD in New York.
        speed: seconds of that day in a second; as many as can be unless told otherwise.
    """

    mock: Switch = False
    day: Annotated[str | None, Parameter(metavar="DATE")] = None
    speed: Annotated[str | None, Parameter(metavar="max|FACTOR")] = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFlags:
    """How long is recorded, and what is kept.

    Attributes:
        seconds: how many seconds to record; until SIGINT, SIGTERM or SIGHUP without it.
        keep_days: delete tapes that are older than so many days.
        keep_mb: delete the oldest tapes while all of them have more than so many megabytes.
    """

    seconds: Annotated[float | None, Parameter(name="--for", metavar="SECONDS")] = None
    keep_days: int | None = None
    keep_mb: int | None = None


def record(
    url: Url = None,
    /,
    *,
    out: Annotated[File, Parameter(metavar="DIR")],
    limits: LimitFlags | None = None,
    prefix: Prefix = LIVE_PREFIX,
    made: MockDayFlags | None = None,
    log_format: LogFormat = "text",
    where: ConnectionFlags | None = None,
    what: PublishFlags | None = None,
) -> int:
    """Record what a Redis answers, a tape for each trading day, until interrupted. Reads through the pointers only.

    Exit 0 if all of it was recorded, 1 if some answers were not, 2 if Redis never answered.

    Args:
        url: Redis URL; without one, this user's running deck.
        out: the folder of the tapes, made if it is not there.
        limits: how long is recorded, and what is kept.
        prefix: what the contract's keys begin with, such as massive:replay.
        made: a day of the mock in place of a Redis.
        log_format: text, or one JSON object a line.
        where: which Redis.
        what: what the mock publishes; --no-stream records no frames of the stream.
    """
    log_to_stderr(log_format)
    settings = config_of(where, what, url=url, warn=log.warning).settings
    context = make_context(settings.thresholds, prefix)
    if made is not None and made.mock:
        if url is not None or limits is not None:
            raise UsageError("--mock makes a whole day: it goes with no URL, --for, --keep-days or --keep-mb")
        return _make(context, settings, out, made)
    what = what or PublishFlags()
    if made is not None or replace(what, stream=None) != PublishFlags():
        raise UsageError("--day, --speed and what is published belong to --mock")
    return _follow(context, settings, out, limits or LimitFlags(), stream=what.stream is not False)


def _make(context: Context, settings: Settings, out: Path, made: MockDayFlags) -> int:
    from chaindeck.commands.record.mock_day import Session, run_mock_day, speed_of  # noqa: PLC0415

    return run_mock_day(context, settings, out, Session.of(made.day), speed_of(made.speed or "max"))


def _follow(context: Context, settings: Settings, out: Path, limits: LimitFlags, *, stream: bool) -> int:
    from chaindeck.commands.record.follow import RecordOptions, run_record  # noqa: PLC0415

    options = RecordOptions.of(out, limits.seconds, limits.keep_days, limits.keep_mb, stream=stream)
    return run_record(context, settings.redis_url, options)

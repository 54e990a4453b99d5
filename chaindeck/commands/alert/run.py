"""Raises alerts under a service manager: a log line each, and hooks; bell and notifications only on a terminal."""

import logging
import os
import sys

from chain.context import Context
from chain.redis.connect.connection import RedisTarget
from chaindeck.config.redis_location import running_place
from chaindeck.config.settings import Settings
from chaindeck.engine.alerts.opening import with_alerts
from chaindeck.engine.watching import watching_services
from chaindeck.exits import Exit
from chaindeck.process.ended import run_until_signal
from tui.ports.alerts import AlertsShown, Call
from tui.terminal.attention import Attention

log = logging.getLogger(__name__)


def run_alerts(context: Context, settings: Settings) -> int:
    """Watch a Redis and raise alerts until told to stop; return the exit code."""
    target = running_place(settings.redis_url).target
    run_until_signal(_watch(context, settings, target))
    log.info("stopped as told")
    return Exit.DONE


async def _watch(context: Context, settings: Settings, target: RedisTarget) -> None:
    hearer = _OnTerminal(Attention(settings.notify_by, os.environ))
    watched = watching_services(target, context, name="chaindeck-alert")
    async with with_alerts(watched, settings.alerts, target, context, hearer, "alert") as services:
        log.info("watching %s of %s", context.keys.prefix, target.shown)
        for rule in settings.alerts:
            log.info("alert %s", rule)
        await services.run()


class _OnTerminal:
    """Rings and notifies on the terminal that the log goes to, if it goes to one; how alerts stand the log tells."""

    def __init__(self, attention: Attention) -> None:
        self._attention = attention

    def put_alerts(self, alerts: AlertsShown) -> None:
        """Do nothing: the log has it."""

    def call_attention(self, call: Call) -> None:
        """Ring, or notify."""
        if sys.stderr is not None and sys.stderr.isatty():
            sys.stderr.write(self._attention.sequence([call]))
            sys.stderr.flush()

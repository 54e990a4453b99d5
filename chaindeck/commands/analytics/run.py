"""`analytics` in one shot: one poll of a Redis, and what its chains say as text or JSON."""

import asyncio
import sys

import msgspec
import orjson

from chain.clock import Instant
from chain.context import Context
from chain.monitor.evaluate.signals import evaluate
from chaindeck.commands.analytics.body import analytics_body
from chaindeck.commands.analytics.look import underlyings_of
from chaindeck.commands.analytics.page import page
from chaindeck.config.redis_location import running_place
from chaindeck.engine.watching import look_once
from chaindeck.exits import Exit
from chaindeck.process.logs import log_nowhere


def print_analytics(context: Context, url: str | None, *, as_json_text: bool) -> int:
    """Print the measures of one look; return 0 if there is a snapshot, 2 if not."""
    log_nowhere()
    board = asyncio.run(look_once(running_place(url).target, context, "chaindeck-analytics"))
    found = underlyings_of(evaluate(board, Instant.now(context.clock)))
    if as_json_text:
        body = msgspec.to_builtins(analytics_body(found, context.keys))
        print(orjson.dumps(body, option=orjson.OPT_INDENT_2).decode())
    elif found:
        print(page(found))
    if any(each.across.chains for each in found):
        return Exit.DONE
    contact = board.redis.health
    why = f"no valid snapshot under {context.keys.prefix}" if contact.ok else contact.trouble
    print(f"chaindeck: {why}", file=sys.stderr)
    return Exit.UNAVAILABLE

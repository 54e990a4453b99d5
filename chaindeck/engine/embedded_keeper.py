"""Keeps an embedded server running: where its owner has left or it was killed, another is found or started."""

import asyncio
import logging
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from chain.clock import Clock
from chain.errors import ChaindeckError
from chain.redis.server.embedded import EmbeddedServer
from chain.supervisor import Part
from chaindeck.config.redis_location import RedisLocation

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
_CONNECT_S = 0.5


def keepers(place: RedisLocation, clock: Clock, on_return: Callable[[], object]) -> tuple[Part, ...]:
    """Return what looks after an embedded server, where there is one; `on_return` is called where one returns empty."""
    if place.server is None:
        return ()
    return (Part("embedded server", partial(keep_server, place.server, place.target.url, clock, on_return)),)


async def keep_server(server: EmbeddedServer, url: str, clock: Clock, on_return: Callable[[], object]) -> None:
    """Look after the embedded server at a unix:// URL until cancelled; call `on_return` once one is there again.

    A server that listens but answers slowly is left alone: one started in its place would be empty. A server that can
    no longer be found, because its socket was removed or replaced, is ended.
    """
    path = Path(unquote(urlsplit(url).path))
    trouble = ""
    while True:
        await clock.sleep(_LOOK_EVERY_S)
        if await asyncio.to_thread(_listens, path) and not server.replaced():
            continue
        try:
            endpoint = await asyncio.to_thread(server.start_or_attach, path.parent)
        except ChaindeckError as error:
            if str(error) != trouble:
                log.warning("embedded Redis is gone: %s", error)
            trouble = str(error)
        else:
            trouble = ""
            did = "started" if endpoint.owned else "attached to"
            log.warning("embedded Redis was gone: %s %s", did, endpoint.url)
            on_return()


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(_CONNECT_S)
        try:
            link.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True  # too busy to accept
    return True

"""Where the vendor is asked: its base URL and its stream's, from whatever form a person wrote them in."""

from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from chain.errors import ConfigError
from chain.text import clean

DEFAULT_BASE_URL = "https://api.massive.com"
DEFAULT_STREAM_URL = "wss://socket.massive.com/options"
_UPSTREAM_PATH = "/v3/snapshot"
_STREAM_PATH = "/options"  # the vendor's cluster of options
_REAL_TIME, _DELAYED = "socket.", "delayed."  # how the names of the stream's two hosts begin


def base_url(text: str) -> str:
    """Return scheme, host and path to ask under; raise ConfigError where there is no host.

    A bare host is asked over https. A path ending in `/v3/snapshot`, upstream's habit, is dropped, and so are user and
    query: the key travels in a header alone.
    """
    parts = _address(text, ("https", "http"))
    return f"{_origin(parts)}{parts.path.rstrip('/').removesuffix(_UPSTREAM_PATH).rstrip('/')}"


def stream_url(text: str) -> str:
    """Return the URL of the stream; raise ConfigError where there is no host.

    A bare host is asked over wss, and without a path for options. User and query are dropped: the key travels in a
    message.
    """
    parts = _address(text, ("wss", "ws"))
    return f"{_origin(parts)}{parts.path.rstrip('/') or _STREAM_PATH}"


def is_delayed(url: str) -> bool:
    """Whether a stream's URL is that of the vendor's host for data that are 15 minutes old."""
    return (urlsplit(url).hostname or "").startswith(_DELAYED)


def delayed_url(url: str) -> str:
    """Return the stream's URL on the host for delayed data; empty where the vendor's naming does not tell it."""
    return url.replace(f"//{_REAL_TIME}", f"//{_DELAYED}", 1) if f"//{_REAL_TIME}" in url else ""


def _origin(parts: SplitResult) -> str:
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{name}{'' if parts.port is None else f':{parts.port}'}"


def _address(text: str, schemes: Sequence[str]) -> SplitResult:
    """Return the parts of an address of one of these schemes, the first of them where it names none."""
    address = text.strip()
    try:
        parts = urlsplit(address if "://" in address else f"{schemes[0]}://{address}")
        host = parts.hostname
    except ValueError:
        raise ConfigError("what is between [ and ] is not a host: an IPv6 address is written [::1]:8080") from None
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":  # part of a password was taken for the host
        raise ConfigError("part of it is not a host: leave user and password out, the API key travels apart from it")
    shown = clean(address.partition("?")[0].partition("#")[0].rpartition("@")[2], 80)
    if not host or parts.scheme not in schemes or not host.isprintable() or " " in host:
        raise ConfigError(f"{shown!r} is not a host, nor {schemes[1]}(s)://host")
    try:
        parts.port  # noqa: B018 - to read it is to check it
    except ValueError:
        raise ConfigError(f"{shown!r}: its port must be a number from 1 to 65535") from None
    return parts

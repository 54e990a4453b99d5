"""Where the vendor is asked: its base URL, from whatever form a person wrote it in."""

from urllib.parse import urlsplit

from chain.errors import ConfigError
from chain.text import clean

DEFAULT_BASE_URL = "https://api.massive.com"
_UPSTREAM_PATH = "/v3/snapshot"


def base_url(text: str) -> str:
    """Return scheme, host and path to ask under; raise ConfigError where there is no host.

    A bare host is asked over https. A path ending in `/v3/snapshot`, upstream's habit, is dropped, and so are user and
    query: the key travels in a header alone.
    """
    address = text.strip()
    try:
        parts = urlsplit(address if "://" in address else f"https://{address}")
        host = parts.hostname
    except ValueError:
        raise ConfigError("what is between [ and ] is not a host: an IPv6 address is written [::1]:8080") from None
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":  # part of a password was taken for the host
        raise ConfigError("part of it is not a host: leave user and password out, the API key travels in a header")
    shown = clean(address.partition("?")[0].partition("#")[0].rpartition("@")[2], 80)
    if not host or parts.scheme not in ("http", "https") or not host.isprintable() or " " in host:
        raise ConfigError(f"{shown!r} is not a host, nor http(s)://host")
    try:
        port = parts.port
    except ValueError:
        raise ConfigError(f"{shown!r}: its port must be a number from 1 to 65535") from None
    path = parts.path.rstrip("/").removesuffix(_UPSTREAM_PATH).rstrip("/")
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}{'' if port is None else f':{port}'}{path}"

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
        host, port = parts.hostname, parts.port
    except ValueError as error:
        if "ort" in str(error):
            raise ConfigError("its port must be a number from 1 to 65535") from None
        host = port = None
    if not host or parts.scheme not in ("http", "https") or not host.isprintable() or " " in host:
        shown = clean(address.partition("?")[0].rpartition("@")[2], 80)
        raise ConfigError(f"{shown!r} is not a host, nor http(s)://host")
    path = parts.path.rstrip("/").removesuffix(_UPSTREAM_PATH).rstrip("/")
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}{'' if port is None else f':{port}'}{path}"

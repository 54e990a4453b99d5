"""Which proxy stands between us and the vendor: the variables that curl reads, and what is said of them.

The HTTP client is never left to find one by itself: it would send the API key to a proxy for loopback too.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from chain.errors import ConfigError
from chain.text import clean

_FORM = "write http://user:password@host:port, and / ? # @ in user and password as %2F %3F %23 %40"
_SEPARATORS = re.compile(r"[,\s]+")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy and the variable that names it. Neither `repr` nor `shown` holds its password."""

    url: str = field(repr=False)
    variable: str

    @property
    def shown(self) -> str:
        """The proxy in words, without user and password."""
        parts = urlsplit(self.url)
        return clean(f"proxy {parts.scheme}://{parts.netloc.rpartition('@')[2]} of {self.variable}", 120)

    @property
    def has_login(self) -> bool:
        """Whether its URL holds a user or a password."""
        return "@" in urlsplit(self.url).netloc


def proxy_for(base: str, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy through which `base`, a URL, is asked; None for loopback and for what NO_PROXY names.

    A WebSocket goes the way of the request that opens it. A lower-case variable goes before its upper-case twin, as
    everywhere. Raises ConfigError naming the variable whose proxy cannot be used.
    """
    parts = urlsplit(f"http{base.removeprefix('ws')}" if base.startswith("ws") else base)
    host = parts.hostname or ""
    if is_loopback(host) or _excepted(parts, _either(environ, "no_proxy")[1]):
        return None
    for name in (f"{parts.scheme}_proxy", "all_proxy"):
        variable, text = _either(environ, name)
        if text:
            return Proxy(_proxy_url(text, variable, host), variable)
    return None


def refuse_clear_key(base: str, proxy: Proxy | None, setting: str = "base_url") -> None:
    """Raise ConfigError where the API key would be readable on its way: plain http or ws to any other machine."""
    parts = urlsplit(base)
    if parts.scheme not in ("http", "ws") or is_loopback(parts.hostname or ""):
        return
    way = f"through the {proxy.shown}" if proxy else "over the network"
    raise ConfigError(
        f"{setting} {clean(base, 80)}: the API key would go in clear {way}: "
        f"use {parts.scheme}s, or insist with --allow-http"
    )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    name = host.rstrip(".").lower()
    address = _address(name)
    if address is None:
        return name == "localhost" or name.endswith(".localhost")
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _either(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """Return a variable as it is spelled where it is set, and its text; lower case first."""
    for spelled in (name, name.upper()):
        if text := environ.get(spelled, "").strip():
            return spelled, text
    return name.upper(), ""


def _excepted(parts: SplitResult, no_proxy: str) -> bool:
    """Whether NO_PROXY names a host: by name or a parent domain, address, network in CIDR form, each with a port."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return any(
        _names(entry, (parts.hostname or "").rstrip("."), port) for entry in _SEPARATORS.split(no_proxy) if entry
    )


def _names(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    address = _address(host)
    if address is not None:
        try:
            return address in ipaddress.ip_network(entry.strip("[]"), strict=False)
        except ValueError:
            pass  # it has a port, or is a name
    name, _, number = entry.rpartition(":")
    if not name or (":" in name and not name.endswith("]")):  # no port: a bare IPv6 address is full of colons
        name, number = entry, ""
    if number and number != str(port):
        return False
    name = name.strip("[]").removeprefix("*").removeprefix(".").rstrip(".").lower()
    return bool(name) and (host == name or (address is None and host.endswith(f".{name}")))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _proxy_url(text: str, variable: str, host: str) -> str:
    """Return the proxy's URL with its scheme; raise ConfigError, without user and password, where it cannot be used."""
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        named, port = parts.hostname, parts.port
    except ValueError:
        raise ConfigError(f"{variable} is no proxy's address: {_FORM}") from None
    instead = f"name an http:// proxy there, or {host} in NO_PROXY"
    if parts.scheme not in ("http", "https"):
        raise ConfigError(f"{variable}: a proxy of the kind {clean(parts.scheme, 12)}:// is not supported: {instead}")
    if not named or port == 0 or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigError(f"{variable} is no proxy's address: {instead}")
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":  # part of a password would be taken for the host
        raise ConfigError(f"{variable} is no proxy's address: {_FORM}")
    name = f"[{named}]" if ":" in named else named
    login = parts.netloc.rpartition("@")[0]
    return f"{parts.scheme}://{login}{'@' if login else ''}{name}{f':{port}' if port else ''}"

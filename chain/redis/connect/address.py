"""A Redis URL, parsed completely: everything in it becomes a field here or is refused with a ConfigError."""

import re
import ssl
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from chain.errors import ConfigError
from chain.redis.connect.tls import Tls
from chain.text import clean

SCHEMES = (
    "redis",
    "rediss",
    "unix",
    "redis+sentinel",
    "rediss+sentinel",
    "redis+cluster",
    "rediss+cluster",
)
_SENTINEL_PORT, _REDIS_PORT = 26379, 6379
_SOCKET_PATH_BYTES = 107  # the kernel's limit
_MOST_DATABASES = 1_000_000
_HOST_LIKE = re.compile(r"(localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:))(:\d{1,5})?(/\d{1,4})?")
_T = TypeVar("_T")
_EXAMPLE = "redis://host:6379/0"
_ESCAPE = "write / ? # @ % and spaces in a user or password as %2F %3F %23 %40 %25 %20"
_WORDS = {"true": True, "false": False}
_VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}


class Login(Struct, frozen=True):
    """A user and a password; empty where none is given."""

    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return "Login(...)"

    @property
    def options(self) -> dict[str, Any]:
        """The client library's options for it; a password alone is the default user's."""
        named = {"username": self.user, "password": self.password}
        return {name: value for name, value in named.items() if value}


class Address(Struct, frozen=True):
    """What a Redis URL says. `kind` is redis, unix, sentinel or cluster; `path` a socket's, `service` a Sentinel's."""

    kind: str
    hosts: tuple[tuple[str, int], ...] = ()
    path: str = ""
    service: str = ""
    database: int = 0
    login: Login = Login()
    sentinel_login: Login = Login()
    protocol: int = 2
    tls: Tls | None = None


def shown(url: str) -> str:
    """Return a URL without user, password and query."""
    parts = urlsplit(url)
    return clean(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}", 120)


def parse_url(url: str) -> Address:
    """Return what a URL says; raise ConfigError, which never holds a secret, where part of it makes no sense."""
    try:
        _refuse_unescaped(url)
        parts = urlsplit(url)
    except ValueError as error:
        raise ConfigError(f"Redis URL: {error}") from None
    try:
        return _Parser(parts).address()
    except ValueError as error:
        raise ConfigError(f"Redis URL {shown(url)!r}: {error}") from None


def _refuse_unescaped(url: str) -> None:
    """Raise ValueError for a URL that is ambiguous without escapes; the message must not show the URL."""
    if not url.isprintable() or " " in url:
        raise ValueError(f"it holds spaces or control characters: {_ESCAPE}")
    if "://" not in url:
        raise ValueError(f"the scheme is missing: write {_with_scheme(url)}")
    pieces = url.split("%")[1:]
    if any(len(piece) < 2 or not all(char in "0123456789abcdefABCDEF" for char in piece[:2]) for piece in pieces):
        raise ValueError(f"a % stands alone: {_ESCAPE}")
    parts = urlsplit(url)  # raises ValueError for brackets that do not match
    after = f"{parts.path}?{parts.query}#{parts.fragment}"
    if "@" in (after.partition("?")[2] if parts.scheme == "unix" else after):
        raise ValueError(_ESCAPE)


def _with_scheme(text: str) -> str:
    """Return what a URL without a scheme was probably meant to be, showing only its host or path."""
    if text.startswith("/"):
        return clean(f"unix://{text.rpartition('@')[2]}", 120)
    login, _, host = text.rpartition("@")
    if not _HOST_LIKE.fullmatch(host):
        return _EXAMPLE
    return f"redis://{'USER:PASSWORD@' if login else ''}{host}"


class _Parser:
    """Parses one URL; every method raises ValueError with what is wrong."""

    def __init__(self, parts: SplitResult) -> None:
        self._scheme = parts.scheme
        if self._scheme not in SCHEMES:
            raise ValueError(f"scheme must be one of {', '.join(SCHEMES)}, as in {_EXAMPLE}")
        if parts.fragment:
            raise ValueError("nothing may stand behind a #")
        transport, _, topology = self._scheme.partition("+")
        self._secure = transport == "rediss"
        self._kind = topology or ("unix" if transport == "unix" else "redis")
        self._path = _text(parts.path)
        self._user, self._host = parts.netloc.rpartition("@")[::2]
        self._asked = _asked(parts.query)

    def address(self) -> Address:
        path, service, database = self._places()
        address = Address(
            kind=self._kind,
            hosts=() if self._kind == "unix" else self._hosts(),
            path=path,
            service=service,
            database=database,
            login=self._login(),
            sentinel_login=self._sentinel_login(),
            protocol=self._take("protocol", lambda text: int(_one_of(text, ("2", "3"))), 2),
            tls=self._tls(),
        )
        if self._asked:
            raise ValueError(f"{clean(next(iter(self._asked)), 24)} after the ? is not known")
        return address

    def _take(self, name: str, read: Callable[[str], _T], default: _T) -> _T:
        """Remove one query parameter and return its value."""
        text = self._asked.pop(name, None)
        if text is None:
            return default
        try:
            return read(text)
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None

    def _places(self) -> tuple[str, str, int]:
        """Return socket path, Sentinel service and database."""
        if self._kind == "unix":
            return self._socket(), "", self._take("db", _database, 0)
        words = self._path.strip("/").split("/") if self._path.strip("/") else []
        service = ""
        if self._kind == "sentinel":
            if not words:
                raise ValueError("it names no service: redis+sentinel://host:26379/SERVICE")
            service = words.pop(0)
        if len(words) > 1 or self._path.startswith("//"):
            raise ValueError(f"only a database number may stand behind the host, as in {_EXAMPLE}")
        if words and "db" in self._asked:
            raise ValueError("the path and db name the database twice")
        database = _database(words[0]) if words else self._take("db", _database, 0)
        if self._kind == "cluster" and database:
            raise ValueError("a cluster has database 0 only")
        return "", service, database

    def _socket(self) -> str:
        if self._host:
            raise ValueError("a socket's path follows three slashes: unix:///run/redis.sock")
        if self._path in ("", "/"):
            raise ValueError("it names no socket: unix:///run/redis.sock")
        if len(self._path.encode()) > _SOCKET_PATH_BYTES:
            raise ValueError(f"a socket's path has at most {_SOCKET_PATH_BYTES} bytes")
        return self._path

    def _hosts(self) -> tuple[tuple[str, int], ...]:
        default = _SENTINEL_PORT if self._kind == "sentinel" else _REDIS_PORT
        parts = self._host.split(",")
        if self._kind == "redis" and len(parts) > 1:
            raise ValueError("several hosts belong to redis+sentinel:// or redis+cluster://")
        return tuple(_host(part, default) for part in parts)

    def _login(self) -> Login:
        user, _, password = self._user.partition(":")
        given = Login(_text(user), _text(password))
        for name, already in (("username", given.user), ("password", given.password)):
            if already and name in self._asked:
                raise ValueError(f"it names the {name} twice")
        return Login(
            self._take("username", _filled, given.user),
            self._take("password", _filled, given.password),
        )

    def _sentinel_login(self) -> Login:
        if self._kind != "sentinel":
            return Login()
        return Login(self._take("sentinel_username", _filled, ""), self._take("sentinel_password", _filled, ""))

    def _tls(self) -> Tls | None:
        if not self._secure:
            if asked := next((name for name in self._asked if name.startswith("ssl")), None):
                secure = f"rediss{self._scheme.removeprefix('redis')}"
                need = "needs TLS, which a socket has not" if self._kind == "unix" else f"needs TLS: write {secure}://"
                raise ValueError(f"{clean(asked, 24)} {need}")
            return None
        tls = Tls(
            ca_certs=self._take("ssl_ca_certs", _filled, ""),
            ca_path=self._take("ssl_ca_path", _filled, ""),
            certfile=self._take("ssl_certfile", _filled, ""),
            keyfile=self._take("ssl_keyfile", _filled, ""),
            password=self._take("ssl_password", _filled, ""),
            cert_reqs=self._take("ssl_cert_reqs", lambda text: _one_of(text, ("required", "none")), "required"),
            check_hostname=self._take("ssl_check_hostname", lambda text: _WORDS[_one_of(text, tuple(_WORDS))], True),
            min_version=self._take("ssl_min_version", lambda text: _VERSIONS[_one_of(text, tuple(_VERSIONS))], None),
            ciphers=self._take("ssl_ciphers", _filled, ""),
        )
        if cause := tls.fault():
            raise ValueError(str(cause))
        return tls


def _asked(query: str) -> dict[str, str]:
    """Return the parameters of a query; a + is a plus, as in the rest of a URL."""
    found: dict[str, str] = {}
    for piece in query.split("&") if query else ():
        name, equals, value = piece.partition("=")
        if not name or not equals:
            raise ValueError("parameters after the ? are written NAME=VALUE, with & between them")
        if name in found:
            raise ValueError(f"it names {clean(name, 24)} twice")
        found[name] = _text(value)
    return found


def _host(text: str, default: int) -> tuple[str, int]:
    if not text:
        raise ValueError("it names no host and port")
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        host = _text(host)  # a zone, as in [fe80::1%25eth0]
        if not closed or ":" not in host or not (rest == "" or rest.startswith(":")):
            raise ValueError("an IPv6 address is written [::1]:6379")
        return host, _port(rest, default)
    host, colon, rest = text.partition(":")
    if ":" in rest:
        raise ValueError("an IPv6 address is written [::1]:6379")
    if not host:
        raise ValueError("it names no host")
    if not (host.isascii() and all(char.isalnum() or char in "-._" for char in host)):
        raise ValueError(f"{clean(host, 40)!r} is no host name")
    return host, _port(colon + rest, default)


def _port(text: str, default: int) -> int:
    """Return the port in `:PORT`, the default where nothing is there."""
    if not text:
        return default
    digits = text[1:]
    if not _digits(digits) or not 1 <= int(digits) <= 65_535:
        raise ValueError(f"port {clean(digits, 12)!r} must be a number from 1 to 65535")
    return int(digits)


def _database(text: str) -> int:
    if not _digits(text) or int(text) > _MOST_DATABASES:
        raise ValueError(f"database {clean(text, 24)!r} must be a whole number, as in {_EXAMPLE}")
    return int(text)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 7


def _text(quoted: str) -> str:
    try:
        text = unquote(quoted, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("what is written with % must be UTF-8") from None
    if not text.isprintable():
        raise ValueError("it holds control characters")
    return text


def _filled(text: str) -> str:
    if not text:
        raise ValueError("is empty")
    return text


def _one_of(text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise ValueError(f"must be {' or '.join(choices)}, not {clean(text, 24)!r}")
    return text

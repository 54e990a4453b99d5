"""Why a request got no answer: what failed, the proxy or the vendor, and in which words."""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from chain import causes
from chain.causes import Cause, cause_of
from chain.errors import ConfigError
from chain.text import clean
from publisher.massive.api.faults import FaultKind, VendorError
from publisher.massive.api.proxy import Proxy

PROXY_LOGIN = 407
_ISSUER = "name your company's authority in SSL_CERT_FILE, if it inspects TLS"
_OWN_CA = {causes.TLS_UNTRUSTED.code, causes.TLS_SELF_SIGNED.code}
_CERTIFICATE = {causes.TLS_NAME.code, causes.TLS_EXPIRED.code, causes.TLS_NOT_YET.code, causes.TLS_REJECTED.code}
_KINDS = {  # and what is told beside the kind's own words
    **dict.fromkeys(_CERTIFICATE | _OWN_CA, FaultKind.CERTIFICATE),
    causes.DNS_UNKNOWN.code: FaultKind.DNS,
    causes.REFUSED.code: FaultKind.REFUSED,
    causes.NO_ANSWER.code: FaultKind.TIMEOUT,
}
_WORDS: dict[type[Exception], str] = {
    httpx.ConnectTimeout: "no connection",
    httpx.ReadTimeout: "connected, then silent",
    httpx.WriteTimeout: "it takes no request",
    httpx.ConnectError: str(causes.TLS_CUT),  # without a reason of the system: an end in the middle of the handshake
    httpx.RemoteProtocolError: "it sent no whole HTTP answer",
}


def trusted_authorities() -> ssl.SSLContext:
    """Return the authorities to trust, of SSL_CERT_FILE or SSL_CERT_DIR where set; raise ConfigError for bad ones."""
    file, folder = os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", "")
    if not file and folder and not Path(folder).is_dir():
        raise ConfigError(f"SSL_CERT_DIR {clean(folder, 80)}: no such folder")
    try:
        return httpx.create_ssl_context()
    except ssl.SSLError:
        raise ConfigError(f"SSL_CERT_FILE {clean(file, 80)} holds no certificate in PEM form") from None
    except OSError as error:
        raise ConfigError(f"SSL_CERT_FILE {clean(file, 80)}: {cause_of(error) or clean(error, 80)}") from None


class Progress:
    """How far a request came on a new connection: it is the client's `trace` extension."""

    def __init__(self, *, tunnel: bool) -> None:
        self.at_proxy = False
        # In a tunnel the proxy is passed once TLS with the vendor begins; else once the request is on its way.
        self._passed = "proxy.start_tls.started" if tunnel else "http11.send_request_headers.started"

    async def note(self, event: str, _: Mapping[str, Any]) -> None:
        """Take one event of the client."""
        if event == "connection.connect_tcp.started":
            self.at_proxy = True
        elif event == self._passed:
            self.at_proxy = False


def lost(error: Exception, host: str, proxy: Proxy | None, *, at_proxy: bool) -> VendorError:
    """Return the fault that an exception of the client means."""
    if proxy is not None and (at_proxy or isinstance(error, httpx.ProxyError)):
        return VendorError(FaultKind.PROXY, f"{proxy.shown}: {_proxy_words(error, proxy)}")
    kind, words = _cause(error)
    detail = f"{host}: {words}" if words else host
    return VendorError(kind, f"{detail}, through the {proxy.shown}" if proxy else detail)


def refused_by_proxy(proxy: Proxy) -> VendorError:
    """Return the fault of a proxy that wants another user and password, or any."""
    return VendorError(FaultKind.PROXY, f"{proxy.shown}: {_login_words(proxy)}")


def _login_words(proxy: Proxy) -> str:
    if proxy.has_login:
        return "it refuses the user and password of that variable (407)"
    return f"it asks for a user and password (407): write http://user:password@host:port in {proxy.variable}"


def _proxy_words(error: Exception, proxy: Proxy) -> str:
    if isinstance(error, httpx.ProxyError):
        said = clean(error, 60)
        return _login_words(proxy) if said.startswith(str(PROXY_LOGIN)) else f"it refuses to connect us ({said})"
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return str(causes.NO_ANSWER)
    cause = cause_of(error)
    return str(_cured(cause)) if cause else "what answers there is no proxy"


def _cause(error: Exception) -> tuple[FaultKind, str]:
    """Return the kind of a client's exception, and more words where they add something."""
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return FaultKind.TIMEOUT, _WORDS.get(type(error), "no whole answer")
    cause = cause_of(error)
    if cause is None:
        return FaultKind.BROKEN, _WORDS.get(type(error), clean(type(error).__name__, 40))
    at_start = isinstance(error, httpx.ConnectError) and not cause.code.startswith("tls-")
    kind = _KINDS.get(cause.code, FaultKind.UNREACHABLE if at_start else FaultKind.BROKEN)
    return kind, "" if kind in (FaultKind.DNS, FaultKind.REFUSED) else str(_cured(cause))


def _cured(cause: Cause) -> Cause:
    """Return a cause with the cure that fits an HTTP client."""
    return cause.cured_by(_ISSUER) if cause.code in _OWN_CA else cause

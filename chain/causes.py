"""The catalogue of causes: why something outside failed, as one sentence and a remedy.

This part is shared by Redis and the vendor: TLS, host names, connections, files. An exception is recognised by type
and number, never by a library's message, which may change.
"""

import errno
import re
import socket
import ssl
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from chain.text import clean

_WORDS = 120  # characters of a fact from outside that a sentence may hold
_ERRNO = re.compile(r"\b(?:Errno|Error) (\d+)\b")


class Cause(Struct, frozen=True):
    """Why something failed. `code` is stable and tells causes apart; `sentence` and `cure` are for people."""

    code: str
    sentence: str
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.sentence}: {self.cure}" if self.cure else self.sentence

    def about(self, **facts: object) -> "Cause":
        """Return the cause with the placeholders of its sentence and cure filled in, each made safe to show."""
        safe = {name: clean(fact, _WORDS) for name, fact in facts.items()}
        return replace(self, sentence=self.sentence.format(**safe), cure=self.cure.format(**safe))

    def cured_by(self, cure: str) -> "Cause":
        """Return the cause with a remedy that fits where it happened."""
        return replace(self, cure=cure)


TLS_UNTRUSTED = Cause("tls-untrusted", "certificate not trusted, its issuer is unknown here", "name the CA file")
TLS_SELF_SIGNED = Cause("tls-self-signed", "certificate not trusted, it is self-signed", "name it as the CA file")
TLS_NAME = Cause("tls-name", "the certificate is for another name than {detail}", "use a name that it lists")
TLS_EXPIRED = Cause("tls-expired", "the certificate has expired", "renew it, or check this machine's date")
TLS_NOT_YET = Cause("tls-not-yet", "the certificate is not valid yet", "check this machine's date")
TLS_REJECTED = Cause("tls-rejected", "certificate not accepted ({detail})")
TLS_NOT_SPOKEN = Cause("tls-not-spoken", "the other end does not speak TLS", "use its TLS port, or a plain connection")
TLS_CLIENT = Cause("tls-client", "the other end wants a client certificate, or refuses ours")
TLS_VERSION = Cause("tls-version", "no TLS version or cipher in common with the other end")
TLS_CUT = Cause("tls-cut", "the other end ended the TLS handshake", "does it speak TLS on this port?")
TLS_FAILED = Cause("tls-failed", "TLS failed ({detail})")
TLS_SILENT = Cause("tls-silent", "no answer to the TLS handshake", "does it speak TLS on this port?")

DNS_UNKNOWN = Cause("dns-unknown", "the host name does not resolve", "check its spelling")
DNS_FAILED = Cause("dns-failed", "no name server answers", "check this machine's network")

NO_ANSWER = Cause("no-answer", "no answer in time")
REFUSED = Cause("connect-refused", "connection refused", "nothing listens at that address")
RESET = Cause("connect-reset", "connection reset by the other end")
CLOSED = Cause("connect-closed", "connection closed by the other end")
NO_ROUTE = Cause("connect-no-route", "no route to the host", "check this machine's network")
NO_PORTS = Cause("connect-no-ports", "this machine has no address or port left to connect from")
PORT_TAKEN = Cause("port-taken", "another program listens on that port already")

DISK_FULL = Cause("disk-full", "no space left on the disk{at}", "make room")
DISK_QUOTA = Cause("disk-quota", "this user's disk quota is used up{at}", "make room")
DISK_READ_ONLY = Cause("disk-read-only", "the file system is read-only{at}")
FILE_DENIED = Cause("file-denied", "permission denied{at}")
FILE_MISSING = Cause("file-missing", "no such file or folder{at}")
FILE_KIND = Cause("file-kind", "not the kind of file that is needed{at}")
FILES_OPEN = Cause("files-open", "too many open files", "raise the limit (ulimit -n)")

# OpenSSL's numbers of why a certificate was not accepted; the ssl module does not name them.
_BY_VERIFY_CODE = {
    2: TLS_UNTRUSTED,
    9: TLS_NOT_YET,
    10: TLS_EXPIRED,
    18: TLS_SELF_SIGNED,
    19: TLS_UNTRUSTED,
    20: TLS_UNTRUSTED,
    21: TLS_UNTRUSTED,
    62: TLS_NAME,
    64: TLS_NAME,
}
_BY_TLS_REASON = (
    (("WRONG_VERSION_NUMBER", "RECORD_LAYER", "HTTP_REQUEST", "UNEXPECTED_MESSAGE", "PACKET_LENGTH"), TLS_NOT_SPOKEN),
    (("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "ALERT_CERTIFICATE", "UNKNOWN_CA", "HANDSHAKE_FAILURE"), TLS_CLIENT),
    (("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "NO_SHARED_CIPHER", "NO_PROTOCOLS_AVAILABLE"), TLS_VERSION),
    (("UNEXPECTED_EOF",), TLS_CUT),
)
_BY_ERRNO = {
    errno.ECONNREFUSED: REFUSED,
    errno.ECONNRESET: RESET,
    errno.ECONNABORTED: RESET,
    errno.EPIPE: CLOSED,
    errno.ETIMEDOUT: NO_ANSWER,
    errno.EHOSTUNREACH: NO_ROUTE,
    errno.ENETUNREACH: NO_ROUTE,
    errno.ENETDOWN: NO_ROUTE,
    errno.EADDRNOTAVAIL: NO_PORTS,
    errno.EADDRINUSE: PORT_TAKEN,
    errno.ENOSPC: DISK_FULL,
    errno.EDQUOT: DISK_QUOTA,
    errno.EROFS: DISK_READ_ONLY,
    errno.EACCES: FILE_DENIED,
    errno.EPERM: FILE_DENIED,
    errno.ENOENT: FILE_MISSING,
    errno.EISDIR: FILE_KIND,
    errno.ENOTDIR: FILE_KIND,
    errno.EMFILE: FILES_OPEN,
    errno.ENFILE: FILES_OPEN,
}
# Those that asyncio raises by itself: it aborts a handshake that takes too long.
_WITHOUT_NUMBER: dict[type[OSError], Cause] = {
    TimeoutError: NO_ANSWER,
    ConnectionResetError: RESET,
    BrokenPipeError: CLOSED,
    ConnectionAbortedError: TLS_SILENT,
}


def causal_chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and its causes, newest first."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        link = waiting.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting.append(link.__cause__ or (None if link.__suppress_context__ else link.__context__))
        waiting.extend(part for part in reversed(link.args) if isinstance(part, BaseException))


def cause_of(error: BaseException) -> Cause | None:
    """Return the first known cause along an exception's chain; None if the catalogue has none."""
    return next((cause for link in causal_chain(error) if (cause := _of_link(link))), None)


def _of_link(error: BaseException) -> Cause | None:
    match error:
        case ssl.SSLCertVerificationError():
            return _of_certificate(error)
        case ssl.SSLError():
            return _of_tls(error)
        case socket.gaierror():
            return DNS_FAILED if error.errno in (socket.EAI_AGAIN, socket.EAI_FAIL) else DNS_UNKNOWN
        case OSError():
            return _of_os(error)
    return None


def _of_certificate(error: ssl.SSLCertVerificationError) -> Cause:
    asked_for = re.search(r"not valid for '(.*)'", error.verify_message)  # only the message has the name
    detail = asked_for[1] if asked_for else error.verify_message
    return _BY_VERIFY_CODE.get(error.verify_code, TLS_REJECTED).about(detail=detail)


def _of_tls(error: ssl.SSLError) -> Cause:
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return TLS_CUT
    reason = error.reason or ""
    for words, cause in _BY_TLS_REASON:
        if any(word in reason for word in words):
            return cause
    return TLS_FAILED.about(detail=reason.lower().replace("_", " ") or "no reason given")


def _of_os(error: OSError) -> Cause | None:
    cause = _BY_ERRNO.get(_number(error) or 0)
    return (
        cause.about(at=f" ({error.filename})" if error.filename else "") if cause else _WITHOUT_NUMBER.get(type(error))
    )


def _number(error: OSError) -> int | None:
    """Return an error's number; from its text if several addresses were tried and their errors joined."""
    found = None if error.errno is not None else _ERRNO.search(str(error))
    return int(found[1]) if found else error.errno

"""The TLS settings of a Redis URL, checked before connecting; an unusable file is named."""

import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chain.causes import Cause, cause_of
from chain.text import clean


@dataclass(frozen=True, slots=True)
class Tls:
    """Settings of TLS as in a Redis URL; empty where the system's defaults apply. Files are paths."""

    ca_certs: str = ""
    ca_path: str = ""
    certfile: str = ""
    keyfile: str = ""
    password: str = field(default="", repr=False)  # of the key
    cert_reqs: str = "required"
    check_hostname: bool = True
    min_version: ssl.TLSVersion | None = None
    ciphers: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """The client library's options; the key's password is never None, or OpenSSL would prompt for it."""
        return {
            "ssl_ca_certs": self.ca_certs or None,
            "ssl_ca_path": self.ca_path or None,
            "ssl_certfile": self.certfile or None,
            "ssl_keyfile": self.keyfile or None,
            "ssl_password": self.password,
            "ssl_cert_reqs": self.cert_reqs,
            "ssl_check_hostname": self.check_hostname and self.cert_reqs != "none",
            "ssl_min_version": self.min_version,
            "ssl_ciphers": self.ciphers or None,
        }

    def fault(self) -> Cause | None:
        """Return what is wrong with the files and ciphers, None if all are usable."""
        if self.keyfile and not self.certfile:
            return Cause("tls-setting", "ssl_keyfile is of no use without ssl_certfile")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        pair, key = ("ssl_certfile and ssl_keyfile", self.keyfile) if self.keyfile else ("ssl_certfile", None)
        uses: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("ssl_ca_certs", self.ca_certs, lambda: context.load_verify_locations(cafile=self.ca_certs)),
            ("ssl_ca_path", self.ca_path, lambda: os.scandir(self.ca_path).close()),  # OpenSSL accepts any path here
            (pair, self.certfile, lambda: context.load_cert_chain(self.certfile, key, self.password)),
            ("ssl_ciphers", self.ciphers, lambda: context.set_ciphers(self.ciphers)),
        )
        for name, value, use in uses:
            try:
                if value:
                    use()
            except (OSError, ValueError) as error:
                return _of_no_use(name, value, error)
        return None


def _of_no_use(name: str, what: str, error: Exception) -> Cause:
    """Return why a setting is unusable. An SSLError, also an OSError, means that the file was read."""
    if not isinstance(error, ssl.SSLError):
        cause = cause_of(error)
        reason = cause.sentence if cause else clean(error, 80)
    elif name == "ssl_ciphers":
        reason = "OpenSSL knows no such cipher"
    elif "MISMATCH" in (error.reason or ""):
        reason = "the key belongs to another certificate"
    elif "certfile" in name:
        reason = "holds no certificate with its key, or the key's password is wrong"
    else:
        reason = "holds no certificate"
    return Cause("tls-file", f"{name} {clean(what, 80)!r}: {reason}")

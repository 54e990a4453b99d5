"""Certificates for TLS servers on loopback: a good one, and each kind of wrong one; and a TLS door before a server."""

import asyncio
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
_TLS_HANDSHAKE = b"\x16"


@dataclass(frozen=True)
class Certificates:
    """One authority, its file, and the certificates that a server may show."""

    ca_file: Path
    good: ssl.SSLContext
    wrong_name: ssl.SSLContext
    expired: ssl.SSLContext
    not_yet: ssl.SSLContext
    self_signed: ssl.SSLContext
    unknown_ca: ssl.SSLContext
    wants_client: ssl.SSLContext


def make_certificates(folder: Path) -> Certificates:
    """Return certificates of a new authority; its file and a client's certificate are written to `folder`."""
    authority, stranger, now = trustme.CA(), trustme.CA(), datetime.now(UTC)
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    ours = authority.issue_cert("desk@example.com")
    ours.private_key_and_cert_chain_pem.write_to_path(str(folder / "client.pem"))
    past, future = now - timedelta(days=2), now + timedelta(days=2)
    wants_client = _context(authority.issue_cert(HOST, "localhost"))
    wants_client.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(wants_client)
    return Certificates(
        ca_file=ca_file,
        good=_context(authority.issue_cert(HOST, "localhost")),
        wrong_name=_context(authority.issue_cert("elsewhere.example")),
        expired=_context(authority.issue_cert(HOST, not_before=past, not_after=now - timedelta(days=1))),
        not_yet=_context(authority.issue_cert(HOST, not_before=future, not_after=future + timedelta(days=1))),
        self_signed=_self_signed(folder),
        unknown_ca=_context(stranger.issue_cert(HOST)),
        wants_client=wants_client,
    )


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def _self_signed(folder: Path) -> ssl.SSLContext:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "self-signed.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


class Door:
    """Listens on a loopback port inside `async with` and passes bytes both ways: by TLS where a context is given.

    A TLS door also lets in who speaks in clear, as Sentinels do that watch what is behind it.
    """

    def __init__(self, upstream_port: int, tls: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self.by_tls = 0  # connections
        self._upstream_port = upstream_port
        self._tls = tls
        self._links: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._listening = socket.create_server((HOST, 0))
        self._listening.setblocking(False)
        self.port = self._listening.getsockname()[1]
        self._accepting = asyncio.create_task(self._accept())
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        tasks = [self._accepting, *self._links]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listening.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            link, _ = await loop.sock_accept(self._listening)
            task = asyncio.create_task(self._serve(link))
            self._links.add(task)
            task.add_done_callback(self._links.discard)

    async def _serve(self, link: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        tls = self._tls if await _first_byte(link) == _TLS_HANDSHAKE else None
        self.by_tls += tls is not None
        reader = asyncio.StreamReader()
        with suppress(OSError):
            transport, protocol = await loop.connect_accepted_socket(
                lambda: asyncio.StreamReaderProtocol(reader), link, ssl=tls
            )
            writer = asyncio.StreamWriter(transport, protocol, reader, loop)
            try:
                up_reader, up_writer = await asyncio.open_connection(HOST, self._upstream_port)
                try:
                    await asyncio.gather(_pass(reader, up_writer), _pass(up_reader, writer))
                finally:
                    up_writer.close()
            finally:
                writer.close()


async def _first_byte(link: socket.socket) -> bytes:
    """Return what a client says first, and leave it to be read."""
    loop, said = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(link, said.set)
    try:
        await said.wait()
    finally:
        loop.remove_reader(link)
    with suppress(OSError):
        return link.recv(1, socket.MSG_PEEK)
    return b""


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()

"""The shared catalogue of causes: each produced by the real thing, and told in one sentence with its cure."""

import asyncio
import errno
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from chain import causes
from chain.causes import Cause, causal_chain, cause_of
from tests.support.certificates import HOST, Certificates, Door, make_certificates
from tests.support.servers import free_port


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


async def shake(
    port: int, *, ca: Path | None = None, host: str = HOST, context: ssl.SSLContext | None = None
) -> Cause | None:
    """Speak TLS to a port and read from it; return the cause of the failure, None where there was none."""
    context = context or ssl.create_default_context(cafile=ca)
    try:
        async with asyncio.timeout(3):
            reader, writer = await asyncio.open_connection(HOST, port, ssl=context, server_hostname=host)
            writer.close()
            await reader.read()
    except (OSError, ssl.SSLError) as error:
        return cause_of(error)
    return None


@pytest.mark.parametrize(
    ("shown", "code", "words"),
    [
        ("unknown_ca", "tls-untrusted", "certificate not trusted, its issuer is unknown here"),
        ("self_signed", "tls-self-signed", "certificate not trusted, it is self-signed"),
        ("expired", "tls-expired", "the certificate has expired"),
        ("not_yet", "tls-not-yet", "the certificate is not valid yet"),
        ("wrong_name", "tls-name", f"the certificate is for another name than {HOST}"),
    ],
)
async def test_each_wrong_certificate_is_told_apart(
    certificates: Certificates, shown: str, code: str, words: str
) -> None:
    async with Door(free_port(), getattr(certificates, shown)) as door:
        cause = await shake(door.port, ca=certificates.ca_file)
    assert cause is not None
    assert (cause.code, cause.sentence) == (code, words)
    assert cause.cure


async def test_a_good_certificate_has_no_cause_and_its_other_name_has(certificates: Certificates) -> None:
    async with Door(free_port(), certificates.good) as door:
        assert await shake(door.port, ca=certificates.ca_file) is None
        cause = await shake(door.port, ca=certificates.ca_file, host="elsewhere.example")
        assert cause is not None
        assert str(cause) == ("the certificate is for another name than elsewhere.example: use a name that it lists")


async def test_no_version_in_common_is_told(certificates: Certificates) -> None:
    new = ssl.create_default_context(cafile=certificates.ca_file)
    new.minimum_version = ssl.TLSVersion.TLSv1_3
    with _only_tls_1_2(certificates.good) as port:
        assert await shake(port, context=new) == causes.TLS_VERSION


@contextmanager
def _only_tls_1_2(context: ssl.SSLContext) -> Iterator[int]:
    """Answer one handshake from a thread: asyncio's own servers close before their alert is out."""
    before, context.maximum_version = context.maximum_version, ssl.TLSVersion.TLSv1_2
    with socket.create_server((HOST, 0)) as listening:

        def answer() -> None:
            link, _ = listening.accept()
            with link, suppress(ssl.SSLError):
                context.wrap_socket(link, server_side=True)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()
    context.maximum_version = before


async def _speak_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


async def _hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.parametrize(
    ("answer", "codes"),
    [(_speak_http, {"tls-not-spoken"}), (_hang_up, {"tls-cut", "connect-reset"})],
)
async def test_a_port_without_tls_is_told(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], codes: set[str]
) -> None:
    async with await asyncio.start_server(answer, HOST, 0) as server:
        cause = await shake(server.sockets[0].getsockname()[1])
    assert cause is not None
    assert cause.code in codes


async def test_a_port_that_is_silent_in_the_handshake_is_told() -> None:
    with socket.create_server((HOST, 0)) as silent:
        with pytest.raises(OSError) as raised:
            await asyncio.open_connection(
                *silent.getsockname(), ssl=ssl.create_default_context(), ssl_handshake_timeout=0.1
            )
        assert cause_of(raised.value) == causes.TLS_SILENT


async def connect(host: str, port: int) -> Cause | None:
    with pytest.raises(OSError) as raised:
        await asyncio.open_connection(host, port)
    return cause_of(raised.value)


async def test_a_port_where_nobody_listens_is_refused_by_every_address() -> None:
    assert await connect(HOST, free_port()) == causes.REFUSED
    assert await connect("localhost", free_port()) == causes.REFUSED  # two addresses, both tried


async def test_a_name_that_does_not_resolve_is_told() -> None:
    cause = await connect("no-such-host.invalid", 6379)
    assert cause in (causes.DNS_UNKNOWN, causes.DNS_FAILED)  # without a network no name server answers


async def test_no_answer_in_time_is_told() -> None:
    with pytest.raises(TimeoutError) as raised:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(5)
    assert cause_of(raised.value) == causes.NO_ANSWER


def test_a_port_taken_by_another_is_told() -> None:
    with socket.create_server((HOST, 0)) as taken, pytest.raises(OSError) as raised:
        socket.create_server(taken.getsockname())
    assert cause_of(raised.value) == causes.PORT_TAKEN


@pytest.fixture
def full_disk() -> Iterator[Path]:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    yield full


def test_a_full_disk_is_told(full_disk: Path) -> None:
    with full_disk.open("wb", buffering=0) as file, pytest.raises(OSError) as raised:
        file.write(b"x")
    assert str(cause_of(raised.value)) == "no space left on the disk: make room"


def test_a_missing_file_and_a_folder_in_its_place_are_named(tmp_path: Path) -> None:
    for path, code in ((tmp_path / "nö\x1b.pem", "file-missing"), (tmp_path, "file-kind")):
        with pytest.raises(OSError) as raised:
            path.read_bytes()
        cause = cause_of(raised.value)
        assert cause is not None
        assert cause.code == code
        assert path.name.replace("\x1b", "\ufffd") in cause.sentence


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no /proc")
def test_a_folder_that_takes_no_file_is_told() -> None:
    with pytest.raises(OSError) as raised:
        Path("/proc/nothing").mkdir()
    cause = cause_of(raised.value)
    assert cause is not None
    assert cause.code in {"disk-read-only", "file-denied", "file-missing"}
    assert "/proc/nothing" in cause.sentence


def test_the_cause_is_found_through_what_libraries_wrap_around_it() -> None:
    try:
        try:
            Path("/no/such/file").read_bytes()
        except OSError as error:
            raise ValueError("wrapped") from error
    except ValueError as error:
        assert [type(link) for link in causal_chain(RuntimeError(error))] == [
            RuntimeError,
            ValueError,
            FileNotFoundError,
        ]
        found = cause_of(RuntimeError(error))
    assert found is not None
    assert found.code == "file-missing"


def test_what_is_not_in_the_catalogue_has_no_cause_and_a_ring_of_causes_ends() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert cause_of(one) is None
    assert cause_of(OSError(errno.ELOOP, "x")) is None


def test_facts_are_made_safe_and_codes_are_one_each() -> None:
    assert causes.TLS_NAME.about(detail="a\x1b[31m").sentence.endswith("a\ufffd[31m")
    catalogue = [value for value in vars(causes).values() if isinstance(value, Cause)]
    assert len({cause.code for cause in catalogue}) == len(catalogue) > 20

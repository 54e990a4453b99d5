"""One connection to the vendor: by TLS, through a proxy, refused, half open, read too slowly; and who gets the key."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from chain.clock import ManualClock
from publisher.massive.api.proxy import Proxy
from publisher.massive.stream.backoff import Backoff
from publisher.massive.stream.connection import PONG_S
from publisher.massive.stream.massive_stream import PING_EVERY_S, MassiveStream
from publisher.massive.stream.session import Session
from publisher.stream.source import StreamState
from tests.fake_massive.stream import FakeStream, Rules, trade
from tests.support import http_proxy
from tests.support.builders import TS_NS, golden_snapshot
from tests.support.certificates import make_certificates
from tests.support.stream_client import KEY, NAMES, TOPICS, Client, advance_until, client_of, drained, waiting
from tests.support.waiting import wait_until_async


@pytest.fixture
def fake() -> Iterator[FakeStream]:
    with FakeStream() as fake:
        yield fake


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(TS_NS, 1_000.0)


async def test_a_redirect_is_not_followed_for_the_key_would_go_there(fake: FakeStream, clock: ManualClock) -> None:
    with FakeStream(Rules(redirect=fake.url)) as door:
        async with client_of(door, clock) as client:
            assert "302" in await waiting(client)
    assert fake.peers == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (401, "the vendor answered with an error"),
        (403, "the vendor answered with an error"),
        (429, "the vendor asks for fewer requests"),
        (503, "the vendor's server failed"),
    ],
)
async def test_a_handshake_that_is_refused_says_nothing_of_the_key_which_was_not_sent(
    code: int, words: str, clock: ManualClock
) -> None:
    with FakeStream(Rules(http_status=code)) as fake:
        async with client_of(fake, clock) as client:
            assert await waiting(client) == f"{words} (127.0.0.1 answers the stream's handshake with HTTP {code})"
            clock.advance(1.0)
            await client.until("the next attempt", lambda: fake.handshakes == 2)


async def test_what_is_no_websocket_is_said_to_be_none(clock: ManualClock) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello, this is another kind of server\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        stream = MassiveStream(KEY, clock, Session(backoff=Backoff(lambda: 0.0)), url=f"ws://127.0.0.1:{port}/options")
        stream.on_published([golden_snapshot()])
        client = Client(stream, clock)
        reading = asyncio.ensure_future(client.read())
        assert "what answers there does not speak WebSocket" in await waiting(client)
        reading.cancel()


@pytest.mark.parametrize(
    ("login", "answer", "words"),
    [
        ("desk:p4ss", None, ""),
        ("desk:wrong", None, "it refuses the user and password of that variable (407)"),
        ("", None, "it asks for a user and password (407)"),
        ("", http_proxy.forbid, "it refuses to connect us (HTTP 403)"),
        ("", http_proxy.drop, "the proxy before the vendor failed"),
    ],
    ids=["right", "wrong login", "no login", "forbids", "drops"],
)
async def test_a_proxy_is_gone_through_or_named(
    login: str,
    answer: http_proxy.Answer | None,
    words: str,
    clock: ManualClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certificates = make_certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca_file))
    with FakeStream(tls=certificates.good) as fake:
        async with http_proxy.HttpProxy(login="desk:p4ss", answer=answer) as proxy:
            way = Proxy(f"http://{login}{'@' if login else ''}{proxy.address}", "HTTPS_PROXY")
            async with client_of(fake, clock, proxy=lambda _: way) as client:
                if not words:
                    await client.subscribed(fake)
                    assert [head.split()[0] for head in proxy.heads] == ["CONNECT"]
                else:
                    told = await waiting(client)
                    assert words in told
                    assert f"proxy http://{proxy.address} of HTTPS_PROXY" in told
                    assert "wrong" not in told
                    assert fake.peers == []


@pytest.mark.parametrize("through", [False, True], ids=["straight", "through a proxy"])
@pytest.mark.parametrize("tls", ["wrong_name", "expired", "self_signed", "unknown_ca"])
async def test_a_host_that_is_not_trusted_never_gets_the_key(
    tls: str, through: bool, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = make_certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca_file))
    with FakeStream(tls=getattr(certificates, tls)) as fake:
        async with http_proxy.HttpProxy() as proxy:
            way = Proxy(f"http://{proxy.address}", "HTTPS_PROXY") if through else None
            async with client_of(fake, clock, proxy=lambda _: way) as client:
                assert "no trusted connection to the vendor (127.0.0.1: " in await waiting(client)
    assert fake.peers == []


async def test_a_trusted_host_is_spoken_to_by_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    certificates = make_certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca_file))
    with FakeStream(tls=certificates.good) as fake:
        async with client_of(fake, clock) as client:
            await client.subscribed(fake)


async def test_a_half_open_connection_is_found_by_its_ping(fake: FakeStream, clock: ManualClock) -> None:
    async with client_of(fake, clock) as client:
        await client.subscribed(fake)
        for _ in range(10):
            clock.advance(PING_EVERY_S)
            await asyncio.sleep(0.01)
        assert client.stream.status().state is StreamState.STREAMING, "pings are answered"
        fake.freeze()
        took = await advance_until(client, "giving up", lambda: client.stream.status().state is StreamState.WAITING)
        assert PONG_S <= took <= PING_EVERY_S + PONG_S + 1
        assert "does not answer a ping" in client.stream.status().error


async def test_a_reader_that_stands_still_is_disconnected_and_that_is_told(
    fake: FakeStream, clock: ManualClock
) -> None:
    stream = MassiveStream(KEY, clock, Session(backoff=Backoff(lambda: 0.0)), url=fake.url)
    stream.on_published([golden_snapshot()])
    async with aclosing(stream.frames()) as frames:
        first = asyncio.ensure_future(anext(frames))
        await wait_until_async(lambda: fake.held == TOPICS, what="subscriptions")
        fake.push(trade(NAMES[0]))
        assert (await first).events == 1
        large = trade(NAMES[0]) | {"pad": random.Random(1).randbytes(200_000).hex()}
        for _ in range(400):  # nobody reads
            fake.push(large)
            await asyncio.sleep(0.001)
            if not fake.open_peers:
                break
        assert not fake.open_peers
        reading = asyncio.ensure_future(drained(frames))
        await wait_until_async(lambda: stream.status().state is StreamState.WAITING, what="the end")
        assert stream.status().error in (
            "the vendor ended the stream because it was read too slowly (slow consumer)",
            "the connection to the vendor broke (127.0.0.1: connection closed by the other end)",
        )
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

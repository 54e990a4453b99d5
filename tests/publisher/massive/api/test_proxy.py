"""A proxy before the vendor: which one, who is blamed for what, and what a key is never sent through."""

import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from chain.clock import ManualClock
from chain.errors import ConfigError
from publisher.massive.api.faults import FaultKind, VendorError
from publisher.massive.api.proxy import Proxy, is_loopback, proxy_for, refuse_clear_key
from publisher.massive.api.vendor import Vendor
from tests.fake_massive import FakeMassive, Fault, faults
from tests.support import http_proxy
from tests.support.certificates import Certificates, Door, make_certificates
from tests.support.http_proxy import HttpProxy
from tests.support.live_scene import hurried, small_book

KEY = "canary-9a41c77e"
LOGIN = "desk:canary-p4ss"
VENDOR = "https://api.massive.com"
SPX = "/v3/snapshot/options/I:SPX"


def chosen(base: str, **environ: str) -> str | None:
    found = proxy_for(base, environ)
    return None if found is None else f"{found.variable} {found.url}"


# Which proxy


@pytest.mark.parametrize(
    ("base", "environ", "expected"),
    [
        (VENDOR, {}, None),
        (VENDOR, {"HTTPS_PROXY": " "}, None),
        (VENDOR, {"HTTPS_PROXY": "http://p:1"}, "HTTPS_PROXY http://p:1"),
        (VENDOR, {"HTTPS_PROXY": "http://p:1", "https_proxy": "http://q:2"}, "https_proxy http://q:2"),
        (VENDOR, {"HTTPS_PROXY": "http://p:1", "https_proxy": ""}, "HTTPS_PROXY http://p:1"),
        (VENDOR, {"HTTP_PROXY": "http://p:1"}, None),
        (VENDOR, {"ALL_PROXY": "socks5://p:1", "HTTPS_PROXY": "p:1"}, "HTTPS_PROXY http://p:1"),
        (VENDOR, {"all_proxy": "p"}, "all_proxy http://p"),
        (VENDOR, {"HTTPS_PROXY": "x@host:1080"}, "HTTPS_PROXY http://x@host:1080"),
        (VENDOR, {"HTTPS_PROXY": "https://[::2]:8443/"}, "HTTPS_PROXY https://[::2]:8443"),
        ("wss://socket.massive.com/options", {"HTTPS_PROXY": "http://p:1"}, "HTTPS_PROXY http://p:1"),
        ("wss://socket.massive.com/options", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "massive.com:443"}, None),
        ("ws://desk/options", {"HTTP_PROXY": "http://p:1"}, "HTTP_PROXY http://p:1"),
        ("http://desk", {"HTTP_PROXY": "http://p:1", "HTTPS_PROXY": "http://q:2"}, "HTTP_PROXY http://p:1"),
    ],
)
def test_the_variable_that_counts(base: str, environ: dict[str, str], expected: str | None) -> None:
    assert chosen(base, **environ) == expected


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST.", "a.localhost", "[::1]"])
def test_loopback_is_asked_through_no_proxy(host: str) -> None:
    everything = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "ftp://nonsense")
    for scheme in ("http", "https"):
        assert chosen(f"{scheme}://{host}:8080/under", **everything) is None
    refuse_clear_key(f"http://{host}:8080", None)


def test_what_only_looks_like_loopback_is_not() -> None:
    for host in ("localhost.example", "notlocalhost", "128.0.0.1", "127.0.0.1.example", "::2", ""):
        assert not is_loopback(host)
    assert is_loopback("::ffff:127.0.0.1")


@pytest.mark.parametrize(
    ("no_proxy", "host", "direct"),
    [
        ("*", "api.massive.com", True),
        ("other,api.massive.com", "api.massive.com", True),
        ("massive.com", "api.massive.com", True),
        (".massive.com", "api.massive.com", True),
        ("*.massive.com", "api.massive.com", True),
        ("MASSIVE.COM", "api.massive.com", True),
        ("sive.com", "api.massive.com", False),
        ("api.massive.com.evil", "api.massive.com", False),
        ("api.massive.com:443", "api.massive.com", True),
        ("api.massive.com:80", "api.massive.com", False),
        ("massive.com:8443 other", "api.massive.com:8443", True),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.1.2.3:443", "10.1.2.3", True),
        ("10.1.2.3:80", "10.1.2.3", False),
        ("2.3", "10.1.2.3", False),
        ("fd00::/8", "[fd00::7]", True),
        ("[fd00::7]:443", "[fd00::7]", True),
        ("[fd00::7]:80", "[fd00::7]", False),
        ("fd00::7", "[fd00::7]", True),
        (", ,", "api.massive.com", False),
    ],
)
def test_no_proxy_by_name_address_network_and_port(no_proxy: str, host: str, direct: bool) -> None:
    for variable in ("NO_PROXY", "no_proxy"):
        found = chosen(f"https://{host}", HTTPS_PROXY="http://p:1", **{variable: no_proxy})
        assert (found is None) is direct


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("socks5://u:canary@host:1080", "a proxy of the kind socks5:// is not supported"),
        ("ftp://host", "a proxy of the kind ftp:// is not supported"),
        ("http://u:canary@host:99999", "HTTPS_PROXY is no proxy's address"),
        ("http://desk:canary/x@host:1080", "and / ? # @ in user and password as %2F"),
        ("http://4711/canary@host:1080", "and / ? # @ in user and password as %2F"),
        ("http://h:0", "HTTPS_PROXY is no proxy's address"),
        ("http://", "HTTPS_PROXY is no proxy's address"),
        ("http://u:canary@ho st", "HTTPS_PROXY is no proxy's address"),
        ("http://[::1", "HTTPS_PROXY is no proxy's address"),
        ("http://h\x1b[31m", "HTTPS_PROXY is no proxy's address"),
        ("\u043f\u0440\u043e\u043a\u0441\u0438:1", "HTTPS_PROXY is no proxy's address"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_a_setting_refused(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        proxy_for(VENDOR, {"HTTPS_PROXY": text})
    told = str(refused.value)
    assert words in told
    assert told.isprintable()
    assert "canary" not in told


def test_a_key_goes_in_clear_to_no_other_machine() -> None:
    with pytest.raises(ConfigError, match=r"in clear over the network: use https, or insist with --allow-http"):
        refuse_clear_key("http://desk:8080", None)
    with pytest.raises(ConfigError, match=r"stream_url ws://desk/options: .* use wss"):
        refuse_clear_key("ws://desk/options", None, "stream_url")
    with pytest.raises(ConfigError) as refused:
        refuse_clear_key("http://desk", Proxy(f"http://{LOGIN}@p:1", "http_proxy"))
    assert "through the proxy http://p:1 of http_proxy" in str(refused.value)
    assert "canary" not in f"{refused.value} {Proxy(f'http://{LOGIN}@p:1', 'http_proxy')!r}"
    refuse_clear_key(VENDOR, Proxy("http://p:1", "HTTPS_PROXY"))


# Real proxies before the fake vendor


@pytest.fixture
def fake() -> Iterator[FakeMassive]:
    with FakeMassive(small_book(), key=KEY) as server:
        yield server


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def trusted(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the client trust the test's own authority, as a company's users do."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca_file))
    return certificates.ca_file


@pytest.fixture
async def door(fake: FakeMassive, certificates: Certificates) -> AsyncIterator[str]:
    """The fake vendor behind TLS with a good certificate: its URL."""
    async with Door(fake.port, certificates.good) as open_door:
        yield f"https://127.0.0.1:{open_door.port}"


async def told(base: str, proxy: str | None, **kwargs: Any) -> VendorError:
    """Return the fault of one request; a test asks loopback through a proxy, which the product never does."""
    client = Vendor(KEY, ManualClock(0), base=base, proxy=Proxy(proxy, "HTTPS_PROXY") if proxy else None, **kwargs)
    try:
        with hurried(), pytest.raises(VendorError) as caught:
            await client.get(SPX, {"limit": 1})
    finally:
        await client.aclose()
    words = f"{caught.value} {client.breaker.words()}"
    assert words.isprintable()
    assert "canary" not in words
    return caught.value


async def served(base: str, proxy: str) -> None:
    client = Vendor(KEY, ManualClock(0), base=base, proxy=Proxy(proxy, "HTTPS_PROXY"))
    try:
        assert isinstance(await client.get(SPX, {"limit": 1}), dict)
    finally:
        await client.aclose()


@pytest.mark.usefixtures("trusted")
async def test_a_tunnel_carries_the_key_unread_and_with_the_proxys_own_login(fake: FakeMassive, door: str) -> None:
    async with HttpProxy(login=LOGIN) as proxy:
        await served(door, f"http://{LOGIN}@{proxy.address}")
        assert [head.split()[0] for head in proxy.heads] == ["CONNECT"]
        assert not any(KEY in head for head in proxy.heads)
        assert [record.key_in for record in fake.requests] == [("header",)]


@pytest.mark.usefixtures("trusted")
async def test_a_proxy_with_a_certificate_of_its_own(door: str, certificates: Certificates) -> None:
    async with HttpProxy(tls=certificates.good) as proxy:
        await served(door, f"https://{proxy.address}")
    async with HttpProxy(tls=certificates.wrong_name) as proxy:
        fault = await told(door, f"https://{proxy.address}")
        assert fault.kind is FaultKind.PROXY
        assert f"proxy https://{proxy.address} of HTTPS_PROXY: the certificate is for another name" in str(fault)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("login", ["", "desk:canary-wrong@"], ids=["none", "wrong"])
@pytest.mark.parametrize("tls", [True, False], ids=["tunnel", "in clear"])
async def test_a_proxy_that_wants_a_login(fake: FakeMassive, door: str, login: str, tls: bool) -> None:
    async with HttpProxy(login=LOGIN) as proxy:
        fault = await told(door if tls else fake.url, f"http://{login}{proxy.address}")
        words = "refuses the user and password" if login else "asks for a user and password (407): write http://user:"
        assert fault.kind is FaultKind.PROXY
        assert words in str(fault)
        assert f"proxy http://{proxy.address} of HTTPS_PROXY" in str(fault)
        assert fake.count() == 0


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("tls", [True, False], ids=["tunnel", "in clear"])
async def test_a_dead_proxy_is_named_and_the_vendor_is_not_blamed(fake: FakeMassive, door: str, tls: bool) -> None:
    async with HttpProxy() as proxy:
        address = proxy.address
    fault = await told(door if tls else fake.url, f"http://{LOGIN}@{address}")
    assert str(fault) == (
        f"the proxy before the vendor failed (proxy http://{address} of HTTPS_PROXY: "
        "connection refused: nothing listens at that address)"
    )
    fault = await told(door if tls else fake.url, "http://proxy.invalid:3128")
    assert "proxy http://proxy.invalid:3128 of HTTPS_PROXY: the host name does not resolve" in str(fault)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (http_proxy.hang, FaultKind.PROXY, "no answer in time"),
        (http_proxy.drop, FaultKind.PROXY, "proxy http://"),
        (http_proxy.forbid, FaultKind.PROXY, "it refuses to connect us (403 Blocked by policy)"),
        (http_proxy.garbage, FaultKind.BROKEN, "TLS"),
        (http_proxy.page, FaultKind.BROKEN, "TLS"),
    ],
)
async def test_a_tunnel_that_fails_names_the_proxy(
    door: str, monkeypatch: pytest.MonkeyPatch, answer: http_proxy.Answer, kind: FaultKind, words: str
) -> None:
    monkeypatch.setattr("publisher.massive.api.vendor.SILENCE_S", 0.3)
    async with HttpProxy(answer=answer) as proxy:
        fault = await told(door, f"http://{proxy.address}")
        assert fault.kind is kind
        assert words in str(fault)
        assert f"proxy http://{proxy.address} of HTTPS_PROXY" in str(fault)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (http_proxy.hang, FaultKind.TIMEOUT),
        (http_proxy.drop, FaultKind.BROKEN),
        (http_proxy.forbid, FaultKind.PLAN),
        (http_proxy.garbage, FaultKind.GARBAGE),
        (http_proxy.page, FaultKind.GARBAGE),
    ],
)
async def test_in_clear_either_may_have_failed_and_both_are_named(
    fake: FakeMassive, monkeypatch: pytest.MonkeyPatch, answer: http_proxy.Answer, kind: FaultKind
) -> None:
    monkeypatch.setattr("publisher.massive.api.vendor.SILENCE_S", 0.3)
    async with HttpProxy(answer=answer) as proxy:
        fault = await told(fake.url, f"http://{proxy.address}")
        assert (fault.kind, fake.count()) == (kind, 0)
        assert f"through the proxy http://{proxy.address} of HTTPS_PROXY" in str(fault)


async def test_a_request_in_clear_is_passed_on(fake: FakeMassive) -> None:
    async with HttpProxy() as proxy:
        await served(fake.url, f"http://{proxy.address}")
        assert proxy.heads[0].startswith("GET http://127.0.0.1:")
        fake.inject(Fault(faults.status(503)))
        assert "HTTP 503: error 503, through the proxy http://" in str(await told(fake.url, f"http://{proxy.address}"))


# The vendor's own certificate


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("wrong_name", ["is for another name"]),
        ("expired", ["has expired"]),
        ("not_yet", ["not valid yet"]),
        ("self_signed", ["self-signed", "in SSL_CERT_FILE"]),
        ("unknown_ca", ["issuer is unknown", "in SSL_CERT_FILE"]),
    ],
)
@pytest.mark.parametrize("through", [False, True], ids=["direct", "through a proxy"])
async def test_a_wrong_certificate_is_told_as_one(
    fake: FakeMassive, certificates: Certificates, which: str, words: list[str], through: bool
) -> None:
    tls: ssl.SSLContext = getattr(certificates, which)
    async with Door(fake.port, tls) as door, HttpProxy() as proxy:
        fault = await told(f"https://127.0.0.1:{door.port}", f"http://{proxy.address}" if through else None)
        assert fault.kind is FaultKind.CERTIFICATE
        assert str(fault).startswith("no trusted connection to the vendor (127.0.0.1: ")
        assert all(each in str(fault) for each in ("certificate", *words))
        assert (f"through the proxy http://{proxy.address}" in str(fault)) is through
        assert fake.count() == 0

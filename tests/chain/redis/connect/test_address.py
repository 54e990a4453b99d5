"""What a Redis URL asks for is done, or refused before anything is tried: never taken for something else."""

import ssl
from pathlib import Path

import pytest

from chain.errors import ConfigError
from chain.redis.connect.address import Address, Login, parse_url
from chain.redis.connect.connection import RedisTarget
from tests.support.certificates import Certificates, make_certificates

LONG = "x" * 120


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://h", Address("redis", (("h", 6379),))),
        ("redis://h:1/", Address("redis", (("h", 1),))),
        ("redis://h:65535/7", Address("redis", (("h", 65535),), database=7)),
        ("REDIS://h", Address("redis", (("h", 6379),))),
        ("redis://h?db=3", Address("redis", (("h", 6379),), database=3)),
        ("redis://h?protocol=3", Address("redis", (("h", 6379),), protocol=3)),
        ("redis://[::1]:7/1", Address("redis", (("::1", 7),), database=1)),
        ("redis://[fe80::1%25eth0]", Address("redis", (("fe80::1%eth0", 6379),))),
        ("redis://u:p%40%2F%3A%23%25+@h", Address("redis", (("h", 6379),), login=Login("u", "p@/:#%+"))),
        ("redis://:p:q@h", Address("redis", (("h", 6379),), login=Login("", "p:q"))),
        ("redis://h?username=u&password=p+%2B", Address("redis", (("h", 6379),), login=Login("u", "p++"))),
        ("redis://:p%C3%A9@h", Address("redis", (("h", 6379),), login=Login("", "pé"))),
        ("unix:///run/redis.sock?db=2", Address("unix", path="/run/redis.sock", database=2)),
        ("unix://u:p@/run/a%20b.sock", Address("unix", path="/run/a b.sock", login=Login("u", "p"))),
        (
            "redis+sentinel://u:p@a,b:2/desk/1?sentinel_password=s",
            Address(
                "sentinel",
                (("a", 26379), ("b", 2)),
                service="desk",
                database=1,
                login=Login("u", "p"),
                sentinel_login=Login("", "s"),
            ),
        ),
        ("redis+cluster://a:1,[::2]", Address("cluster", (("a", 1), ("::2", 6379)))),
        ("redis+cluster://a:1/0", Address("cluster", (("a", 1),))),
    ],
)
def test_what_a_url_says(url: str, address: Address) -> None:
    assert parse_url(url) == address


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://h?ssl_cert_reqs=none", "ssl_cert_reqs needs TLS: write rediss://"),
        ("redis://h?ssl=true", "ssl needs TLS: write rediss://"),
        ("redis+sentinel://h/desk?ssl_ca_certs=/x", "ssl_ca_certs needs TLS: write rediss+sentinel://"),
        ("redis+cluster://h?ssl_check_hostname=false", "ssl_check_hostname needs TLS: write rediss+cluster://"),
        ("unix:///s?ssl_ca_certs=/x", "ssl_ca_certs needs TLS, which a socket has not"),
        ("rediss://h?ssl_foo=1", "ssl_foo after the ? is not known"),
        ("rediss://h?ssl_cert_reqs=CERT_NONE", "ssl_cert_reqs must be required or none, not 'CERT_NONE'"),
        ("rediss://h?ssl_cert_reqs=", "ssl_cert_reqs must be required or none, not ''"),
        ("rediss://h?ssl_check_hostname=0", "ssl_check_hostname must be true or false, not '0'"),
        ("rediss://h?ssl_min_version=1.2", "ssl_min_version must be TLSv1.2 or TLSv1.3, not '1.2'"),
        ("rediss://h?ssl_ciphers=NONSENSE", "ssl_ciphers 'NONSENSE': OpenSSL knows no such cipher"),
        ("rediss://h?ssl_keyfile=/k", "ssl_keyfile is of no use without ssl_certfile"),
        ("rediss://h?ssl_ca_certs=/no/ca.pem", "ssl_ca_certs '/no/ca.pem': no such file or folder"),
        ("rediss://h?ssl_ca_certs=/", "ssl_ca_certs '/': "),
        ("rediss://h?ssl_ca_path=/no/folder", "ssl_ca_path '/no/folder': no such file or folder"),
        ("rediss://h?ssl_certfile=/no/c.pem", "ssl_certfile '/no/c.pem': no such file or folder"),
        ("redis://h/1/2", "only a database number may stand behind the host"),
        ("redis://h//1", "only a database number may stand behind the host"),
        ("redis://h/desk", "database 'desk' must be a whole number"),
        ("redis://h/1.5", "database '1.5' must be a whole number"),
        ("redis://h/-1", "database '-1' must be a whole number"),
        ("redis://h/%D9%A1", "must be a whole number"),
        ("redis://h/99999999", "database '99999999' must be a whole number"),
        ("redis://h?db=", "db database '' must be a whole number"),
        ("redis://h?db=x", "db database 'x' must be a whole number"),
        ("redis://h/1?db=1", "the path and db name the database twice"),
        ("redis+cluster://h/1", "a cluster has database 0 only"),
        ("redis+cluster://h?db=1", "a cluster has database 0 only"),
        ("redis+sentinel://h/desk/x", "database 'x' must be a whole number"),
        ("redis+sentinel://h/desk/1/2", "only a database number may stand behind the host"),
        ("redis+sentinel://h", "it names no service"),
        ("redis+sentinel://h/", "it names no service"),
        ("redis://h?sentinel_password=s", "sentinel_password after the ? is not known"),
        ("redis://h?foo=1", "foo after the ? is not known"),
        ("redis://h?DB=1", "DB after the ? is not known"),
        ("redis://h?socket_timeout=1", "socket_timeout after the ? is not known"),
        ("redis://h?db=1&db=1", "it names db twice"),
        ("redis://h?db", "written NAME=VALUE"),
        ("redis://h?db=1&", "written NAME=VALUE"),
        ("redis://h?=1", "written NAME=VALUE"),
        ("redis://u:p@h?password=q", "it names the password twice"),
        ("redis://h?password=", "password is empty"),
        ("redis://h?protocol=4", "protocol must be 2 or 3, not '4'"),
        ("redis://h?protocol=", "protocol must be 2 or 3, not ''"),
        ("redis://h#x", "nothing may stand behind a #"),
        ("redis://h:0", "port '0' must be a number from 1 to 65535"),
        ("redis://h:99999", "port '99999' must be a number from 1 to 65535"),
        ("redis://h:x", "port 'x' must be a number from 1 to 65535"),
        ("redis://h:", "port '' must be a number from 1 to 65535"),
        ("redis://h:+1", "port '+1' must be a number from 1 to 65535"),
        ("redis://h:٣", "port '٣' must be a number from 1 to 65535"),
        ("redis://", "it names no host and port"),
        ("redis:///0", "it names no host and port"),
        ("redis://:6379", "it names no host"),
        ("redis://u:p@", "it names no host and port"),
        ("redis://a,b", "several hosts belong to"),
        ("redis+cluster://a,,b", "it names no host and port"),
        ("redis://::1", "an IPv6 address is written [::1]:6379"),
        ("redis://[::1", "Invalid IPv6 URL"),
        ("redis://h%20x", "'h%20x' is no host name"),
        ("redis://h_ö", "is no host name"),
        ("redis://h x", "it holds spaces or control characters"),
        ("redis://h\n", "it holds spaces or control characters"),
        ("redis://h/%00", "it holds control characters"),
        ("redis://:%FF@h", "must be UTF-8"),
        ("redis://:50%off@h", "a % stands alone"),
        ("redis://u:p/w@h", "write / ? # @ % and spaces"),
        ("redis://u:p?w@h", "write / ? # @ % and spaces"),
        ("redis://u:p#w@h", "write / ? # @ % and spaces"),
        ("127.0.0.1:6379", "the scheme is missing: write redis://127.0.0.1:6379"),
        ("localhost:6379/2", "the scheme is missing: write redis://localhost:6379/2"),
        ("desk", "the scheme is missing: write redis://host:6379/0"),
        ("u:pw@host:6379", "the scheme is missing: write redis://USER:PASSWORD@host:6379"),
        ("/run/redis.sock", "the scheme is missing: write unix:///run/redis.sock"),
        ("redis:/host", "the scheme is missing"),
        ("http://h", "scheme must be one of redis, rediss, unix, "),
        ("://h", "scheme must be one of"),
        ("unix://run/redis.sock", "a socket's path follows three slashes"),
        ("unix://", "it names no socket"),
        (f"unix:///{LONG}", "a socket's path has at most 107 bytes"),
    ],
)
def test_what_makes_no_sense_is_refused_as_a_setting(url: str, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        RedisTarget(url)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://u:hunter2@h:0",
        "redis://u:hunter2@h/x",
        "redis://u:hunter2@h?zzz=1",
        "redis://h?password=hunter2&zzz=1",
        "redis+sentinel://h/desk?sentinel_password=hunter2&zzz=1",
        "redis://u:hunter2/x@h",
        "redis://u:hunter2%zz@h",
        "u:hunter2@h:6379",
        "redis:/u:hunter2@h",
        "rediss://h?ssl_password=hunter2&ssl_keyfile=/x",
        "redis://u:hunter2 @h",
    ],
)
def test_a_refusal_never_shows_a_password(url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        RedisTarget(url)
    assert "hunter2" not in str(raised.value)


def test_what_shows_an_address_shows_no_login() -> None:
    target = RedisTarget("redis+sentinel://u:hunter2@h/desk?sentinel_password=hunter2")
    assert "hunter2" not in repr(target) + target.shown + target.label + repr(target.address)
    assert RedisTarget("redis://[::1]:7").label == "[::1]:7"


def test_files_of_no_use_are_named(certificates: Certificates, tmp_path: Path) -> None:
    folder = certificates.ca_file.parent
    garbage, empty = tmp_path / "garbage.pem", tmp_path / "empty.pem"
    garbage.write_bytes(b"\x00garbage")
    empty.touch()
    wrong = [
        (f"ssl_ca_certs={garbage}", "ssl_ca_certs", "holds no certificate"),
        (f"ssl_ca_certs={empty}", "ssl_ca_certs", "holds no certificate"),
        (f"ssl_certfile={garbage}", "ssl_certfile", "holds no certificate with its key"),
        (f"ssl_certfile={certificates.ca_file}", "ssl_certfile", "holds no certificate with its key"),
        (
            f"ssl_certfile={folder}/client.pem&ssl_keyfile={folder}/self-signed.pem",
            "ssl_certfile and ssl_keyfile",
            "the key belongs to another certificate",
        ),
    ]
    for query, name, words in wrong:
        with pytest.raises(ConfigError) as raised:
            RedisTarget(f"rediss://h?{query}")
        assert f"{name} '" in str(raised.value), query
        assert words in str(raised.value), query


def test_a_key_with_a_password_is_never_asked_for_on_the_screen(certificates: Certificates, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    client = (certificates.ca_file.parent / "client.pem").read_bytes()
    key = serialization.load_pem_private_key(client, None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"sesame"),
        )
        + client[client.index(b"-----BEGIN CERTIFICATE") :]
    )
    for password in ("", "&ssl_password=wrong"):
        with pytest.raises(ConfigError, match="or the key's password is wrong"):
            RedisTarget(f"rediss://h?ssl_certfile={locked}{password}")
    tls = parse_url(f"rediss://h?ssl_certfile={locked}&ssl_password=sesame").tls
    assert tls is not None
    assert "sesame" not in repr(tls)


def test_every_tls_parameter_reaches_the_client(certificates: Certificates) -> None:
    folder = certificates.ca_file.parent
    query = (
        f"ssl_ca_certs={certificates.ca_file}&ssl_ca_path={folder}&ssl_certfile={folder}/client.pem"
        "&ssl_cert_reqs=none&ssl_min_version=TLSv1.3&ssl_ciphers=ECDHE-RSA-AES256-GCM-SHA384"
    )
    tls = parse_url(f"rediss+sentinel://h/desk?{query}").tls
    assert tls is not None
    assert tls.options == {
        "ssl_ca_certs": str(certificates.ca_file),
        "ssl_ca_path": str(folder),
        "ssl_certfile": f"{folder}/client.pem",
        "ssl_keyfile": None,
        "ssl_password": "",
        "ssl_cert_reqs": "none",
        "ssl_check_hostname": False,
        "ssl_min_version": ssl.TLSVersion.TLSv1_3,
        "ssl_ciphers": "ECDHE-RSA-AES256-GCM-SHA384",
    }

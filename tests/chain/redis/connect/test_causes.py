"""Why a Redis failed, in words: each cause produced by a real Redis, a real certificate or a real right withheld."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from chain.causes import REFUSED
from chain.errors import RedisUnavailableError
from chain.redis.connect.causes import redis_cause
from chain.redis.connect.connection import RedisTarget, redis_call
from tests.support.certificates import HOST, Certificates, Door, make_certificates
from tests.support.servers import Server, Servers, free_port
from tests.support.waiting import wait_until_async


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as servers:
        yield servers


@pytest.fixture(scope="module")
def plain(servers: Servers) -> Server:
    return servers.alone()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


async def told(url: str, *words: str) -> tuple[str, str]:
    """Run a command, GET of a key by default; return the code and the words of its failure."""
    client = RedisTarget(url).connect()
    try:
        async with redis_call():
            await client.execute_command(*(words or ("GET", "massive:chain:latest:SPX:2026-01-02")))
    except RedisUnavailableError as error:
        return error.code, str(error)
    finally:
        await client.aclose()
    return "", ""


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        ("good", ""),
        ("unknown_ca", "tls-untrusted"),
        ("self_signed", "tls-self-signed"),
        ("expired", "tls-expired"),
        ("wrong_name", "tls-name"),
    ],
)
async def test_a_wrong_certificate_is_told(plain: Server, certificates: Certificates, shown: str, code: str) -> None:
    async with Door(plain.port, getattr(certificates, shown)) as door:
        found, words = await told(f"rediss://{HOST}:{door.port}/?ssl_ca_certs={certificates.ca_file}")
    assert found == code, words


async def test_the_cure_of_an_unknown_authority_is_what_the_url_offers(
    plain: Server, certificates: Certificates
) -> None:
    async with Door(plain.port, certificates.good) as door:
        _, words = await told(f"rediss://{HOST}:{door.port}")
    assert words == (
        "certificate not trusted, its issuer is unknown here: name its CA file in the URL: ?ssl_ca_certs=FILE"
    )


@pytest.mark.parametrize(
    ("login", "code"),
    [("", "auth-missing"), (":wrong@", "auth-wrong"), ("nobody:pw@", "auth-wrong"), (":pw@", ""), ("default:pw@", "")],
)
async def test_a_login_that_is_missing_or_wrong_is_told(servers: Servers, login: str, code: str) -> None:
    server = servers.alone("--requirepass", "pw")
    found, words = await told(f"redis://{login}{HOST}:{server.port}")
    assert found == code, words
    assert "pw" not in words
    assert "wrong" not in words


async def test_a_user_who_is_off_is_told(plain: Server) -> None:
    plain.admin.execute_command("ACL SETUSER off off >pw ~* +@all")
    assert (await told(f"redis://off:pw@{HOST}:{plain.port}"))[0] == "auth-wrong"


@pytest.mark.parametrize(
    ("rights", "command", "words"),
    [
        ("~* +@all -get", ("GET", "k"), "this Redis user has no right to run GET"),
        ("~* +@all -config|get", ("CONFIG", "GET", "save"), "this Redis user has no right to run CONFIG GET"),
        ("~other:* +@all", ("GET", "k"), "this Redis user has no right to the key"),
        ("~* resetchannels +@all", ("PUBLISH", "c", "m"), "this Redis user has no right to the channel"),
    ],
)
async def test_a_right_that_is_missing_is_named(
    plain: Server, rights: str, command: tuple[str, ...], words: str
) -> None:
    plain.admin.execute_command(f"ACL SETUSER desk reset on >pw {rights}")
    assert (await told(f"redis://desk:pw@{HOST}:{plain.port}", *command))[1] == words


async def test_a_command_that_was_taken_away_is_named_and_its_arguments_are_not(servers: Servers) -> None:
    server = servers.alone("--rename-command", "EVAL", "")
    assert await told(server.url, "EVAL", "return 'secret source'", "0") == (
        "no-command",
        "this Redis has no command EVAL",
    )


async def test_a_failure_inside_a_script_shows_no_line_of_it(plain: Server) -> None:
    _, words = await told(plain.url, "EVAL", "local source = 1; return redis.call('GET')", "0")
    assert words
    assert not [piece for piece in ("source", "user_script", "script:") if piece in words], words


async def test_the_states_in_which_a_redis_refuses_are_told(servers: Servers) -> None:
    full = servers.alone("--maxmemory", "1")
    alone = servers.alone("--min-replicas-to-write", "1")
    lost = servers.alone("--replicaof", HOST, str(free_port()), "--replica-serve-stale-data", "no")
    readable = servers.alone("--replicaof", HOST, str(free_port()))
    small = servers.alone("--proto-max-bulk-len", "1mb")
    write = ("SET", "k", "v")
    assert (await told(full.url, *write))[0] == "out-of-memory"
    assert (await told(alone.url, *write))[0] == "few-replicas"
    assert (await told(lost.url))[0] == "primary-down"
    assert (await told(readable.url, *write))[0] == "read-only"
    assert (await told(small.url, "SET", "k", "v" * 2_000_000))[0] in {"too-long", "connect-closed", "connect-reset"}
    assert (await told(f"{full.url}/99"))[0] == "database"


async def test_a_redis_that_cannot_save_is_told(servers: Servers, short_dir: Path) -> None:
    folder = short_dir / "gone"
    folder.mkdir()
    server = servers.alone("--save", "3600 1", "--dir", str(folder))
    folder.rmdir()
    server.admin.bgsave()
    await wait_until_async(lambda: server.admin.info("persistence")["rdb_last_bgsave_status"] == "err")
    assert (await told(server.url, "SET", "k", "v"))[0] == "not-saving"


async def test_a_redis_without_a_connection_to_spare_is_told(servers: Servers) -> None:
    server = servers.alone("--maxclients", "1")  # the one is ours, which asked whether it is up
    assert (await told(server.url))[0] == "max-clients"


async def test_a_cluster_that_is_none_is_down_or_is_away_is_told(servers: Servers, plain: Server) -> None:
    node = servers._node()
    away = f"{HOST}:{free_port()}"
    assert (await told(f"redis+cluster://{HOST}:{plain.port}"))[0] == "cluster-none"
    assert (await told(f"redis+cluster://{HOST}:{node.port}"))[0] == "cluster-down"
    assert (await told(node.url))[0] == "cluster-down"
    assert await told(f"redis+cluster://{away}") == (
        "cluster-lost",
        "no node of the cluster answers (connection refused)",
    )
    assert (await told(f"redis+sentinel://{HOST}:{plain.port}/desk"))[0] == "sentinel-none"


async def _speak_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


async def _say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def _hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("behave", "codes"),
    [
        (_speak_http, {"not-redis"}),
        (_say_nothing, {"no-answer"}),
        (_hang_up, {"connect-ended"}),
    ],
)
async def test_a_port_that_is_no_redis_is_told(behave: Callable[..., object], codes: set[str]) -> None:
    async with await asyncio.start_server(behave, HOST, 0) as server:  # type: ignore[arg-type]
        found, words = await told(f"redis://{HOST}:{server.sockets[0].getsockname()[1]}")
    assert found in codes, words


async def test_addresses_that_lead_nowhere_are_told(short_dir: Path) -> None:
    assert (await told(f"redis://{HOST}:{free_port()}"))[1] == "connection refused: no Redis listens at that address"
    assert (await told("redis://no-such-host.invalid"))[0] in {"dns-unknown", "dns-failed"}
    assert (await told(f"unix://{short_dir}/none.sock"))[1] == "no such socket: no Redis listens at that path"


async def test_a_refused_connection_is_known_where_the_client_lost_what_led_to_it() -> None:
    """As redis-py does now and then, when it connects anew for the second half of a lock's script."""
    client = RedisTarget("redis://127.0.0.1:1").connect()
    try:
        await client.ping()
    except RedisConnectionError as error:
        error.__cause__ = error.__context__ = None
        assert redis_cause(error).code == REFUSED.code
    else:
        pytest.fail("nobody listens there")
    finally:
        await client.aclose()

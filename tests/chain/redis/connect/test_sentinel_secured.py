"""Sentinels with a password and with TLS of their own: what the URL asks for is used for them as for the primary."""

import asyncio
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from chain.errors import RedisUnavailableError
from chain.redis.connect.connection import RedisTarget, redis_call
from tests.support.certificates import HOST, Certificates, Door, make_certificates
from tests.support.servers import SERVICE, Server, Servers, free_port

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as servers:
        yield servers


@pytest.fixture(scope="module")
def primary(servers: Servers) -> Server:
    return servers.alone("--requirepass", "node-pw")


def guarded(servers: Servers, primary: Server, *, port: int = 0) -> Server:
    """Return a Sentinel with a password of its own."""
    lines = f"sentinel auth-pass {SERVICE} node-pw\n"
    [sentinel] = servers.sentinels(primary, replicas=0, port=port, lines=lines)
    sentinel.admin.execute_command("ACL", "SETUSER", "default", "resetpass", ">watch-pw")
    sentinel.admin.execute_command("ACL", "SETUSER", "desk", "on", ">desk-pw", "+sentinel|masters")
    return sentinel


async def said(url: str) -> str:
    """Return what a client of this URL is told, empty where it is served."""
    client: Redis = RedisTarget(url).connect()
    try:
        async with redis_call():
            await client.set("k", "v")
    except RedisUnavailableError as error:
        return str(error)
    finally:
        await client.aclose()
    return ""


async def test_each_login_goes_where_it_belongs(servers: Servers, primary: Server) -> None:
    sentinel = guarded(servers, primary)
    url = f"redis+sentinel://:node-pw@{HOST}:{sentinel.port}/{SERVICE}"
    refused = "the Sentinel refused the user or password: they are ?sentinel_username and ?sentinel_password"
    assert await said(f"{url}?sentinel_password=watch-pw") == ""
    assert await said(f"{url}?sentinel_username=desk&sentinel_password=desk-pw") == ""
    assert await said(url) == refused
    assert await said(f"{url}?sentinel_password=node-pw") == refused
    without = f"redis+sentinel://{HOST}:{sentinel.port}/{SERVICE}?sentinel_password=watch-pw"
    assert (await said(without)).startswith("this Redis asks for a password")
    unknown = f"redis+sentinel://:node-pw@{HOST}:{sentinel.port}/other?sentinel_password=watch-pw"
    assert await said(unknown) == "no Sentinel names a primary: check the service's name in the URL"


async def test_one_sentinel_that_is_silent_or_gone_costs_nothing(servers: Servers, primary: Server) -> None:
    sentinel = guarded(servers, primary)
    silent = await asyncio.start_server(lambda *_: asyncio.sleep(60), HOST, 0)
    async with silent:
        hosts = f"{HOST}:{silent.sockets[0].getsockname()[1]},{HOST}:{free_port()},{HOST}:{sentinel.port}"
        async with asyncio.timeout(0.9):
            assert await said(f"redis+sentinel://:node-pw@{hosts}/{SERVICE}?sentinel_password=watch-pw") == ""


async def test_tls_is_spoken_to_the_sentinels_too(
    servers: Servers, primary: Server, certificates: Certificates
) -> None:
    async with Door(primary.port, certificates.good) as before_primary:
        sentinel = await asyncio.to_thread(guarded, servers, primary, port=before_primary.port)
        async with (
            Door(sentinel.port, certificates.good) as before_sentinel,
            Door(sentinel.port, certificates.unknown_ca) as stranger,
        ):
            rest = f"{SERVICE}?sentinel_password=watch-pw&ssl_ca_certs={certificates.ca_file}"
            assert await said(f"rediss+sentinel://:node-pw@{HOST}:{before_sentinel.port}/{rest}") == ""
            assert (before_sentinel.by_tls, before_primary.by_tls) == (1, 1)
            words = await said(f"rediss+sentinel://:node-pw@{HOST}:{stranger.port}/{rest}")
            assert words.startswith("certificate not trusted, its issuer is unknown here")
            assert before_primary.by_tls == 1


async def test_tls_is_spoken_to_each_node_of_a_cluster(certificates: Certificates) -> None:
    with Servers() as servers:
        nodes = await asyncio.to_thread(servers.cluster, 1)
        async with Door(nodes[0].port, certificates.good) as door:
            # The cluster names its node by an address in clear: TLS is spoken there too, and in vain.
            url = f"rediss+cluster://{HOST}:{door.port}?ssl_ca_certs={certificates.ca_file}"
            assert await said(url)
            assert door.by_tls > 0
            nodes[0].admin.config_set("cluster-announce-port", door.port)
            assert await said(url) == ""

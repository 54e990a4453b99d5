"""Scripts by digest: documented in their files, known after one run, and whole wherever a digest is not enough."""

import logging
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import get_args

import pytest
from redis.asyncio import Redis

from chain.model.keys import ChainId, KeySchema
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract import scripts
from chain.redis.contract.publish.draft import PublishVerdict
from chain.redis.contract.publish.records import KindRecords
from chain.redis.contract.publish.writer import SnapshotWriter, snapshot_writer
from chain.redis.contract.scripts import ScriptName, script
from tests.support.builders import expiries, small
from tests.support.fault_proxy import FaultProxy
from tests.support.poor_proxy import KNOWN, PoorProxy
from tests.support.servers import HOST, Server, Servers, cluster_url

KEYS = KeySchema()
CHAINS = [ChainId("SPX", day) for day in expiries(3, datetime.now(UTC).date() + timedelta(days=2))]
LUA = Path(scripts.__file__).parent / "lua"
SHARED = {"calls", "clock", "kind", "forward", "frames"}


STAMPS = count(time.time_ns() // 1_000_000)  # each publish has a millisecond of its own


async def published(writer: SnapshotWriter, chains: list[ChainId] = CHAINS) -> set[tuple[PublishVerdict, str]]:
    stamp = next(STAMPS)
    ends = await writer.publish([small(chain, stamp) for chain in chains], 60)
    return {(end.verdict, end.reason) for end in ends}


WELL = {(PublishVerdict.PUBLISHED, "")}


@pytest.fixture
def server() -> Iterator[Server]:
    with Servers() as servers:
        yield servers.alone()


# The files


def test_every_file_is_a_script_or_a_shared_part() -> None:
    assert {path.stem for path in LUA.iterdir()} == {*get_args(ScriptName), *SHARED}


@pytest.mark.parametrize("name", get_args(ScriptName))
def test_a_script_says_what_it_takes_and_returns_and_includes_what_it_calls(name: ScriptName) -> None:
    own = (LUA / f"{name}.lua").read_text()
    header = own[: re.search(r"^[^-]", own, re.MULTILINE).start()]  # type: ignore[union-attr]
    assert all(re.search(rf"^-- {word}\b", header, re.MULTILINE) for word in ("KEYS", "ARGV", "Returns")), header
    whole = script(name).source
    defined = {"run": "calls", "peek": "calls", "ends": "clock", "stamp_of": "kind", "note": "kind", "move": "forward"}
    defined |= {"refused": "calls", "frames": "frames"}
    for function, part in defined.items():
        if re.search(rf"\b{function}\(", own):
            assert (LUA / f"{part}.lua").read_text() in whole, f"{name} calls {function} of {part}"


async def test_a_digest_is_the_one_by_which_redis_knows_the_script(redis: Redis) -> None:
    for name in get_args(ScriptName):
        assert await redis.script_load(script(name).source) == script(name).digest


# By digest


async def test_a_script_is_sent_whole_once_and_by_digest_ever_after(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    await redis.script_flush()
    async with FaultProxy(redis_url, short_dir) as proxy, RedisTarget(proxy.url).connect() as far:
        writer = snapshot_writer(far, KEYS, kind="mock")
        for _ in range(3):
            assert await published(writer) == WELL
        whole = [command for command in proxy.seen(b"EVAL") if len(command[1]) > 1_000]
        assert [command[1].decode() for command in whole] == [script("publish").source]
        assert len(proxy.seen(b"SET")) == 3 * len(CHAINS)  # payloads are never sent again for a script's sake
        sent = len(proxy.commands)
        assert await published(writer) == WELL
        assert [command[0] for command in proxy.commands[sent:]] == [b"SET"] * 3 + [b"EVALSHA", b"EXISTS"]


async def test_after_a_flush_of_scripts_the_same_publish_is_whole(redis: Redis) -> None:
    writer, records = snapshot_writer(redis, KEYS, kind="mock"), KindRecords(redis, KEYS)
    assert await published(writer) == WELL
    await redis.script_flush()
    assert await published(writer) == WELL
    await redis.script_flush()
    assert await records.withdraw(CHAINS) == len(CHAINS)
    await redis.script_flush()
    assert await records.acknowledge(CHAINS) == 0


async def test_a_server_that_was_started_again_learns_the_scripts_anew(server: Server) -> None:
    async with RedisTarget(server.url).connect() as redis:
        writer = snapshot_writer(redis, KEYS, kind="mock")
        assert await published(writer) == WELL
        server.kill()
        server.start()
        assert await published(writer) == WELL
        assert await redis.exists(*map(KEYS.latest, CHAINS)) == len(CHAINS)


@pytest.mark.slow
async def test_a_node_of_a_cluster_that_knows_no_script_learns_it() -> None:
    chains = [ChainId(name, CHAINS[0].expiry) for name in ("SPX", "NDX", "RUT", "XSP", "OEX", "DJX", "VIX", "XEO")]
    with Servers() as servers:
        nodes = servers.cluster(3)
        redis = RedisTarget(cluster_url(nodes)).connect()
        writer = snapshot_writer(redis, KEYS, kind="mock")
        assert await published(writer, chains) == WELL
        for node in nodes:
            node.admin.script_flush()
            assert await published(writer, chains) == WELL
        await redis.aclose()


# Where digests are not taken


async def test_a_user_that_may_not_use_digests_publishes_all_the_same_and_it_is_said_once(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.admin.execute_command("ACL", "SETUSER", "plain", "on", ">pw", "~*", "&*", "+@all", "-evalsha")
    with caplog.at_level(logging.INFO):
        async with RedisTarget(f"redis://plain:pw@{HOST}:{server.port}").connect() as redis:
            writer = snapshot_writer(redis, KEYS, kind="mock")
            for _ in range(3):
                assert await published(writer) == WELL
            assert await KindRecords(redis, KEYS).withdraw(CHAINS) == len(CHAINS)
    said = "scripts are sent whole from now on: this Redis user has no right to run EVALSHA"
    assert [record.getMessage() for record in caplog.records] == [said, said]  # of the writer, and of the records
    refused = [int(str(entry["count"])) for entry in server.admin.acl_log() if entry["object"] == "evalsha"]
    assert sum(refused) == 1 + len(CHAINS)  # once, and once a call of one request


@pytest.mark.parametrize("hangs_up", [False, True], ids=["refuses", "hangs up"])
async def test_a_proxy_that_knows_no_digest_is_published_through(server: Server, hangs_up: bool) -> None:
    known = KNOWN | frozenset(b"EVAL INFO".split())
    async with (
        PoorProxy(server.port, known=known, hangs_up=hangs_up) as proxy,
        RedisTarget(f"redis://{HOST}:{proxy.port}").connect() as redis,
    ):
        writer = snapshot_writer(redis, KEYS, kind="mock")
        for _ in range(2):
            assert await published(writer) == WELL
        assert await KindRecords(redis, KEYS).withdraw(CHAINS) == len(CHAINS)
        assert b"EVALSHA" in proxy.refused


async def test_a_user_that_may_only_use_digests_does_not_publish_by_the_grace_of_others(server: Server) -> None:
    async with RedisTarget(server.url).connect() as owner:
        assert await published(snapshot_writer(owner, KEYS)) == WELL  # the server knows the scripts
    server.admin.flushdb()
    server.admin.execute_command("ACL", "SETUSER", "half", "on", ">pw", "~*", "&*", "+@all", "-eval")
    async with RedisTarget(f"redis://half:pw@{HOST}:{server.port}").connect() as redis:
        [(verdict, reason)] = await published(snapshot_writer(redis, KEYS))
    assert verdict is PublishVerdict.FAILED
    assert reason == "this Redis user has no right to run EVAL: publishing needs it to move pointers forward only"
    assert server.admin.dbsize() == 0

"""Real publisher processes, killed and stopped at any moment: what a reader sees meanwhile is never wrong."""

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import orjson
import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from chain.model.keys import ChainId, KeySchema
from chain.model.snapshot import decode
from chain.redis.server.folder import RUNTIME_DIR_VARIABLE
from tests.support.builders import assert_all_expire, assert_contract_kept, capture_line, eventually, expiries
from tests.support.fault_proxy import Command, Fate, FaultProxy
from tests.support.places import ROOT
from tests.support.waiting import wait_until

NAMES = KeySchema()
DATES = expiries(6)
SLOTS = ("KLA", "KLB", "KLC")  # one underlying each, for on one underlying only one publisher at a time leads
TTL_S = 6
START_S = 30.0


def chains_of(underlying: str) -> list[ChainId]:
    return [ChainId(underlying, day) for day in DATES]


def capture(folder: Path, underlying: str) -> Path:
    """Return a file of one recorded chain: six expirations of ten contracts."""
    path = folder / f"{underlying}.jsonl"
    path.write_bytes(capture_line(underlying, DATES))
    return path


def start(url: str, file: Path, runtime: Path) -> subprocess.Popen[bytes]:
    """Start a publisher as a user would; what it says goes to a file beside its capture."""
    command = [sys.executable, "-m", "chaindeck", "publish", "--redis-url", url, "--capture", str(file)]
    environment = {name: value for name, value in os.environ.items() if not name.endswith("REDIS_URL")}
    environment |= {RUNTIME_DIR_VARIABLE: str(runtime), "PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(runtime)}
    with file.with_suffix(".log").open("ab") as log:
        return subprocess.Popen(
            [*command, "--interval", "0.1", "--ttl", str(TTL_S)],
            env=environment,
            cwd=runtime,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


@dataclass
class Witness:
    """Reads as a consumer does, all the while, and notes everything that a consumer must never see."""

    url: str
    chains: list[ChainId]
    newest: dict[ChainId, int] = field(default_factory=dict)  # ts_ms
    reads: int = 0
    wrong: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def watching(self) -> Iterator["Witness"]:
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join(10)

    def _watch(self) -> None:
        with SyncRedis.from_url(self.url) as client:
            while not self._over.is_set():
                for chain in self.chains:
                    try:
                        self._look(client, chain)
                    except Exception as error:  # noqa: BLE001 - the test tells what ended its witness
                        self.wrong.append(f"{chain}: {error!r}")
                time.sleep(0.004)

    def _look(self, client: SyncRedis, chain: ChainId) -> None:
        pointer = client.get(NAMES.latest(chain))
        if pointer is None:
            return
        raw = client.get(pointer)
        # A pointer read again after the payload was missed: still there, it outlived what it points to.
        if not isinstance(raw, bytes):
            if client.get(NAMES.latest(chain)) == pointer:
                self.wrong.append(f"{pointer!r} dangles")
            return
        snapshot = decode(raw, NAMES.parse_snapshot(pointer))
        if snapshot.id.chain != chain or len(snapshot.contracts) != 10:
            self.wrong.append(f"{chain} holds {snapshot.id} of {len(snapshot.contracts)} contracts")
        if snapshot.id.ts_ms < self.newest.get(chain, 0):
            self.wrong.append(f"{chain} went back from {self.newest[chain]} to {snapshot.id.ts_ms}")
        self.newest[chain] = snapshot.id.ts_ms
        self.reads += 1

    def saw_after(self, underlying: str, ts_ms: float) -> bool:
        """Whether every expiry of an underlying was seen newer than that."""
        return all(self.newest.get(chain, 0) > ts_ms for chain in chains_of(underlying))


def publishes(process: subprocess.Popen[bytes], witness: Witness, underlying: str, born: float) -> bool:
    """Whether a process that was born then, epoch ms, has published every expiry."""
    assert process.poll() is None, "a publisher ended by itself"
    return witness.saw_after(underlying, born)


def live_and_die(url: str, underlying: str, folder: Path, witness: Witness, kills: int, seed: int) -> int:
    """Start and kill publishers of one underlying; return how many had published when they died."""
    chance, file, published = random.Random(seed), capture(folder, underlying), 0
    for turn in range(kills):
        born = time.time() * 1000
        process = start(url, file, folder)
        try:
            if turn % 8:
                wait_until(partial(publishes, process, witness, underlying, born), START_S)
                published += 1
                time.sleep(chance.uniform(0, 0.12))
            else:  # one in eight dies at any moment of its start
                time.sleep(chance.uniform(0, 0.9))
            assert process.poll() is None, f"ended by itself: {file.with_suffix('.log').read_text()[-2000:]}"
        finally:
            process.kill()
            process.wait()
    return published


@pytest.mark.parametrize("kills", [15, pytest.param(200, marks=pytest.mark.hostile)])
async def test_killed_at_any_moment_no_pointer_ever_dangles_or_goes_back(
    redis: Redis, redis_url: str, short_dir: Path, kills: int
) -> None:
    chains = [chain for underlying in SLOTS for chain in chains_of(underlying)]
    shares = [kills // 3 + (slot < kills % 3) for slot in range(3)]
    with Witness(redis_url, chains).watching() as witness:
        lives = [
            asyncio.to_thread(live_and_die, redis_url, underlying, short_dir, witness, share, seed)
            for seed, (underlying, share) in enumerate(zip(SLOTS, shares, strict=True))
        ]
        published = sum(await asyncio.gather(*lives))
        await assert_all_expire(redis, "*")
        await assert_contract_kept(redis)
        # What the killed left behind, orphans included, is gone by itself.
        await eventually(lambda: no_chain_keys(redis), "the leftovers to expire")
    assert not witness.wrong
    assert published >= kills * 3 // 4
    assert witness.reads > kills * len(DATES)


async def no_chain_keys(redis: Redis) -> bool:
    """Whether no data are left: what a chain's kind was is remembered for longer, so that a change of it is told."""
    return not await redis.keys("massive:chain:latest:*") + await redis.keys("massive:chain:snapshot:*")


async def test_a_publisher_stopped_in_mid_publish_is_fenced_when_it_wakes(
    redis: Redis, redis_url: str, short_dir: Path
) -> None:
    """The stopped one has written its payload; another publishes meanwhile; the pointer refuses the sleeper."""
    underlying = SLOTS[0]
    stopped: list[int] = []

    async def stop_at_the_payload(command: Command) -> Fate:
        if stopped and command[0] == b"EVALSHA":
            await go_on.wait()  # the pointer's move, sent in one request with the payload
        if armed and not stopped and command[0] == b"SET" and b":chain:snapshot:" in command[1]:
            stopped.append(NAMES.parse_snapshot(command[1]).ts_ms)
            proxy.hold_replies()
            os.kill(sleeper.pid, signal.SIGSTOP)
        return Fate.DELIVER

    async def counted() -> bool:
        beats = [orjson.loads(raw) for raw in await redis.mget(await redis.keys("*heartbeat")) if raw]
        mine = [beat["chain"]["counters"] for beat in beats if beat.get("pid") == sleeper.pid]
        return any(counters.get("refused_older", 0) >= 1 for counters in mine)

    armed, go_on = False, asyncio.Event()
    with ExitStack() as cleanup:
        witness = cleanup.enter_context(Witness(redis_url, chains_of(underlying)).watching())
        async with FaultProxy(redis_url, short_dir) as proxy:
            proxy.rule = stop_at_the_payload
            sleeper = start(proxy.url, capture(short_dir, underlying), short_dir)
            cleanup.callback(end, sleeper)
            await eventually(lambda: witness.saw_after(underlying, 0), "the first to publish")
            (short_dir / "other").mkdir()
            other = start(redis_url, capture(short_dir / "other", underlying), short_dir)
            cleanup.callback(end, other)
            await eventually(lambda: redis.exists("mock_massive:standby:heartbeat"), "the other to stand by")
            armed = True
            await eventually(lambda: stopped, "a stop between payload and pointer")
            wake = time.monotonic() + 1.5
            await eventually(lambda: witness.saw_after(underlying, stopped[0]), "the other to publish")
            await eventually(lambda: time.monotonic() > wake)
            go_on.set()
            proxy.release_replies()
            os.kill(sleeper.pid, signal.SIGCONT)
            await eventually(counted, "the refusal in the sleeper's heartbeat")
            log = (short_dir / f"{underlying}.log").read_text()
    assert re.search(r"refused older [1-9]", log)
    assert not witness.wrong
    assert max(witness.newest.values()) > stopped[0]


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a child of ours, stopped or not, and leave no zombie."""
    process.kill()
    process.wait()

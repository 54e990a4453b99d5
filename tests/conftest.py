"""A real server for every test that speaks to Redis; one per pytest-xdist worker."""

import faulthandler
import gc
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
import textual.app
import textual.pilot
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from chain.redis.server.embedded import EmbeddedServer
from chain.redis.server.folder import RUNTIME_DIR_VARIABLE
from screenshots.scenes import Stage
from tests.support.settling import settled
from tests.support.stage import Deck, deck_of, make_stage
from tests.support.waiting import wait_until_async

for _module in (textual.app, textual.pilot):
    _module.wait_for_idle = settled  # type: ignore[attr-defined]

# Started in the background or by nohup, we would hand ignored signals down to every program that a test runs and ends.
for _number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)

_CLEAN_UP_S = 60.0
_stderr: int  # the run's own, which pytest does not capture


def pytest_configure() -> None:
    """Keep a way to tell stacks, for as long as the process lives."""
    global _stderr  # noqa: PLW0603
    _stderr = os.dup(2)


def pytest_collection_finish() -> None:
    """Leave thousands of collected tests, and all modules, out of each later collection of garbage, and have fewer."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    """Limit what fixtures do after a test: once it has failed, neither pytest-timeout nor pytest watches any longer.

    A worker that hangs there ends with all stacks, and another goes on.
    """
    faulthandler.dump_traceback_later(_CLEAN_UP_S, exit=True, file=_stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """A private folder whose name leaves room for a socket's; pytest's own tmp_path may not."""
    with tempfile.TemporaryDirectory(prefix="cd-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def shared_url() -> Iterator[str]:
    """URL of a real server that lives as long as the session of this worker."""
    with tempfile.TemporaryDirectory(prefix="cd-", dir="/tmp") as folder, EmbeddedServer() as server:
        yield server.start_or_attach(Path(folder)).url


@pytest.fixture
def redis_url(shared_url: str) -> str:
    """URL of the shared server, emptied: what another test left there is nothing to this one."""
    with SyncRedis.from_url(shared_url) as client:
        client.flushall()
    return shared_url


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Client in bytes mode on the emptied server."""
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def runtime(short_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Private runtime folder of chaindeck for this test; no embedded server runs there yet."""
    monkeypatch.setenv(RUNTIME_DIR_VARIABLE, str(short_dir))
    return short_dir


@pytest.fixture
def holder() -> Iterator[EmbeddedServer]:
    """Hold on an embedded server, not started yet; let go after the test."""
    with EmbeddedServer() as server:
        yield server


@pytest.fixture
def stage(redis: Redis) -> Stage:
    """What a screen test plays on: a publisher, a watcher and a clock moved by hand."""
    return make_stage(redis)


@pytest.fixture
async def deck(stage: Stage) -> AsyncIterator[Deck]:
    """A deck of 120 x 40 after one cycle."""
    async with deck_of(stage) as deck:
        await wait_until_async(lambda: ">" in [line[:1] for line in deck.lines("board")], what="the first Board")
        yield deck

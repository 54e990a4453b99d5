"""A whole run with secrets in use, in which things go wrong: no word of it tells one."""

import asyncio
import re
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from chain.clock import SystemClock
from chain.model.session import new_york
from tests.fake_massive import ChainBook, FakeMassive, Fault, expirations, faults, generate
from tests.support.http_proxy import HttpProxy
from tests.support.product import run, start
from tests.support.waiting import wait_until, wait_until_async

CANARY = "canary-1c9f"
KEY, PASSWORD, LOGIN = f"{CANARY}-key", f"{CANARY}-redis", f"desk:{CANARY}-proxy"
SMALL = ("--underlyings", "SPX", "--expirations", "2")
VOICES = (("status",), ("status", "--json"), ("check",), ("verify", "--for", "0.5"), ("config", "show"))


def command_line(pid: int) -> str:
    return subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture
def vendor() -> Iterator[FakeMassive]:
    now_s = SystemClock().wall_ns() / 1e9
    dates = expirations(new_york(now_s).date(), 4)
    book = ChainBook.of(generate("SPX", as_of=now_s, spot=6853.25, dates=dates, strikes=41, step=5, iv=0.08))
    with FakeMassive(book, key=KEY) as server:
        yield server


@pytest.fixture
def guarded_url(redis_url: str) -> str:
    """The shared server, for a user with a password."""
    with Redis.from_url(redis_url) as client:
        client.execute_command("ACL", "SETUSER", "desk", "reset", "on", f">{PASSWORD}", "~*", "&*", "+@all")
    return f"{redis_url}?username=desk&password={PASSWORD}"


def everything_in(url: str) -> str:
    """Return all keys and values of a Redis, as text."""
    read: dict[bytes, Callable[[Redis, bytes], object]] = {
        b"string": lambda client, key: client.get(key),
        b"hash": lambda client, key: client.hgetall(key),
        b"stream": lambda client, key: client.xrange(key),
    }
    with Redis.from_url(url) as client:
        keys: list[bytes] = list(client.scan_iter(count=1_000))
        kinds = {key: client.type(key) for key in keys}
        return "\n".join(f"{key!r} {read[kind](client, key)!r}" for key, kind in kinds.items() if kind in read)


async def test_no_voice_of_a_whole_run_tells_a_secret(
    short_dir: Path, vendor: FakeMassive, redis_url: str, guarded_url: str
) -> None:
    """Key, Redis password and proxy password are in use, and things go wrong."""
    said: dict[str, str] = {}
    async with HttpProxy(login=LOGIN) as proxy:
        environ = {
            "MARKET_REDIS_URL": guarded_url,
            "MASSIVE_API_KEY": KEY,
            "MASSIVE_BASE_URL": f"http://0.0.0.0:{vendor.port}",  # this machine, by a name that is not loopback's
            "http_proxy": f"http://{LOGIN}@{proxy.address}",
        }
        refused = await asyncio.to_thread(run, short_dir, "publish", "--source", "massive", *SMALL, **environ)
        assert refused.returncode == 3 and f"through the proxy http://{proxy.address} of http_proxy" in refused.stderr
        assert vendor.count() == 0 and not proxy.heads
        arguments = (
            "publish",
            "--source",
            "massive",
            "--allow-http",
            "--interval",
            "2",
            "--log-format",
            "json",
            *SMALL,
        )
        with start(short_dir, *arguments, **environ) as process:
            try:
                await wait_until_async(lambda: "massive:chain:latest:SPX" in everything_in(redis_url), 20)
                assert any(KEY in head for head in proxy.heads), "insisted upon, it is sent"
                for name in (
                    ("status",),
                    ("status", "--json"),
                    ("check",),
                    ("verify", "--for", "0.5"),
                    ("config", "show"),
                ):
                    ended = await asyncio.to_thread(run, short_dir, *name, **environ)
                    said[" ".join(name)] = ended.stdout + ended.stderr
                said["metrics"] = await asyncio.to_thread(scraped, short_dir, environ)
                said["cmdline"] = command_line(process.pid)
                vendor.inject(Fault(faults.status(503, retry_after=1)))
                await wait_until_async(lambda: "HTTP 503" in everything_in(redis_url), 20)
                await proxy.close()
                await wait_until_async(lambda: "the proxy before the vendor failed" in everything_in(redis_url), 20)
                said["redis"] = everything_in(redis_url)
            finally:
                process.terminate()
                _, said["log"] = await asyncio.to_thread(process.communicate, timeout=20)
    assert "HTTP 503" in said["log"] and f"proxy http://{proxy.address} of http_proxy" in said["log"]
    for voice, words in said.items():
        assert words, voice
        assert CANARY not in words, voice
        assert LOGIN not in words, voice


def scraped(home: Path, environ: dict[str, str]) -> str:
    """Return one page of metrics, and what the endpoint logged."""
    with start(home, "metrics", "--port", "0", **environ) as process:
        try:
            assert process.stderr is not None
            log = process.stderr.readline()
            url = re.search(r"http://\S+", log)
            assert url, log
            wait_until(lambda: b"chaindeck_redis_up 1" in _page(url[0]), 10, "a poll")
            return log + _page(url[0]).decode()
        finally:
            process.kill()


def _page(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as reply:
        return bytes(reply.read())

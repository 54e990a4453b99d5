"""The embedded server, on real servers: private, shared by processes, gone with its owner."""

import contextlib
import fcntl
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from chain.errors import RedisUnavailableError
from chain.redis.server import embedded
from chain.redis.server.binary import binary
from chain.redis.server.embedded import EmbeddedServer, attach
from tests.support.places import ROOT
from tests.support.waiting import wait_until

# An owner of its own: on a line of input starts or attaches and says which, then stays until its input ends.
OWNER = """
import sys
from chain.redis.server.embedded import EmbeddedServer
server = EmbeddedServer()
print("loaded", flush=True)
sys.stdin.readline()
print("owned" if server.start_or_attach().owned else "attached", flush=True)
sys.stdin.read()
"""

# An owner that leads a session on a terminal and leaves a file for every signal that the terminal sends.
OWNER_ON_A_TERMINAL = """
import fcntl, signal, termios
from chain.redis.server.embedded import EmbeddedServer
from chain.redis.server.folder import runtime_dir
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
for number in (signal.SIGINT, signal.SIGHUP):
    signal.signal(number, lambda number, _: (runtime_dir() / signal.Signals(number).name).touch())
server = EmbeddedServer()
server.start_or_attach()
(runtime_dir() / "READY").touch()
while True:
    signal.pause()
"""


class Owner(subprocess.Popen[str]):
    """A process of OWNER; leaving its context closes its standard input, which lets it end, and waits."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", OWNER]
        super().__init__(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def go(self) -> None:
        assert self.stdin is not None
        self.stdin.write("go\n")
        self.stdin.flush()

    def says(self) -> str:
        assert self.stdout is not None
        return self.stdout.readline().strip()


@pytest.fixture
def owners() -> Iterator[Callable[[int], list[Owner]]]:
    """Starts processes that hold the embedded server of the current runtime folder, all at one moment."""
    with contextlib.ExitStack() as stack:

        def start(count: int) -> list[Owner]:
            owners = [stack.enter_context(Owner()) for _ in range(count)]
            for owner in owners:
                assert owner.says() == "loaded"
            for owner in owners:
                owner.go()
            return owners

        yield start


def server_pid(path: Path) -> int:
    with SyncRedis(unix_socket_path=str(path)) as client:
        return int(client.info("server")["process_id"])


def group(pgid: int) -> set[int]:
    """Processes of a group that live; a zombie that init has yet to reap does not."""
    command = ["ps", "-A", "-o", "pid=,pgid=,stat="]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listing.splitlines()]
    return {int(pid) for pid, of, state in rows if int(of) == pgid and not state.startswith("Z")}


def is_locked(path: Path) -> bool:
    with path.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def assert_reaped(pid: int) -> None:
    with pytest.raises(ProcessLookupError):  # a zombie would still take the signal
        os.kill(pid, 0)


async def test_started_server_has_exactly_our_settings(runtime: Path, holder: EmbeddedServer) -> None:
    endpoint = holder.start_or_attach()
    assert endpoint.owned
    assert holder.alive()
    assert endpoint.url == f"unix://{runtime}/redis.sock"
    assert endpoint.program == reported_name(binary())
    async with Redis.from_url(endpoint.url, decode_responses=True) as client:
        assert await client.ping()
        settings = await client.config_get("*")
    assert {name: settings[name] for name in ("port", "save", "appendonly", "maxmemory", "maxmemory-policy")} == {
        "port": "0",
        "save": "",
        "appendonly": "no",
        "maxmemory": str(256 << 20),
        "maxmemory-policy": "volatile-ttl",
    }
    assert settings["dir"] == str(runtime)


def reported_name(path: Path) -> str:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    name, version = re.match(r"(\w+) server v=([\d.]+)", said).groups()  # type: ignore[union-attr]
    return f"{name.lower()} {version}"


def test_second_holder_attaches_and_leaves_the_server_running(runtime: Path, holder: EmbeddedServer) -> None:
    first = holder.start_or_attach()
    with EmbeddedServer() as other:
        second = other.start_or_attach()
        assert not second.owned
        assert (second.url, second.program) == (first.url, first.program)
    assert holder.alive()
    assert attach() == second


def test_the_holder_keeps_its_server_when_asked_again(runtime: Path, holder: EmbeddedServer) -> None:
    first = holder.start_or_attach()
    pid = server_pid(first.socket)
    assert holder.start_or_attach() is first
    assert server_pid(first.socket) == pid


def test_stop_ends_the_server_reaps_it_and_its_guard_and_can_be_repeated(
    runtime: Path, holder: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    plain = subprocess.Popen

    def spy(*args: object, **settings: object) -> subprocess.Popen[bytes]:
        started.append(plain(*args, **settings))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", spy)
    endpoint = holder.start_or_attach()
    assert len(started) == 2
    holder.stop()
    holder.stop()
    for process in started:
        assert_reaped(process.pid)
    assert not holder.alive()
    assert not endpoint.socket.exists()
    assert attach() is None


def test_stop_kills_a_server_that_does_not_listen_to_reason(
    runtime: Path, holder: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "STOP_S", 0.1)
    endpoint = holder.start_or_attach()
    pid = server_pid(endpoint.socket)
    os.kill(pid, signal.SIGSTOP)
    holder.stop()
    assert_reaped(pid)
    assert not endpoint.socket.exists()


def test_a_crashed_server_is_noticed_and_replaced(runtime: Path, holder: EmbeddedServer) -> None:
    first = holder.start_or_attach()
    pid = server_pid(first.socket)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not holder.alive(), what="the crash to be noticed")
    assert first.socket.exists()  # what it left must not stand in the way
    second = holder.start_or_attach()
    assert second.owned
    assert server_pid(second.socket) != pid


def test_stop_after_a_crash_leaves_the_next_owner_alone(runtime: Path, holder: EmbeddedServer) -> None:
    pid = server_pid(holder.start_or_attach().socket)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not holder.alive(), what="the crash to be noticed")
    with EmbeddedServer() as next_owner:
        assert next_owner.start_or_attach().owned
        assert not holder.alive()
        holder.stop()
        assert next_owner.alive()
        assert attach() is not None


def test_nobody_attaches_to_a_server_on_its_way_out(
    runtime: Path, holder: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "STOP_S", 1.0)
    pid = server_pid(holder.start_or_attach().socket)
    os.kill(pid, signal.SIGSTOP)  # so that leaving takes all of STOP_S
    leaving = threading.Thread(target=holder.stop)
    leaving.start()
    wait_until(lambda: is_locked(runtime / "lock"), what="stop to hold the lock")
    with EmbeddedServer() as heir:
        endpoint = heir.start_or_attach()
        assert endpoint.owned
        assert server_pid(endpoint.socket) != pid
    leaving.join()


def test_four_processes_at_once_share_one_server(runtime: Path, owners: Callable[[int], list[Owner]]) -> None:
    said = sorted(owner.says() for owner in owners(4))
    assert said == ["attached", "attached", "attached", "owned"]


def test_threads_of_one_process_share_one_server(runtime: Path) -> None:
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(EmbeddedServer()) for _ in range(4)]
        owned: list[bool] = []
        threads = [threading.Thread(target=lambda s=s: owned.append(s.start_or_attach().owned)) for s in servers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(owned) == [False, False, False, True]


def test_sigkill_of_the_owner_ends_the_server(runtime: Path, owners: Callable[[int], list[Owner]]) -> None:
    (owner,) = owners(1)
    assert owner.says() == "owned"
    pid = server_pid(runtime / "redis.sock")
    pgid = os.getpgid(pid)
    assert pid in group(pgid)
    assert len(group(pgid)) == 2  # the server and its guard
    owner.kill()
    wait_until(lambda: not group(pgid), what="the server and its guard to end with their owner")
    assert attach() is None
    with EmbeddedServer() as heir:
        assert heir.start_or_attach().owned


def test_ctrl_c_and_a_closing_terminal_do_not_reach_the_server(runtime: Path) -> None:
    keyboard, terminal = pty.openpty()
    command = [sys.executable, "-c", OWNER_ON_A_TERMINAL]
    with subprocess.Popen(command, cwd=ROOT, stdin=terminal, start_new_session=True) as owner:
        os.close(terminal)
        try:
            wait_until((runtime / "READY").exists, what="the server to start")
            pid = server_pid(runtime / "redis.sock")
            assert os.getpgid(pid) != owner.pid  # the terminal signals this group and the session's leader alone
            os.write(keyboard, b"\x03")
            wait_until((runtime / "SIGINT").exists, what="Ctrl-C to reach the owner")
            assert server_pid(runtime / "redis.sock") == pid
            os.close(keyboard)
            wait_until((runtime / "SIGHUP").exists, what="the hang-up to reach the owner")
            assert server_pid(runtime / "redis.sock") == pid
        finally:
            owner.kill()
    wait_until(lambda: attach() is None, what="the server to end with its owner")


def test_a_stale_socket_of_a_dead_server_is_replaced(runtime: Path, holder: EmbeddedServer) -> None:
    path = runtime / "redis.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
        dead.listen()
    assert attach() is None
    assert holder.start_or_attach().owned


def test_a_server_that_accepts_but_is_silent_is_reported_not_replaced(
    runtime: Path, holder: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "PING_S", 0.05)
    path = runtime / "redis.sock"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        found = attach()  # it is there: whoever asks it says that it does not answer
        assert found is not None
        assert found.socket == path
        with pytest.raises(RedisUnavailableError, match=r"does not answer PING.*--redis-url"):
            holder.start_or_attach()
    assert path.exists()


def test_where_another_took_its_place_the_server_nobody_can_find_is_ended(
    runtime: Path, holder: EmbeddedServer
) -> None:
    first = holder.start_or_attach()
    other = EmbeddedServer()
    other.start_or_attach()
    first.socket.unlink()
    try:
        assert holder.replaced()
        assert other.start_or_attach().owned  # nobody listens at the path
        held = holder._server
        assert held is not None
        assert held.poll() is None
        assert not holder.start_or_attach().owned
        assert held.poll() is not None
        assert not holder.replaced()
        holder.stop()
        assert other.alive()
    finally:
        other.stop()


def test_a_server_that_does_not_answer_is_there_all_the_same(runtime: Path, holder: EmbeddedServer) -> None:
    endpoint = holder.start_or_attach()
    assert holder._server is not None
    os.kill(holder._server.pid, signal.SIGSTOP)
    try:
        found = attach()
    finally:
        os.kill(holder._server.pid, signal.SIGCONT)
    assert found is not None
    assert (found.url, found.owned) == (endpoint.url, False)

"""Valkey servers on loopback ports: one alone, a replica, Sentinels, a cluster; none outlives its test."""

import random
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis

from chain.redis.server.binary import binary
from tests.support.waiting import wait_until

HOST = "127.0.0.1"
SERVICE = "mymaster"  # what Sentinels call the primary they watch
NODE_TIMEOUT_MS = 1_000  # after which nodes of a cluster call a silent one failed
DOWN_AFTER_MS = 1_000  # the same among Sentinels
_START_S = 15.0
_END_S = 10.0  # after a SIGKILL
_GUARD = "read -r _; kill -KILL 0"  # at the end of its input, which only we hold open, every process of its group ends


def free_port() -> int:
    """Return a port that nobody listens on, outside the range from which the kernel serves outgoing connections."""
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        return port


class Server:
    """One process. Killed and started again, it keeps its port, its folder and its flags."""

    def __init__(self, folder: Path, port: int, flags: Sequence[str], group: int, program: Path | None = None) -> None:
        self.port = port
        self.url = f"redis://{HOST}:{port}"
        password = flags[flags.index("--requirepass") + 1] if "--requirepass" in flags else None
        protocol = 2 if "HELLO" in flags else None
        self.admin = redis.Redis(
            host=HOST, port=port, password=password, socket_timeout=5, decode_responses=True, protocol=protocol
        )
        self._command = [str(program or binary()), *flags]
        self._folder = folder
        self._group = group
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The process, living or dead."""
        assert self._process is not None
        return self._process

    def start(self) -> None:
        """Start it, and wait until it answers, be it that it loads its data."""
        with (self._folder / f"{self.port}.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, stdout=log, stderr=log, process_group=self._group
            )
        wait_until(self._answers, _START_S, f"the server on port {self.port}")

    def _answers(self) -> bool:
        assert self.process.poll() is None, (self._folder / f"{self.port}.log").read_text()[-800:]
        try:
            return bool(self.admin.ping())
        except (redis.BusyLoadingError, redis.AuthenticationError, redis.ResponseError):
            return True  # a refusal is an answer
        except redis.ConnectionError:
            return False

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(_END_S)

    def pause(self) -> None:
        """Stop it where it stands: the kernel still accepts connections for it, nobody answers."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused one go on."""
        self.process.send_signal(signal.SIGCONT)


class Servers:
    """The servers of one test. Inside `with` they live; after it, or if this process dies, none is left."""

    def __init__(self) -> None:
        self._all: list[Server] = []

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="cd-", dir="/tmp")
        self._guard = subprocess.Popen(["/bin/sh", "-c", _GUARD], stdin=subprocess.PIPE, process_group=0)
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        for process in (self._guard, *(server.process for server in self._all)):
            process.wait(_END_S)
        for server in self._all:
            server.admin.close()
        self._folder.cleanup()

    def alone(self, *flags: str, port: int | None = None, program: Path | None = None) -> Server:
        """Start a server that keeps nothing on disk, of another make where its program is given."""
        port = port or free_port()
        plain = ["--port", str(port), "--bind", HOST, "--dbfilename", f"{port}.rdb", "--save", "", "--appendonly", "no"]
        return self._start(port, [*plain, "--repl-diskless-sync-delay", "0", "--loglevel", "warning", *flags], program)

    def replica(self, primary: Server, *flags: str) -> Server:
        """Start a replica, and wait until it has what its primary has."""
        server = self.alone("--replicaof", HOST, str(primary.port), *flags)
        wait_until(lambda: linked(server), _START_S, "the replica to be in step")
        return server

    def sentinels(
        self, primary: Server, count: int = 1, replicas: int = 1, *, port: int = 0, lines: str = ""
    ) -> list[Server]:
        """Start Sentinels that watch a primary, and wait until they know its replicas and each other.

        `port` is where they look for it if not at its own; `lines` are more of their configuration.
        """
        found = [self._sentinel(port or primary.port, count // 2 + 1, lines) for _ in range(count)]
        for sentinel in found:
            wait_until(lambda: _knows(sentinel, replicas, count - 1), _START_S, "a Sentinel to know all")  # noqa: B023
        return found

    def _sentinel(self, primary: int, quorum: int, lines: str) -> Server:
        port = free_port()
        config = Path(self._folder.name) / f"sentinel-{port}.conf"
        config.write_text(
            f"port {port}\nbind {HOST}\nloglevel warning\n"
            f"sentinel monitor {SERVICE} {HOST} {primary} {quorum}\n"
            f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}\n"
            f"sentinel failover-timeout {SERVICE} 5000\n{lines}"
        )
        return self._start(port, [str(config), "--sentinel"])

    def cluster(self, primaries: int = 3, replicas: int = 0) -> list[Server]:
        """Start a cluster, its slots dealt out evenly and its replicas last, and wait until every node calls it ok."""
        nodes = [self._node() for _ in range(primaries + replicas)]
        bounds = [16_384 * at // primaries for at in range(primaries + 1)]
        for at, node in enumerate(nodes[:primaries]):
            node.admin.execute_command("CLUSTER ADDSLOTSRANGE", bounds[at], bounds[at + 1] - 1)
            node.admin.execute_command("CLUSTER SET-CONFIG-EPOCH", at + 1)
        first = nodes[0]
        bus = first.admin.config_get("cluster-port")["cluster-port"]
        for node in nodes[1:]:
            node.admin.execute_command("CLUSTER MEET", HOST, first.port, bus)
        wait_until(lambda: all(cluster_ok(node, len(nodes)) for node in nodes), _START_S, "the cluster")
        for at, node in enumerate(nodes[primaries:]):
            node.admin.execute_command("CLUSTER REPLICATE", nodes[at].admin.execute_command("CLUSTER MYID"))
            wait_until(lambda: linked(node), _START_S, "the replica to be in step")  # noqa: B023
        return nodes

    def _node(self) -> Server:
        port = free_port()
        files = ["--cluster-config-file", f"{port}.conf", "--cluster-port", str(free_port())]
        timing = ["--cluster-node-timeout", str(NODE_TIMEOUT_MS)]
        return self.alone("--cluster-enabled", "yes", *files, *timing, port=port)

    def _start(self, port: int, flags: Sequence[str], program: Path | None = None) -> Server:
        server = Server(Path(self._folder.name), port, flags, self._guard.pid, program)
        server.start()
        self._all.append(server)
        return server


def linked(replica: Server) -> bool:
    """Whether a replica hears its primary."""
    return replica.admin.info("replication").get("master_link_status") == "up"


def in_step(primary: Server, replica: Server) -> bool:
    """Whether a replica has all that its primary has written."""
    written = primary.admin.info("replication")["master_repl_offset"]
    return linked(replica) and replica.admin.info("replication")["slave_repl_offset"] >= written


def sever(primary: Server) -> None:
    """Let no replica of a server hear it any more: both live, and both answer."""
    primary.admin.execute_command("ACL SETUSER default -psync -sync")
    primary.admin.client_kill_filter(_type="replica")


def mend(primary: Server) -> None:
    """Undo `sever`."""
    primary.admin.execute_command("ACL SETUSER default +psync +sync")


def cluster_ok(node: Server, count: int) -> bool:
    """Whether a node of a cluster of so many thinks that all slots are served."""
    told: dict[str, str] = node.admin.execute_command("CLUSTER INFO")
    return told["cluster_state"] == "ok" and told["cluster_known_nodes"] == str(count)


def sentinel_url(sentinels: Iterable[Server], service: str = SERVICE) -> str:
    """Return the URL of the primary that these watch."""
    return f"redis+sentinel://{_hosts(sentinels)}/{service}"


def cluster_url(nodes: Iterable[Server]) -> str:
    """Return the URL of a cluster, naming these nodes."""
    return f"redis+cluster://{_hosts(nodes)}"


def hurry(sentinels: Iterable[Server]) -> None:
    """Let Sentinels look and speak ten times a second: how soon a primary is called down stays as it was."""
    for sentinel in sentinels:
        sentinel.admin.execute_command("SENTINEL DEBUG", "info-period", 100, "publish-period", 100)


def primary_of(sentinel: Server) -> int:
    """Return the port of the primary that a Sentinel names."""
    address = sentinel.admin.sentinel_get_master_addr_by_name(SERVICE)
    assert isinstance(address, tuple), f"the Sentinel knows no {SERVICE}"
    return address[1]


def _hosts(servers: Iterable[Server]) -> str:
    return ",".join(f"{HOST}:{server.port}" for server in servers)


def _knows(sentinel: Server, replicas: int, others: int) -> bool:
    state: Any = sentinel.admin.sentinel_master(SERVICE)
    healthy = not state["is_sdown"] and state["num-slaves"] == replicas
    return bool(healthy and state["num-other-sentinels"] == others)

"""The embedded server: a real, private Valkey or Redis on a unix socket, which ends with its owner."""

import os
import socket
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote

from msgspec import Struct

from chain.errors import RedisUnavailableError
from chain.private import open_private
from chain.redis.server.binary import FIX, binary, server_environment
from chain.redis.server.folder import LOG, SOCKET, identity, locked, private_runtime_dir, runtime_dir
from chain.text import clean

PING_S = 0.5
START_S = 5.0
STOP_S = 3.0
POLL_S = 0.002

# The guard reads a pipe whose write end only the owner holds: end of file means that the owner is gone, even if it
# was killed. It starts before the server, which joins its process group: there is no gap, and it kills nothing else.
_GUARD = "read -r _; kill -KILL 0"


class Endpoint(Struct, frozen=True):
    """Where an embedded server listens, and whether it is ours to stop."""

    url: str  # unix:///...
    socket: Path
    owned: bool
    program: str  # "valkey 9.1.2"


def attach(directory: Path | None = None) -> Endpoint | None:
    """Return this user's embedded server, or None if nobody listens; raise ConfigError as runtime_dir.

    A server that listens but does not answer in time counts as running; its clients will report that it is silent.
    """
    path = private_runtime_dir(directory or runtime_dir()) / SOCKET
    try:
        return _endpoint(path, _program(path), owned=False)
    except TimeoutError:
        return _endpoint(path, "", owned=False)
    except OSError:
        return None


class EmbeddedServer:
    """One process's hold on the embedded server; the server it started ends with it, also when it is killed."""

    def __init__(self) -> None:
        self._endpoint: Endpoint | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._undo = ExitStack()
        self._socket: tuple[int, int] | None = None  # device and inode: another server may listen at the same path

    def start_or_attach(self, directory: Path | None = None) -> Endpoint:
        """Return this user's running server, started if there is none; blocks for START_S seconds at most.

        Called again it returns the server it holds while that lives, else finds or starts another. Raises ConfigError
        for a folder that is not private, RedisUnavailableError where no server can be had.
        """
        if self._endpoint is not None and self.alive():
            return self._endpoint
        self.stop()
        path = private_runtime_dir(directory or runtime_dir()) / SOCKET
        with locked(path.parent):
            try:
                program = _program(path)
            except (FileNotFoundError, ConnectionError):
                # Nothing listens. A socket left by a dead server is replaced by the new one.
                self._server, self._undo, program = _start(path)
            except OSError as error:
                raise RedisUnavailableError(
                    f"embedded server on {clean(path)} accepts but does not answer PING within {PING_S} s;"
                    f" end that process, or give --redis-url"
                ) from error
            self._endpoint = _endpoint(path, program, owned=self._server is not None)
            self._socket = identity(path)
        return self._endpoint

    def replaced(self) -> bool:
        """Return whether this server's socket is gone from its path, or replaced by another's."""
        return self._endpoint is not None and identity(self._endpoint.socket) != self._socket

    def alive(self) -> bool:
        """Return whether the server answers PING now; waits PING_S seconds at most."""
        ended = self._server is not None and self._server.poll() is not None
        if self._endpoint is None or ended or self.replaced():
            return False
        try:
            _program(self._endpoint.socket)
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """Release the server: end it if this object started it, else leave it running; safe to repeat."""
        server, endpoint, replaced = self._server, self._endpoint, self.replaced()
        self._server = self._endpoint = None
        with self._undo:  # the server ends, whatever fails below
            # Under the lock nobody can attach while it ends. If it died before, the socket may be another server's.
            if server is not None and server.poll() is None and endpoint is not None:
                with locked(endpoint.socket.parent):
                    if replaced:
                        server.kill()  # on SIGTERM it would remove the socket, which is another's
                        server.wait()
                    else:
                        _end(server)
                        endpoint.socket.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _endpoint(path: Path, program: str, *, owned: bool) -> Endpoint:
    return Endpoint(f"unix://{quote(str(path))}", path, owned, program)


def _program(path: Path) -> str:
    """Return name and version of the server behind a socket; raise OSError unless it answers PING in time.

    Valkey reports redis 7.2.4 in `redis_version`; its own name and version are in other fields.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(PING_S)
        link.connect(str(path))
        link.sendall(b"PING\r\nINFO server\r\n")
        with link.makefile("rb") as reply:
            pong, header = reply.readline(), reply.readline()
            if not header:
                raise ConnectionResetError("the server went away")
            if pong != b"+PONG\r\n" or not header.startswith(b"$"):
                raise OSError(f"no PONG but {clean(pong)}")
            info = reply.read(int(header[1:])).decode()
    fields = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
    name = fields.get("server_name", "redis")
    return clean(f"{name} {fields.get(f'{name}_version', 'of unknown version')}", 40)


def _flags(path: Path) -> list[str]:
    """Return the server's settings: this socket and no port, nothing on disk, the soonest to expire evicted first."""
    fixed = "--port 0 --unixsocketperm 700 --appendonly no --maxmemory 256mb --maxmemory-policy volatile-ttl"
    return [*fixed.split(), "--save", "", "--unixsocket", str(path), "--dir", str(path.parent)]


def _start(path: Path) -> tuple[subprocess.Popen[bytes], ExitStack, str]:
    """Start a server on `path` and wait for its PONG; return it, what ends it, and its name."""
    program, quiet = binary(), subprocess.DEVNULL
    with ExitStack() as undo, os.fdopen(open_private(path.parent / LOG), "wb") as log:
        # In a process group of their own, so that signals of the terminal (Ctrl-C, hangup) reach only the deck.
        guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD],
            stdin=subprocess.PIPE,
            stdout=quiet,
            stderr=quiet,
            env=server_environment(),
            process_group=0,
        )
        undo.callback(_end, guard)
        try:
            server = subprocess.Popen(
                [program, *_flags(path)],
                stdin=quiet,
                stdout=log,
                stderr=log,
                env=server_environment(),
                process_group=guard.pid,
            )
        except OSError as error:
            raise RedisUnavailableError(f"{clean(program)} cannot run: {error.strerror}; {FIX}") from error
        undo.callback(_end, server)
        name = _ready(server, path)
        return server, undo.pop_all(), name


def _ready(server: subprocess.Popen[bytes], path: Path) -> str:
    """Return the server's name once it answers; raise RedisUnavailableError with its last words if it does not.

    Waits on the process itself, so that its exit ends the wait.
    """
    left_s = START_S
    while left_s > 0:
        try:
            return _program(path)
        except TimeoutError:  # it listens but does not answer yet
            left_s -= PING_S
        except OSError:  # it does not listen yet
            left_s -= POLL_S
        with suppress(subprocess.TimeoutExpired):
            server.wait(POLL_S)
            break
    why = f"no PING within {START_S} s" if server.returncode is None else f"exit code {server.returncode}"
    said = (path.parent / LOG).read_text("utf-8", "replace").rstrip().rpartition("\n")[2]
    raise RedisUnavailableError(f"embedded server did not start, {why}: {clean(said) or 'no output'}; {FIX}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a child process, by SIGTERM first, and leave no zombie; safe to repeat."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()

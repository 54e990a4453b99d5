"""What is this user's alone: folders and files of modes 0700 and 0600 whatever the umask, existing ones included.

And our environment, which may hold an API key and passwords: child processes are given only what they need of it.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_FOLDER, _FILE = 0o700, 0o600
_NEEDED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "TMPDIR", "TZ")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, each for this user alone; raise OSError where that fails.

    What is there already is left as it is.
    """
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        with suppress(FileExistsError):  # another process was quicker
            missing.mkdir(mode=_FOLDER)
            missing.chmod(_FOLDER)  # a umask can take rights away, too


def private_folder(folder: Path) -> None:
    """Make a folder for this user alone, or close an existing one to all others; raise OSError where that fails."""
    make_folder(folder)
    status = folder.stat()
    if status.st_uid == os.geteuid() and status.st_mode & 0o077:
        folder.chmod(_FOLDER)


def open_private(path: Path, flags: int = os.O_TRUNC) -> int:
    """Open a file for writing, created if missing, that only its owner can read from now on; return its descriptor."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | flags, _FILE)
    try:
        if os.fstat(descriptor).st_uid == os.geteuid():
            os.fchmod(descriptor, _FILE)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def child_environment(also: Iterable[str] = ()) -> dict[str, str]:
    """Return what every program needs of our environment, and the variables named `also`."""
    return {name: os.environ[name] for name in (*_NEEDED, *also) if name in os.environ}

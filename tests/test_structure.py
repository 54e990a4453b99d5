"""The shape of the code: small files, small functions, small rooms, and each room says what is in it.

Arrows between rooms are held by the import contracts of `make check`.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.places import PACKAGES, ROOT

HELD = (*PACKAGES, "schemas", "screenshots", "benchmarks", "tests/support")

MAX_LINES_OF_A_FILE = 300
MAX_LINES_OF_A_FUNCTION = 40
MAX_FILES_IN_A_ROOM = 9  # beside `__init__`

# Each with the reason why it is better as it is. What has come back within the limit must leave this list.
LARGE_FILES = {
    "tests/support/broken_publishers.py": "a catalogue: one small publisher for each way to break the contract",
}
LARGE_FUNCTIONS = {
    "tests/support/builders.py::contract": "one literal: a vendor's item, field by field",
}
FULL_ROOMS: dict[str, str] = {}

_LINE_OF_LAYOUT = re.compile(r"^(\w+) {2,}\S")


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every function of a file, methods and inner ones too: `file::name`, and its length in lines."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield f"{named(path)}::{node.name}", node.end_lineno - node.lineno + 1


def rooms() -> list[Path]:
    return [path.parent for path in sources(*PACKAGES) if path.name == "__init__.py"]


def contents(room: Path) -> set[str]:
    """Return the modules, rooms and folders of data inside a room by name."""
    files = {path.stem for path in room.glob("*.py")} - {"__init__", "__main__"}
    return files | {path.name for path in room.iterdir() if path.is_dir()} - {"__pycache__"}


def test_a_file_tells_one_story() -> None:
    lengths = {named(path): len(path.read_text().splitlines()) for path in sources(*HELD)}
    assert {path for path, length in lengths.items() if length > MAX_LINES_OF_A_FILE} == set(LARGE_FILES)


def test_a_function_is_seen_at_once() -> None:
    lengths = dict(found for path in sources(*HELD) for found in functions(path))
    assert {name for name, length in lengths.items() if length > MAX_LINES_OF_A_FUNCTION} == set(LARGE_FUNCTIONS)


def test_a_room_is_seen_at_once() -> None:
    sizes = {named(room): len([*room.glob("*.py")]) - 1 for room in rooms()}
    assert {room for room, size in sizes.items() if size > MAX_FILES_IN_A_ROOM} == set(FULL_ROOMS)


@pytest.mark.parametrize("room", rooms(), ids=named)
def test_a_room_says_what_is_in_it(room: Path) -> None:
    """One line a module in the docstring of the package, and none for what is not there."""
    told = ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
    lines = [match[1] for line in told.splitlines() if (match := _LINE_OF_LAYOUT.match(line))]
    assert len(lines) == len(set(lines))
    assert set(lines) == contents(room)


def test_every_module_says_what_it_is_for() -> None:
    silent = [named(path) for path in sources(*HELD) if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []

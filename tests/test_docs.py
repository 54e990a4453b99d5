"""The documents name what is there: paths, classes, functions, make targets, commands, links and sections."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from chain.audit.clauses import Clause
from chaindeck import __version__
from chaindeck.cli import app
from tests.support.places import PACKAGES, ROOT
from tui.actions.bars import BARS, Bar
from tui.actions.keymap import DEFAULT_KEYMAP

PAGES = sorted([*(ROOT / "docs").glob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md"))])
CODE = (*PACKAGES, "schemas", "screenshots", "benchmarks", "tests")

_SPAN = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(rf"(?:{'|'.join(CODE)}|docs|examples)/[\w./-]*|\.ci/run")
_CLASS = re.compile(r"([A-Z]\w*[a-z]\w*)(?:\.([a-z_]\w*))?")
_FUNCTION = re.compile(r"([a-z_]\w*)\(\)")
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([\w-]+))?\)")
_OF_OTHERS = {"Nagios", "TLSv1.2", "TLSv1.3", "Retry-After"}


def test_the_readme_names_every_key_of_the_past() -> None:
    section = (
        (ROOT / "README.md").read_text(encoding="utf-8").partition("## The past on screen")[2].partition("\n## ")[0]
    )
    shown = [entry.text(DEFAULT_KEYMAP)[0] for entry in BARS[Bar.PAST] if not entry.id.startswith("show-")]
    keys = {key for keys in shown for key in keys.split()} - {"?", "q"} | {"t"}
    assert keys >= {",", "N", "T", "L", "A", "D", "space"}
    assert keys <= {key for span in _SPAN.findall(section) for key in span.split()}


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def spans(page: Path) -> list[str]:
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return _SPAN.findall(prose)


def attributes(of: ast.ClassDef) -> set[str]:
    """Return the methods and annotated fields of a class."""
    methods = {item.name for item in of.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)}
    annotated = [item.target for item in of.body if isinstance(item, ast.AnnAssign)]
    return methods | {target.id for target in annotated if isinstance(target, ast.Name)}


@cache
def defined() -> dict[str, set[str]]:
    """Return every class of the code with its attributes, and under an empty name every function."""
    found: dict[str, set[str]] = {"": set()}
    for path in (path for folder in CODE for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, set()).update(attributes(node))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[""].add(node.name)
    return found


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_path_that_a_page_names_is_there(page: Path) -> None:
    missing = [span for span in spans(page) if _PATH.fullmatch(span) and not (ROOT / span).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_name_of_the_code_that_a_page_names_is_there(page: Path) -> None:
    missing = []
    for span in spans(page):
        if (match := _CLASS.fullmatch(span)) and span not in _OF_OTHERS:
            name, attribute = match[1], match[2]
            if name not in defined() or (attribute and attribute not in defined()[name]):
                missing.append(span)
        elif (match := _FUNCTION.fullmatch(span)) and match[1] not in defined()[""]:
            missing.append(span)
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in _LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        aim = (page.parent / target).resolve() if target else page
        assert aim.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", aim.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_make_target_that_a_page_names_is_one(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_that_a_page_names_is_one(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"`chaindeck ([a-z]+)", text)) <= {*app}


def test_the_page_on_the_contract_has_every_section_that_verify_prints() -> None:
    page = (ROOT / "docs/contract.md").read_text(encoding="utf-8")
    sections = set(re.findall(r"^(?:## |\| |- \*\*)(\d(?:\.\d)?) ", page, re.MULTILINE))
    assert {clause.section for clause in Clause} <= sections


def test_the_newest_release_in_the_changelog_is_the_version_of_the_code() -> None:
    releases = re.findall(r"^## (\d\S*) \(\d{4}-\d{2}-\d{2}\)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert releases[0] == __version__

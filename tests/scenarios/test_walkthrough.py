"""A new user's walk in tmux, from `make demo` to the provenance of a number and an export, as the README has it."""

import csv
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.places import ROOT
from tests.support.product import command, environment
from tests.support.tmux import Window, window
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

_CODE = re.compile(r"`([^`]+)`")
DEMO = ("--preset", "demo")  # as `make demo` runs it


class Step(NamedTuple):
    """A row of the README's walk: a key, and the words that it promises, in which any digits may be others."""

    key: str
    words: tuple[str, ...]

    def is_kept_by(self, screen: str) -> bool:
        """Whether a screen says all that is promised."""
        return all(re.search(re.sub(r"\d+", r"\\d+", re.escape(words)), screen) for words in self.words)


def steps() -> list[Step]:
    """The walk as the README tells it."""
    section = (ROOT / "README.md").read_text().split("\n## Where a number comes from\n")[1].split("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    return [Step(_CODE.findall(key)[0], tuple(_CODE.findall(says))) for _, key, says, _ in rows]


def test_the_walk_as_it_is_told_is_what_make_demo_begins() -> None:
    walk = steps()
    assert [step.key for step in walk] == ["tab", "enter", "y", "esc", "i", "esc", "e", "enter", "q"]
    assert all(step.words for step in walk if step.key not in ("esc", "q"))
    recipe = (ROOT / "Makefile").read_text().split("\ndemo:")[1].splitlines()
    assert recipe[1].split() == ["$(BIN)/chaindeck", *DEMO]


def take(shown: Window, step: Step, before: Step | None) -> None:
    """Press the key of a step, and see what it promises; of `esc` that what the step before opened is gone."""
    shown.send(step.key)
    if step.key != "esc":
        wait_until(lambda: step.is_kept_by(shown.text), 10.0, f"{step} on\n{shown.text}")
    elif before is not None:
        wait_until(lambda: not before.is_kept_by(shown.text), 10.0, "the deck")


def test_a_new_user_walks_from_the_demo_to_a_provenance_and_an_export(short_dir: Path) -> None:
    demo = environment(short_dir)
    del demo["CHAINDECK_STREAM"]  # the demo has one
    opened: Step | None = None
    with window(short_dir, command(*DEMO), demo) as shown:
        wait_until(lambda: "[MOCK]" in shown.text and re.search(r"\[\d+\]", shown.text), 15.0, "the grid")
        for step in steps():
            take(shown, step, opened)
            if step.key == "y" and shown.copied is not None:
                assert re.match(r"SPX \d{4}-\d\d-\d\d SPXW \d+ call bid: ", shown.copied)
            opened = step if step.key != "y" else opened
        wait_until(lambda: shown.is_over, 10.0, "the end")
    [file] = (short_dir / ".local/share/chaindeck/exports").iterdir()
    assert file.name.endswith("_MOCK_grid.csv") and file.stat().st_mode & 0o777 == 0o600
    with file.open(newline="") as lines:
        table = list(csv.reader(lines))
    assert [line[0] for line in table if line[1].startswith("massive:chain:snapshot:SPX:")] == ["# key"]
    assert sum(not line[0].startswith("# ") for line in table) > 20
    assert not (short_dir / "r/redis.sock").exists()

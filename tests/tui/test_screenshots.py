"""The committed pictures are what the deck paints today."""

import re
from pathlib import Path

import pytest

from screenshots.__main__ import FOLDER, REPLAY
from screenshots.flow import PICTURES
from screenshots.replay import replay
from screenshots.scenes import Picture, picture

pytestmark = pytest.mark.slow

_TEXT = re.compile(r">([^<>]+)</t")


@pytest.mark.parametrize("scene", PICTURES, ids=lambda scene: scene.name)
async def test_the_committed_picture_is_what_the_deck_paints(scene: Picture) -> None:
    _check(FOLDER / f"{scene.name}.svg", await picture(scene))


async def test_the_committed_replay_is_what_the_deck_paints() -> None:
    _check(REPLAY, await replay())


def _check(path: Path, painted: str) -> None:
    committed = path.read_text(encoding="utf-8") if path.exists() else ""
    if painted != committed:
        pytest.fail(
            f"{path.name} has drifted: run `make screenshots` and look at it; {_first_difference(committed, painted)}"
        )


def _first_difference(committed: str, painted: str) -> str:
    """Name the first piece of text that reads differently, where the words differ at all."""
    for was, now in zip(_TEXT.findall(committed), _TEXT.findall(painted), strict=False):
        if was != now:
            return f"{was!r} is now {now!r}"
    return "the words are the same"


def test_every_committed_picture_has_a_scene() -> None:
    pictures: set[str] = {path.stem for path in Path(FOLDER).glob("*.svg")}
    assert pictures == {scene.name for scene in PICTURES} | {REPLAY.stem}

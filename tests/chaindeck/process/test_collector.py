"""Searches for dead objects: none while modules load, seldom afterwards, never switched off."""

import gc
from collections.abc import Iterator

import pytest

from chaindeck.process.collector import when_loaded, while_loading


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def searches(objects: int) -> int:
    """Return how many searches it takes to make so many objects that stay."""
    before, kept = ended(), []
    for _ in range(objects):
        kept.append([before])  # noqa: PERF401 - one object after the other
    return ended() - before


def ended() -> int:
    """Return how many searches have ended so far."""
    return sum(int(generation["collections"]) for generation in gc.get_stats())


def test_no_search_while_loading_and_one_in_a_while_after() -> None:
    while_loading()
    assert searches(400_000) == 0
    when_loaded()
    assert gc.get_freeze_count() > 0
    assert searches(250_000) in (2, 3)
    assert gc.isenabled()

"""What the names of a model's tiles say, and the axes on which they lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.pipeline.heatmap import STRATEGIES, tile_name
from chain.pipeline.heatmap_index import NO_TILES, TileName, index_of, read_tile_name
from tests.support.scenes import law

LEVELS = st.integers(1, 10**7).map(lambda thousandths: thousandths / 1000)


@law
@given(st.sampled_from(STRATEGIES), st.dates(), LEVELS, LEVELS, st.sampled_from(["call", "put", "call@SPX", "put@SPX"]))
def test_a_name_is_read_as_it_is_written(strategy: str, day: object, width: float, strike: float, side: str) -> None:
    kind = next(one for one in STRATEGIES if one == strategy)
    name = tile_name(kind, str(day), width, strike, side)
    assert read_tile_name(name) == TileName(kind, str(day), width, strike, side)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "butterfly",
        "condor:2026-01-02:20:6930:call",
        "butterfly:2026-13-02:20:6930:call",
        "butterfly:2026-01-02:wide:6930:call",
        "butterfly:2026-01-02:nan:6930:call",
        "butterfly:2026-01-02:20:inf:call",
        "butterfly:2026-01-02:20:6930:straddle",
        "butterfly:2026-01-02:20:6930:call@\x1b[2J",
        "butterfly:2026-01-02:20:6930:call:more",
    ],
)
def test_what_is_no_name_is_left_out(text: str) -> None:
    assert read_tile_name(text) is None
    assert index_of([text]) == NO_TILES


def test_the_axes_are_in_order_pm_roots_first() -> None:
    names = [
        "butterfly:2026-01-16:25:6935:put@SPX",
        "butterfly:2026-01-16:25:6930:put",
        "butterfly:2026-01-16:20:6930:call",
        "butterfly:2026-01-02:20:7000:call",
        "single:2026-01-02:0:6900:call",
    ]
    index = index_of(names)
    assert index.expirations == ("2026-01-02", "2026-01-16")
    assert index.sides == ("call", "put", "put@SPX")
    assert index.widths == {"butterfly": (20.0, 25.0), "single": (0.0,)}
    assert index.strikes["2026-01-02", "call"] == (6900.0, 7000.0)

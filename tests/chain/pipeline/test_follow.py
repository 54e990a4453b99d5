"""A reader of the heatmap: whatever it missed, it holds exactly the newest version or says that it is behind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.pipeline.follow import HeatmapFollower, apply
from chain.pipeline.heatmap import HeatmapDiff, HeatmapModel, Tile
from tests.support.builders import law


def whole(version: int, tiles: dict[str, Tile]) -> HeatmapModel:
    return HeatmapModel(
        underlying="SPX",
        ts=float(version),
        version=str(version),
        spot=None,
        atm=6930,
        widths=(),
        expirations=(),
        tiles=tiles,
    )


def tile(value: int) -> Tile:
    return Tile(float(value), None, float(value), ((6930.0, 1),), value)


def history(steps: list[tuple[int, bool]]) -> tuple[list[HeatmapModel], list[HeatmapDiff]]:
    """Return the versions of a model of some tiles that come and go, and the diffs between them."""
    models, diffs = [whole(0, {})], list[HeatmapDiff]()
    for version, (name, there) in enumerate(steps, start=1):
        tiles = dict(models[-1].tiles)
        tiles.pop(str(name), None)
        if there:
            tiles[str(name)] = tile(version)
        models.append(whole(version, tiles))
        diffs.append(
            HeatmapDiff(
                underlying="SPX", before=str(version - 1), version=str(version), ts=float(version), spot=None, atm=6930,
                widths=(), expirations=(), changed={str(name): tile(version)} if there else {},
                removed=() if there else (str(name),),
            )
        )  # fmt: skip
    return models, diffs


steps = st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=20)


@law
@given(steps, st.data())
def test_a_reader_that_reads_again_while_it_is_behind_holds_the_newest(
    steps: list[tuple[int, bool]], data: st.DataObject
) -> None:
    """Messages are lost at random; the whole is read while the reader is behind, and is some versions old."""
    models, diffs = history(steps)
    follower = HeatmapFollower()
    written = 0
    for version, diff in enumerate(diffs, start=1):
        if data.draw(st.booleans(), "heard"):
            follower.on_diff(diff)
        if data.draw(st.booleans(), "written"):
            written = version
        if follower.behind and data.draw(st.booleans(), "read"):
            follower.on_whole(models[written])
        assert follower.model is None or follower.model == models[int(follower.model.version)]
    newest = models[-1]
    follower.on_diff(HeatmapDiff(**{name: getattr(diffs[-1], name) for name in HeatmapDiff.__struct_fields__}))
    if follower.behind:
        follower.on_whole(newest)
    assert not follower.behind
    assert follower.model == newest


def test_diffs_heard_before_the_whole_was_read_lead_on_from_it() -> None:
    models, diffs = history([(0, True), (1, True), (0, False)])
    follower = HeatmapFollower()
    for diff in diffs:
        follower.on_diff(diff)
    follower.on_whole(models[1])
    assert (follower.model, follower.behind) == (models[3], False)


def test_a_whole_older_than_all_that_was_heard_is_shown_and_read_again() -> None:
    models, diffs = history([(0, True), (1, True), (2, True)])
    follower = HeatmapFollower()
    follower.on_diff(diffs[2])
    follower.on_whole(models[1])
    assert (follower.model, follower.behind) == (models[1], True)
    follower.on_whole(models[0])
    assert follower.model == models[1]
    follower.on_whole(models[3])
    assert (follower.model, follower.behind) == (models[3], False)


def test_a_diff_that_was_missed_is_noticed_with_the_next() -> None:
    models, diffs = history([(0, True), (1, True), (2, True)])
    follower = HeatmapFollower()
    follower.on_whole(models[0])
    follower.on_diff(diffs[0])
    assert (follower.model, follower.behind) == (models[1], False)
    follower.on_diff(diffs[2])
    assert (follower.model, follower.behind) == (models[1], True)


def test_a_diff_of_another_version_is_refused() -> None:
    models, diffs = history([(0, True), (1, True)])
    with pytest.raises(ValueError, match="leads on from version '1', and this is '0'"):
        apply(diffs[1], models[0])


def test_a_version_that_is_held_need_not_be_read_again() -> None:
    """One who takes over announces what it has made, which is the same where nothing has changed."""
    models, _ = history([(0, True)])
    follower = HeatmapFollower()
    follower.on_whole(models[1])
    follower.on_diff(HeatmapDiff.to(models[1]))
    assert not follower.behind
    follower.on_diff(HeatmapDiff.to(models[0]))
    assert follower.behind

"""Models and diffs as read from outside: bounded, of their underlying, their strings clean."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import DecodeError
from chain.pipeline.heatmap import ENCODER, MODEL_BYTES, HeatmapDiff, HeatmapModel, read_diff, read_model, tile_name
from tests.support.builders import law
from tests.support.heatmaps import heatmap_model

MODEL = heatmap_model(strikes=[6930.0, 6950.0], widths=[20.0])
DIFF = HeatmapDiff.to(MODEL, before="a", changed=MODEL.tiles, removed=["single:2026-01-02:0:6940:call"])
RAW, RAW_DIFF = ENCODER.encode(MODEL), ENCODER.encode(DIFF)


def test_what_is_written_is_read_as_it_was() -> None:
    assert read_model(RAW, "SPX") == MODEL
    assert read_diff(RAW_DIFF, "SPX") == DIFF
    assert HeatmapDiff.to(MODEL).changed == {}


@pytest.mark.parametrize(("read", "raw"), [(read_model, RAW), (read_diff, RAW_DIFF)])
def test_that_of_another_underlying_is_refused(read: Any, raw: bytes) -> None:
    with pytest.raises(DecodeError, match="underlying: 'SPX', not NDX"):
        read(raw, "NDX")


@pytest.mark.parametrize("field", ["expiration", "snapshot", "position", "state"])
def test_strings_are_one_visible_line(field: str) -> None:
    body = orjson.loads(RAW)
    body["version"] = body["expirations"][0][field] = "\x1b[31mred\nx" + "y" * 1_000
    model = read_model(orjson.dumps(body), "SPX")
    for text in (model.version, getattr(model.expirations[0], field)):
        assert text.isprintable()
        assert len(text) <= 128
    diff = read_diff(orjson.dumps(orjson.loads(RAW_DIFF) | {"before": "\x9b1m", "version": "\x07"}), "SPX")
    assert diff.before.isprintable()
    assert diff.version.isprintable()


def test_larger_than_any_reader_takes_is_refused_before_it_is_read() -> None:
    with pytest.raises(DecodeError, match="larger than 8388608 bytes"):
        read_model(RAW + b" " * MODEL_BYTES, "SPX")


@law
@given(st.lists(st.tuples(st.integers(0, len(RAW) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_spoiled_model_is_a_model_or_an_error_in_words(spoiled: list[tuple[int, int]]) -> None:
    raw = bytearray(RAW)
    for at, byte in spoiled:
        raw[at] = byte
    try:
        assert isinstance(read_model(bytes(raw), "SPX"), HeatmapModel)
    except DecodeError as error:
        assert str(error).isprintable()


@pytest.mark.parametrize(
    ("width", "strike", "name"),
    [
        (20.0, 6930.0, "vertical:2026-01-02:20:6930:put"),
        (2.5, 692.5, "vertical:2026-01-02:2.5:692.5:put"),
        (0.001, 9_999_999.999, "vertical:2026-01-02:0.001:9999999.999:put"),
    ],
)
def test_a_tiles_name_is_as_short_as_it_can_be(width: float, strike: float, name: str) -> None:
    assert tile_name("vertical", "2026-01-02", width, strike, "put") == name

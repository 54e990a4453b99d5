"""What a builder makes, held against the published schemas field by field."""

import jsonschema
import orjson
import pytest

from chain.pipeline.heatmap import ENCODER
from mmaker.heatmap.builder import HeatmapBuilder
from mmaker.heatmap.options import HeatmapOptions
from tests.support.builders import TS_MS
from tests.support.schemas import filled, promised, schema_of, validator
from tests.support.staged import Quoted, flush_of, option


def test_model_and_diff_keep_their_schemas_and_fill_every_field() -> None:
    quoted: Quoted = {option("put", 6930): (12.35, TS_MS), option("put", 6925): (12.5, TS_MS)}
    builder = HeatmapBuilder("SPX", HeatmapOptions({"SPX": (5.0,)}))
    builder.update(flush_of(quoted))
    builder.take()
    model = orjson.loads(ENCODER.encode(builder.model()))
    builder.update(flush_of({option("put", 6930): (12.35, TS_MS), option("put", 6920): None}))
    diffs = [orjson.loads(ENCODER.encode(builder.take()))]
    builder.update(flush_of({option("put", 6930): (12.5, TS_MS), option("put", 6925): (12.6, TS_MS)}))
    diffs.append(orjson.loads(ENCODER.encode(builder.take())))
    for name, bodies in (("heatmap", [model]), ("heatmap-diff", diffs)):
        for body in bodies:
            validator(name).validate(body)
        assert set[str]().union(*(filled(schema_of(name), body) for body in bodies)) == promised(schema_of(name))


@pytest.mark.parametrize("changes", [{"version": 7}, {"tiles": {"x": {"debit": "1"}}}, {"widths": None}])
def test_what_is_no_model_breaks_the_schema(changes: dict[str, object]) -> None:
    builder = HeatmapBuilder("SPX")
    builder.update(flush_of({option("put", 6930): (12.35, TS_MS)}))
    builder.take()
    body = orjson.loads(ENCODER.encode(builder.model()))
    validator("heatmap").validate(body)
    with pytest.raises(jsonschema.ValidationError):
        validator("heatmap").validate(body | changes)

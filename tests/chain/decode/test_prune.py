"""Pruning: what nests too deep goes, with the value that holds it, and all else stays byte for byte."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from chain.decode.prune import without_deep
from tests.chain.decode.test_limits import JSON, depth_of
from tests.support.scenes import law

LEVEL, DEPTH, INSTEAD = 2, 4, b'"gone"'


@law
@given(st.lists(JSON, max_size=6))
def test_exactly_the_values_that_nest_too_deep_are_replaced(items: list[Any]) -> None:
    found = orjson.loads(without_deep(orjson.dumps(items), LEVEL, DEPTH, INSTEAD))
    assert found == ["gone" if 1 + depth_of(item) > DEPTH else item for item in items]


@law
@given(st.binary(max_size=300) | st.text(alphabet='"\\[]{},', max_size=300).map(str.encode))
def test_any_bytes_come_out_as_bytes(raw: bytes) -> None:
    assert len(without_deep(raw, LEVEL, DEPTH, INSTEAD)) <= len(raw) * 2

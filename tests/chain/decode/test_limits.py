"""Limits: what a text may cost is known before anything is made of it, and no string hides or invents structure."""

from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chain.decode.limits import Limits
from chain.errors import DecodeError
from tests.support.scenes import law

SMALL = Limits(size=100_000, depth=6, containers=40, values=200)
TEXT = st.text(alphabet='ab"\\[]{}é\u2028', max_size=6)
JSON = st.recursive(
    st.none() | st.integers(-5, 5) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=60,
)


def depth_of(value: Any) -> int:
    """Return how deep a JSON value nests, a plain one 0."""
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(depth_of, value.values() if isinstance(value, dict) else value), default=0)


def containers_in(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    return 1 + sum(map(containers_in, value.values() if isinstance(value, dict) else value))


def refusal(raw: bytes, limits: Limits = SMALL) -> str:
    try:
        limits.check(raw)
    except DecodeError as error:
        return str(error)
    return ""


@law
@given(JSON)
def test_depth_and_count_are_those_of_the_value(value: Any) -> None:
    """At the limit a text passes, one below it is refused: whatever stands in its strings."""
    raw, depth, count = orjson.dumps(value), depth_of(value), containers_in(value)
    assert refusal(raw, Limits(100_000, depth=depth, containers=200 + count)) == ""
    if depth:
        assert "deep" in refusal(raw, Limits(100_000, depth=depth - 1, containers=200 + count))
    if count:
        assert refusal(raw, Limits(100_000, depth=depth, containers=count - 1))


@law
@given(st.binary(max_size=400) | st.text(alphabet='"\\[]{}', max_size=400).map(str.encode))
def test_whatever_the_bytes_the_answer_is_a_line_or_nothing(raw: bytes) -> None:
    reason = refusal(raw)
    assert reason.isprintable()
    assert len(reason) < 120


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "empty"),
        (b" \r\n\t", "nothing but blanks"),
        (b"x" * 100_001, "larger than 100000 bytes"),
        ("\ufeff{}".encode(), "not JSON: begins with a byte-order mark"),
        ('{"a": 1}'.encode("utf-16"), "not JSON: byte 0 is not UTF-8"),
        (b'{"a": "\xff"}', "not JSON: byte 7 is not UTF-8"),
        (b"[" + b"1," * 250 + b"1]", "more than 200 values"),
        (b"[" * 7 + b"]" * 7, "nested more than 6 deep"),
        (b"[" * 30, "nested more than 6 deep"),
        (b'{"a":' * 7 + b"1" + b"}" * 7, "nested more than 6 deep"),
        (b"[" + b"[]" * 40 + b"]", "more than 40 objects and arrays"),
        (b'["[",' * 41 + b"1" + b"]" * 41, "more than 160 brackets, in strings too"),
        (b'"' + b"x" * 9_000 + b'"', "a string or gap of 4096 bytes or more"),
    ],
)
def test_each_limit_is_told(raw: bytes, said: str) -> None:
    assert refusal(raw) == said


@law
@given(JSON)
@example([None, None, "]"])
def test_what_we_wrote_is_refused_as_a_reader_refuses_it_but_for_its_depth(value: Any) -> None:
    raw, count = orjson.dumps(value), containers_in(value)
    for limits in (Limits(400, 64, count, 8, 16), Limits(400, 64, count - 1, 8, 16), Limits(60, 64, 40, 30, 16)):
        said = ""
        try:
            limits.check_written(raw)
        except DecodeError as error:
            said = str(error)
        # A reader counts brackets, those in strings too, before it looks at how long strings are; a writer does not.
        if (refused := refusal(raw, limits)) == f"more than {4 * limits.containers} brackets, in strings too":
            assert said in ("", "a string or gap of 8 bytes or more", refused)
        else:
            assert said == refused

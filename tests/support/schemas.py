"""The published JSON Schemas: whether a body keeps one, which fields it promises, and which of them a body fills."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import orjson

from schemas.catalogue import FOLDER


@cache
def schema_of(name: str) -> dict[str, Any]:
    """Return a published schema."""
    schema: dict[str, Any] = orjson.loads((FOLDER / f"{name}.schema.json").read_bytes())
    return schema


@cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    """Return the validator of a published schema."""
    schema = schema_of(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def promised(schema: dict[str, Any]) -> set[str]:
    """Return the path of every field of a schema: `a.b`, `a[].b` in arrays, `a{}.b` in maps."""
    return set(_fields(schema, schema, ""))


def _fields(root: dict[str, Any], node: dict[str, Any], path: str) -> Iterator[str]:
    for part in _variants(root, node):
        for name, field in part.get("properties", {}).items():
            here = f"{path}.{name}" if path else name
            yield here
            yield from _fields(root, field, here)
        if isinstance(part.get("items"), dict):
            yield from _fields(root, part["items"], f"{path}[]")
        if isinstance(part.get("additionalProperties"), dict):
            yield from _fields(root, part["additionalProperties"], f"{path}{{}}")


def _variants(root: dict[str, Any], node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a node with its reference followed, or each of its alternatives."""
    if "$ref" in node:
        yield from _variants(root, root["$defs"][node["$ref"].rpartition("/")[2]])
    elif "anyOf" in node:
        for part in node["anyOf"]:
            yield from _variants(root, part)
    else:
        yield node


def filled(schema: dict[str, Any], body: object) -> set[str]:
    """Return the paths under which a body holds something: neither null nor an empty text, array or map.

    A field that the schema does not know counts too, under its own name.
    """
    return set(_filled(schema, schema, body, ""))


def _filled(root: dict[str, Any], node: dict[str, Any], value: object, path: str) -> Iterator[str]:
    for part in _variants(root, node):
        if isinstance(value, dict) and part.get("type") == "object":
            yield from _filled_members(root, part, value, path)
        elif isinstance(value, list) and isinstance(part.get("items"), dict):
            for inner in value:
                yield from _filled(root, part["items"], inner, f"{path}[]")


def _filled_members(root: dict[str, Any], part: dict[str, Any], value: dict[str, Any], path: str) -> Iterator[str]:
    entries = part.get("additionalProperties")
    for name, inner in value.items():
        if name not in part.get("properties", {}) and isinstance(entries, dict):
            yield from _filled(root, entries, inner, f"{path}{{}}")
            continue
        here = f"{path}.{name}" if path else name
        if inner not in (None, "", [], {}):
            yield here
        yield from _filled(root, part.get("properties", {}).get(name, {}), inner, here)

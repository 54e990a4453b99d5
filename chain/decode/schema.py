"""JSON Schemas of what is published or read, from the types by which it is written and decoded."""

from typing import Any

import msgspec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ANYTHING = {"type": "array", "items": {}}  # an array of anything: only a tolerant field accepts it
MEANS = "means"  # the mark of a field that is read tolerantly: what is promised stands beneath it


def schema_of(kind: type[object], title: str, description: str) -> dict[str, Any]:
    """Return the schema of what we write by a type.

    A reader does without a field that has a default; we always write it, unless its type allows UNSET. Only fields of
    tolerant types, which come from others, are optional.
    """
    [body], parts = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    name = str(body.get("$ref", "")).rpartition("/")[2]
    whole = parts.pop(name) if name and not _refers(parts, name) else body
    schema: dict[str, Any] = {"$schema": DIALECT, "title": title, "description": description}
    schema |= {key: value for key, value in _plain(whole).items() if key not in ("title", "description")}
    if parts:
        schema["$defs"] = {part: _plain(parts[part]) for part in sorted(parts)}
    return schema


def _refers(parts: object, name: str) -> bool:
    return f"#/$defs/{name}" in str(parts)


def _plain(node: Any) -> Any:  # noqa: ANN401 -- JSON
    """Return a node without defaults, with what tolerant fields mean in place of everything that they accept."""
    if isinstance(node, list):
        return [_plain(part) for part in node]
    if not isinstance(node, dict):
        return node
    if MEANS in node:
        return {**node[MEANS], **({"description": node["description"]} if "description" in node else {})}
    if _ANYTHING in node.get("anyOf", ()):
        [meant] = [part for part in node["anyOf"] if "$ref" in part]
        return dict(meant)
    found = {key: _plain(value) for key, value in node.items() if key != "default"}
    properties = node.get("properties")
    if isinstance(properties, dict):
        written = [name for name, field in properties.items() if "default" in field and not _tolerant(field)]
        required = {*node.get("required", ()), *written}
        if required:
            found["required"] = [name for name in properties if name in required]
    return found


def _tolerant(field: object) -> bool:
    if not isinstance(field, dict):
        return False
    parts = field.get("anyOf", ())
    return MEANS in field or _ANYTHING in parts or any(_tolerant(part) for part in parts)

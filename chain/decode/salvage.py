"""Decodes a value of which only a part is essential: other invalid fields are left out and reported."""

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Raw, Struct

from chain.decode.form import Form, malformed, misfit
from chain.errors import DecodeError

S = TypeVar("S", bound=Struct)

# The mark of a field that has a default, and must be right all the same where it is there.
CORE = Meta(extra={"core": True})


class _MalformedError(DecodeError):
    """The text is not JSON, so no part of it can be used."""


def salvage(form: Form[S], raw: bytes) -> tuple[S, tuple[str, ...]]:
    """Decode `raw`; also return, for each field that was left out, why.

    A field may be left out that has a default and is not marked CORE; of a block only what does not fit in it.
    Raises DecodeError for anything else, and for what exceeds the form's limits.
    """
    form.limits.check(raw)
    try:
        return form.decoder.decode(raw), ()
    except (msgspec.DecodeError, RecursionError):
        left_out: list[str] = []
        return _read(form.kind, raw, "", left_out), tuple(left_out)


def _read(kind: type[S], raw: bytes, where: str, left_out: list[str]) -> S:
    """Return a block field by field; `where` is its path in the whole, empty for the whole itself."""
    held: dict[str, Raw] = _decode(dict[str, Raw], raw, where)
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        place = f"{where}.{field.encode_name}" if where else field.encode_name
        if field.encode_name not in held:
            if field.required:
                raise DecodeError(f"{place}: missing")
            continue
        text = bytes(held[field.encode_name])
        block = next(_blocks(field.type), None) if text != b"null" else None
        try:
            values[field.name] = _read(block, text, place, left_out) if block else _decode(field.type, text, place)
        except _MalformedError:
            raise
        except DecodeError as error:
            if field.required or CORE in _parts(field.type):
                raise
            left_out.append(str(error))
    return kind(**values)


def _decode(kind: Any, raw: bytes, where: str) -> Any:  # noqa: ANN401 -- a type as a struct's field spells it
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise DecodeError(misfit(str(error), where)) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise _MalformedError(malformed(error)) from None


def _parts(kind: object) -> Iterator[object]:
    """Yield a type, what it is a union of, and what it is annotated with."""
    yield kind
    if get_origin(kind) in (Annotated, Union, UnionType):
        for part in get_args(kind):
            yield from _parts(part)


def _blocks(kind: object) -> Iterator[type[Struct]]:
    return (part for part in _parts(kind) if isinstance(part, type) and issubclass(part, Struct))

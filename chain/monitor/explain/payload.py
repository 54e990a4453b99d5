"""A payload opened for explanation: its contracts as typed values, and each field as it is written."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Raw, Struct

from chain.model.contract import Item
from chain.model.placement import Misfit, Place, placed
from chain.model.snapshot import EncodedSnapshot, Received, raw_contracts
from chain.text import clean

_LONGEST = 60  # characters of a value as it is written
_OBJECT = msgspec.json.Decoder(dict[str, Raw])


class Written(NamedTuple):
    """A field as it is written: `text` of its JSON; empty where there is none, and then `absent` says what is not."""

    path: str
    text: str
    absent: str = ""


class Contract(Struct, frozen=True):
    """One contract of a payload by its position; `misfit` says why it is in no grid."""

    index: int
    item: Item
    raw: Raw

    @property
    def name(self) -> str:
        """Its path in the payload."""
        return f"contracts[{self.index}]"

    def written(self, path: Sequence[str]) -> Written:
        """Return a field of it, such as ("last_quote", "bid"), as it is written."""
        name, block = f"{self.name}.{'.'.join(path)}", _members(self.raw)
        for depth, part in enumerate(path):
            if block is None or part not in block:
                what = " has no " if block is not None else " is no object, so it has no "
                return Written(name, "", f"{'.'.join((self.name, *path[:depth]))}{what}{part}")
            if depth < len(path) - 1:
                block = _members(block[part])
            else:
                return Written(name, clean(bytes(block[part]).decode("utf-8", "replace"), _LONGEST))
        return Written(name, "")


def _members(raw: Raw) -> Mapping[str, Raw] | None:
    """Return the fields of an object, as they are written; None where it is none."""
    try:
        return _OBJECT.decode(raw)
    except msgspec.DecodeError:
        return None


class Payload(Struct, frozen=True):
    """A valid payload, decoded once for one explanation."""

    received: Received
    raws: Sequence[Raw]

    @classmethod
    def of(cls, snapshot: EncodedSnapshot) -> "Payload":
        """Decode a snapshot."""
        return cls(snapshot.open(), raw_contracts(snapshot.raw))

    def contract(self, index: int) -> Contract:
        """Return the contract at a position."""
        return Contract(index, self.received.contracts[index], self.raws[index])

    def at(self, place: Place) -> Contract | None:
        """Return the contract that the grid shows at a place; None where the payload has none."""
        found = enumerate(placed(self.received.contracts, self.received.id.chain))
        index = next((index for index, (_, at) in found if not isinstance(at, Misfit) and at == place), None)
        return None if index is None else self.contract(index)

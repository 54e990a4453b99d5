"""How values are packed: zstd, each value against an earlier one of its lane.

A lane is the sequence of one subject's values, such as one chain's payloads, which differ little. Its
values come in runs. The first of a run is independent; number `j` is a delta against number `j & (j - 1)`, that is, `j`
without its lowest set bit. So no value is more than `log2(run)` deltas away from an independent one: a seek
is cheap, and damage to one value affects few others, while deltas stay nearly as small as against the value just
before. docs/tape-format.md has the measurements behind the choice of run and level.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from chain.model.snapshot import MAX_PAYLOAD_BYTES
from tape.errors import DamagedError
from tape.store.zstd import (
    CompressionParameter,
    DecompressionParameter,
    Strategy,
    ZstdDecompressor,
    ZstdDict,
    ZstdError,
    compress,
)

RUN = 32  # values from one independent value to the next; a power of two
LEVEL = 9
FAST_LEVEL = 3  # a third of its time, and a third larger

# Payloads repeat long passages of an earlier one: short matches and long searches cost time, and save no room.
_TUNING: dict[int, dict[int, int]] = {
    LEVEL: {
        CompressionParameter.strategy: Strategy.lazy2,
        CompressionParameter.min_match: 6,  # bytes
        CompressionParameter.search_log: 3,
        CompressionParameter.hash_log: 17,
        CompressionParameter.chain_log: 17,
    },
    FAST_LEVEL: {CompressionParameter.min_match: 7},
}
MAX_VALUE_BYTES = MAX_PAYLOAD_BYTES + 1  # a reader of Redis keeps one byte more than a payload may have
MAX_DELTAS = 16  # longer chains of deltas are refused
_MEMORY = 64 * 1024 * 1024  # bytes of values kept to pack others against
_LEAST_PREFIX = 8  # bytes, by zstd
_LONGEST_WINDOW = 27  # 128 MiB: the largest window that a frame may require


@dataclass(frozen=True, slots=True)
class Packed:
    """A value as it is stored. `parent` is the id of the value it is a delta against; `size` in bytes, unpacked."""

    parent: int | None
    size: int
    digest: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class _Kept:
    number: int  # within its run
    id: int
    value: bytes


def digest(value: bytes) -> bytes:
    """Return the checksum of an unpacked value: BLAKE2b of 8 bytes."""
    return blake2b(value, digest_size=8).digest()


class Packer:
    """Packs the values of many lanes, and keeps those that later ones are packed against, up to `memory` bytes."""

    def __init__(self, *, run: int = RUN, level: int = LEVEL, memory: int = _MEMORY) -> None:
        self._run = run
        self._options: dict[int, int] = {
            CompressionParameter.compression_level: level,
            CompressionParameter.checksum_flag: 1,
            **_TUNING.get(level, {}),
        }
        self._memory = memory
        self._lanes: OrderedDict[int, list[_Kept]] = OrderedDict()  # a value and those it stands on, by lane
        self._held = 0  # bytes

    def pack(self, lane: int, value: bytes, store: Callable[[Packed], int]) -> int:
        """Pack and store the next value of a lane; return the id that `store` gave it."""
        line = self._lanes.get(lane, [])
        number = (line[-1].number + 1) % self._run if line else 0
        on = [kept for kept in line if number and kept.number & number == kept.number]
        base = next((kept for kept in reversed(on) if len(kept.value) >= _LEAST_PREFIX), None)
        prefix = None if base is None else ZstdDict(base.value, is_raw=True).as_prefix
        data = compress(value, options=self._options, zstd_dict=prefix)
        stored = store(Packed(None if base is None else base.id, len(value), digest(value), data))
        self._keep(lane, [*on, _Kept(number, stored, value)])
        return stored

    def forget(self) -> None:
        """Forget every lane: the next value of each is independent."""
        self._lanes.clear()
        self._held = 0

    def _keep(self, lane: int, line: list[_Kept]) -> None:
        self._held += _bytes_of(line) - _bytes_of(self._lanes.pop(lane, []))
        self._lanes[lane] = line
        while self._held > self._memory:
            _, oldest = self._lanes.popitem(last=False)
            self._held -= _bytes_of(oldest)


def unpack(packed: Packed, parent: bytes | None, *, check: bool = True) -> bytes:
    """Unpack a value; raise DamagedError if it is not the one that was packed. Never produces more than its size.

    Without `check` its digest is not looked at: of a value that only another one is packed against, that one's tells.
    """
    if not 0 <= packed.size <= MAX_VALUE_BYTES:
        raise DamagedError(f"a size of {packed.size} bytes, which no value has")
    try:
        prefix = None if parent is None else ZstdDict(parent, is_raw=True).as_prefix
        reader = ZstdDecompressor(prefix, {DecompressionParameter.window_log_max: _LONGEST_WINDOW})
        value = reader.decompress(packed.data, max_length=packed.size + 1)
    except (ZstdError, EOFError, ValueError) as error:
        raise DamagedError(f"not unpacked: {error}") from None
    if len(value) != packed.size or not reader.eof or reader.unused_data:
        raise DamagedError(f"unpacks to other than its {packed.size} bytes")
    if check and digest(value) != packed.digest:
        raise DamagedError("the checksum differs")
    return value


def _bytes_of(line: list[_Kept]) -> int:
    return sum(len(kept.value) for kept in line)

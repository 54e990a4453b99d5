"""Packing: whatever goes in comes out, no value is far from one that stands alone, and nothing hostile gets through."""

import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tape.errors import DamagedError
from tape.store.codec import LEVEL, MAX_VALUE_BYTES, Packed, Packer, digest, unpack
from tape.store.zstd import compress
from tests.support.builders import law
from tests.support.tapes import payload


class Shelf:
    """Packed values by id, as a tape keeps them."""

    def __init__(self) -> None:
        self.stored: dict[int, Packed] = {}

    def store(self, packed: Packed) -> int:
        self.stored[len(self.stored) + 1] = packed
        return len(self.stored)

    def read(self, number: int) -> bytes:
        packed = self.stored[number]
        return unpack(packed, None if packed.parent is None else self.read(packed.parent))

    def deltas(self, number: int) -> int:
        parent = self.stored[number].parent
        return 0 if parent is None else 1 + self.deltas(parent)


@law
@given(
    st.lists(st.tuples(st.integers(0, 2), st.binary(max_size=400)), max_size=40),
    st.sampled_from([1, 2, 4, 8]),
    st.integers(0, 1200),
)
def test_whatever_goes_in_comes_out(values: list[tuple[int, bytes]], run: int, memory: int) -> None:
    shelf, packer = Shelf(), Packer(run=run, level=1, memory=memory)
    numbers = [packer.pack(lane, value, shelf.store) for lane, value in values]
    assert [shelf.read(number) for number in numbers] == [value for _, value in values]


def test_no_value_is_more_than_five_deltas_from_one_that_stands_alone_and_a_run_ends_at_thirty_two() -> None:
    shelf, packer = Shelf(), Packer()
    numbers = [packer.pack(7, payload(at), shelf.store) for at in range(70)]
    assert [at for at, number in enumerate(numbers) if shelf.stored[number].parent is None] == [0, 32, 64]
    assert max(shelf.deltas(number) for number in numbers) == 5
    assert shelf.stored[numbers[6]].parent == numbers[4]


def test_lanes_share_nothing_and_a_lane_that_was_forgotten_begins_alone() -> None:
    shelf, packer = Shelf(), Packer(memory=2 * len(payload(0)))
    first = packer.pack(1, payload(0), shelf.store)
    other = packer.pack(2, payload(1), shelf.store)
    assert shelf.stored[first].parent is shelf.stored[other].parent is None
    again = packer.pack(1, payload(2), shelf.store)  # more than it may keep: the lane used longest ago is let go
    assert shelf.stored[again].parent == first
    assert shelf.stored[packer.pack(2, payload(3), shelf.store)].parent is None
    packer.forget()
    assert shelf.stored[packer.pack(1, payload(4), shelf.store)].parent is None


def test_a_delta_is_a_small_part_of_what_stands_alone() -> None:
    shelf, packer = Shelf(), Packer()
    alone, delta = (packer.pack(1, payload(at), shelf.store) for at in (0.0, 1.0))
    assert len(shelf.stored[delta].data) < len(shelf.stored[alone].data) / 2


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_bit_is_never_taken_for_the_value(seed: int) -> None:
    value, chance = payload(1), random.Random(seed)
    shelf = Shelf()
    packed = shelf.stored[Packer().pack(1, value, shelf.store)]
    spoilt = bytearray(packed.data)
    spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    with suppress(DamagedError):  # a bit may mean nothing
        assert unpack(Packed(None, packed.size, packed.digest, bytes(spoilt)), None) == value


def test_a_delta_against_another_value_than_its_own_is_refused() -> None:
    shelf, packer = Shelf(), Packer()
    packer.pack(1, payload(0), shelf.store)
    delta = shelf.stored[packer.pack(1, payload(1), shelf.store)]
    for wrong in (None, b"", random.Random(1).randbytes(len(payload(0)))):
        with pytest.raises(DamagedError):
            unpack(delta, wrong)


def zeros(count: int) -> bytes:
    return compress(bytes(count), LEVEL)


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (Packed(None, MAX_VALUE_BYTES + 1, b"", zeros(10)), "a size of 8388610 bytes"),
        (Packed(None, -1, b"", zeros(10)), "a size of -1 bytes"),
        (Packed(None, 10, digest(bytes(10)), zeros(1 << 30)), "unpacks to other than its 10 bytes"),
        (Packed(None, 10, digest(bytes(9)), zeros(9)), "unpacks to other than its 10 bytes"),
        (Packed(None, 10, digest(bytes(10)), zeros(10)[:-1]), "unpacks to other than its 10 bytes"),
        (Packed(None, 10, digest(bytes(10)), zeros(10) + b"more"), "unpacks to other than its 10 bytes"),
        (Packed(None, 10, b"12345678", zeros(10)), "the checksum differs"),
        (Packed(None, 10, digest(bytes(10)), b"no frame at all"), "not unpacked: "),
    ],
    ids=["too large", "negative", "a bomb", "short", "cut", "more", "checksum", "no zstd"],
)
def test_what_lies_about_itself_is_refused_in_a_line(packed: Packed, said: str) -> None:
    with pytest.raises(DamagedError, match=said) as refused:
        unpack(packed, None)
    assert "\n" not in str(refused.value)


def test_the_checksum_is_that_of_every_tape_that_was_ever_written() -> None:
    assert digest(b"chaindeck").hex() == "344d451788dc941e"


def test_a_value_of_the_largest_size_is_none_too_large() -> None:
    largest = bytes(MAX_VALUE_BYTES)
    assert unpack(Packed(None, MAX_VALUE_BYTES, digest(largest), compress(largest, 1)), None) == largest
    assert unpack(Packed(None, 0, digest(b""), compress(b"", 1)), None) == b""

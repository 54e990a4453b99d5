"""Entries of the stream on a tape: every byte as it came, in values of limited size, and damage is told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.clock import Instant
from chain.pipeline.frame import StreamEntry
from tape.errors import DamagedError
from tape.frames import MOST_BYTES, frames_moments, read_frames
from tape.store.facts import FactKind, MomentKind
from tape.store.file import TapeFile
from tape.store.writer import TapeWriter
from tests.support.builders import law

READ = Instant(1_766_437_800_000_000_000, 5.0)
entries = st.lists(
    st.builds(
        StreamEntry,
        st.builds(lambda ms, n: f"{ms}-{n}", st.integers(0, 2**48), st.integers(0, 9)),
        st.floats(1e9, 2e9),
        st.binary(max_size=2_000),
    ),
    max_size=30,
)


@law
@given(entries)
def test_entries_come_back_as_they_were(held: list[StreamEntry]) -> None:
    facts = [fact for moment in frames_moments(held, READ) for fact in moment.facts]
    assert [entry for fact in facts for entry in read_frames(fact.value or b"")] == held


def test_a_value_is_of_limited_size_and_a_frame_beyond_it_is_left_out() -> None:
    sizes = [MOST_BYTES // 2, MOST_BYTES // 2, 1, MOST_BYTES + 1, MOST_BYTES]
    held = [StreamEntry(f"{number}-0", 1e9, bytes(size)) for number, size in enumerate(sizes)]
    moments = [*frames_moments(held, READ)]
    found = [[entry.id for entry in read_frames(fact.value or b"")] for moment in moments for fact in moment.facts]
    assert found == [["0-0", "1-0"], ["2-0"], ["4-0"]]
    assert {(moment.kind, moment.begins) for moment in moments} == {(MomentKind.FRAMES, False)}


@pytest.mark.parametrize(
    "raw", [b"", b"\xc1", b"\x91\x01", b"\x93\x01\x02\x03", b"\xdd\xff\xff\xff\xff", b"\x91" * 5_000]
)
def test_what_is_no_list_of_entries_is_damage(raw: bytes) -> None:
    with pytest.raises(DamagedError, match="frames of the stream"):
        read_frames(raw)


def test_a_tape_keeps_every_read_though_the_facts_are_of_one_kind(tmp_path: Path) -> None:
    reads = [[StreamEntry(f"{ms}-0", float(ms), b"[%d]" % ms * 200)] for ms in range(1, 6)]
    with TapeWriter(tmp_path / "a.tape", {"prefix": "massive"}) as tape:
        for read in reads:
            for moment in frames_moments(read, READ):
                tape.add(moment)
    with TapeFile(tmp_path / "a.tape") as file:
        facts = [*file.facts(1, 5)]
        assert {fact.kind for fact in facts} == {FactKind.FRAMES}
        assert [read_frames(file.value(fact) or b"") for fact in facts] == reads

"""The answers of the last while, in memory: tapes one after the other, the oldest let go before they are too many.

A tape can only be let go whole, for its values are packed against each other. So the ring is cut in parts, and each
begins with what was in force and what the watcher knew.
"""

from itertools import count

from chain.clock import Instant
from chain.model.keys import KeySchema
from tape.frames import frames_moments
from tape.memory import MemoryTape
from tape.record.backlog import Exchange, Frames, Waiting
from tape.record.changes import Changes
from tape.store.codec import FAST_LEVEL, Packer
from tape.store.facts import Moment, MomentKind
from tape.store.states import payloads_moment, state_moment
from tape.store.words import MissedWords, put

_PARTS = 8
OPEN_PARTS = 2  # that are played at once: the last, and the one that somebody stands in
_KEPT_BYTES = 6 * 1024 * 1024  # of values to pack others against, and of values unpacked of each part that is played
_RUN = 8  # a short one: fewer values are kept


class Ring:
    """Recent answers up to so many bytes, as parts in order of time. Owned by one thread."""

    def __init__(self, keys: KeySchema, most: int) -> None:
        """`most`: how many bytes all of it may take."""
        self.most = most
        self.parts: list[MemoryTape] = []
        self._keys = keys
        self._changes = Changes(keys)
        self._kept_bytes = min(_KEPT_BYTES, most // 10)
        self._numbers = count(1)
        self._now = Instant(0, 0.0)  # of the last answer

    @property
    def size(self) -> int:
        """How many bytes it takes at most, with what is kept to pack more and to show what is packed."""
        return sum(part.size for part in self.parts) + self._idle

    @property
    def filled(self) -> float:
        """How much of the room for answers is taken, 0 to 1; when all is, the oldest are let go of."""
        return (self.size - self._idle) / (self.most - self._idle)

    @property
    def _idle(self) -> int:
        """How many bytes no answer is kept in."""
        return self._kept_bytes * (1 + OPEN_PARTS)

    def write(self, one: Waiting) -> None:
        """Keep an answer, entries of the stream, or what the watcher knew after the answers before it."""
        if isinstance(one, Exchange):
            self._now = one.answer.received
            part = self.parts[-1] if self.parts else self._begin(Moment(MomentKind.RUN, self._now, self._now))
            part.writer.add(self._changes.moment(*one))
        elif isinstance(one, Frames):
            for moment in frames_moments(one.entries, one.read) if self.parts else ():
                self.parts[-1].writer.add(moment)
        elif one.begins or not self.parts or self.parts[-1].size >= self.most // _PARTS:
            known = (payloads_moment(one.state, self._keys), *self._changes.in_force(), state_moment(one.state))
            self._begin(*known)
        else:
            self.parts[-1].writer.add(state_moment(one.state))

    def miss(self, answers: int, why: str) -> None:
        """Note that so many answers could not be kept."""
        if self.parts:
            told = put(MissedWords(answers, why))
            self.parts[-1].writer.add(Moment(MomentKind.MISSED, self._now, self._now, told))

    def commit(self) -> None:
        """Have what was written be read, and let go of the oldest where it is too much."""
        if self.parts:
            self.parts[-1].writer.commit()
        while len(self.parts) > 1 and self.size > self.most:
            self.parts.pop(0).close()

    def _begin(self, *moments: Moment) -> MemoryTape:
        """Begin a part with these moments; the part before is whole."""
        packer = Packer(run=_RUN, level=FAST_LEVEL, memory=self._kept_bytes)
        self.commit()
        part = MemoryTape(f"part {next(self._numbers)}", {"prefix": self._keys.prefix}, packer, self._kept_bytes)
        for moment in moments:
            part.writer.add(moment)
        self.parts.append(part)
        return part

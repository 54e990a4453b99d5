"""What a moment of a tape told: its facts, and what its words say of them."""

from collections.abc import Sequence
from typing import NamedTuple

from tape.store import words
from tape.store.facts import FactKind, Moment, MomentKind
from tape.store.rows import StoredFact


class Told(NamedTuple):
    """A moment and the facts that were new in it."""

    moment: Moment
    facts: tuple[StoredFact, ...]

    @property
    def lost_at(self) -> str:
        """The request that got no answer; empty where there was one."""
        if self.moment.kind != MomentKind.LOST:
            return ""
        return words.get(words.LOST, self.moment.about, words.LostWords("", "")).request


def payloads(facts: Sequence[StoredFact]) -> dict[str, StoredFact]:
    """Return the facts of payloads by the payloads' keys."""
    return {
        words.get(words.PAYLOAD, fact.about, words.PayloadWords("")).key: fact
        for fact in facts
        if fact.kind == FactKind.PAYLOAD
    }

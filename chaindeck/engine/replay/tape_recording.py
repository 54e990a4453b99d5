"""A tape, or a folder of days, as the recording that a replay plays."""

import logging
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Self

from chain.errors import ChaindeckError, DecodeError, InvalidNameError, InvalidSnapshotError
from chain.model.keys import ChainId, KeySchema
from chain.model.snapshot import EncodedSnapshot, decode_header
from chain.monitor.heartbeat import Heartbeat, parse_heartbeat
from chain.monitor.messages.services import HEARTBEAT_KEYS, SERVICES
from chain.text import clean
from publisher.replay.recording import Turn
from tape.errors import TapeError
from tape.play.look_times import first_look_ns, last_answer_ns
from tape.play.reel import tape_paths
from tape.store.facts import FactKind
from tape.store.file import TapeFile
from tape.store.words import chain_of
from tape.tools.looks import GAP_NS, Led, Look, looks
from tape.tools.scan import Damage

log = logging.getLogger(__name__)


class TapeRecording:
    """Tapes in the order of their days, as one. To be closed."""

    def __init__(self, path: Path) -> None:
        """Open a tape, or all of a folder; raise TapeError where there is none that can be read, or they overlap."""
        with ExitStack() as stack:
            opened = [_Days(stack.enter_context(TapeFile(each))) for each in tape_paths(path)]
            self._days = sorted((each for each in opened if each.last_ns), key=lambda each: each.first_ns)
            if not self._days:
                raise TapeError(f"{clean(path)}: nothing is recorded on it")
            self._refuse_mixture(path)
            self._close = stack.pop_all()
        self.name = clean(path.name, 40)
        self.first_ns, self.last_ns = self._days[0].first_ns, self._days[-1].last_ns
        self.underlyings = tuple(sorted({name for each in self._days for name in each.underlyings()}))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close.close()

    @property
    def damages(self) -> int:
        """How many damaged parts were met so far."""
        return sum(len(each.damages) for each in self._days)

    def turns(self, from_ns: int, to_ns: int) -> Generator[Turn, None, None]:
        """Yield what stood at a time, and every turn after it up to another; times of which nothing is known are gaps.

        Payloads that are no valid snapshots are left out, and said to be.
        """
        at_ns = None
        for turn in self._all_turns(from_ns):
            if turn.at_ns > to_ns:
                return
            if at_ns is not None and turn.whole and turn.at_ns - at_ns > GAP_NS:
                yield Turn(at_ns, resumes_ns=turn.at_ns)
            at_ns = turn.at_ns
            if turn.is_change or turn.heartbeats or turn.frames:
                yield turn

    def _all_turns(self, from_ns: int) -> Iterator[Turn]:
        """Yield turns of all tapes that reach beyond a time, each beginning with a whole one."""
        reaching = [each for each in self._days if each.last_ns >= from_ns] or self._days[-1:]
        for each in reaching:
            yield from each.turns(from_ns)

    def _refuse_mixture(self, path: Path) -> None:
        if len(prefixes := {each.keys.prefix for each in self._days}) > 1:
            raise TapeError(f"{clean(path)}: tapes of several prefixes: {', '.join(sorted(prefixes))}; name one tape")
        for before, after in pairwise(self._days):
            if after.first_ns <= before.last_ns:
                raise TapeError(f"{clean(after.path)} overlaps with {clean(before.path)}: name one of them")


class _Days:
    """One tape."""

    def __init__(self, tape: TapeFile) -> None:
        self.path = tape.path
        self._tape = tape
        self.damages: set[Damage] = set()  # those met so far: a loop meets them again
        self._damaged: set[str] = set()  # what they belong to, since the last turn
        prefix = tape.about().get("prefix", "")
        try:
            self.keys = KeySchema(prefix)
        except ChaindeckError as error:
            raise TapeError(f"{clean(tape.path)}: {error}") from None
        self.first_ns, self.last_ns = first_look_ns(tape) or 0, last_answer_ns(tape) or 0

    def underlyings(self) -> Iterator[str]:
        """Yield the underlyings that it tells of, each as often as it has chains."""
        for (name,) in self._tape.rows("SELECT name FROM subjects WHERE kind = 'payload'"):
            if (chain := _chain_of(clean(name))) is not None:
                yield chain.underlying

    def turns(self, from_ns: int) -> Iterator[Turn]:
        """Yield what stood at a time, and a turn for every look after it."""
        return map(self._turn, looks(self._tape, from_ns, self._on_damage))

    def _turn(self, look: Look) -> Turn:
        snapshots, left_out, damaged = list[EncodedSnapshot](), dict[ChainId, str](), dict[ChainId, str]()
        for name, led in look.led.items():
            try:
                snapshots.append(self._snapshot(led))
            except (InvalidNameError, InvalidSnapshotError) as error:
                if chain := _chain_of(name):
                    left_out[chain] = f"payload on the tape: {error}"
        for name, why in look.unusable.items():
            if chain := _chain_of(name):
                (damaged if f"{FactKind.PAYLOAD} {name}" in self._damaged else left_out)[chain] = why
        self._damaged.clear()
        gone = tuple(chain for name in look.gone if (chain := _chain_of(name)))
        beats = self._heartbeats(look.heartbeats)
        return Turn(look.at_ns, tuple(snapshots), gone, beats, left_out, damaged, look.whole, frames=look.frames)

    def _on_damage(self, damage: Damage) -> None:
        self._damaged.add(damage.name)
        if damage not in self.damages:
            self.damages.add(damage)
            log.warning("damaged on the tape: %s%s", f"{damage.name}: " if damage.name else "", damage.what)

    def _snapshot(self, led: Led) -> EncodedSnapshot:
        return decode_header(led.value, self.keys.parse_snapshot(led.key))

    def _heartbeats(self, told: Mapping[str, bytes | None]) -> Mapping[str, Heartbeat | None]:
        """Return beats of publishers under the tape's prefix; one that is no heartbeat says nothing."""
        found: dict[str, Heartbeat | None] = {}
        for key, raw in told.items():
            service = HEARTBEAT_KEYS.get(key)
            if service not in SERVICES:
                continue
            try:
                beat = None if raw is None else parse_heartbeat(raw, service)
            except DecodeError:
                continue
            found[service] = beat if beat is not None and beat.chain.prefix == self.keys.prefix else None
        return found


def _chain_of(name: str) -> ChainId | None:
    try:
        return chain_of(name)
    except InvalidNameError:
        return None

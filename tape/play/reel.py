"""Several tapes one after the other as one past: the days of a folder, or the parts of the ring of recent answers."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from chain.text import clean
from tape.errors import TapeError
from tape.memory import MemoryTape
from tape.play.look_times import first_look_ns
from tape.play.player import Played, Player
from tape.store.file import TapeFile
from tape.store.layout import check_header, shown

_CACHE_BYTES = 16 * 1024 * 1024  # of unpacked values: what a Board of a dozen chains stands on
GAP_NS = 5 * 10**9  # between two looks: from here on, somebody looked away


_NAME = re.compile(r"(?P<of>.*?)(?P<day>-\d{4}-\d{2}-\d{2})?(?:\.(?P<number>[2-9]))?\.tape", re.ASCII)


def tape_paths(path: Path) -> list[Path]:
    """Return the tapes that a path names, in the order of their days: itself, or all of a folder, by names and headers.

    Raises TapeError where there is none, or where a folder's are of several prefixes.
    """
    if not path.is_dir():
        check_header(path)
        return [path]
    named = {one: match for one in path.glob("*.tape") if (match := _NAME.fullmatch(one.name))}
    if not named:
        raise TapeError(f"{shown(path)}: no tapes in this folder: their names end in .tape")
    whose = {match["of"] for match in named.values() if match["day"]}
    if len(whose) > 1:
        raise TapeError(f"{shown(path)}: tapes of several prefixes: {', '.join(sorted(whose))}; name one tape")
    return sorted(named, key=lambda one: (named[one]["day"] or one.name, int(named[one]["number"] or 1)))


class Part(Protocol):
    """One tape of several."""

    @property
    def name(self) -> str:
        """What it is called on screen."""

    def begins(self) -> int | None:
        """Return when its first look was asked for, epoch ns; None where it has none, or cannot be read."""

    def player(self) -> Player:
        """Return what plays it, opened where it is not; raise TapeError."""

    def close(self) -> None:
        """Let go of what was opened."""


@dataclass(slots=True, eq=False)
class FilePart:
    """A tape on disk."""

    path: Path
    _opened: tuple[TapeFile, Player] | None = None
    _begins: int | None = None

    @property
    def name(self) -> str:
        """Its file's name."""
        return self.path.name

    def begins(self) -> int | None:
        """Read its first look alone."""
        if self._begins is None:
            with suppress(TapeError), TapeFile(self.path) as tape:
                self._begins = first_look_ns(tape)
        return self._begins

    def player(self) -> Player:
        """Open it, if it is not open."""
        if self._opened is None:
            tape = TapeFile(self.path, cache_bytes=_CACHE_BYTES)
            try:
                self._opened = tape, Player(tape, clean(tape.about().get("redis", ""), 60))
            except BaseException:
                tape.close()
                raise
        return self._opened[1]

    def close(self) -> None:
        """Close it."""
        if self._opened is not None:
            self._opened[0].close()
            self._opened = None


@dataclass(slots=True, eq=False)
class MemoryPart:
    """A tape in memory, which its owner lets go."""

    tape: MemoryTape
    label: str
    _player: Player | None = None

    @property
    def name(self) -> str:
        """As it was called when it was made."""
        return self.tape.name

    def begins(self) -> int | None:
        """Return the instant of its first look."""
        looks = self.player().reader.looks
        return looks[0].asked_wall_ns if looks else None

    def player(self) -> Player:
        """Return its player."""
        if self._player is None:
            self._player = Player(self.tape.file, self.label)
        return self._player

    def close(self) -> None:
        """Forget what was played."""
        self._player = None
        self.tape.file.forget()


class Place(NamedTuple):
    """A look: the part that it is in, and its number there."""

    part: Part
    number: int


class Reel:
    """Finds looks across parts, of which only those that were played last are open. Owned by one thread."""

    def __init__(self, parts: Sequence[Part], open_parts: int = 2) -> None:
        """`parts` are in order of time; so many of them are kept open."""
        self.parts = list(parts)
        self.unreadable: dict[str, TapeError] = {}  # by name of a part: why
        self._most = open_parts
        self._open: list[Part] = []

    def player(self, part: Part) -> Player | None:
        """Return what plays a part; None where it cannot be read, or nothing is on it."""
        if part.name in self.unreadable:
            return None
        try:
            player = part.player()
        except TapeError as error:
            self.unreadable[part.name] = error
            return None
        if part not in self._open:
            self._open.append(part)
            while len(self._open) > self._most:
                self._open.pop(0).close()
        return player if len(player) else None

    def refresh(self) -> bool:
        """Take in what was written on the last part since, if it is open; return whether anything was."""
        if not self.parts or self.parts[-1] not in self._open:
            return False
        try:
            return self.parts[-1].player().refresh()
        except TapeError:
            return False

    def close(self) -> None:
        """Close what is open."""
        while self._open:
            self._open.pop().close()

    def played(self, place: Place) -> Played:
        """Return the Board of a look; raise TapeError where it cannot be read."""
        return self._at(place).at(place.number)

    def glanced(self, place: Place) -> Played:
        """Return the Board of a look for what it says, its payloads perhaps left out; raise TapeError."""
        return self._at(place).glance(place.number)

    def instant(self, place: Place) -> int:
        """Return when a look was asked for, epoch ns; raise TapeError where it cannot be read."""
        return self._at(place).reader.looks[place.number].asked_wall_ns

    def first(self) -> Place | None:
        """Return the first look of all, None where there is none."""
        return next((Place(part, 0) for part in self.parts if self.player(part)), None)

    def last(self) -> Place | None:
        """Return the last look of all, None where there is none."""
        for part in reversed(self.parts):
            if player := self.player(part):
                return Place(part, len(player) - 1)
        return None

    def last_of(self, part: Part) -> Place:
        """Return the last look of a part."""
        player = self.player(part)
        return Place(part, len(player) - 1 if player else 0)

    def at(self, wall_ns: int) -> Place | None:
        """Return the last look at or before an instant (epoch ns), or the first of all; None where there is none."""
        before = bisect_right(self.parts, wall_ns, key=lambda part: part.begins() or 0)
        for part in reversed(self.parts[:before]):
            if player := self.player(part):
                return Place(part, player.reader.number_at(wall_ns))
        return self.first()

    def moved(self, place: Place, by: int) -> Place:
        """Return the look so many looks on, or back where `by` is below zero; at an end, the last there is."""
        player = self.player(place.part)
        number, length = place.number + by, len(player) if player else 0
        if 0 <= number < length:
            return Place(place.part, number)
        beside = self._beside(place.part, 1 if by > 0 else -1)
        if beside is None:
            return Place(place.part, max(0, length - 1) if by > 0 else 0)
        if by > 0:
            return self.moved(Place(beside, 0), number - length)
        other = self.player(beside)
        return self.moved(Place(beside, len(other) - 1 if other else 0), number + 1)

    def _beside(self, part: Part, way: int) -> Part | None:
        """Return the next part that way with anything on it."""
        at = self.parts.index(part) if part in self.parts else 0
        others = self.parts[at + 1 :] if way > 0 else self.parts[:at][::-1]
        return next((one for one in others if self.player(one)), None)

    def _at(self, place: Place) -> Player:
        player = self.player(place.part)
        if player is None or place.number >= len(player):
            unreadable = self.unreadable.get(place.part.name)
            raise unreadable or TapeError(f"{place.part.name}: nothing is recorded there")
        return player


def joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return times in their order, those without a gap between them as one."""
    found: list[tuple[int, int]] = []
    for begin, end in spans:
        if found and 0 <= begin - found[-1][1] <= GAP_NS:
            found[-1] = found[-1][0], end
        else:
            found.append((begin, end))
    return found


def spans_of(player: Player) -> list[tuple[int, int]]:
    """Return the times without a gap between two looks, each from its first look to its last, epoch ns."""
    return joined((look.asked_wall_ns, look.asked_wall_ns) for look in player.reader.looks)

"""Keys told from pasted text, where the terminal does not mark what is pasted."""

from dataclasses import dataclass, field
from typing import Final

from textual import events

BURST_S: Final = 0.012  # a hand and a key's own repeat are slower, a paste is faster
MAX_PASTE: Final = 1_000  # characters that are kept of a paste: a command's name or a search are shorter
_START, _END = "\x1b[200~", "\x1b[201~"


@dataclass(slots=True)
class Burst:
    """Holds a character back until it is known whether others follow at once.

    One character, or one repeated, is a key. Different characters closer than BURST_S are pasted text, which is never a
    command. Times are monotonic seconds.
    """

    _held: list[events.Key] = field(default_factory=list)
    _pasted: str = ""
    _last: float = 0.0

    @property
    def waiting(self) -> bool:
        """Whether something is held back."""
        return bool(self._held or self._pasted)

    def hold(self, key: events.Key, now: float) -> list[events.Key | events.Paste]:
        """Return what the keys before this one turned out to be; this one is held back."""
        done = self.due(now)
        if self._pasted:
            self.absorb(key.character or "", now)
        elif len(self._held) < MAX_PASTE:
            self._held.append(key)
        self._last = now
        return done

    def absorb(self, text: str, now: float) -> None:
        """Take text that came at once, too much of it for a hand."""
        before = "".join(key.character or "" for key in self._held)
        self._held.clear()
        self._pasted = (self._pasted + before + text)[:MAX_PASTE]
        self._last = now

    def due(self, now: float) -> list[events.Key | events.Paste]:
        """Return what was held back long enough to be known."""
        return self.flush() if self.waiting and now - self._last >= BURST_S else []

    def flush(self) -> list[events.Key | events.Paste]:
        """Return what is held back as it looks now."""
        held, self._held = self._held, []
        pasted, self._pasted = self._pasted, ""
        text = pasted or "".join(key.character or "" for key in held)
        return [events.Paste(text)] if pasted or len(set(filter(str.isprintable, text))) > 1 else list(held)


@dataclass(slots=True)
class PasteCutter:
    """Cuts marked pastes out of a terminal's input before it is parsed character by character.

    Ten megabytes of paste cost a search each chunk, and no more than MAX_PASTE characters of memory.
    """

    _inside: bool = False
    _kept: str = ""
    _tail: str = ""

    def cut(self, text: str) -> list[tuple[bool, str]]:
        """Return pieces in order: (False, ordinary input) or (True, a whole paste)."""
        text, self._tail = self._tail + text, ""
        pieces: list[tuple[bool, str]] = []
        while text:
            mark = _END if self._inside else _START
            before, found, text = text.partition(mark)
            if not found:
                before = self._without_partial(before, mark)
            if self._inside:
                self._kept += before[: MAX_PASTE - len(self._kept)]
            elif before:
                pieces.append((False, before))
            if found:
                if self._inside:
                    pieces.append((True, self._kept.replace("\x00", "")))
                    self._kept = ""
                self._inside = not self._inside
        return pieces

    def _without_partial(self, text: str, mark: str) -> str:
        """Keep the beginning of a mark for the next chunk; a lone Escape is a key and never kept outside a paste."""
        shortest = 0 if self._inside else 1
        for size in range(min(len(mark) - 1, len(text)), shortest, -1):
            if text.endswith(mark[:size]):
                self._tail = text[-size:]
                return text[:-size]
        return text

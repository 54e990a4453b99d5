"""Keys told from pasted text: by the terminal's marks, and where it sets none by how much was read at once."""

import re
from dataclasses import dataclass
from itertools import groupby
from typing import Final

MAX_PASTE: Final = 1_000  # characters that are kept of a paste: a command's name or a search are shorter
QUIET_S: Final = 0.05  # a paste is over once nothing has come for so long
TYPED_AHEAD: Final = 3  # different keys that a hand may have pressed before they are read: more at once are a paste
LONG_TEXT: Final = 64  # characters at once: no hand types so many ahead, nor does a key repeat itself so often
_START, _END = "\x1b[200~", "\x1b[201~"
_SEQUENCE = re.compile(r"(\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~]|[^\x1b]?))", re.DOTALL)
_CUT_SEQUENCE = re.compile(r"\x1b\[[0-?]{0,64}[ -/]{0,8}\Z")  # of which the rest is still to come
_SAYS_IT_MARKS = re.compile(r"\x1b\[\?2004;([0-4])\$y")  # 0: not known, 4: never; else pastes are marked when asked


def strokes(text: str) -> list[str]:
    """Return what was read as pieces, in order: escape sequences one by one, and the text between them."""
    return [piece for piece in _SEQUENCE.split(text) if piece]


@dataclass(slots=True)
class UnmarkedPaste:
    """Text that was pasted into a terminal that does not mark it, which is never a command.

    A paste comes whole, keys one by one: what is read at once is pasted if it is more than a hand may have typed ahead.
    However late this program reads, what was pasted is read at once, and what follows before there was a pause belongs
    to it. Where the terminal says that it marks pastes, text without a mark is typed, but for a very long one.
    """

    _kept: str = ""

    @property
    def goes_on(self) -> bool:
        """Whether a paste is not over yet."""
        return bool(self._kept)

    def takes(self, text: str, *, marks: bool) -> bool:
        """Return whether text that was read at once, without an escape sequence, is pasted; if so it is kept.

        `marks`: the terminal says that it marks what is pasted.
        """
        pasted = self.goes_on or len(text) >= LONG_TEXT
        if not pasted and (marks or sum(1 for _ in groupby(text)) <= TYPED_AHEAD):
            return False
        self._kept = (self._kept + text)[:MAX_PASTE]
        return True

    def end(self) -> str:
        """Return what was pasted; empty where nothing was."""
        kept, self._kept = self._kept, ""
        return kept


@dataclass(slots=True)
class PasteCutter:
    """Cuts marked pastes out of a terminal's input before it is parsed character by character.

    Ten megabytes of paste cost a search each chunk, and no more than MAX_PASTE characters of memory.
    """

    marks: bool = False  # whether the terminal has said that it marks what is pasted
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
                before = self._without_partial(before)
            if self._inside:
                self._kept += before[: MAX_PASTE - len(self._kept)]
            elif before := self._without_answer(before):
                pieces.append((False, before))
            if found:
                if self._inside:
                    pieces.append((True, self._kept.replace("\x00", "")))
                    self._kept = ""
                self._inside = not self._inside
        return pieces

    def _without_partial(self, text: str) -> str:
        """Keep the beginning of a sequence for the next chunk; outside a paste a lone Escape is a key, and not kept."""
        if not self._inside:
            cut = _CUT_SEQUENCE.search(text)
            size = len(cut[0]) if cut else 0
        else:
            size = next((n for n in range(min(len(_END) - 1, len(text)), 0, -1) if text.endswith(_END[:n])), 0)
        self._tail = text[len(text) - size :]
        return text[: len(text) - size]

    def _without_answer(self, text: str) -> str:
        """Hear whether the terminal marks what is pasted."""
        for answer in _SAYS_IT_MARKS.finditer(text):
            self.marks = answer[1] in "123"
        return _SAYS_IT_MARKS.sub("", text) if "\x1b[?2004" in text else text

"""The few choices of a reader that outlive a session; nothing else is kept, and never a secret."""

import os
import stat
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace
from platformdirs import user_state_path

from chain.decode.form import Form
from chain.decode.limits import Limits
from chain.decode.salvage import salvage
from chain.errors import DecodeError
from chain.private import open_private, private_folder
from chain.text import clean
from tui.pages import Page

_MOST_BYTES = 16_384


class Prefs(Struct, frozen=True):
    """Remembered choices; None where a reader has not chosen."""

    preset: str | None = None
    page: Page = Page.DECK
    highest_first: bool = True
    columns: str | None = None  # the name of a set of the grid's columns
    bars: bool = True
    theme: str | None = None


_FORM = Form(Prefs, Limits(_MOST_BYTES, depth=4))


def prefs_file() -> Path | None:
    """Return where the choices are kept; None for a user without a home folder."""
    path = user_state_path("chaindeck") / "prefs.json"
    return path if path.is_absolute() else None


def load_prefs(path: Path) -> tuple[Prefs, str]:
    """Return the remembered choices, and what is wrong with their file in a line: that part is as if never chosen."""
    try:
        raw = _read(path)
        if raw is None:
            return Prefs(), ""
        prefs, left_out = salvage(_FORM, raw)
    except OSError as error:
        return Prefs(), f"nothing is remembered: {clean(path)}: {(error.strerror or str(error)).lower()}"
    except DecodeError as error:
        return Prefs(), f"nothing is remembered: {clean(path)}: {error}"
    return prefs, f"not remembered: {clean(path)}: {'; '.join(left_out)}" if left_out else ""


def _read(path: Path) -> bytes | None:
    """Return what a file holds, cut behind the limit; None where there is none. Raises OSError, for a pipe, too."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe would have to be waited for
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("not a file")
        return file.read(_MOST_BYTES + 1)


def save_prefs(path: Path, prefs: Prefs) -> None:
    """Remember all of the choices, or as it was before where that fails: then it raises OSError."""
    private_folder(path.parent)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with os.fdopen(open_private(new), "wb") as file:
            file.write(msgspec.json.encode(prefs))
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise


class Memory:
    """What is remembered, for as long as a deck runs: of what the reader changes, that alone is kept.

    So what a flag or a preset has set for one run is not taken for the reader's choice, and two decks at a time do not
    undo each other's.
    """

    def __init__(self, file: Path | None) -> None:
        """`file` is None where nothing is to be remembered."""
        self._file = file
        self.prefs, self.trouble = load_prefs(file) if file else (Prefs(), "")
        self._known = self.prefs

    def begin(self, shown: Prefs) -> None:
        """Take for known what a deck begins with."""
        self._known = shown

    def keep(self, shown: Prefs) -> str:
        """Remember what differs from what was known; return in a line why it could not be, once for each reason."""
        before, now = asdict(self._known), asdict(shown)
        changed = {name: value for name, value in now.items() if value != before[name]}
        self._known = shown
        if not changed or self._file is None:
            return ""
        try:
            save_prefs(self._file, replace(load_prefs(self._file)[0], **changed))
        except OSError as error:
            told, self.trouble = self.trouble, f"not remembered: {clean(self._file)}: {(error.strerror or '').lower()}"
            return self.trouble if self.trouble != told else ""
        self.trouble = ""
        return ""

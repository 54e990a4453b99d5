"""Writes an export: a file that only its owner can read, under a name of its own. Nothing is ever replaced."""

import os
from contextlib import suppress
from pathlib import Path

from platformdirs import user_data_path

from chain.errors import ChaindeckError
from chain.private import make_folder, open_private

_MOST_OF_ONE_NAME = 1_000


class ExportError(ChaindeckError):
    """Why nothing was exported, in a line."""


def default_folder() -> Path:
    """Return the user's own folder of exports; not absolute for a user without a home."""
    return user_data_path("chaindeck") / "exports"


def write_export(folder: Path, stem: str, suffix: str, body: bytes) -> Path:
    """Write a new file and return its path; where the name is taken, it gets a number. Raises ExportError.

    Of a file that could not be written to its end nothing is left.
    """
    if not folder.is_absolute():
        raise ExportError(f"{folder}: no folder of yours is known: name one as export_dir")
    try:
        make_folder(folder)
        path, descriptor = _opened(folder, stem, suffix)
    except OSError as error:
        raise ExportError(f"{folder}: {error.strerror or error}") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise ExportError(f"{path}: {error.strerror or error}") from None
    return path


def _opened(folder: Path, stem: str, suffix: str) -> tuple[Path, int]:
    """Open the first name that is free, which may be a link to nowhere; raise OSError, ExportError for too many."""
    for number in range(1, _MOST_OF_ONE_NAME):
        path = folder / (f"{stem}.{suffix}" if number == 1 else f"{stem}-{number}.{suffix}")
        with suppress(FileExistsError):
            return path, open_private(path, os.O_EXCL)
    raise ExportError(f"{folder}: {_MOST_OF_ONE_NAME} files are called {stem}: move some away")

"""The few choices of a reader that outlive a session."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from platformdirs import user_state_path

from chain.private import open_private, private_folder


@dataclass(frozen=True, slots=True)
class Prefs:
    """Remembered choices."""

    highest_first: bool = True


def prefs_file() -> Path | None:
    """Return where the choices are kept; None for a user without a home folder."""
    path = user_state_path("chaindeck") / "prefs.json"
    return path if path.is_absolute() else None


def load_prefs(path: Path) -> Prefs:
    """Return the remembered choices; defaults where there are none, or none that make sense."""
    try:
        body = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return Prefs()
    value = body.get("highest_first") if isinstance(body, dict) else None
    return Prefs(highest_first=value if isinstance(value, bool) else True)


def save_prefs(path: Path, prefs: Prefs) -> None:
    """Remember the choices; raises OSError where the folder cannot be written."""
    private_folder(path.parent)
    with os.fdopen(open_private(path), "wb") as file:
        file.write(orjson.dumps(asdict(prefs)))

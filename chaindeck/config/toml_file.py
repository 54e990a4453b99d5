"""A file of settings as it stands: read within limits, and on which line each key is."""

import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_config_path

from chain.errors import ConfigError
from chain.text import clean

CONFIG_VARIABLE = "CHAINDECK_CONFIG"
_MAX_DOTS = 16
_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """What a file holds. Its values may be secrets, and tracebacks show reprs."""

    path: Path
    table: Mapping[str, object] = field(repr=False)
    _lines: tuple[str, ...] = field(repr=False)

    def place_of(self, name: str, number: int) -> str:
        """Return where one of several tables of a name stands; where all stand in one line, that."""
        at = 0
        for _ in range(number + 1):
            at = _line_of(self._lines, name, at) or at
        return f"{clean(self.path)}, line {at or 1}"

    def place(self, name: str, inner: str = "") -> str:
        """Return where a key stands, or one of its table, as file and line."""
        at = _line_of(self._lines, name, 0)
        if inner:  # under its table, or in one line with it
            below = _line_of(self._lines, inner, at - 1)
            dotted = _line_of(self._lines, name, 0, rf"\s*\.\s*[\"']?{re.escape(inner)}")
            at = dotted or below or at
        return f"{clean(self.path)}, line {at or 1}"


def config_file(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the file to read: the one given, which must be there, or the user's own where there is one."""
    named = given or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    path = named or user_config_path("chaindeck") / "config.toml"
    origin = " of --config" if given else f" of {CONFIG_VARIABLE}" if named else ""
    shown = f"config file {clean(path)}{origin}"
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        if named is None:
            return None
        raise ConfigError(f"{shown}: no such file") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{shown}: {_why(error)}") from None
    if not stat.S_ISREG(mode):
        raise ConfigError(f"{shown}: a folder, a pipe or a device, not a file of settings")
    return path


def read_file(path: Path) -> SettingsFile:
    """Return what a file holds; raise ConfigError naming file and line."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
        text = raw.decode("utf-8-sig")  # some editors begin a file with a mark
        table = None if len(raw) > _MAX_BYTES or _is_deep(raw) else tomllib.loads(text)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"config file {clean(path)}: {_why(error)}") from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(f"config file {clean(path)}, line {line}: not in UTF-8: save it in that encoding") from None
    except (RecursionError, ValueError):  # the latter for an integer of more digits than Python reads
        table = None
    if table is None:
        raise ConfigError(f"config file {clean(path)}: larger or deeper than any file of settings is")
    return SettingsFile(path, table, tuple(text.splitlines()))


def _is_deep(raw: bytes) -> bool:
    """Whether dotted keys nest deeper than any settings: parsing them takes quadratic time."""
    return any(line.partition(b"=")[0].count(b".") > _MAX_DOTS for line in raw.splitlines())


def _why(error: Exception) -> str:
    return clean((error.strerror or type(error).__name__).lower() if isinstance(error, OSError) else error, 100)


def _line_of(lines: tuple[str, ...], name: str, after: int, end: str = r"[\"']?\s*[=\].]") -> int:
    """Return the number of the first line, behind the first `after`, that begins with a key; 0 where none does."""
    pattern = re.compile(rf"\s*\[*\s*[\"']?{re.escape(name)}{end}")
    return next((at for at, line in enumerate(lines[max(0, after) :], max(0, after) + 1) if pattern.match(line)), 0)

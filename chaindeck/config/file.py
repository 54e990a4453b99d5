"""Where each setting comes from: a flag, then the environment, then the TOML file, then its default."""

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct
from platformdirs import user_config_path

from chain.errors import ChaindeckError, ConfigError
from chain.monitor.alerts.rule import AlertRule
from chain.redis.connect.connection import RedisTarget
from chain.text import clean, shown
from chaindeck.config.settings import SETTINGS, Setting, Settings, Value, validate

CONFIG_VARIABLE = "CHAINDECK_CONFIG"
_UNRESOLVED = re.compile(r"\$\{[^}]*\}")
ALERTS = "alerts"  # the tables [[alerts]]
MASK = "********"
_MAX_DOTS = 16
_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Resolved:
    """A setting's value and where it came from, in words."""

    value: Value = field(repr=False)  # may be a secret, and tracebacks show reprs
    origin: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A key of the file: its value and its position; of a list of tables the position of each."""

    value: object = field(repr=False)
    origin: str
    origins: tuple[str, ...] = ()

    def origin_of(self, number: int) -> str:
        """Return the position of a table of a list, or of the key where each has none of its own."""
        return self.origins[number] if number < len(self.origins) else self.origin


class Config(Struct, frozen=True):
    """All settings resolved."""

    values: Mapping[str, Resolved]
    file: Path | None = None  # the file that was read
    warnings: tuple[str, ...] = ()  # settings that work but are unwise
    alerts: tuple[tuple[AlertRule, str], ...] = ()  # each with where it stands

    @property
    def settings(self) -> Settings:
        """The settings as one checked value; raises ConfigError naming the origin of conflicting ones."""
        values = {name: resolved.value for name, resolved in self.values.items()}
        try:
            origins = {name: resolved.origin for name, resolved in self.values.items()}
            return validate(values, origins, self.warnings, tuple(rule for rule, _ in self.alerts))
        except ConfigError as error:
            sources = "; ".join(f"{name}: {self.values[name].origin}" for name in ("interval", "ttl"))
            raise ConfigError(f"{error} ({sources})") from None

    def lines(self) -> list[str]:
        """Return each setting, its value with secrets masked, and its origin; then each alert."""
        lines = [f"{name:<18} {_shown(SETTINGS[name], r.value):<34} {r.origin}" for name, r in self.values.items()]
        return lines + [f"{'alert':<18} {rule!s:<34}  {origin}" for rule, origin in self.alerts]


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


def resolve(
    flags: Mapping[str, object],
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    named: Mapping[str, str] = MappingProxyType({}),
) -> Config:
    """Return every setting with its origin; raise ConfigError naming the flag, the variable, or file, key and line.

    `named` gives the origin of values that were not passed as flags.
    """
    environ = os.environ if environ is None else environ
    path = config_file(file, environ)
    table = _read(path) if path else {}
    values: dict[str, Resolved] = {}
    for setting in SETTINGS.values():
        values[setting.name] = _resolve(setting, flags, environ, table, named)
    return Config(values, path, _warnings(path, table) if path else (), _alerts(table.get(ALERTS)))


def _alerts(entry: _Entry | None) -> tuple[tuple[AlertRule, str], ...]:
    if entry is None:
        return ()
    from chaindeck.config.alerts import parse_alerts  # noqa: PLC0415 - it loads the measures, which few commands need

    return parse_alerts(entry.value, entry.origin_of)


def _resolve(
    setting: Setting,
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    table: Mapping[str, _Entry],
    named: Mapping[str, str],
) -> Resolved:
    name = setting.name
    if flags.get(name) is not None:
        origin = named.get(name, f"flag --{name.replace('_', '-')}")
        if flags[name] == "":
            raise ConfigError(f"{origin} is empty: give it a value, or leave it out")
        return _parsed(setting, flags[name], origin, "")
    for variable in setting.variables:
        text = environ.get(variable, "")
        if _is_set(text):
            return _parsed(setting, text, f"environment {variable}", f"{name}: ")
    if name in table and _is_set(table[name].value):
        return _parsed(setting, table[name].value, table[name].origin, f"{name}: ")
    return Resolved(setting.default, "default")


def _is_set(value: object) -> bool:
    """Whether a value was really set: an unfilled template or an empty variable does not count."""
    return not isinstance(value, str) or (bool(value.strip()) and not _UNRESOLVED.search(value))


def _parsed(setting: Setting, value: object, origin: str, name: str) -> Resolved:
    if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(part, dict | list) for part in value)):
        raise ConfigError(f"{origin}: {setting.name} is {shown(value)}, not a value or a list of values")
    try:
        return Resolved(setting.parse(value), origin)
    except ChaindeckError as error:
        raise ConfigError(f"{origin}: {name}{error}") from None
    except ValueError as error:
        told = MASK if setting.secret else shown(value, 40)
        raise ConfigError(f"{origin}: {setting.name} is {told}, not {error}") from None


def _read(path: Path) -> dict[str, _Entry]:
    """Return the file's keys with value and place; raise ConfigError naming file, line and key."""
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
    lines = {name: _lines_of(text, name) for name in table}
    known = (*SETTINGS, ALERTS)
    for name in table:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"
            raise ConfigError(f"{clean(path)}, line {lines[name][0]}: unknown key {clean(name, 40)!r}{hint}")
    places = {name: tuple(f"{clean(path)}, line {line}" for line in lines[name]) for name in table}
    return {name: _Entry(value, places[name][0], places[name]) for name, value in table.items()}


def _is_deep(raw: bytes) -> bool:
    """Whether dotted keys nest deeper than any settings: parsing them takes quadratic time."""
    return any(line.partition(b"=")[0].count(b".") > _MAX_DOTS for line in raw.splitlines())


def _why(error: Exception) -> str:
    return clean((error.strerror or type(error).__name__).lower() if isinstance(error, OSError) else error, 100)


def _lines_of(text: str, name: str) -> list[int]:
    """Return the lines on which a key, or tables of its name, begin."""
    pattern = re.compile(rf"\s*\[*\s*[\"']?{re.escape(name)}[\"']?\s*[=\].]")
    return [number for number, line in enumerate(text.splitlines(), start=1) if pattern.match(line)] or [1]


def _warnings(path: Path, table: Mapping[str, _Entry]) -> tuple[str, ...]:
    """Return warnings about the file: a secret that others on this machine can read."""
    secrets = [name for name in table if name in SETTINGS and SETTINGS[name].secret]
    if secrets and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        first = secrets[0]
        return (f"{table[first].origin}: {first} can be read by others: chmod 600 {clean(path)}",)
    return ()


def _shown(setting: Setting, value: Value) -> str:
    if value is None or value == ():
        return "-"
    if setting.secret:
        return RedisTarget(str(value)).shown if setting.name.endswith("redis_url") else MASK
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else clean(value, 60)

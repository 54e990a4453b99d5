"""Where each setting comes from: a flag, then the environment, then the TOML file, then its default."""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct

from chain.errors import ChaindeckError, ConfigError
from chain.monitor.alerts.rule import AlertRule
from chain.redis.connect.connection import RedisTarget
from chain.text import clean, shown
from chaindeck.config.keys import TABLE as KEYS
from chaindeck.config.keys import ChosenKeys, read_keys
from chaindeck.config.settings import SETTINGS, Setting, Settings, Value, validate
from chaindeck.config.toml_file import SettingsFile, config_file, read_file
from chaindeck.config.values import nearest

_UNRESOLVED = re.compile(r"\$\{[^}]*\}")
MASK = "********"
ALERTS = "alerts"  # the tables [[alerts]]
_TABLES = (KEYS, ALERTS)  # what a file holds beside settings


@dataclass(frozen=True, slots=True)
class Resolved:
    """A setting's value and where it came from, in words."""

    value: Value = field(repr=False)  # may be a secret, and tracebacks show reprs
    origin: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A key of the file: its value and its position."""

    value: object = field(repr=False)
    origin: str


class Config(Struct, frozen=True):
    """All settings resolved."""

    values: Mapping[str, Resolved]
    file: Path | None = None  # the file that was read
    warnings: tuple[str, ...] = ()  # settings that work but are unwise
    alerts: tuple[tuple[AlertRule, str], ...] = ()  # each with where it stands
    keys: ChosenKeys = ChosenKeys()

    @property
    def settings(self) -> Settings:
        """The settings as one checked value; raises ConfigError naming the origin of conflicting ones."""
        values = {name: resolved.value for name, resolved in self.values.items()}
        origins = {name: resolved.origin for name, resolved in self.values.items()}
        try:
            return validate(values, origins, self.warnings, tuple(rule for rule, _ in self.alerts), self.keys.keymap)
        except ConfigError as error:
            places = "; ".join(f"{name}: {origins[name]}" for name in ("interval", "ttl"))
            raise ConfigError(f"{error} ({places})") from None

    def lines(self) -> list[str]:
        """Return each setting, its value with secrets masked, and its origin; then alerts, and the keys of actions."""
        values = [f"{name:<18} {_shown(SETTINGS[name], r.value):<34} {r.origin}" for name, r in self.values.items()]
        alerts = [f"{'alert':<18} {rule!s:<34}  {origin}" for rule, origin in self.alerts]
        return [*values, *alerts, *self.keys.lines()]


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
    read = read_file(path) if path else None
    table = _entries(read) if read else {}
    values: dict[str, Resolved] = {}
    for setting in SETTINGS.values():
        values[setting.name] = _resolve(setting, flags, environ, table, named)
    warnings = _warnings(path, table) if path else ()
    return Config(values, path, warnings, *((_alerts(read), read_keys(read)) if read else ()))


def _alerts(file: SettingsFile) -> tuple[tuple[AlertRule, str], ...]:
    if ALERTS not in file.table:
        return ()
    from chaindeck.config.alerts import parse_alerts  # noqa: PLC0415 - it loads the measures, which few commands need

    return parse_alerts(file.table[ALERTS], partial(file.place_of, ALERTS))


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


def _entries(file: SettingsFile) -> dict[str, _Entry]:
    """Return a file's settings with value and place; raise ConfigError naming file, line and key."""
    for name in file.table:
        if name not in SETTINGS and name not in _TABLES:
            hint = nearest(name, (*SETTINGS, *_TABLES))
            raise ConfigError(f"{file.place(name)}: unknown key {clean(name, 40)!r}{hint}")
    return {name: _Entry(value, file.place(name)) for name, value in file.table.items() if name in SETTINGS}


def _warnings(path: Path, table: Mapping[str, _Entry]) -> tuple[str, ...]:
    """Return warnings about the file: a secret that others on this machine can read."""
    secrets = [name for name in table if SETTINGS[name].secret]
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

"""Where each setting comes from: a flag, then the environment, then the TOML file, then its default."""

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_config_path

from chain.errors import ChaindeckError, ConfigError
from chain.redis.connection import RedisTarget
from chain.text import clean
from chaindeck.settings import SETTINGS, Setting, Settings, Value, settle

CONFIG_VARIABLE = "CHAINDECK_CONFIG"
_UNRESOLVED = re.compile(r"\$\{[^}]*\}")
MASK = "********"


@dataclass(frozen=True, slots=True)
class Resolved:
    """A setting's value and where it came from, in words."""

    value: Value = field(repr=False)  # may be a secret, and a trace shows reprs
    origin: str


@dataclass(frozen=True, slots=True)
class Config:
    """All settings resolved."""

    values: Mapping[str, Resolved]

    @property
    def settings(self) -> Settings:
        """The settings as one checked value; raises ConfigError naming where those that do not go together are from."""
        try:
            return settle({name: resolved.value for name, resolved in self.values.items()})
        except ConfigError as error:
            origins = "; ".join(f"{name} from {self.values[name].origin}" for name in ("interval", "ttl"))
            raise ConfigError(f"{error} ({origins})") from None

    def lines(self) -> list[str]:
        """Return each setting, its value with secrets masked, and its origin."""
        return [f"{name:<18} {_shown(SETTINGS[name], r.value):<34} {r.origin}" for name, r in self.values.items()]


def config_file(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the file to read: the one given, which must be there, or the user's own where there is one."""
    named = given or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    if named is not None:
        if not named.is_file():
            raise ConfigError(f"config file {named}: no such file")
        return named
    own = user_config_path("chaindeck") / "config.toml"
    return own if own.is_file() else None


def resolve(flags: Mapping[str, object], file: Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Return every setting with its origin; raise ConfigError naming the flag, the variable, or file, key and line."""
    environ = os.environ if environ is None else environ
    path = config_file(file, environ)
    table, lines = _read(path) if path else ({}, {})
    return Config({s.name: _resolve(s, flags, environ, table, lines, path) for s in SETTINGS.values()})


def _resolve(
    setting: Setting,
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    table: Mapping[str, object],
    lines: Mapping[str, int],
    path: Path | None,
) -> Resolved:
    name = setting.name
    if flags.get(name) is not None:
        return _parsed(setting, flags[name], f"flag --{name.replace('_', '-')}")
    for variable in setting.variables:
        text = environ.get(variable, "")
        if _is_set(text):
            return _parsed(setting, text, f"environment {variable}")
    if path is not None and name in table and _is_set(table[name]):
        return _parsed(setting, table[name], f"{path}, line {lines[name]}")
    return Resolved(setting.default, "default")


def _is_set(value: object) -> bool:
    """Whether a value was meant: a template that nobody filled in is none, nor is an empty variable."""
    return not isinstance(value, str) or (bool(value.strip()) and not _UNRESOLVED.search(value))


def _parsed(setting: Setting, value: object, origin: str) -> Resolved:
    try:
        return Resolved(setting.parse(value), origin)
    except ChaindeckError as error:
        raise ConfigError(f"{origin}: {setting.name}: {error}") from None
    except ValueError as error:
        shown = MASK if setting.secret else clean(repr(value), 40)
        raise ConfigError(f"{origin}: {setting.name} is {shown}, not {error}") from None


def _read(path: Path) -> tuple[dict[str, object], dict[str, int]]:
    """Return the file's keys, and the line of each; raise ConfigError naming file, line and key."""
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"config file {path}: {clean(error, 100)}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"config file {path}: {clean(error, 100)}") from None
    lines = {name: _line_of(text, name) for name in table}
    for name in table:
        if name not in SETTINGS:
            near = difflib.get_close_matches(name, SETTINGS, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(SETTINGS)}"
            raise ConfigError(f"{path}, line {lines[name]}: unknown key {clean(name, 40)!r}{hint}")
    return table, lines


def _line_of(text: str, name: str) -> int:
    pattern = re.compile(rf"\s*\[*\s*[\"']?{re.escape(name)}[\"']?\s*[=\].]")
    return next((number for number, line in enumerate(text.splitlines(), start=1) if pattern.match(line)), 1)


def warnings(path: Path | None) -> list[str]:
    """Return what is unwise about the file, in words: a secret that others on this machine can read."""
    if path is None:
        return []
    table, lines = _read(path)
    secrets = [name for name in table if SETTINGS[name].secret]
    if secrets and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return [f"{path}, line {lines[secrets[0]]}: {secrets[0]} can be read by others: chmod 600 {path}"]
    return []


def _shown(setting: Setting, value: Value) -> str:
    if value is None or value == ():
        return "-"
    if setting.secret:
        return RedisTarget(str(value)).shown if setting.name.endswith("redis_url") else MASK
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else clean(value, 60)

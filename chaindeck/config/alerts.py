"""Alerts as the config file has them: tables `[[alerts]]`, each checked key by key and then as a whole."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

from msgspec.structs import replace

from chain.analytics.measures.underlying import ACROSS, OF_A_CHAIN, TOTALS
from chain.errors import ConfigError, InvalidNameError
from chain.model.keys import parse_expiry, parse_underlying
from chain.monitor.alerts.rule import (
    HOOK_TIMEOUT_S,
    MAX_NAME,
    Action,
    AlertRule,
    ChainFilter,
    Hook,
    Limit,
    Number,
    NumberWatch,
    SignalWatch,
    StateWatch,
)
from chain.monitor.evaluate.rules import SEVERITY
from chain.monitor.states import Level, State
from chain.text import clean, shown
from chaindeck.config.values import nearest, number_between, parse_number, parse_text

MEASURES = tuple(dict.fromkeys((*OF_A_CHAIN, *ACROSS, *TOTALS)))
WATCHED = ("state", "signal", *Number, *MEASURES)
_MOST, _LONGEST_S = 100, 86_400.0
_LEAST_TIMEOUT_S, _MOST_TIMEOUT_S = 0.1, 300.0
_EVERYWHERE = ("name", "on", "chains", "for", "clear_for", "replay", "do", "when_cleared", "hook", "hook_timeout")
_OF_NUMBERS, _OF_SIGNALS = ("above", "below", "clear", "total"), ("signals", "severity")
KEYS = (*_EVERYWHERE, "states", *_OF_SIGNALS, *_OF_NUMBERS)

_T = TypeVar("_T")


def parse_alerts(tables: object, origins: Callable[[int], str]) -> tuple[tuple[AlertRule, str], ...]:
    """Return the alerts of a file, each with where it stands, as `origins` says by its number.

    Raises ConfigError naming file, line, entry and key.
    """
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{origins(0)}: alerts is {shown(tables)}: write each as a table of its own, [[alerts]]")
    if len(tables) > _MOST:
        raise ConfigError(f"{origins(0)}: {len(tables)} alerts: {_MOST} at most")
    found: list[tuple[AlertRule, str]] = []
    for number, table in enumerate(tables):
        rule = _Entry(table, f"{origins(number)}: alerts {number + 1}").rule()
        if any(known.name == rule.name for known, _ in found):
            raise ConfigError(f"{origins(number)}: alerts {number + 1}: a second {rule.name!r}: give it another name")
        found.append((rule, origins(number)))
    return tuple(found)


class _Entry:
    """One table, and what errors in it begin with."""

    def __init__(self, table: Mapping[str, object], place: str) -> None:
        self._table = table
        name = table.get("name")
        self._place = f"{place} ({clean(name, 30)})" if isinstance(name, str) and name.strip() else place

    def _fail(self, why: object) -> NoReturn:
        raise ConfigError(f"{self._place}: {why}")

    def _get(self, key: str, parse: Callable[[object], _T]) -> _T | None:
        """Return a key's value, None where it is not there."""
        if key not in self._table:
            return None
        value = self._table[key]
        try:
            return parse(value)
        except InvalidNameError as error:
            self._fail(f"{key}: {error}")
        except ValueError as error:
            self._fail(f"{key} is {shown(value, 40)}, not {error}")

    def rule(self) -> AlertRule:
        """Return the alert; raise ConfigError."""
        for key in self._table:
            if key not in KEYS:
                self._fail(f"unknown key {clean(key, 30)!r}{nearest(key, KEYS)}")
        watch = self._watch()
        chains = self._get("chains", _chains) or ()
        if isinstance(watch, SignalWatch) or (isinstance(watch, NumberWatch) and watch.of_underlyings):
            for one in chains:
                if one.expiry is not None or one.dte is not None:
                    self._fail(f"chains: {one}: {watch.on} is of an underlying: name only that, {one.underlying}")
        do = self._get("do", _actions) or ()
        when_cleared = self._get("when_cleared", _actions) or ()
        rule = AlertRule(
            name="",
            watch=watch,
            chains=chains,
            hold_s=self._get("for", number_between(0, _LONGEST_S)) or 0.0,
            clear_hold_s=self._get("clear_for", number_between(0, _LONGEST_S)) or 0.0,
            do=do,
            when_cleared=when_cleared,
            hook=self._hook({*do, *when_cleared}),
            replay=self._get("replay", _switch) or False,
        )
        return replace(rule, name=self._get("name", _name) or rule.default_name)

    def _watch(self) -> NumberWatch | StateWatch | SignalWatch:
        on = self._get("on", _one_of(WATCHED))
        if on is None:
            self._fail(f"what is watched is missing: on = one of {', '.join(WATCHED)}")
        self._refuse_others(on)
        if on == "state":
            states = self._get("states", _several(list(State)))
            if not states:
                self._fail(f'states is missing, as in states = ["STALE", "MISSING"]; known: {", ".join(State)}')
            return StateWatch(frozenset(map(State, states)))
        if on == "signal":
            names = self._get("signals", _several(list(SEVERITY))) or ()
            least = Level.INFO if names else Level.WARNING
            return SignalWatch(frozenset(names), Level(self._get("severity", _one_of(list(Level))) or least))
        total = self._get("total", _switch) or False
        if total and on not in TOTALS:
            self._fail(f"total: {on} has no total: only {', '.join(TOTALS)}")
        return NumberWatch(on, self._limit(), total)

    def _refuse_others(self, on: str) -> None:
        """Refuse keys that mean nothing for what is watched."""
        mine = {"state": ("states",), "signal": _OF_SIGNALS}.get(on, _OF_NUMBERS)
        for key in self._table:
            if key not in (*_EVERYWHERE, *mine):
                self._fail(f"{key} means nothing with on = {on}: it goes with {', '.join(mine)}")

    def _limit(self) -> Limit:
        above, below, clear = (self._get(key, parse_number) for key in ("above", "below", "clear"))
        if (above is None) == (below is None):
            self._fail("give one of above and below" + ("" if above is None else ", not both"))
        at = above if above is not None else below
        assert at is not None
        clear_at = at if clear is None else clear
        if clear is not None and (clear >= at if above is not None else clear <= at):
            side = "below above" if above is not None else "above below"
            self._fail(f"clear is {clear:g}: it must be {side}, {at:g}, so that there is a band between them")
        return Limit(at, clear_at, above=above is not None)

    def _hook(self, actions: Iterable[Action]) -> Hook | None:
        argv = self._get("hook", _argv)
        timeout = self._get("hook_timeout", number_between(_LEAST_TIMEOUT_S, _MOST_TIMEOUT_S))
        if Action.HOOK not in actions:
            if argv:
                self._fail('hook would never run: add "hook" to do or when_cleared')
            return None
        if not argv:
            self._fail('hook is missing, as in hook = ["/usr/local/bin/page", "--desk"]')
        path = Path(argv[0]).expanduser()
        if not path.is_absolute():
            self._fail(f"hook: {clean(argv[0], 80)}: write its whole path")
        if not path.is_file():
            self._fail(f"hook: {clean(path, 120)}: no such file")
        if not os.access(path, os.X_OK):
            self._fail(f"hook: {clean(path, 120)} is not executable: chmod +x")
        return Hook((str(path), *argv[1:]), timeout or HOOK_TIMEOUT_S)


def _one_of(known: Sequence[str]) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if value not in known:
            raise ValueError(f"a word that is known{nearest(str(value), known)}")
        return str(value)

    return parse


def _several(known: Sequence[str]) -> Callable[[object], tuple[str, ...]]:
    one = _one_of(known)

    def parse(value: object) -> tuple[str, ...]:
        values = value if isinstance(value, list) else [value]
        return tuple(dict.fromkeys(map(one, values)))

    return parse


def _actions(value: object) -> tuple[Action, ...]:
    return tuple(map(Action, _several(list(Action))(value)))


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - as every parser of a setting does
    return value


def _name(value: object) -> str:
    text = parse_text(value)
    if clean(text) != text or len(text) > MAX_NAME:
        raise ValueError(f"a name of visible letters, {MAX_NAME} at most")
    return text


def _argv(value: object) -> tuple[str, ...]:
    parts = value if isinstance(value, list) else []
    if not parts or not all(isinstance(part, str) and "\0" not in part for part in parts):
        raise ValueError('a list of words, the program first: it is run without a shell, as in ["/usr/local/bin/page"]')
    return tuple(parts)


def _chains(value: object) -> tuple[ChainFilter, ...]:
    parts = value if isinstance(value, list) else str(value).split(",") if isinstance(value, str) else [None]
    if not parts or not all(isinstance(part, str) and part.strip() for part in parts):
        raise ValueError("chains, as in SPX, SPX 2026-01-02 or SPX 0DTE")
    return tuple(_chain(str(part)) for part in parts)


def _chain(text: str) -> ChainFilter:
    symbol, *which = text.split()
    underlying = parse_underlying(symbol.upper())
    if not which:
        return ChainFilter(underlying)
    [which_one, *more] = which
    days = which_one.upper().removesuffix("DTE")
    if more or (not days.isdecimal() and "-" not in which_one):
        raise ValueError("chains, as in SPX, SPX 2026-01-02 or SPX 0DTE")
    if days.isdecimal() and which_one.upper().endswith("DTE") and len(days) <= 4:
        return ChainFilter(underlying, dte=int(days))
    return ChainFilter(underlying, parse_expiry(which_one))

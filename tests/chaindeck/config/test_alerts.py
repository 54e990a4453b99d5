"""Alerts in the config file: what a desk writes, and one line naming file, line and entry for what cannot work."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import ConfigError
from chain.monitor.alerts.rule import (
    Action,
    AlertRule,
    ChainFilter,
    Hook,
    Limit,
    NumberWatch,
    SignalWatch,
    StateWatch,
)
from chain.monitor.states import Level, State
from chaindeck.config.alerts import KEYS, WATCHED, parse_alerts
from chaindeck.config.file import resolve
from tests.support.builders import law
from tests.support.places import ROOT
from tests.support.product import run

DESK = """
interval = 5

[[alerts]]
name = "SPX stale"
on = "age"
chains = "SPX"
above = 30
clear = 20
for = 2
do = ["bell", "notify"]

[[alerts]]
on = "signal"
severity = "critical"
do = ["hook"]
when_cleared = ["hook"]
hook = ["/bin/true", "--desk", "$(id)"]

[[alerts]]
on = "atm_iv"
chains = ["SPX 0DTE", "NDX 2026-01-02"]
below = 0.1
replay = true

[[alerts]]
on = "state"
states = ["STALE", "MISSING"]
clear_for = 10
"""


def alerts(folder: Path, text: str) -> tuple[AlertRule, ...]:
    path = folder / "desk.toml"
    path.write_text(text, encoding="utf-8")
    return resolve({}, path, {}).settings.alerts


def refusal(folder: Path, entry: str) -> str:
    """Return what is told of a second alert that cannot work, the file's name shortened."""
    with pytest.raises(ConfigError) as refused:
        alerts(folder, f'[[alerts]]\non = "age"\nabove = 30\n\n[[alerts]]\n{entry}\n')
    told = str(refused.value)
    assert "\n" not in told
    return told.replace(str(folder / "desk.toml"), "FILE")


def test_what_a_desk_writes(tmp_path: Path) -> None:
    stale, pager, calm, lost = alerts(tmp_path, DESK)
    assert stale == AlertRule(
        "SPX stale",
        NumberWatch("age", Limit(30.0, 20.0)),
        (ChainFilter("SPX"),),
        hold_s=2.0,
        do=(Action.BELL, Action.NOTIFY),
    )
    assert pager.watch == SignalWatch(frozenset(), Level.CRITICAL)
    assert (pager.name, pager.do, pager.when_cleared) == ("signal, critical", (Action.HOOK,), (Action.HOOK,))
    assert pager.hook == Hook(("/bin/true", "--desk", "$(id)"), 10.0)
    assert calm.watch == NumberWatch("atm_iv", Limit(0.1, 0.1, above=False))
    assert [str(chain) for chain in calm.chains] == ["SPX 0DTE", "NDX 2026-01-02"]
    assert (calm.name, calm.replay, calm.do) == ("atm_iv of SPX 0DTE, NDX 2026-01-02 below 0.1", True, ())
    assert lost.watch == StateWatch(frozenset({State.STALE, State.MISSING}))
    assert (lost.clear_hold_s, lost.hold_s) == (10.0, 0.0)


def test_without_any_nothing_is_watched(tmp_path: Path) -> None:
    assert alerts(tmp_path, "interval = 5\n") == ()
    assert resolve({}, None, {}).settings.alerts == ()


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('on = "age"\nabov = 30', "unknown key 'abov'; did you mean above?"),
        ('name = "x"\nabove = 30', "(x): what is watched is missing: on = one of state, signal, age"),
        ('on = "atm_vi"\nabove = 1', "on is 'atm_vi', not a word that is known; did you mean atm_iv?"),
        ('on = "age"', "give one of above and below"),
        ('on = "age"\nabove = 1\nbelow = 2', "give one of above and below, not both"),
        ('on = "age"\nabove = 30\nclear = 30', "clear is 30: it must be below above, 30"),
        ('on = "spot"\nbelow = 30\nclear = 29', "clear is 29: it must be above below, 30"),
        ('on = "age"\nabove = "high"', "above is 'high', not a number"),
        ('on = "age"\nabove = inf', "above is inf, not a number"),
        ('on = "age"\nabove = 1\nfor = -1', "for is -1, not a number from 0 to 86400"),
        ('on = "state"', 'states is missing, as in states = ["STALE", "MISSING"]'),
        ('on = "state"\nstates = "STALED"', "states is 'STALED', not a word that is known; did you mean STALE?"),
        ('on = "state"\nstates = "STALE"\nabove = 3', "above means nothing with on = state: it goes with states"),
        ('on = "age"\nabove = 3\nseverity = "critical"', "severity means nothing with on = age"),
        ('on = "signal"\nsignals = "stail"', "signals is 'stail', not a word that is known; did you mean stale?"),
        ('on = "signal"\nseverity = "fatal"', "severity is 'fatal', not a word that is known; known: info, warning"),
        ('on = "age"\nabove = 3\nchains = "SPX 2026-13-01"', "chains: expiration '2026-13-01' is not a date"),
        ('on = "age"\nabove = 3\nchains = "SPX tomorrow"', "not chains, as in SPX, SPX 2026-01-02 or SPX 0DTE"),
        ('on = "age"\nabove = 3\nchains = "SPX/"', "chains: underlying 'SPX/' is not a symbol"),
        ('on = "age"\nabove = 3\nchains = []', "not chains, as in SPX"),
        ('on = "spot"\nabove = 3\nchains = "SPX 0DTE"', "chains: SPX 0DTE: spot is of an underlying: name only that"),
        ('on = "rr25"\nabove = 3\ntotal = true', "total: rr25 has no total: only put_call_oi"),
        ('on = "age"\nabove = 3\ndo = "ring"', "do is 'ring', not a word that is known; known: bell, notify, hook"),
        ('on = "age"\nabove = 3\ndo = "hook"', 'hook is missing, as in hook = ["/usr/local/bin/page", "--desk"]'),
        ('on = "age"\nabove = 3\nhook = ["/bin/true"]', 'hook would never run: add "hook" to do or when_cleared'),
        ('on = "age"\nabove = 3\ndo = "hook"\nhook = "/bin/true"', "not a list of words, the program first"),
        ('on = "age"\nabove = 3\ndo = "hook"\nhook = ["page"]', "hook: page: write its whole path"),
        ('on = "age"\nabove = 3\ndo = "hook"\nhook = ["/no/such"]', "hook: /no/such: no such file"),
        ('on = "age"\nabove = 3\nreplay = 1', "replay is 1, not true or false"),
        ('on = "age"\nabove = 3\nname = "a\\u001bb"', "not a name of visible letters"),
        ('on = "age"\nabove = 30', "a second 'age above 30': give it another name"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_entry(tmp_path: Path, entry: str, told: str) -> None:
    said = refusal(tmp_path, entry)
    assert said.startswith("FILE, line 5: alerts 2")
    assert told in said


def test_a_hook_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    hook = tmp_path / "page"
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o600)
    said = refusal(tmp_path, f'on = "age"\nabove = 3\ndo = "hook"\nhook = ["{hook}"]')
    assert said.endswith(f"hook: {hook} is not executable: chmod +x")
    assert "no such file" in refusal(tmp_path, f'on = "age"\nabove = 3\ndo = "hook"\nhook = ["{tmp_path}"]')


def test_alerts_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"line 1: alerts is 3: write each as a table of its own, \[\[alerts\]\]"):
        alerts(tmp_path, "alerts = 3\n")
    with pytest.raises(ConfigError, match=r"line 1: alerts 1: unknown key 'x'"):
        alerts(tmp_path, "alerts = [{x = 1}]\n")


words = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(
    "name on chains states signals severity above below clear for clear_for do when_cleared hook replay total".split()  # noqa: SIM905
)
entries = st.dictionaries(keys, words | st.sampled_from(["age", "state", "signal", "SPX", "hook", "STALE"]), max_size=8)


@law
@given(st.lists(entries, max_size=3))
def test_whatever_stands_there_is_read_or_refused_in_one_line(tables: list[dict[str, object]]) -> None:
    try:
        found = parse_alerts(tables, lambda number: f"FILE, line {number}")
    except ConfigError as error:
        assert str(error).isprintable()
        assert str(error).startswith("FILE, line ")
    else:
        assert len(found) == len(tables)


def test_show_and_validate_tell_of_them(tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(DESK, encoding="utf-8")
    shown = run(tmp_path, "config", "show", "--config", str(path))
    assert (shown.returncode, shown.stderr) == (0, "")
    line = next(line for line in shown.stdout.splitlines() if "SPX stale" in line)
    told = f"alert SPX stale: age of SPX above 30 for 2 s, clear at 20: bell, notify {path}, line 4"
    assert line.split() == told.split()
    checked = run(tmp_path, "config", "validate", "--config", str(path))
    assert (checked.returncode, checked.stdout) == (0, f"ok: {path}; warn 12 s, stale 20 s, TTL 60 s; 4 alerts\n")
    path.write_text('[[alerts]]\non = "age"\n', encoding="utf-8")
    refused = run(tmp_path, "config", "validate", "--config", str(path))
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "line 1: alerts 1: give one of above and below" in refused.stderr


def test_the_page_on_alerts_shows_what_works_and_names_all_that_can_be_watched() -> None:
    page = (ROOT / "docs/alerts.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    tables = tomllib.loads(shown.replace("/usr/local/bin/page", "/bin/true"))["alerts"]
    assert len(parse_alerts(tables, str)) == 4
    cells = re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
    words = {word for cell in cells for word in re.findall(r"`(\w+)`", cell)}
    assert words == {*WATCHED, *KEYS} - {"states", "signals", "severity"}

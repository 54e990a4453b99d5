"""The table of keys in a file of settings: told with file and line, listed, and obeyed on a terminal."""

import re
from pathlib import Path

import pytest

from chain.errors import ConfigError
from chaindeck.config.file import Config, resolve
from tests.support.product import on_terminal, run
from tui.actions.catalogue.everything import ACTIONS
from tui.actions.keymap import DEFAULT_KEYMAP


def read(folder: Path, text: str) -> Config:
    path = folder / "desk.toml"
    path.write_text(text, encoding="utf-8")
    return resolve({}, path, {})


@pytest.mark.parametrize(
    "text",
    [
        '[keys]\nquit = ["q", "ctrl+x"]\nlog = "f2"\ntimeline = []\n',
        'keys = { quit = ["q", "ctrl+x"], log = "f2", timeline = [] }\n',
        'keys.quit = ["q", "ctrl+x"]\nkeys.log = "f2"\nkeys.timeline = []\n',
    ],
    ids=["table", "inline", "dotted"],
)
def test_a_key_or_a_list_of_keys_or_none(tmp_path: Path, text: str) -> None:
    keymap = read(tmp_path, text).settings.keymap
    chosen = {"quit": ("q", "ctrl+x"), "log": ("f2",), "timeline": ()}
    assert keymap.keys == {**DEFAULT_KEYMAP.keys, **chosen}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('seed = 1\n\n[keys]\nlog = "f2"\nquitt = "x"\n', "FILE, line 5: keys.quitt: there is no such action"),
        ('log = "x"\n', "FILE, line 1: unknown key 'log'"),
        ('seed = 3\n[keys]\nseed = "x"\n', "FILE, line 3: keys.seed: there is no such action"),
        ('keys.log = "f2"\nkeys.order = "j"\n', "FILE, line 2: keys.order: j is the key of down, too"),
        ("keys = { log = 1 }\n", "FILE, line 1: keys.log: is neither a key nor a list"),
        ('keys = ["q"]\n', "FILE, line 1: keys is an array of 1, not a table"),
        ('[[keys]]\nlog = "f2"\n', "FILE, line 1: keys is an array of 1, not a table"),
        ('[key]\nlog = "f2"\n', "FILE, line 1: unknown key 'key'; did you mean keys?"),
        ('[keys]\n"\\u001b[31m" = "f2"\n', "there is no such action"),
    ],
    ids=str,
)
def test_a_mistake_is_told_with_file_line_and_action(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        _ = read(tmp_path, text).settings
    words = str(refused.value).replace(str(tmp_path / "desk.toml"), "FILE")
    assert told in words and "\n" not in words and "\x1b" not in words


def test_every_action_is_listed_with_its_keys_and_where_they_are_told(tmp_path: Path) -> None:
    lines = read(tmp_path, '[keys]\nlog = []\n\nquit = ["Q", "ctrl+x"]\n').lines()
    listed = {re.split(r"  +", line)[0]: re.split(r"  +", line)[1:] for line in lines if line.startswith("keys.")}
    assert set(listed) == {f"keys.{action.id}" for action in ACTIONS}
    assert listed["keys.quit"] == ["Q ctrl+x", f"{tmp_path / 'desk.toml'}, line 4"]
    assert listed["keys.log"] == ["(none)", f"{tmp_path / 'desk.toml'}, line 2"]
    assert listed["keys.down"] == ["down j", "default"]


def test_validate_prints_the_keys_that_are_others_and_refuses_what_the_deck_would(tmp_path: Path) -> None:
    (tmp_path / "desk.toml").write_text('[keys]\nlog = "f2"\n')
    found = run(tmp_path, "config", "validate", "--config", str(tmp_path / "desk.toml"))
    assert found.returncode == 0
    [_, log] = found.stdout.splitlines()
    assert log.split(maxsplit=2) == ["keys.log", "f2", f"{tmp_path / 'desk.toml'}, line 2"]
    (tmp_path / "desk.toml").write_text("[keys]\nquit = []\n")
    refused = run(tmp_path, "config", "validate", "--config", str(tmp_path / "desk.toml"))
    assert refused.returncode == 3
    assert refused.stderr.endswith("line 2: keys.quit: needs a key: it cannot be turned off\n")


@pytest.mark.slow
def test_on_a_terminal_the_deck_obeys_the_files_keys(short_dir: Path) -> None:
    file = short_dir / "desk.toml"
    file.write_text('[keys]\nquit = ["ctrl+x"]\nhelp = ["f1"]\norder = ["%"]\n')
    with on_terminal(short_dir, "--config", str(file), columns=170) as terminal:
        terminal.wait_for("% order")
        terminal.wait_for("[MOCK]")
        terminal.send("q?")  # no keys of anything now
        terminal.send("\x1bOP")
        terminal.wait_for("highest strike on top")
        assert re.search(r"^.*% +highest strike", terminal.text, re.MULTILINE)
        terminal.send("\x1bOP")
        terminal.wait_until(lambda: "highest strike on top" not in terminal.text, "the help closed")
        terminal.send("\x18")
        assert terminal.wait() == 0

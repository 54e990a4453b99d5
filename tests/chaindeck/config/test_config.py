"""Settings: which place wins, what is told of a mistake, and what is never shown."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.errors import ConfigError
from chaindeck.config.file import MASK, Config, resolve
from chaindeck.config.settings import SETTINGS
from chaindeck.config.toml_file import CONFIG_VARIABLE
from publisher.massive.api.address import delayed_url, is_delayed
from tests.support.product import run

CANARY = "canary-52d8e0"
NOWHERE: Mapping[str, str] = {}


@pytest.fixture(autouse=True)
def _no_file_of_this_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


def toml(folder: Path, text: str) -> Path:
    path = folder / "desk.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    """Return what is told of a file that cannot work, the file's name shortened."""
    path = toml(folder, text)
    with pytest.raises(ConfigError) as refused:
        _ = resolve({}, path, NOWHERE).settings
    told = str(refused.value)
    assert "\n" not in told
    return told.replace(str(path), "FILE")


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    file = toml(tmp_path, "ttl = 90\n\ninterval = 7\nexpirations = 4\n")
    environ = {"MASSIVE_CHAIN_INTERVAL_SEC": "6", "MASSIVE_CHAIN_NUM_EXPIRATIONS": "3"}
    found = resolve({"expirations": 2}, file, environ)
    origins = {name: (r.value, r.origin) for name, r in found.values.items()}
    assert origins["expirations"] == (2, "flag --expirations")
    assert origins["interval"] == (6.0, "environment MASSIVE_CHAIN_INTERVAL_SEC")
    assert origins["ttl"] == (90.0, f"{file}, line 1")
    assert origins["em_mult"] == (2.0, "default")
    settled = found.settings
    assert (settled.expirations, settled.thresholds.interval_s, settled.thresholds.ttl_s) == (2, 6.0, 90.0)


def test_of_two_variables_the_first_that_is_set_wins() -> None:
    both = {"MARKET_REDIS_URL": "redis://market:1", "REDIS_URL": "redis://any:2"}
    assert resolve({}, None, both).settings.redis_url == "redis://market:1"
    assert resolve({}, None, {**both, "MARKET_REDIS_URL": " "}).settings.redis_url == "redis://any:2"
    assert resolve({}, None, NOWHERE).settings.redis_url is None


@pytest.mark.parametrize("text", ["${MASSIVE_API_KEY}", "redis://:${PASSWORD}@host", "  ", ""])
def test_a_template_that_nobody_filled_in_is_no_value(tmp_path: Path, text: str) -> None:
    environ = {variable: text for setting in SETTINGS.values() for variable in setting.variables}
    unset = resolve({}, None, environ)
    assert {r.origin for r in unset.values.values()} == {"default"}
    file = toml(tmp_path, f'api_key = "{text}"\nredis_url = "{text}"\n')
    assert {r.origin for r in resolve({}, file, environ).values.values()} == {"default"}


def test_a_variable_passes_over_a_template_to_the_file(tmp_path: Path) -> None:
    file = toml(tmp_path, f'api_key = "{CANARY}"')
    assert resolve({}, file, {"MASSIVE_API_KEY": "${MASSIVE_API_KEY}"}).settings.api_key == CANARY


def test_columns_of_the_grid_come_in_every_form(tmp_path: Path) -> None:
    expected = ("Bid", "Ask", "Vol/OI")
    assert resolve({}, None, {"CHAINDECK_GRID_COLUMNS": "bid, ask,vol/oi"}).settings.grid_columns == expected
    assert resolve({"grid_columns": "Bid,Ask,Vol/OI"}, None, NOWHERE).settings.grid_columns == expected
    file = toml(tmp_path, 'grid_columns = ["Bid", "Ask", "Vol/OI"]')
    assert resolve({}, file, NOWHERE).settings.grid_columns == expected
    assert resolve({}, None, NOWHERE).settings.grid_columns == ()


def test_symbols_come_in_every_form(tmp_path: Path) -> None:
    expected = ("SPX", "NDX")
    for environ in ({"MASSIVE_CHAIN_SYMBOLS": "I:SPX,I:NDX"}, {"MASSIVE_CHAIN_SYMBOLS": " SPX , NDX, SPX,"}):
        assert resolve({}, None, environ).settings.underlyings == expected
    assert resolve({"underlyings": "SPX,NDX"}, None, NOWHERE).settings.underlyings == expected
    file = toml(tmp_path, 'underlyings = ["I:SPX", "NDX"]')
    assert resolve({}, file, NOWHERE).settings.underlyings == expected


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("api.massive.com", "https://api.massive.com"),
        ("https://api.massive.com/v3/snapshot", "https://api.massive.com"),
        (f"http://127.0.0.1:8080/v3/snapshot/?apiKey={CANARY}", "http://127.0.0.1:8080"),
    ],
)
def test_the_base_url_is_kept_as_it_will_be_asked(text: str, base: str) -> None:
    found = resolve({}, None, {"MASSIVE_BASE_URL": text})
    assert found.settings.base_url == base
    assert CANARY not in "\n".join(found.lines())


@pytest.mark.parametrize(
    ("text", "url", "late"),
    [
        ("wss://socket.massive.com/options", "wss://socket.massive.com/options", "wss://delayed.massive.com/options"),
        ("socket.polygon.io", "wss://socket.polygon.io/options", "wss://delayed.polygon.io/options"),
        ("wss://delayed.massive.com/options/", "wss://delayed.massive.com/options", ""),
        (f"ws://me:{CANARY}@127.0.0.1:8080?k={CANARY}", "ws://127.0.0.1:8080/options", ""),
        ("wss://[::1]:443/indices", "wss://[::1]:443/indices", ""),
    ],
)
def test_the_streams_url_is_kept_as_it_will_be_asked_and_names_its_delayed_twin(text: str, url: str, late: str) -> None:
    found = resolve({}, None, {"MASSIVE_WS_URL": text})
    assert (found.settings.stream_url, delayed_url(found.settings.stream_url)) == (url, late)
    assert is_delayed(url) is url.startswith("wss://delayed.")
    assert CANARY not in "\n".join(found.lines())


@pytest.mark.parametrize(
    ("flag", "environ", "stream"),
    [
        (None, {}, None),
        (True, {}, True),
        (None, {"CHAINDECK_STREAM": "on"}, True),
        (False, {"CHAINDECK_STREAM": "1"}, False),
    ],
)
def test_the_stream_is_as_the_source_has_it_unless_somebody_says(
    flag: bool | None, environ: dict[str, str], stream: bool | None
) -> None:
    assert resolve({"stream": flag}, None, environ).settings.stream is stream
    assert resolve({}, None, {"MASSIVE_WS_ENABLED": "true"}).settings.stream is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("interval = 7\nexpiratons = 4", "FILE, line 2: unknown key 'expiratons'; did you mean expirations?"),
        ("[redis]\nurl = 'x'", "FILE, line 1: unknown key 'redis'; did you mean redis_url?"),
        ("# top\n\n  'intervall' = 7", "FILE, line 3: unknown key 'intervall'; did you mean interval?"),
        ("interval = 'soon'", "FILE, line 1: interval is 'soon', not a number"),
        ("interval" + ".a" * 10 + " = 1", "FILE, line 1: interval is an object of 1, not a value or a list of values"),
        ("underlyings = [['SPX']]", "FILE, line 1: underlyings is an array of 1, not a value or a list of values"),
        ("interval" + ".a" * 2_000 + " = 1", "config file FILE: larger or deeper than any file of settings is"),
        ("a" + ".a" * 30_000 + " = 1", "config file FILE: larger or deeper than any file of settings is"),
        ("interval = 1" + "0" * 5_000, "config file FILE: larger or deeper than any file of settings is"),
        ("interval = true", "FILE, line 1: interval is true, not a number"),
        ("interval = nan", "FILE, line 1: interval is nan, not a number"),
        ("interval = inf", "FILE, line 1: interval is inf, not a number"),
        ("\nexpirations = 2.5", "FILE, line 2: expirations is 2.5, not a whole number"),
        ("expirations = 0", "FILE, line 1: expirations is 0, not a whole number from 1 to 60"),
        ("expirations = inf", "FILE, line 1: expirations is inf, not a number"),
        ("em_mult = -2", "FILE, line 1: em_mult is -2, not a number above 0 and at most 20"),
        ("redis_url = 7", f"FILE, line 1: redis_url is {MASK}, not a text"),
        ("stream_url = 'http://host'", "FILE, line 1: stream_url: 'http://host' is not a host, nor ws(s)://host"),
        ("stream = 'perhaps'", "FILE, line 1: stream is 'perhaps', not true or false"),
        ("base_url = 'ftp://host'", "FILE, line 1: base_url: 'ftp://host' is not a host, nor http(s)://host"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_key(tmp_path: Path, text: str, told: str) -> None:
    assert refusal(tmp_path, text) == told


def test_an_unknown_key_like_no_other_lists_those_known(tmp_path: Path) -> None:
    told = refusal(tmp_path, "zzz = 1")
    assert told.startswith("FILE, line 1: unknown key 'zzz'; known: redis_url, ")
    assert all(name in told for name in SETTINGS)


def test_a_file_that_is_no_toml_names_the_line(tmp_path: Path) -> None:
    assert "at line 2" in refusal(tmp_path, "interval = 7\nttl 60\n")
    (tmp_path / "latin.toml").write_bytes(b"theme = '\xe9'")
    with pytest.raises(ConfigError, match="latin"):
        resolve({}, tmp_path / "latin.toml", NOWHERE)


@pytest.mark.parametrize(
    "text", ["10s", "1_0", "\u0661\u0660", "nan", "inf", "-inf", "-1", "0", "0.01", "1e9", "soon", "6,5"]
)
def test_a_number_of_seconds_that_makes_no_sense_names_the_variable(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^environment MASSIVE_CHAIN_INTERVAL_SEC: interval is '.*', not a number"):
        resolve({}, None, {"MASSIVE_CHAIN_INTERVAL_SEC": text})


@pytest.mark.parametrize(("text", "seconds"), [(" 6 ", 6.0), ("1e1", 10.0), ("+7.5", 7.5), ("0.1", 0.1)])
def test_a_number_may_be_written_as_people_do(text: str, seconds: float) -> None:
    assert resolve({}, None, {"MASSIVE_CHAIN_INTERVAL_SEC": text}).values["interval"].value == seconds


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("YES", True), (" on ", True), ("false", False), ("0", False)]
)
def test_a_switch_in_words(text: str, value: bool) -> None:
    assert resolve({}, None, {"MASSIVE_ALLOW_HTTP": text}).settings.allow_http is value


def test_a_file_may_begin_with_a_mark_and_end_lines_as_windows_does(tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_bytes(b"\xef\xbb\xbfttl = 90\r\ninterval = 7\r\n")
    found = resolve({}, path, NOWHERE).values
    assert (found["ttl"].value, found["ttl"].origin) == (90.0, f"{path}, line 1")
    assert found["interval"].origin == f"{path}, line 2"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("ttl = 90\n".encode("utf-16"), ", line 1: not in UTF-8: save it in that encoding"),
        (b"ttl = 90\ntheme = '\xe9'", ", line 2: not in UTF-8"),
        (b"ttl = 90\nttl = 80\n", "(at line 2,"),
        (b"x" * ((1 << 20) + 1), "larger or deeper than"),
        (b"ttl = " + b"[" * 5_000, "config file"),
        (b"theme = 5", ", line 1: theme is 5, not a text"),
        (b"symbols = 'dots'", ", line 1: symbols is 'dots', not one of auto, ascii, block, braille"),
        (b"symbols = 2", ", line 1: symbols is 2, not one of auto, ascii, block, braille"),
        (b"fps = 0", ", line 1: fps is 0, not a whole number from 1 to 120"),
        (b"fps = 121", ", line 1: fps is 121, not a whole number from 1 to 120"),
        (b"fps = 15.5", ", line 1: fps is 15.5, not a whole number"),
        (b"allow_http = 'perhaps'", ", line 1: allow_http is 'perhaps', not true or false"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_name(tmp_path: Path, raw: bytes, told: str) -> None:
    path = tmp_path / "desk.toml"
    path.write_bytes(raw)
    with pytest.raises(ConfigError) as refused:
        resolve({}, path, NOWHERE)
    assert str(path) in str(refused.value) and told in str(refused.value)
    assert str(refused.value).isprintable()


def test_what_is_no_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(ConfigError, match="a folder, a pipe or a device"):
            resolve({}, path, NOWHERE)
    with pytest.raises(ConfigError, match="no such file"):
        resolve({}, tmp_path / "a" / "b", NOWHERE)
    with pytest.raises(ConfigError, match="file name too long"):
        resolve({}, tmp_path / ("x" * 300), NOWHERE)
    with pytest.raises(ConfigError, match="embedded null"):
        resolve({}, Path("a\0b"), NOWHERE)


def test_symbols_of_any_case_and_the_roots_of_an_index() -> None:
    assert resolve({"underlyings": "spx, i:ndx,brk.b"}, None, NOWHERE).settings.underlyings == ("SPX", "NDX", "BRK.B")
    for root, index in (("SPXW", "SPX"), ("ndxp", "NDX"), ("I:RUTW", "RUT"), ("VIXW", "VIX")):
        with pytest.raises(ConfigError, match=f"is a root of {index}, whose chains hold it: ask for {index}"):
            resolve({"underlyings": root}, None, NOWHERE)


def test_an_argument_is_not_called_a_flag() -> None:
    named = {"redis_url": "argument URL"}
    with pytest.raises(ConfigError, match=r"^argument URL: Redis URL "):
        resolve({"redis_url": "http://h"}, None, NOWHERE, named=named)


def test_symbols_and_urls_name_where_they_are_from(tmp_path: Path) -> None:
    assert refusal(tmp_path, "underlyings = 'SPX;NDX'").startswith("FILE, line 1: underlyings: underlying 'SPX;NDX'")
    assert refusal(tmp_path, "redis_url = 'http://host'").startswith("FILE, line 1: redis_url: Redis URL 'http://host'")
    with pytest.raises(ConfigError, match=r"^flag --interval: interval is 'x', not a number$"):
        resolve({"interval": "x"}, None, NOWHERE)
    with pytest.raises(ConfigError, match=r"^environment MASSIVE_CHAIN_EM_MULT: em_mult is '50', not a number above 0"):
        resolve({}, None, {"MASSIVE_CHAIN_EM_MULT": "50"})


def test_settings_that_do_not_go_together_name_both_places(tmp_path: Path) -> None:
    file = toml(tmp_path, "interval = 30")
    with pytest.raises(ConfigError) as refused:
        _ = resolve({"ttl": 60}, file, NOWHERE).settings
    assert "makes a snapshot stale at 95 s, after its TTL of 60 s" in str(refused.value)
    assert f"(interval: {file}, line 1; ttl: flag --ttl)" in str(refused.value)


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml of --config: no such file$"):
        resolve({}, tmp_path / "absent.toml", NOWHERE)
    with pytest.raises(ConfigError, match=r"absent\.toml of CHAINDECK_CONFIG: no such file$"):
        resolve({}, None, {CONFIG_VARIABLE: str(tmp_path / "absent.toml")})
    file = toml(tmp_path, "seed = 11")
    assert resolve({}, None, {CONFIG_VARIABLE: str(file)}).settings.seed == 11


def test_this_user_s_own_file_is_read_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("chaindeck.config.toml_file.user_config_path", lambda name: tmp_path / name)
    (tmp_path / "chaindeck").mkdir()
    (tmp_path / "chaindeck/config.toml").write_text("seed = 12")
    found = resolve({}, None, NOWHERE)
    assert (found.settings.seed, found.values["seed"].origin) == (12, f"{tmp_path}/chaindeck/config.toml, line 1")


SECRETS = {
    "MASSIVE_API_KEY": CANARY,
    "MARKET_REDIS_URL": f"redis://desk:{CANARY}@host:6380/2",
    "SYSTEM_REDIS_URL": f"rediss://system?password={CANARY}",
}


def test_secrets_are_masked_and_the_rest_is_shown() -> None:
    found = resolve({"seed": 9}, None, SECRETS)
    lines = found.lines()
    assert CANARY not in "\n".join(lines)
    shown = {line.split()[0]: line.split()[1] for line in lines if not line.startswith("keys.")}
    assert list(shown) == list(SETTINGS)
    assert shown["api_key"] == MASK
    assert shown["redis_url"] == "redis://host:6380/2"
    assert shown["system_redis_url"] == "rediss://system"
    assert shown["seed"] == "9"
    assert next(line for line in lines if line.startswith("seed")).endswith("flag --seed")
    assert next(line for line in lines if line.startswith("api_key")).endswith("environment MASSIVE_API_KEY")


def test_no_repr_holds_a_secret() -> None:
    found = resolve({}, None, SECRETS)
    assert CANARY not in repr(found)
    assert CANARY not in repr(found.settings)


def test_a_secret_of_the_wrong_kind_is_not_quoted(tmp_path: Path) -> None:
    for text in (f'api_key = ["{CANARY}"]', f'redis_url = ["{CANARY}"]', f'redis_url = "http://u:{CANARY}@host"'):
        assert CANARY not in refusal(tmp_path, text)


def test_a_secret_that_others_can_read_is_warned_of(tmp_path: Path) -> None:
    file = toml(tmp_path, f'seed = 1\napi_key = "{CANARY}"')
    file.chmod(0o644)
    told = (f"{file}, line 2: api_key can be read by others: chmod 600 {file}",)
    assert resolve({}, file, NOWHERE).warnings == told
    assert resolve({"seed": 2}, None, {CONFIG_VARIABLE: str(file)}).warnings == told
    file.chmod(0o600)
    assert resolve({}, file, NOWHERE).warnings == ()
    open_file = toml(tmp_path, "seed = 1")
    open_file.chmod(0o644)
    assert resolve({}, open_file, NOWHERE).warnings == ()
    assert resolve({}, None, NOWHERE).warnings == ()


@given(
    st.dictionaries(
        st.sampled_from(sorted({variable for s in SETTINGS.values() for variable in s.variables})),
        st.text(max_size=20) | st.integers().map(str) | st.floats().map(str),
        max_size=4,
    )
)
@settings(max_examples=100, deadline=None)
def test_any_environment_settles_or_is_refused_in_one_line(environ: dict[str, str]) -> None:
    try:
        _ = resolve({}, None, environ).settings
    except ConfigError as error:
        assert str(error).isprintable()
    else:
        assert isinstance(resolve({}, None, environ), Config)


@pytest.mark.slow
def test_show_and_validate_as_commands(tmp_path: Path) -> None:
    file = toml(tmp_path, f'api_key = "{CANARY}"\nexpirations = 5')
    file.chmod(0o640)
    shown = run(tmp_path, "config", "show", "--config", str(file), "--interval", "5", **SECRETS)
    assert (shown.returncode, shown.stderr.count("\n")) == (0, 1)
    assert shown.stderr.startswith(f"chaindeck: {file}, line 1: api_key can be read by others")
    assert CANARY not in shown.stdout
    rows = {line.split()[0]: line.split(maxsplit=2)[1:] for line in shown.stdout.splitlines()}
    assert rows["interval"] == ["5", "flag --interval"]
    assert rows["expirations"] == ["5", f"{file}, line 2"]
    assert rows["api_key"] == [MASK, "environment MASSIVE_API_KEY"]
    assert rows["ttl"] == ["60", "default"]

    good = run(tmp_path, "config", "validate", "--config", str(file))
    assert good.returncode == 0
    assert good.stdout == f"ok: {file}; warn 22 s, stale 35 s, TTL 60 s{os.linesep}"
    assert good.stderr.startswith(f"chaindeck: {file}, line 1: api_key can be read by others")

    file.write_text("interval = 10\nexpiration = 5")
    bad = run(tmp_path, "config", "validate", "--config", str(file))
    assert (bad.returncode, bad.stdout) == (3, "")
    assert bad.stderr == f"chaindeck: {file}, line 2: unknown key 'expiration'; did you mean expirations?\n"

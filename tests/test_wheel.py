"""The wheel carries everything that the program reads, and runs where nothing else of the repository is."""

import ensurepip
import os
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from chaindeck import __version__
from tests.support.places import PACKAGES, ROOT
from tests.support.product import environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the program `chaindeck` of a new environment that holds the wheel and sees the locked dependencies.

    The dependencies are those of the environment that runs the tests: no network is needed.
    """
    pips = sorted(Path(next(iter(ensurepip.__path__))).glob("_bundled/pip-*.whl"))
    if not pips:
        pytest.skip("this Python brings no pip of its own to install the wheel with")
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    install = [str(python), str(pips[-1] / "pip"), "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, cwd=home)
    # A path file inside a folder that a path file adds is not read: the editable install out there stays unseen.
    [packages] = home.glob("lib/python*/site-packages")
    (packages / "locked.pth").write_text("\n".join(site.getsitepackages()))
    return home / "bin" / "chaindeck"


def run(program: Path, home: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    seen = {name: value for name, value in environment(home, **more).items() if name != "PYTHONPATH"}
    return subprocess.run(
        [program, *arguments],
        env=seen,
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_everything_that_lies_in_a_package_is_in_the_wheel(wheel: Path) -> None:
    """Scripts, style sheets and type marks too."""
    ours = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert inside == ours
    assert {Path(name).suffix for name in inside} >= {".py", ".typed", ".tcss", ".lua"}


def test_the_wheel_bears_the_version_of_the_code(wheel: Path) -> None:
    assert wheel.name == f"chaindeck-{__version__}-py3-none-any.whl"


def test_the_installed_program_says_its_version_and_its_help(program: Path, short_dir: Path) -> None:
    assert run(program, short_dir, "--version").stdout.strip() == __version__
    told = run(program, short_dir, "status", "--help")
    assert told.returncode == 0
    assert "--json" in told.stdout


def test_the_installed_program_publishes_to_a_named_redis(program: Path, short_dir: Path, redis_url: str) -> None:
    ended = run(
        program, short_dir, "publish", "--once", "--underlyings", "SPX", "--expirations", "2", "--redis-url", redis_url
    )
    assert ended.returncode == 0, ended.stderr
    shown = run(program, short_dir, "status", redis_url)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.count("FRESH") >= 2


def test_the_installed_program_shows_a_frame_of_its_own_market(program: Path, short_dir: Path) -> None:
    """With its own embedded server, and without a terminal."""
    ended = run(program, short_dir)
    assert ended.returncode == 0, ended.stderr
    assert "MOCK" in ended.stdout


def test_no_module_comes_from_the_repository(program: Path, short_dir: Path) -> None:
    code = f"import {', '.join(PACKAGES)}; print(*(m.__file__ for m in ({', '.join(PACKAGES)})), sep='\\n')"
    ended = subprocess.run(
        [program.with_name("python"), "-c", code],
        cwd=short_dir,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.defpath},
    )
    assert all(Path(line).is_relative_to(program.parents[1]) for line in ended.stdout.split())

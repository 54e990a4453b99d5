"""Where things lie, seen from the tests."""

import os
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The packages of the product, as they are shipped.
PACKAGES: tuple[str, ...] = tuple(
    tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
)
DATA = ROOT / "tests/data"
CAPTURES = Path(os.environ.get("TEST_CAPTURES") or DATA / "captures")  # whole chains, for whoever has them

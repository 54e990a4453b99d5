"""Where things lie, seen from the tests."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests/data"
CAPTURES = Path(os.environ.get("TEST_CAPTURES") or DATA / "captures")  # whole chains, for whoever has them

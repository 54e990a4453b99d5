"""Where things lie, seen from the tests."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared/data"
CAPTURES = SHARED / "captures"

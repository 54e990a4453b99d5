"""What the deck sends to a terminal of sixteen colours that shows measures or straddles of six expirations."""

from benchmarks.rows import Row
from benchmarks.screen import SECONDS, screen_rows

_SIZES = ((120, 40), (200, 60))
_PAGES = (
    ("measures-screen", b"3", (rb"MEASURES", rb"call wall")),
    ("straddles-screen", b"4", (rb"STRADDLES", rb"RR25")),
)


def run() -> list[Row]:
    """Return bytes a second and the share of one core, of both pages."""
    note = f"over {SECONDS:g} s, ansi-dark, six expirations side by side"
    rows: list[Row] = []
    for name, key, shown in _PAGES:
        for width, height in _SIZES:
            rows += screen_rows(f"{name} {width}x{height}", note, key, shown, width, height)
    return rows

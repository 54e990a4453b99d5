"""What the deck sends to a terminal of sixteen colours that shows charts of six expirations, live mock beneath."""

from benchmarks.rows import Row
from benchmarks.screen import SECONDS, screen_rows

_SIZES = ((80, 24), (120, 40), (200, 60))


def run() -> list[Row]:
    """Return bytes a second and the share of one core, at every size."""
    note = f"over {SECONDS:g} s, ansi-dark, the first charts of the page"
    found = (screen_rows(f"charts-screen {w}x{h}", note, b"5", (rb"S spot [\d,.]+",), w, h) for w, h in _SIZES)
    return [row for rows in found for row in rows]

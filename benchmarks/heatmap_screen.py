"""What the deck sends to a terminal of sixteen colours that shows the heatmap while the whole mock pipeline runs."""

from benchmarks.rows import Row
from benchmarks.screen import SECONDS, screen_rows

_WIDTH, _HEIGHT = 120, 40


def run() -> list[Row]:
    """Return bytes a second and the share of one core."""
    note = f"over {SECONDS:g} s, ansi-dark, {_WIDTH}x{_HEIGHT}: 18 chains published, streamed, merged and modelled"
    return screen_rows("heatmap-screen", note, b"2", (rb"HEATMAP", rb"spot [\d,.]+ "), _WIDTH, _HEIGHT)

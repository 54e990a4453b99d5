"""The heatmap on a real terminal: the whole mock pipeline in one process, its page in every depth of colour."""

import re
from pathlib import Path

import pytest

from tests.support.contrast import DARK_LOOKS, LIGHT_LOOKS, screen_of, worst_word
from tests.support.product import on_terminal
from tests.support.terminal import Terminal
from tui.terminal.contrast import LEGIBLE

pytestmark = pytest.mark.slow

COLUMNS, ROWS = 120, 40
END = "\x1b[F"
_COLOUR = re.compile(rb"\x1b\[[\d;]*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[\d;]*)?m")


def shows_tiles(terminal: Terminal) -> None:
    """Wait for a page of fresh tiles with the ATM in brackets and the spot ruled."""
    for words in ("HEATMAP SPX", "FRESH", "spot "):
        terminal.wait_for(words)
    terminal.wait_until(lambda: re.search(r"\[\d+\][ >]+[\d.]+", terminal.text), "tiles beside the ATM")


def test_the_whole_pipeline_is_on_screen_alive(short_dir: Path) -> None:
    with on_terminal(
        short_dir, "--underlyings", "SPX", "--interval", "2", "--ttl", "12", CHAINDECK_STREAM="true"
    ) as terminal:
        terminal.wait_for("STRIKE")
        terminal.wait_until(
            lambda: re.search(r"PIPELINE .*snapshot .*stream .*/s.*staging .*lag .*model .*tiles", terminal.text),
            "every stage of the pipeline with its age",
            20,
        )
        terminal.wait_until(lambda: re.search(r"\*\d+\.\d\d", terminal.text), "a value of the stream in the grid")
        terminal.wait_for("of the stream, to")
        terminal.send("b")
        terminal.wait_for("of the stream hidden (b)")
        assert not re.search(r"\*\d+\.\d\d", terminal.text)
        terminal.send("2")
        shows_tiles(terminal)
        terminal.wait_for("sell 2 x")  # there is room for the tile in full
        terminal.send("v")
        terminal.wait_for("vertical call")
        terminal.send("1")
        terminal.wait_for("EXPIRIES")
        terminal.send("q")
        assert terminal.wait() == 0
        assert terminal.restored


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("true colour", {"TERM": "xterm-256color", "COLORTERM": "truecolor"}),
        ("256", {"TERM": "xterm-256color", "COLORTERM": ""}),
        ("16", {"TERM": "xterm-256color", "COLORTERM": "", "TEXTUAL_COLOR_SYSTEM": "standard"}),
        ("none", {"TERM": "xterm-256color", "NO_COLOR": "1"}),
    ],
)
def test_in_every_depth_every_word_of_the_page_reads(short_dir: Path, name: str, environment: dict[str, str]) -> None:
    with on_terminal(
        short_dir, "--underlyings", "SPX", columns=COLUMNS, rows=ROWS, CHAINDECK_STREAM="true", **environment
    ) as terminal:
        terminal.wait_for("STRIKE")
        terminal.send("2")
        shows_tiles(terminal)
        raw = bytes(terminal.raw)
        word = worst_word(screen_of(raw, COLUMNS, ROWS), (*DARK_LOOKS, *LIGHT_LOOKS))
        assert word.ratio >= LEGIBLE, (name, word)
        if name == "none":
            assert not _COLOUR.search(raw[raw.rindex(b"HEATMAP") :])
            assert all(shade in terminal.text for shade in "░▒▓█")


def test_at_eighty_columns_the_page_and_the_tile_fit(short_dir: Path) -> None:
    with on_terminal(short_dir, "--underlyings", "SPX", columns=80, rows=24, CHAINDECK_STREAM="true") as terminal:
        terminal.wait_for("EXPIRIES")
        terminal.send("2")
        shows_tiles(terminal)
        terminal.send("\r")
        terminal.wait_for("max loss")
        terminal.wait_for("stream up to")
        shows_tiles(terminal)


def test_without_the_stream_the_page_says_what_to_do(short_dir: Path) -> None:
    with on_terminal(short_dir, "--underlyings", "SPX", "--no-stream", CHAINDECK_STREAM="true") as terminal:
        terminal.wait_for("STRIKE")
        terminal.send("2")
        terminal.wait_for("chaindeck mmaker")
        assert "PIPELINE" not in terminal.text

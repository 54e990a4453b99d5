"""Of a recording that is opened without any Redis, a number leads to the payload of then, as does an export."""

from pathlib import Path

import orjson
import pytest

from tests.support.product import on_terminal
from tests.support.waiting import wait_until
from tests.support.watched import Watched, taped

pytestmark = pytest.mark.slow


def test_a_number_of_a_tape_is_explained_and_its_payload_exported(short_dir: Path) -> None:
    tape = taped(short_dir / "massive-2026-01-02.tape", Watched().run(30))
    (short_dir / "desk.toml").write_text(f"export_dir = '{short_dir}/out'\n")
    with on_terminal(
        short_dir, "open", str(tape), "--at", "10:00:20", "--config", str(short_dir / "desk.toml")
    ) as deck:
        deck.wait_for("AS OF 10:00:20")
        deck.send("i")
        deck.wait_for("STRADDLE")
        deck.send("G")
        deck.wait_for("as of 2026-01-02 10:00:20")
        key = next(line for line in deck.lines if "massive:chain:snapshot:" in line).split("massive:chain:snapshot:")[1]
        underlying, expiration, stamp = key.split()[0].split(":")
        deck.send("\x1b")
        deck.wait_until(lambda: "provenance" not in deck.text, "the deck again")
        deck.send("ej\r")
        deck.wait_for("exported")
        [file] = wait_until(lambda: list((short_dir / "out").iterdir()))
        body = orjson.loads(file.read_bytes())
        assert (body["underlying"], body["expiration"]) == (underlying, expiration)
        assert int(stamp) == int(body["ts"] * 1000)
        deck.send("q")
        assert deck.wait() == 0

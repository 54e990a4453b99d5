"""The deck's own recording: begun and ended by a key, told on every Board, and nothing that slows or fails the deck."""

from pathlib import Path

import pytest

from chain.clock import Instant
from chain.monitor.board import Board
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.watch.watcher import Watcher
from chaindeck.engine.recording.deck_recording import DeckRecording
from chaindeck.engine.recording.memory_store import MemoryStore
from tape.errors import TapeError
from tape.play.boards import boards
from tape.record.reader import RecordingReader
from tape.record.tap import Tap
from tape.store.file import TapeFile
from tape.tools.verify import verify
from tests.support.contexts import context_of
from tests.support.scenes import NDX, SPX, heartbeat, manual_clock, snapshot
from tests.support.waiting import wait_until


class Deck:
    """A watcher with a tap and a recording, as the engine puts them together."""

    def __init__(self, folder: Path) -> None:
        self.clock = manual_clock()
        context = context_of(self.clock)
        self.store = MemoryStore(context.keys, self.clock, "mock")
        self.tap = Tap()
        self.watcher = Watcher(RecordingReader(self.store, self.tap.on_answer), self.clock)
        self.recording = DeckRecording(context, self.tap, folder, "here")

    async def look(self, seconds: int = 1) -> list[Board]:
        """Let seconds go by with a new snapshot in each; return the Boards that the screen is given."""
        shown = []
        for _ in range(seconds):
            self.clock.advance(1.0)
            made = [snapshot(chain, self.clock.wall) for chain in (SPX, NDX)]
            await self.store.publish(made, 60.0)
            self.store.beat(heartbeat(SPX, NDX, ts=self.clock.wall / 1e9))
            board = await self.watcher.poll_once()
            self.tap.on_look(self.watcher.tracker)
            shown.append(self.recording.on_board(board))
        return shown


async def test_what_is_shown_between_two_keys_is_on_the_tape(tmp_path: Path) -> None:
    deck = Deck(tmp_path / "tapes")
    [before] = await deck.look()
    assert before.recorder is None
    assert await deck.recording.toggle() == f"recording into {tmp_path}/tapes; r again ends it"
    await deck.look()  # a recorder joins between two looks
    shown = await deck.look(5)
    said = await deck.recording.toggle()
    [path] = (tmp_path / "tapes").glob("*.tape")
    assert said.startswith("recorded ") and str(path) in said and "missed" not in said
    [after] = await deck.look()
    assert after.recorder is None
    with TapeFile(path) as tape:
        assert verify(tape).sound
        played = [*boards(tape)]
    assert [board.chains for board in played] == [board.chains for board in shown]
    await deck.recording.close()


async def test_every_board_tells_of_it_while_it_goes_on(tmp_path: Path) -> None:
    deck = Deck(tmp_path)
    await deck.recording.toggle()
    await deck.look()
    wait_until(lambda: bool(list(tmp_path.glob("*.tape"))), 5, "a tape")
    [shown] = await deck.look()
    assert shown.recorder is not None and shown.recorder.here and shown.recorder.alive
    assert shown.recorder.beat.since <= deck.clock.wall / 1e9
    assert not {signal.name for signal in evaluate(shown, Instant.now(deck.clock)).signals} & {"recorder-silent"}
    await deck.recording.close()


async def test_a_folder_that_cannot_be_used_is_a_line_and_the_deck_goes_on(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("")
    deck = Deck(taken)
    with pytest.raises(TapeError) as refused:
        await deck.recording.toggle()
    assert str(taken) in str(refused.value) and "\n" not in str(refused.value)
    [shown] = await deck.look()
    assert shown.recorder is None and shown.redis.health.ok
    assert taken.read_text() == ""


async def test_two_decks_do_not_write_into_one_folder(tmp_path: Path) -> None:
    first, second = Deck(tmp_path), Deck(tmp_path)
    await first.recording.toggle()
    with pytest.raises(TapeError, match="another recorder writes massive there"):
        await second.recording.toggle()
    await first.recording.close()
    await second.recording.toggle()
    await second.recording.close()


async def test_to_end_what_never_began_is_said(tmp_path: Path) -> None:
    deck = Deck(tmp_path)
    await deck.recording.close()
    assert await deck.recording.stop() == "nothing was recorded"

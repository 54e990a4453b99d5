"""The replay of a recorded day as an animation: a capture put on a real tape, and the deck that travels over it."""

import tempfile
from contextlib import aclosing
from datetime import datetime, timedelta
from pathlib import Path

from chain.clock import ManualClock
from chain.context import Context, Identity
from chain.model.keys import KeySchema
from chain.model.session import NEW_YORK
from chain.monitor.watch.watcher import Watcher
from chain.thresholds import DEFAULT_EXPIRATIONS, Thresholds
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.recording.memory_store import MemoryStore
from chaindeck.engine.travel.line import Kept
from chaindeck.engine.travel.traveller import Traveller
from publisher.capture import CaptureSource
from publisher.loop.cycle_runner import CycleRunner
from publisher.loop.own_heartbeat import OwnHeartbeat, ProgramStatus
from publisher.protection.publish_gate import PublishGate
from screenshots.animation import animated
from screenshots.scenes import catch_up
from tape.play.reel import FilePart, Reel, tape_paths
from tape.record.reader import RecordingReader
from tape.record.recorder import Recorder
from tape.record.tap import Tap
from tui.app import DeckApp
from tui.export.svg import Picture, picture_of
from tui.terminal.depth import Depth

CAPTURE = Path(__file__).parent.parent / "tests" / "data" / "captures" / "TSLA-2026-07-15.jsonl.gz"

_SIZE = (120, 34)
_RECORDS = tuple(  # when those of the capture were made
    datetime(2026, 7, 15, hour, minute, second, tzinfo=NEW_YORK)
    for hour, minute, second in ((4, 13, 7), (10, 48, 6), (11, 21, 10), (13, 16, 36))
)
_LIMITS = Thresholds(interval_s=240, ttl_s=960)  # as for chains that are published every four minutes
_WATCHED = timedelta(minutes=15)  # after each record; then nobody looks until the next
_LOOK_EVERY_S = 4.0
_BACKLOG_BYTES = 256_000_000  # the recorder cannot keep up with a clock that waits for nobody


def _to(time: str) -> tuple[str, ...]:
    """Return the keys that lead to a time."""
    return ("T", *time, "enter")


FRAMES = (  # the keys that lead from one to the next, in strokes: what is pressed before anybody looks
    (_to("10:49"),),
    ((">",) * 5,),
    ((">",) * 5,),
    (("n",),),
    (_to("11:22"),),
    ((">",) * 4,),
    (_to("13:17"),),
    ((">",) * 3,),
    (("T", *"04:14"),),
    (("enter",),),
    (_to("11:22"), ("A",), _to("13:17"), ("B", "D")),
    (("o", "o"),),
)


async def replay() -> str:
    """Return the animation."""
    with tempfile.TemporaryDirectory(prefix="cd") as folder:
        clock = ManualClock(round(_RECORDS[0].timestamp() * 1e9), 1000.0)
        await _record(Path(folder), clock)
        reel, slot = Reel([FilePart(path) for path in tape_paths(Path(folder))]), BoardSlot()
        travel = Traveller(
            reel, slot, clock, kept=lambda part: Kept(f"TAPE {part.name if part else ''}"), can_be_live=False
        )
        try:
            return animated(await _pictures(slot, clock, travel))
        finally:
            travel.stop()


async def _record(folder: Path, clock: ManualClock) -> None:
    """Publish each record at its own time, watch it for a while, and have all that is seen put on a tape."""
    context = Context(clock, KeySchema(), _LIMITS, Identity("replay", 1, "replay"))
    recorder = Recorder(folder, context.keys, clock, backlog_bytes=_BACKLOG_BYTES)
    tap, gate = Tap(), PublishGate()
    tap.add(recorder)
    async with aclosing(CaptureSource([CAPTURE])) as source:
        store = MemoryStore(context.keys, clock, source.status().kind)
        runner = CycleRunner(store, source, context, gate, DEFAULT_EXPIRATIONS, _nothing)
        heartbeat = OwnHeartbeat(source, context, gate, runner, ProgramStatus())
        watcher = Watcher(RecordingReader(store, tap.on_answer), clock, shown_as="memory")
        recorder.start()
        try:
            for made in _RECORDS:
                clock.advance(made.timestamp() - clock.wall / 1e9)
                await runner.run()
                while clock.wall / 1e9 < (made + _WATCHED).timestamp():
                    store.beat(heartbeat.now("running"))
                    await watcher.poll_once()
                    tap.on_look(watcher.tracker)
                    clock.advance(_LOOK_EVERY_S)
        finally:
            status = recorder.stop()
    if status.missed or status.error:
        raise RuntimeError(f"the recording is not whole: {status.missed} answers missed; {status.error}")


async def _nothing() -> None:
    """Do nothing when the plan changes: a heartbeat goes before every look."""


async def _pictures(slot: BoardSlot, clock: ManualClock, travel: Traveller) -> list[Picture]:
    """Return what the deck shows after each frame's keys."""
    pictures = []
    app = DeckApp(slot, clock, theme="chaindeck", depth=Depth.TRUE, travel=travel)
    async with app.run_test(size=_SIZE) as pilot:
        travel.live()
        catch_up(travel)
        await pilot.pause()
        for strokes in FRAMES:
            for stroke in strokes:
                await pilot.press(*stroke)
                catch_up(travel)
                await pilot.pause()
            app.deck.redraw()
            await pilot.pause()
            pictures.append(picture_of(app))
    return pictures

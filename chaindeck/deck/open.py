"""`chaindeck open`: the deck on a recording, without any Redis; or one frame of text where there is no terminal."""

from pathlib import Path

from chain.context import Context
from chain.model.session import new_york, typed_moment
from chain.monitor.evaluate.signals import evaluate
from chain.text import clean
from chaindeck.config.settings import Settings
from chaindeck.deck.deck import prepare_screen
from chaindeck.deck.display import Display
from chaindeck.engine.board_slot import BoardSlot
from chaindeck.engine.travel.line import Kept
from chaindeck.engine.travel.traveller import Traveller
from chaindeck.exits import UsageError, say
from chaindeck.looks import prepare_looks
from chaindeck.process.logs import log_nowhere
from chaindeck.process.streams import why_no_screen, without_echo
from tape.errors import TapeError
from tape.play.reel import FilePart, Part, Reel, tape_paths
from tui.ports.board_source import Scene


def run_open(context: Context, settings: Settings, path: Path, at: str | None) -> int:
    """Show a tape, or a folder of days, at its end or at a typed time; return the exit code.

    Raises TapeError where nothing of it can be read, and UsageError for a time that is none.
    """
    prepare_looks(settings)
    reason = why_no_screen()
    if reason is not None:
        log_nowhere()
    reel, slot = Reel([FilePart(one) for one in tape_paths(path)]), BoardSlot()
    traveller = Traveller(
        reel, slot, context.clock, kept=lambda part: _kept(reel, part), take_in=reel.refresh, can_be_live=False
    )
    if reason is not None:
        if reason:
            say(f"{reason}; one frame of text instead")
        traveller.seek(_instant(reel, path, at))
        return _print_frame(traveller, slot)
    display = Display(None, slot, context, prepare_screen(settings), travel=traveller)
    with without_echo():
        say(f"opening {clean(path.name, 60)}")  # a large tape takes seconds
        traveller.seek(_instant(reel, path, at))
        traveller.start()
        try:
            return display.run(None, settings)
        finally:
            traveller.stop()


def _instant(reel: Reel, path: Path, at: str | None) -> int:
    """Return where to begin, epoch ns: the end, or the time that was typed, which is of the last day."""
    last = reel.last()
    if last is None:
        raise next(iter(reel.unreadable.values()), TapeError(f"{clean(path)}: nothing is recorded on it"))
    end = reel.instant(last)
    try:
        return end if at is None else typed_moment(at, day=new_york(end / 1e9).date(), near_ns=end)
    except ValueError as error:
        raise UsageError(f"--at {error}") from None


def _kept(reel: Reel, part: Part | None) -> Kept:
    if part is None or part not in reel.parts:
        return Kept("TAPE")
    place = f"{reel.parts.index(part) + 1}/{len(reel.parts)} " if len(reel.parts) > 1 else ""
    return Kept(f"TAPE {place}{clean(part.name, 60)}")


def _print_frame(traveller: Traveller, slot: BoardSlot) -> int:
    """Print one frame of the instant at which one stands."""
    from chaindeck.commands.plain import frame, past_of  # noqa: PLC0415 - a screen does without

    slot.painted()  # nothing will be
    traveller.turn()
    scene: Scene | None = slot.scene()
    if scene is None or scene.as_of is None:
        raise TapeError(traveller.timeline(0).unreadable or "nothing of it can be shown")
    print(frame(evaluate(scene.board, scene.as_of), past_of(scene.board, scene.as_of, traveller.timeline(0).label)))
    traveller.stop()
    return 0

"""Rules about the recorder, by its heartbeat: whether all that is answered is kept, and will go on to be."""

from collections.abc import Iterable

from chain.monitor.board import RecorderStatus
from chain.monitor.evaluate.rules.rule import Notice, RuleInput
from chain.monitor.heartbeat import STOPPED
from chain.thresholds import RECORDER_BEHIND_S, RECORDER_FREE_BYTES

_MB = 1_000_000


def recorder_failing(inputs: RuleInput) -> Iterable[Notice]:
    """A recorder lives and cannot write: what is answered now is lost."""
    recorder = _living(inputs)
    if recorder is not None and recorder.beat.error:
        yield Notice(f"nothing is recorded: {recorder.beat.error}", recorder.beat.failing_since)


def recorder_behind(inputs: RuleInput) -> Iterable[Notice]:
    """A recorder has just missed answers, although it can write."""
    recorder = _living(inputs)
    if recorder is None or recorder.beat.error or recorder.beat.missed_at is None:
        return
    beat = recorder.beat
    if inputs.now.wall_s - recorder.beat.missed_at <= RECORDER_BEHIND_S:
        yield Notice(
            f"the recorder falls behind: {beat.missed} of {beat.missed + beat.answers} answers are on no tape",
            recorder.beat.missed_at,
        )


def recorder_disk(inputs: RuleInput) -> Iterable[Notice]:
    """The disk that is recorded to will be full before long."""
    recorder = _living(inputs)
    if recorder is not None and recorder.beat.free is not None and recorder.beat.free < RECORDER_FREE_BYTES:
        yield Notice(f"the recorder's disk is short: {recorder.beat.free // _MB} MB are free")


def recorder_silent(inputs: RuleInput) -> Iterable[Notice]:
    """A recorder whose heartbeat was read before sends none now, and has not said that it stops."""
    recorder = inputs.board.recorder
    if recorder is not None and not recorder.alive and recorder.beat.status != STOPPED:
        yield Notice("the recorder is silent: nothing may be recorded", recorder.gone_since)


def _living(inputs: RuleInput) -> RecorderStatus | None:
    recorder = inputs.board.recorder
    return recorder if recorder is not None and recorder.alive else None

"""A component and its rule, added from outside: nothing that is there already needs to know them."""

from collections.abc import Iterable
from functools import partial

import msgspec
import pytest
from msgspec import Struct, field, structs

from chain.clock import Instant
from chain.monitor.board import Board
from chain.monitor.evaluate.rules import RULES, Notice, Rule, RuleInput
from chain.monitor.evaluate.serialize import health_block
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.events import HOLD, EventLog
from chain.monitor.states import DeckState
from chain.redis.connect.connection import RedisTarget
from chaindeck.commands.check import exit_code, line
from chaindeck.commands.status import as_text
from tests.support.published import status_json
from tests.support.scenes import SPX, START_NS, board, record

NOW = Instant(START_NS, 5_000.0)
LATE_S = 2.0


class Renderer(Struct, frozen=True):
    """A component as a wing brings it: when its model last moved, monotonic seconds; None where it does not run."""

    moved: float | None = None


class WideBoard(Board, frozen=True):
    """The Board with one field more, which has a default as all have."""

    renderer: Renderer = field(default_factory=Renderer)


def renderer_late(inputs: RuleInput) -> Iterable[Notice]:
    """The model has not moved for too long."""
    assert isinstance(inputs.board, WideBoard)
    moved = inputs.board.renderer.moved
    if moved is not None and inputs.now.mono - moved > LATE_S:
        yield Notice(f"the model has not moved for {inputs.now.mono - moved:.1f} s", inputs.now.wall_s - LATE_S)


WIDE_RULES = (*RULES, Rule(DeckState.DEGRADED, renderer_late))
wide_evaluate = partial(evaluate, now=NOW, rules=WIDE_RULES)


def widened(made: Board, moved: float | None = None) -> WideBoard:
    known = {one.name: getattr(made, one.name) for one in structs.fields(made)}
    return WideBoard(**known, renderer=Renderer(moved))


@pytest.mark.parametrize(("late_ms", "told"), [(1_999, False), (2_000, False), (2_001, True)])
def test_a_rule_from_outside_speaks_in_every_voice(late_ms: int, told: bool) -> None:
    report = wide_evaluate(widened(board([record(SPX, NOW)], NOW), NOW.mono - late_ms / 1000))
    words, state = "the model has not moved for 2.0 s", DeckState.DEGRADED if told else DeckState.OK
    assert report.state is state
    assert [signal.name for signal in report.signals] == ["renderer-late"] * told
    texts = (line(report), as_text(report, RedisTarget("redis://h:1")), str(status_json(report)))
    assert [words in text for text in (*texts, str(msgspec.to_builtins(health_block(report))))] == [told] * 4
    assert exit_code(report) == (2 if told else 0)
    log = EventLog("mock_massive")
    events = [event.type for _ in range(HOLD) for event in log.on_report(report)]
    assert events == ["chain_renderer_late"] * told


def test_what_was_there_already_says_the_same_beside_it() -> None:
    made = board([record(SPX, NOW, age_ms=25_000)], NOW, last_frame=NOW.wall_s)
    wide = widened(made)
    assert wide_evaluate(wide).signals == evaluate(made, NOW).signals == evaluate(wide, NOW).signals
    assert structs.replace(wide, parts=()).renderer == Renderer()  # and stays where others change their own part

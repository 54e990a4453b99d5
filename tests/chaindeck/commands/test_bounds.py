"""Thousands of chains: what is printed stays short and whole, and costs grow as the chains do."""

import string
import time
from collections.abc import Callable
from datetime import date
from functools import cache
from itertools import product

import pytest

from chain.clock import Instant
from chain.model.keys import ChainId
from chain.monitor.evaluate.report import HealthReport
from chain.monitor.evaluate.signals import evaluate
from chain.monitor.states import State
from chaindeck.commands.check import line
from tests.support.plugin_line import read_line
from tests.support.scenes import START_NS, board, in_state
from tui.lines.board.table import board_table
from tui.lines.signals import signal_lines
from tui.view import View

pytestmark = pytest.mark.slow

NOW = Instant(START_NS, 5_000.0)
NAMES = ["".join(letters) for letters in product(string.ascii_uppercase, repeat=3)]


@cache
def report(count: int, state: State) -> HealthReport:
    """Return so many underlyings of one chain each, all in one state."""
    chains = [ChainId(name, date(2026, 1, 2)) for name in NAMES[:count]]
    return evaluate(board([in_state(chain, state, NOW) for chain in chains], NOW), NOW)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("count", [1, 25, 2_000])
def test_a_check_prints_two_kilobytes_at_most_and_cuts_no_figure(count: int, state: State) -> None:
    evaluated = report(count, state)
    said = line(evaluated)
    assert len(said.encode()) <= 2_048
    read = read_line(said)
    assert not evaluated.signals or evaluated.signals[0].text[:20] in said
    figures = sum(name.endswith((" age", " depth")) for name in read.data)
    if "left out" in read.data:
        ages = sum(status.age_s is not None for status in evaluated.statuses)
        assert figures + read.data["left out"].value == ages + count
        assert "youngest" in read.data or state in (State.MISSING, State.DANGLING, State.INVALID, State.UNREACHABLE)
    if len(evaluated.signals) > 30:
        shown = sum(signal.text in said for signal in evaluated.signals)
        assert f"and {len(evaluated.signals) - shown} more signals" in said


def quickest(work: Callable[[], object]) -> float:
    """Return the shortest of some runs, seconds of the processor: what a busy machine adds is no cost of ours."""
    times = []
    for _ in range(3):
        began = time.thread_time()
        work()
        times.append(time.thread_time() - began)
    return min(times)


@pytest.mark.parametrize("state", [State.FRESH, State.STALE, State.MISSING])
def test_costs_grow_with_the_chains_and_not_with_their_square(state: State) -> None:
    few, many = report(80, state), report(2_000, state)  # 25 times as many, 625 times squared
    for work in (
        lambda evaluated: evaluate(evaluated.board, NOW),
        lambda evaluated: line(evaluate(evaluated.board, NOW)),
        lambda evaluated: board_table(evaluated, None, 80, 30).body[:30],
    ):
        once = quickest(lambda work=work: work(few))  # type: ignore[misc]
        assert quickest(lambda work=work: work(many)) < 200 * max(once, 0.0005)  # type: ignore[misc]


def test_a_key_is_answered_at_once_among_five_thousand_underlyings() -> None:
    evaluated, view = report(5_000, State.STALE), View()
    view.keep_selection(evaluated.board)

    def press() -> None:
        view.step_underlying(evaluated.board, 1)
        view.on_report(evaluated)
        table = board_table(evaluated, view.selected, 80, 30)
        assert len(table.body[2_000:2_030]) == 30
        signal_lines(evaluated, 80)

    assert quickest(press) < 0.1

"""The line that says how far a long task is."""

import io
import sys

import pytest

from chain.clock import ManualClock
from chaindeck.process.progress import ProgressLine
from tests.support.terminal import TerminalText


def test_a_terminal_is_told_at_most_twice_a_second_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", tty := TerminalText())
    clock = ManualClock(0)
    line = ProgressLine(clock)
    for number in range(6):
        line.show(f"{number} of 6 " + "x" * 200)
        clock.advance(0.25)
    assert [words[:6] for words in tty.told()] == ["0 of 6", "2 of 6", "4 of 6"]
    line.end()
    assert "\n" not in tty.getvalue() and tty.getvalue().endswith("\r")
    assert {len(one) for one in tty.getvalue().split("\r") if one} == {78}


def test_what_is_no_terminal_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", kept := io.StringIO())
    line = ProgressLine(ManualClock(0))
    line.show("1 of 6")
    line.end()
    assert not kept.getvalue()

"""Alerts as lines: what waits first and loud, what was acknowledged dim, a count in the strip, nothing without any."""

import pytest

from chain.clock import Instant
from chain.monitor.alerts.alarm import Phase
from chain.monitor.alerts.book import AlertStatus, AlertsView, Unjudged
from chain.monitor.alerts.rule import AlertRule, StateWatch
from chain.monitor.states import State
from tests.support.alerts import AGE, status
from tests.support.scenes import SPX, START_NS, START_S, in_state, record, report
from tui.lines.alerts import AlertLines, alert_lines, alerts_count
from tui.lines.line import Role, length, plain
from tui.lines.strip import Past, trouble
from tui.ports.alerts import NO_ALERTS, AlertKey, AlertsShown, HookFault

NOW = Instant(START_NS, 5_000.0)
LOST = AlertRule("lost", StateWatch(frozenset({State.MISSING})))


def shown(*raised: AlertStatus, **how: object) -> AlertsShown:
    return AlertsShown(AlertsView(raised, **how))  # type: ignore[arg-type]


def made(alerts: AlertsShown, width: int = 80, *, blind: bool = False, past: bool = False) -> AlertLines:
    return alert_lines(alerts, NOW, width, blind=blind, past=past)


def text(alerts: AlertsShown, width: int = 80, *, blind: bool = False, past: bool = False) -> list[str]:
    return [plain(line) for line in made(alerts, width, blind=blind, past=past).lines]


def test_what_waits_has_a_mark_of_its_own_and_says_since_when() -> None:
    alerts = shown(status())
    assert text(alerts) == [" !! ALERT SPX old: SPX 2026-01-02 age 48.2 s above 30                      0:46"]
    found = made(alerts)
    assert found.lines[0][0].role is Role.ALARM
    assert found.keys == ((AlertKey("SPX old", "SPX 2026-01-02"),),)


def test_what_was_acknowledged_stays_dim_until_it_is_over() -> None:
    alerts = shown(status(phase=Phase.ACKNOWLEDGED))
    assert text(alerts)[0].startswith(" -- acknowledged SPX old: SPX 2026-01-02 age 48.2 s above 30")
    assert {span.role for line in made(alerts).lines for span in line if span.text.strip()} == {Role.DIM}


def test_within_its_band_the_limit_is_not_named_as_passed_and_what_is_not_known_is_said() -> None:
    assert "age 25.0 s  " in text(shown(status(age_s=25.0)))[0]
    assert "above 30; now Redis does not answer" in text(shown(status(why="Redis does not answer")), 100)[0]


def test_a_state_says_what_it_is() -> None:
    assert "ALERT lost: SPX 2026-01-02 is MISSING" in text(shown(status(age_s=None, rule=LOST)))[0]


def test_of_many_subjects_of_one_alert_the_worst_stands_for_all_and_each_is_behind_its_line() -> None:
    many = [status(f"SPX 2026-01-0{day}", 40.0 + day, ago_s=day) for day in (2, 3, 4)]
    found = made(shown(*many))
    assert [plain(line) for line in found.lines] == [
        " !! ALERT SPX old: SPX 2026-01-04 age 44.0 s above 30 (and 2 more)         0:04"
    ]
    assert {key.subject for key in found.keys[0]} == {"SPX 2026-01-02", "SPX 2026-01-03", "SPX 2026-01-04"}
    assert len(text(shown(*many[:2]))) == 2


def test_a_hook_that_fails_and_what_cannot_be_judged_stand_below() -> None:
    unjudged = Unjudged(AGE, ("SPX 2026-01-02", "SPX 2026-01-05", "SPX 2026-01-06"), "not read yet")
    alerts = AlertsShown(
        AlertsView((status(),), (unjudged,)), (HookFault("SPX old", "ended with exit code 3", START_S - 5),)
    )
    assert [line.strip() for line in text(alerts, 100)[1:]] == [
        "! hook of SPX old ended with exit code 3                                                      0:05",
        "alert SPX old not judged: SPX 2026-01-02, SPX 2026-01-05 and 1 more: not read yet",
    ]
    assert len(text(alerts, blind=True)) == 2  # a signal says already that Redis does not answer


def test_beside_the_past_alerts_say_that_they_are_of_now() -> None:
    assert text(shown(status()), past=True)[0].startswith(" !! now ALERT SPX old")


@pytest.mark.parametrize("width", [20, 30, 46, 80, 200])
def test_lines_keep_to_any_width_and_keep_every_word(width: int) -> None:
    found = made(shown(status(), status("SPX 2026-01-05", phase=Phase.ACKNOWLEDGED)), width)
    assert all(length(line) <= width for line in found.lines)
    words = " ".join(plain(line) for line in found.lines).split()
    assert "above" in words
    assert len(found.lines) == len(found.keys)


def test_the_strip_counts_them_loud_while_one_waits() -> None:
    calm = report([record(SPX, NOW)], NOW)
    waiting = shown(status(), status("SPX 2026-01-05", phase=Phase.ACKNOWLEDGED))
    line = trouble(calm, 60, None, waiting)
    assert plain(line).endswith(" 1 ALERT")
    assert (length(line), line[-1].role) == (60, Role.ALARM)
    known = trouble(calm, 60, None, shown(*[status(phase=Phase.ACKNOWLEDGED)] * 2))
    assert plain(known).endswith(" 2 alerts")
    assert known[-1].role is Role.DIM
    assert trouble(calm, 60, None, NO_ALERTS) == trouble(calm, 60)
    assert alerts_count(NO_ALERTS) == []


def test_the_strip_counts_them_beside_the_past_and_beside_trouble() -> None:
    stale = report([in_state(SPX, State.STALE, NOW)], NOW)
    assert plain(trouble(stale, 70, None, shown(status()))).endswith("1 ALERT")
    past = Past("10:00:00", "10:00:00 ET", "LAST 6 min", stale, START_S)
    assert plain(trouble(stale, 100, past, shown(status()))).endswith("1 ALERT")

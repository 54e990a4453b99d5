"""Alerts of a running program: told at most so often, hooks one at a time, and kept for the next run."""

import asyncio
import logging
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
from msgspec.structs import replace

from chain.clock import Instant, ManualClock
from chain.monitor.alerts.rule import Action, AlertRule, Hook, Limit, NumberWatch
from chain.monitor.alerts.words import Place
from chain.monitor.board import Board
from chain.supervisor import Supervisor
from chaindeck.engine.alerts.kept import kept_file, load_kept
from chaindeck.engine.alerts.service import AlertService
from tests.support.hooks import HookScript
from tests.support.places import ROOT
from tests.support.scenes import NDX, SPX, SPX_MON, START_S, board, manual_clock, record
from tests.support.waiting import wait_until_async
from tui.ports.alerts import NO_ALERTS, AlertKey, AlertsShown, Call

PLACE = Place("redis://desk:6379/0", "massive")
SCHEMA = jsonschema.Draft202012Validator(orjson.loads((ROOT / "schemas/alert.schema.json").read_bytes()))


@dataclass
class Heard:
    """Who is told of alerts, in a test."""

    shown: AlertsShown = NO_ALERTS
    calls: list[Call] = field(default_factory=list)

    def put_alerts(self, alerts: AlertsShown) -> None:
        self.shown = alerts

    def call_attention(self, call: Call) -> None:
        self.calls.append(call)


@dataclass
class Desk:
    """A service of alerts on a clock moved by hand, given Boards of chains of one age."""

    service: AlertService
    heard: Heard
    clock: ManualClock

    def see(self, age_s: float, *chains: Any) -> None:
        self.service.on_board(aged(self.clock, age_s, *(chains or (SPX,))))

    async def pass_time(self, seconds: float, until: Callable[[], bool] = lambda: True) -> None:
        """Let time go by once no hook runs, for whose limit it would be time, too."""
        await wait_until_async(lambda: not self.service.hooks.is_running, what="the end of what runs")
        self.clock.advance(seconds)
        await wait_until_async(until, what="what was to happen")


def aged(clock: ManualClock, age_s: float, *chains: Any) -> Board:
    now = Instant.now(clock)
    return board([record(chain, now, age_ms=round(age_s * 1000)) for chain in chains], now)


def rule(hook: HookScript | None = None, *do: Action, **how: Any) -> AlertRule:
    made = None if hook is None else Hook((str(hook.path),), 5.0)
    return AlertRule("old", NumberWatch("age", Limit(30.0, 20.0)), do=do, hook=made, **how)


@asynccontextmanager
async def running(*rules: AlertRule, clock: ManualClock | None = None, kept: Path | None = None) -> AsyncIterator[Desk]:
    """Give a service whose hooks run."""
    clock, heard = clock or manual_clock(), Heard()
    service = AlertService(rules, clock, PLACE, heard, kept)
    parts = asyncio.ensure_future(Supervisor(clock).run(service.parts()))
    try:
        yield Desk(service, heard, clock)
    finally:
        parts.cancel()
        await asyncio.gather(parts, return_exceptions=True)
        await service.leave()


async def test_one_poll_rings_and_notifies_once_for_all_that_it_raises() -> None:
    async with running(rule(None, Action.BELL, Action.NOTIFY)) as desk:
        desk.see(31, SPX, SPX_MON, NDX)
        [call] = desk.heard.calls
        assert call.bell
        assert call.notify == "[MOCK] ALERT old: NDX 2026-01-02 age 31.0 s above 30 (and 2 more)"
        desk.see(31, SPX, SPX_MON, NDX)
        assert len(desk.heard.calls) == 1


async def test_it_rings_at_most_every_five_seconds_and_nothing_is_lost() -> None:
    async with running(rule(None, Action.BELL)) as desk:
        desk.see(31)
        desk.see(10)
        desk.clock.advance(1)
        desk.see(31)  # raised again, too soon
        assert len(desk.heard.calls) == 1
        desk.clock.advance(3.999)
        desk.see(31)
        assert len(desk.heard.calls) == 1
        desk.clock.advance(0.001)
        desk.see(31)
        assert desk.heard.calls == [Call(bell=True), Call(bell=True)]


async def test_what_is_over_is_told_only_where_that_is_asked_for() -> None:
    told = rule(None, Action.NOTIFY, when_cleared=(Action.NOTIFY,))
    async with running(told, replace(told, name="quiet", when_cleared=())) as desk:
        desk.see(31)
        desk.clock.advance(10)
        desk.see(10)
        assert [call.notify for call in desk.heard.calls] == [
            "[MOCK] ALERT quiet: SPX 2026-01-02 age 31.0 s above 30 (and 1 more)",
            "[MOCK] cleared old: SPX 2026-01-02 age 10.0 s",
        ]


async def test_a_hook_reads_the_alert_by_its_schema(tmp_path: Path) -> None:
    hook = HookScript(tmp_path)
    async with running(rule(hook, Action.HOOK, when_cleared=(Action.HOOK,))) as desk:
        desk.see(31, SPX, SPX_MON)
        await wait_until_async(lambda: len(hook.told) == 1, what="the hook")
        desk.see(3)  # the other is gone from the board
        await desk.pass_time(10, lambda: len(hook.told) == 2)
        raised, cleared = hook.told
        for told in hook.told:
            SCHEMA.validate(told)
        assert hook.events == [("raised", str(SPX)), ("raised", str(SPX_MON)), ("cleared", str(SPX))]
        assert {name: raised[name] for name in ("alert", "on", "above", "below", "clear", "kind", "source")} == {
            "alert": "old",
            "on": "age",
            "above": 30.0,
            "below": None,
            "clear": 20.0,
            "kind": "mock",
            "source": "MOCK",
        }
        assert (raised["redis"], raised["prefix"]) == (PLACE.redis, "massive")
        assert (cleared["events"][0]["value"], cleared["left_out"]) == (3.0, 0)


async def test_one_hook_runs_at_a_time_and_what_comes_meanwhile_goes_with_the_next(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    hook = HookScript(tmp_path, f"while [ ! -e {gate} ]; do sleep 0.02; done")
    async with running(rule(hook, Action.HOOK)) as desk:
        desk.see(31, SPX)
        await wait_until_async(lambda: len(hook.told) == 1, what="the first run")
        desk.see(31, SPX, SPX_MON)
        desk.clock.advance(1)
        desk.see(31, SPX, SPX_MON, NDX)
        await asyncio.sleep(0.1)
        assert len(hook.told) == 1
        gate.touch()
        await asyncio.sleep(0.1)
        assert len(hook.told) == 1  # not ten seconds after the first
        await desk.pass_time(9, lambda: len(hook.told) == 2)
        assert hook.events == [("raised", str(SPX)), ("raised", str(SPX_MON)), ("raised", str(NDX))]


async def test_a_hook_that_fails_is_told_until_it_works_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "broken"
    broken.touch()
    hook = HookScript(tmp_path, f"[ ! -e {broken} ] || {{ echo no route; exit 4; }}")
    async with running(rule(hook, Action.HOOK), replace(rule(), name="other")) as desk:
        with caplog.at_level(logging.WARNING):
            desk.see(31)
            await wait_until_async(lambda: bool(desk.heard.shown.faults), what="the fault")
        [fault] = desk.heard.shown.faults
        assert (fault.alert, fault.why) == ("old", "ended with exit code 4: no route")
        assert "hook of old ended with exit code 4: no route" in caplog.text
        assert len(desk.heard.shown.view.raised) == 2
        desk.see(10)
        desk.see(31)
        await desk.pass_time(10, lambda: len(hook.told) == 2)
        await wait_until_async(lambda: not desk.service.hooks.is_running, what="the end of the second run")
        assert desk.heard.shown.faults == (fault,)  # since the first
        broken.unlink()
        desk.see(10)
        desk.see(31)
        await desk.pass_time(10, lambda: not desk.heard.shown.faults)
        assert len(hook.told) == 3


async def test_a_hook_of_one_alert_does_not_wait_for_that_of_another(tmp_path: Path) -> None:
    slow, quick = HookScript(tmp_path, "sleep 600", "slow"), HookScript(tmp_path, "", "quick")
    async with running(rule(slow, Action.HOOK), replace(rule(quick, Action.HOOK), name="quick")) as desk:
        desk.see(31)
        await wait_until_async(lambda: len(slow.told) == len(quick.told) == 1, what="both")


async def test_what_was_raised_and_acknowledged_is_not_told_again_by_the_next_run(tmp_path: Path) -> None:
    kept, hook = tmp_path / "state" / "alerts.json", HookScript(tmp_path)
    mine = rule(hook, Action.HOOK, Action.BELL)
    async with running(mine, kept=kept) as desk:
        desk.see(31)
        await wait_until_async(lambda: len(hook.told) == 1, what="the hook")
        assert desk.service.acknowledge() == 1
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert [path.name for path in kept.parent.iterdir()] == ["alerts.json"]
    async with running(mine, kept=kept) as desk:
        desk.see(32)
        desk.see(32)
        [status] = desk.heard.shown.view.raised
        assert (status.phase, status.reading.value, desk.heard.calls) == ("acknowledged", 32.0, [])
        desk.see(1)
        assert load_kept(kept, START_S) == {}
        desk.see(31)
        assert desk.heard.calls == [Call(bell=True)]


async def test_that_they_were_judged_is_kept_once_a_minute(tmp_path: Path) -> None:
    kept, began = tmp_path / "alerts.json", START_S

    def seen() -> float:
        return float(orjson.loads(kept.read_bytes())["seen"])

    async with running(rule(), kept=kept) as desk:
        desk.see(31)
        assert seen() == began
        desk.clock.advance(59.999)
        desk.see(31)
        assert seen() == began
        desk.clock.advance(0.001)
        desk.see(31)
        assert seen() == began + 60
    assert seen() == began + 60


@pytest.mark.parametrize(("gap_s", "told"), [(3_600.0, 0), (3_600.001, 1)])
async def test_after_a_gap_of_more_than_an_hour_everything_is_told_again(
    tmp_path: Path, gap_s: float, told: int
) -> None:
    kept, clock = tmp_path / "alerts.json", manual_clock()
    async with running(rule(None, Action.BELL), kept=kept, clock=clock) as desk:
        desk.see(31)
        clock.advance(50)
        desk.see(31)  # nothing is new, and nothing kept
        clock.advance(10)
        desk.see(31)
    clock.advance(gap_s)
    async with running(rule(None, Action.BELL), kept=kept, clock=clock) as desk:
        desk.see(31)
        assert len(desk.heard.calls) == told


async def test_what_a_hook_was_not_told_to_the_end_is_told_again_by_the_next_run(tmp_path: Path) -> None:
    kept, gate = tmp_path / "alerts.json", tmp_path / "gate"
    hook = HookScript(tmp_path, f"[ -e {gate} ] || sleep 600")
    async with running(rule(hook, Action.HOOK), kept=kept) as desk:
        desk.see(31, SPX)
        await wait_until_async(lambda: len(hook.told) == 1, what="a run that goes on")
        desk.see(31, SPX, SPX_MON, NDX)  # they wait for it to end
        desk.service.acknowledge([AlertKey("old", str(NDX))])
    gate.touch()
    async with running(rule(hook, Action.HOOK), kept=kept) as desk:
        desk.see(31, SPX, SPX_MON, NDX)
        await wait_until_async(lambda: len(hook.told) == 2, what="the next run's hook")
        assert hook.events[1:] == [("raised", str(SPX)), ("raised", str(SPX_MON))]


@pytest.mark.parametrize("raw", [b"", b"{", b'{"seen":1767366000,"alarms":3}', b'{"alarms":[]}', b"[" * 100_000])
def test_a_file_that_makes_no_sense_is_told_and_is_none(
    tmp_path: Path, raw: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "alerts.json"
    path.write_bytes(raw)
    assert load_kept(path, START_S) == {}
    assert "alerts of the last run are not known" in caplog.text


async def test_alerts_go_on_where_they_cannot_be_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    async with running(rule(None, Action.BELL), kept=tmp_path / "file" / "alerts.json") as desk:
        desk.see(31)
        assert desk.heard.calls == [Call(bell=True)]
    assert "alerts are not kept for the next run" in caplog.text


def test_each_redis_and_each_program_keeps_its_own() -> None:
    places = [PLACE, Place("redis://desk:6379/1", "massive"), Place(PLACE.redis, "massive:replay")]
    files = {kept_file(place, program) for place in places for program in ("deck", "alert")}
    assert len(files) == 6

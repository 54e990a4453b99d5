"""Alerts on the deck: on top of the signals with a count in the strip, acknowledged by a key, and never of the past."""

from collections.abc import Collection
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from chain.monitor.alerts.book import AlertsView
from chain.monitor.alerts.rule import Action, AlertRule, ChainFilter, Limit, NumberWatch
from chain.monitor.alerts.words import Place
from chaindeck.engine.alerts.service import AlertService
from screenshots.scenes import Stage
from tests.support.alerts import status
from tests.support.past import past_deck
from tests.support.stage import Deck, deck_of
from tests.support.waiting import wait_until_async
from tui.ports.alerts import AlertKey, AlertsShown, Call

AGE = Limit(30.0, 20.0)
OLD = AlertRule("old", NumberWatch("age", AGE), (ChainFilter("SPX"),), do=(Action.BELL,))
NEAR = AlertRule("near", NumberWatch("age", AGE), (ChainFilter("NDX", dte=0),), do=(Action.BELL,))


@dataclass
class Acknowledging:
    """An operator who acknowledges alerts, and nothing else."""

    service: AlertService

    def acknowledge_alerts(self, keys: Collection[AlertKey] | None = None) -> "Future[str]":
        done: Future[str] = Future()
        done.set_result(f"{self.service.acknowledge(keys)} acknowledged")
        return done

    def acknowledge(self) -> "Future[str]":
        raise AssertionError

    publish_again = record = acknowledge


def alerts_on(stage: Stage, *rules: AlertRule, kept: Path | None = None) -> AlertService:
    return AlertService(rules, stage.clock, Place("unix", "massive"), stage.slot, kept)


async def judge(deck: Deck, service: AlertService, seconds: float = 0.0) -> None:
    """Let time go by, and have the alerts judged by what is seen then."""
    deck.stage.clock.advance(seconds)
    service.on_board(await deck.stage.look())
    await deck.pilot.pause()


def alert_lines(deck: Deck) -> list[str]:
    return [line for line in deck.lines("signals") if line[:4] in (" !! ", " -- ")]


async def test_they_stand_on_top_of_the_signals_until_over_and_k_acknowledges_all(stage: Stage) -> None:
    service = alerts_on(stage, OLD, NEAR)
    async with deck_of(stage, operator=Acknowledging(service)) as deck:
        await judge(deck, service)
        assert alert_lines(deck) == []
        assert "ALERT" not in deck.text("strip")
        await judge(deck, service, 31)
        [spx, ndx] = alert_lines(deck)
        assert deck.lines("signals")[1] == spx
        assert spx.startswith(" !! ALERT old: SPX 2026-01-02 age ")
        assert deck.lines("signals")[2].strip() == "31.0 s above 30 (and 2 more)"
        assert ndx.startswith(" !! ALERT near: NDX 2026-01-02")
        assert deck.lines("strip")[1].endswith(" 4 ALERTS")
        assert "all quiet" not in deck.text("signals")
        assert str(deck.app.deck.key_bar.render()).startswith("K alerts ")
        assert stage.slot.take_calls() == (Call(bell=True),)
        await deck.press("K")
        await wait_until_async(lambda: service.acknowledge() == 0, what="the acknowledgement")
        await judge(deck, service, 1)
        assert all(line.startswith(" -- acknowledged ") for line in alert_lines(deck))
        assert "K alerts" not in str(deck.app.deck.key_bar.render())
        assert deck.lines("strip")[1].endswith(" 4 alerts")
        assert stage.slot.take_calls() == ()
        await deck.cycle()
        await judge(deck, service)
        assert alert_lines(deck) == []
        assert not deck.lines("strip")[1].endswith("alerts")


async def test_in_the_signals_k_acknowledges_the_one_on_top(stage: Stage) -> None:
    service = alerts_on(stage, NEAR, OLD)
    async with deck_of(stage, (120, 40), operator=Acknowledging(service)) as deck:
        await judge(deck, service, 31)
        deck.app.deck.signals.focus()
        await deck.press("K")
        await judge(deck, service, 1)
        assert [line[:22] for line in alert_lines(deck)] == [" !! ALERT old: SPX 202", " -- acknowledged near:"]
        assert deck.lines("strip")[1].endswith(" 3 ALERTS")
        await deck.press("K")  # the next one: all of one line
        await judge(deck, service, 1)
        assert deck.lines("strip")[1].endswith(" 4 alerts")


async def test_without_an_engine_there_is_nothing_to_acknowledge(deck: Deck) -> None:
    await deck.press("K")
    assert "acknowledge" not in deck.text()


async def test_help_and_palette_know_the_key(stage: Stage) -> None:
    service = alerts_on(stage, OLD)
    async with deck_of(stage, operator=Acknowledging(service)) as deck:
        titles = [command.title for command in deck.app.get_system_commands(deck.app.screen)]
        assert "Acknowledge alerts" in titles


async def test_going_back_in_time_alerts_are_still_those_of_now_and_can_be_acknowledged() -> None:
    async with past_deck(operator=(operator := Noting())) as deck:
        deck.slot.put_alerts(AlertsShown(AlertsView((status(),))))
        await deck.pilot.pause()
        assert deck.lines("signals")[1].startswith(" !! ALERT SPX old")
        await deck.press("comma")
        assert "AS OF" in deck.lines("signals")[0]
        assert deck.lines("signals")[1].startswith(" !! now ALERT SPX old")
        assert deck.lines("strip")[1].endswith(" 1 ALERT")
        await deck.press("K")
        assert operator.asked == [None]


class Noting(Acknowledging):
    """An operator who notes which alerts he was asked to acknowledge."""

    def __init__(self) -> None:
        self.asked: list[Collection[AlertKey] | None] = []

    def acknowledge_alerts(self, keys: Collection[AlertKey] | None = None) -> "Future[str]":
        self.asked.append(keys)
        done: Future[str] = Future()
        done.set_result("")
        return done

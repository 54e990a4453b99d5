"""What a reader of the deck decides beyond where to look: faults in a mock, what is acknowledged, publishing again."""

import asyncio
import logging
from collections.abc import Callable, Collection
from concurrent.futures import Future
from functools import partial

from textual import work
from textual.screen import Screen

from chain.errors import ChaindeckError
from chain.model.keys import ChainId
from chain.supervisor import error_words
from tui.actions.action import Need
from tui.actions.catalogue.everything import need_of
from tui.actions.keymap import Keymap
from tui.dialogs.demo import DemoMenu
from tui.ports.alerts import AlertKey
from tui.ports.board_source import Demo, Operator
from tui.pump import FittedPump
from tui.view import View

log = logging.getLogger(__name__)


class DecisionScreen(FittedPump, Screen[None]):
    """A screen whose reader may decide; each decision is carried out elsewhere, and what was done is said here."""

    def __init__(self, view: View, demo: Demo | None, operator: Operator | None, keymap: Keymap) -> None:
        super().__init__()
        self.view = view
        self._demo = demo
        self._operator = operator
        self.keymap = keymap

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what there is somebody for."""
        return self.has(need_of(action))

    def has(self, need: Need) -> bool:
        """Whether there is what an action needs: here, somebody who carries a decision out."""
        if need is Need.OPERATOR:
            return self._operator is not None
        return self._demo is not None if need is Need.DEMO else True

    def action_acknowledge(self) -> None:
        """Take every change of source as known."""
        if self._operator is not None:
            self._decide(self._operator.acknowledge)

    def acknowledge_alerts(self, keys: Collection[AlertKey] | None = None) -> None:
        """Acknowledge raised alerts, all of them without `keys`; also in the past, for they are of now."""
        if self._operator is not None:
            self._decide(partial(self._operator.acknowledge_alerts, keys))

    def action_publish_again(self) -> None:
        """Let the publisher try again, after it gave way to a live one."""
        if self._operator is not None:
            self._decide(self._operator.publish_again)

    def action_record(self) -> None:
        """Record what is shown, or end that; also while the past is on screen, for the present goes on."""
        if self._operator is not None:
            self._decide(self._operator.record)

    def action_demo(self) -> None:
        """Offer the faults; a second key finds the menu open."""
        chain = self.view.selected
        if self._demo is not None and chain is not None and self.app.screen is self:
            self.app.push_screen(
                DemoMenu(self._demo.faults, str(chain), self.keymap), partial(self._inflict, self._demo, chain)
            )

    def _inflict(self, demo: Demo, chain: ChainId, name: str | None) -> None:
        if name:
            self._decide(partial(demo.inject, name, chain))

    @work(exclusive=True, group="decision", exit_on_error=False)
    async def _decide(self, begin: Callable[[], "Future[str]"]) -> None:
        """Do what the reader has chosen, and say what was done."""
        try:
            done = await asyncio.wrap_future(begin())
        except ChaindeckError as error:
            self.notify(str(error), severity="error", markup=False)
        except Exception as error:  # Textual would end this work without a word
            log.exception("a decision failed")
            self.notify(f"not done: {error_words(error)}", severity="error", markup=False)
        else:
            self.notify(done, markup=False)

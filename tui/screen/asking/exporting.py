"""The reader takes along what is on screen: as a table, as it was published, or as a picture."""

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple

from textual import work

from chain.monitor.evaluate.signals import evaluate
from chain.monitor.explain.explanation import stamp
from chain.monitor.explain.origin import snapshot_section, source_word
from chain.monitor.explain.question import ChainOf, Question
from chain.supervisor import error_words
from chain.text import clean
from tui.dialogs.export import CSV, SVG, ExportMenu
from tui.export.file import ExportError, default_folder, write_export
from tui.export.name import export_stem
from tui.export.svg import picture_of, svg_of
from tui.export.table import About
from tui.export.tables.board import board_table
from tui.export.tables.diff import diff_table
from tui.export.tables.grid import grid_table
from tui.pages import Page
from tui.panels.page import Asked
from tui.screen.asking.provenance import ProvenanceScreen
from tui.screen.travel import ScreenPorts

log = logging.getLogger(__name__)

_NO_SNAPSHOT = "no valid snapshot of this chain has been read yet"
_GRID, _DIFF, _BOARD, _PAYLOAD = "grid", "diff", "board", "payload"
_SHARED = ("shown", "recorded", "source")  # facts that hold for every snapshot of a page


class Exportable(NamedTuple):
    """What is on screen: what it is called, also in a file's name, and the question that its snapshot answers."""

    what: str
    name: str
    question: Question

    @property
    def ts(self) -> float:
        """The time of the snapshot that is shown, epoch seconds; of a chain without any, that which is looked at."""
        good, moment = self.question.good, self.question.moment
        return moment.board.now_s(moment.now) if good is None else good.snapshot.ts

    @property
    def source(self) -> str:
        """The kind of its source in a word."""
        good = self.question.good
        return self.question.record.source_word if good is None else source_word(self.question, good)


class ExportingScreen(ProvenanceScreen):
    """A screen whose content can be written to a file of the reader's."""

    def __init__(self, ports: ScreenPorts) -> None:
        super().__init__(ports)
        self._folder = ports.export_folder or default_folder()

    def action_export(self) -> None:
        """Offer the formats of what is on screen."""
        found = self._exportable()
        if found is not None and self.app.screen is self:
            self.app.push_screen(ExportMenu(found.what, clean(self._folder)), self._export)

    def _exportable(self) -> Exportable | None:
        """Return what is on screen now; None before there is any chain."""
        chain, here = self.view.selected, self._here
        if chain is None or here is None:
            return None
        question = self.question(Asked(ChainOf(), chain, self.view.shown, ""), here)
        if self.page is not Page.DECK:
            return Exportable(f"the {self.page} of {chain.underlying}", str(self.page), question)
        if self.grid_panel.display and self.view.comparison.on:
            return Exportable(f"what changed of {chain}", _DIFF, question)
        if self.grid_panel.display:
            return Exportable(f"the grid of {chain}", _GRID, question)
        return Exportable("the board", _BOARD, question)

    def _export(self, form: str | None) -> None:
        """Export in a format what is on screen now; nothing where the menu was closed."""
        found = self._exportable()
        if found is None or not form:
            return
        if form == SVG:
            picture = picture_of(self.app)
            self._write(found, f"{self.page}-screen", SVG, lambda: svg_of(picture).encode())
            return
        make = self._table_of(found) if form == CSV else self._json_of(found)
        if make is None:
            table = f"the page {self.page} shows no table now" if self.paged is not None else _NO_SNAPSHOT
            why = table if form == CSV else _NO_SNAPSHOT
            self.notify(
                f"nothing is exported: {why}; the screen is one of the formats", severity="warning", markup=False
            )
        else:
            name = found.name if form == CSV or self._own_json() else _PAYLOAD
            self._write(found, name, form, make)

    def _own_json(self) -> bytes | None:
        return self.paged.json() if self.paged is not None else None

    def _json_of(self, found: Exportable) -> Callable[[], bytes] | None:
        own, good = self._own_json(), found.question.good
        body = own or (good.snapshot.raw if good else None)
        return None if body is None else lambda: body

    def _table_of(self, found: Exportable) -> Callable[[], bytes] | None:
        """Return what makes the table that is on screen; None where there is none."""
        about, analytics = self._about(found), self.view.analytics
        if self.paged is not None:
            table = self.paged.table(self.view, about)
            return None if table is None else table.csv
        if found.name == _BOARD:
            moment = found.question.moment
            return lambda: board_table(about, evaluate(moment.board, moment.now)).csv()
        if found.name == _DIFF:
            changed = diff_table(about, self.view.diff, found.question.keys) if self.view.diff else None
            return None if changed is None else changed.csv
        painted = self.view.painted if not self.view.backdrop else None
        return None if analytics is None else lambda: grid_table(about, analytics, painted).csv()

    def _about(self, found: Exportable) -> About:
        """Return where the table comes from, as the first lines of its file."""
        facts = [(fact.name, fact.text) for fact in snapshot_section(found.question).facts]
        if found.name != _GRID:
            facts = [(name, text) for name, text in facts if name in _SHARED]
        return [("chaindeck", found.what), *facts, ("exported", stamp(self._clock.wall_ns() / 1e9))]

    @work(group="export", exit_on_error=False)
    async def _write(self, found: Exportable, what: str, suffix: str, make: Callable[[], bytes]) -> None:
        """Make and write a file, neither on the screen's thread, and say where it is or why it is not."""
        of = found.question.chain
        name = f"{of.underlying}-{of.expiry}" if what in (_GRID, _DIFF, _PAYLOAD) else of.underlying
        stem = export_stem(name, found.ts, found.source, what)
        self.app.clear_notifications()
        try:
            path = await asyncio.to_thread(lambda: write_export(self._folder, stem, suffix, make()))
        except ExportError as error:
            self.notify(f"not exported: {clean(error)}", severity="error", markup=False)
        except Exception as error:  # of what made it: Textual would end this work without a word
            log.exception("the export of %s failed", what)
            self.notify(f"not exported: {error_words(error)}", severity="error", markup=False)
        else:
            self.notify(f"exported {clean(path)}", timeout=10, markup=False)

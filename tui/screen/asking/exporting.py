"""The reader takes along what is on screen: as a table, as it was published, or as a picture."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from textual import work

from chain.monitor.board import LastGood
from chain.monitor.explain.explanation import stamp
from chain.monitor.explain.origin import snapshot_section, source_word
from chain.monitor.explain.question import ChainOf, Question
from chain.text import clean
from tui.dialogs.export import CSV, JSON, SVG, ExportMenu
from tui.export.file import ExportError, default_folder, write_export
from tui.export.grid import grid_table
from tui.export.name import export_stem
from tui.export.svg import picture_of, svg_of
from tui.export.table import About, Table
from tui.pages import Page
from tui.panels.page import Asked
from tui.screen.asking.provenance import ProvenanceScreen
from tui.screen.travel import ScreenPorts

_NOTHING = "no valid snapshot has been read yet"
_SHARED = ("shown", "recorded", "source")  # facts that hold for every snapshot of a page


class Exportable(NamedTuple):
    """What is on screen: what it is called, the snapshot of the chosen chain, and the question that it answers."""

    what: str
    good: LastGood
    question: Question


class ExportingScreen(ProvenanceScreen):
    """A screen whose content can be written to a file of the reader's."""

    def __init__(self, ports: ScreenPorts) -> None:
        super().__init__(ports)
        self._folder = ports.export_folder or default_folder()

    def action_export(self) -> None:
        """Offer the formats of what is on screen."""
        found = self._exportable()
        if self.app.screen is not self:
            return
        if found is None:
            self.notify(f"nothing is exported: {_NOTHING}", severity="warning", markup=False)
        else:
            self.app.push_screen(ExportMenu(found.what, clean(self._folder)), partial(self._export, found))

    def _exportable(self) -> Exportable | None:
        chain, good, here = self.view.selected, self.view.shown, self._here
        if chain is None or good is None or here is None:
            return None
        what = f"the grid of {chain}" if self.page is Page.DECK else f"the {self.page} of {chain.underlying}"
        return Exportable(what, good, self.question(Asked(ChainOf(), chain, good, ""), here))

    def _export(self, found: Exportable, form: str | None) -> None:
        """Export in a format, none where the menu was closed."""
        if form == CSV:
            self._export_table(found)
        elif form == JSON:
            own = self.paged.json() if self.paged is not None else None
            body = found.good.snapshot.raw if own is None else own
            self._write(found, "payload" if own is None else str(self.page), JSON, lambda: body)
        elif form == SVG:
            picture = picture_of(self.app)
            self._write(found, f"{self.page}-screen", SVG, lambda: svg_of(picture).encode())

    def _export_table(self, found: Exportable) -> None:
        if self.paged is None:
            analytics = self.view.analytics
            painted = self.view.painted if not self.view.backdrop else None
            if analytics is not None:
                make = partial(grid_table, self._about(found), analytics, painted)
                self._write(found, "grid", CSV, lambda: make().csv())
            return
        table: Table | None = self.paged.table(self.view, self._about(found))
        if table is None:
            words = f"nothing is exported: the page {self.page} shows no table now; the screen is one of the formats"
            self.notify(words, severity="warning", markup=False)
        else:
            self._write(found, str(self.page), CSV, table.csv)

    def _about(self, found: Exportable) -> About:
        """Return where the table comes from, as the first lines of its file."""
        facts = [(fact.name, fact.text) for fact in snapshot_section(found.question).facts]
        if self.paged is not None:
            facts = [(name, text) for name, text in facts if name in _SHARED]
        return [("chaindeck", found.what), *facts, ("exported", stamp(self._clock.wall_ns() / 1e9))]

    @work(group="export", exit_on_error=False)
    async def _write(self, found: Exportable, what: str, suffix: str, make: Callable[[], bytes]) -> None:
        """Make and write a file, neither on the screen's thread, and say where it is or why it is not."""
        of = found.question.chain
        name = f"{of.underlying}-{of.expiry}" if what in ("grid", "payload") else of.underlying
        stem = export_stem(name, found.good.snapshot.ts, source_word(found.question, found.good), what)
        self.app.clear_notifications()
        try:
            path = await asyncio.to_thread(lambda: write_export(self._folder, stem, suffix, make()))
        except ExportError as error:
            self.notify(f"not exported: {clean(error)}", severity="error", markup=False)
        else:
            self.notify(f"exported {clean(path)}", timeout=10, markup=False)

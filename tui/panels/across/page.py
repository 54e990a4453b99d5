"""What pages of several expirations have in common: the scene that a frozen view keeps, and its expirations."""

from collections.abc import Sequence
from dataclasses import replace

from textual.app import ComposeResult

from chain.model.keys import ChainId
from chain.monitor.board import LastGood
from chain.monitor.evaluate.report import HealthReport
from tui.lines import figures
from tui.lines.expirations import Expiration, expirations_of
from tui.lines.line import EMPTY, Line, Role, Span, left
from tui.lines.strip import badge
from tui.panels.line_panel import LinePanel
from tui.panels.page import PageWidget
from tui.ports.board_source import Scene
from tui.view import View

_AWAITED = 3  # so often: it comes with the next wake-up, or something is wrong


class CursorPanel(LinePanel):
    """Lines with a cursor, which the window follows until the wheel has scrolled it away."""

    _scrolled = False

    def bring(
        self,
        head: Sequence[Line],
        body: Sequence[Line],
        foot: Sequence[Line],
        cursor: int | None,
        *,
        centre: bool = False,
    ) -> None:
        """Show these lines, and the one with the cursor among them, or in the middle of them."""
        self._head, self._body, self._foot = head, body, foot
        top: int | None = None
        if cursor is not None and not self._scrolled:
            top = cursor - self.room // 2 if centre else self.keep_visible(cursor, cursor)
        self.show(head, body, foot, top=top)

    def follow(self) -> None:
        """Show the cursor with the next lines."""
        self._scrolled = False

    def scroll_by(self, rows: int) -> None:
        """Scroll, and stay there."""
        self._scrolled = True
        super().scroll_by(rows)


class AcrossPage(PageWidget):
    """A page of one panel. While it is on screen every expiration of the chosen underlying is derived."""

    needs_across = True

    def __init__(self, panel: CursorPanel, *, id: str) -> None:
        super().__init__(id=id)
        self.panel = panel  # made here, not found once mounted: a key may come before that
        self._scene: Scene | None = None  # that is shown; a frozen view stays with it
        self._frozen = ""  # the time of day since when it does
        self._awaited = 0  # how often it was brought up to date while what it shows was on its way

    def compose(self) -> ComposeResult:
        """Lay out the panel."""
        yield self.panel

    @property
    def main(self) -> LinePanel:
        """The one panel."""
        return self.panel

    def bring(self, report: HealthReport | None, view: View, scene: Scene | None) -> bool:
        """Show what there is of the underlying that is looked at; no panel ever comes or goes."""
        if not self.panel.size.width:
            return False
        self._keep(report, view, scene)
        chain, kept = view.selected, self._scene
        whose = badge(report.board) if report else ""
        if report is None or chain is None or kept is None:
            words = report.signals[0].text if report and report.signals else "waiting for the first poll"
            self.show_none(view, whose, words)
        elif (shown := self._as_far_as_it_came(kept, chain)) is not None:
            found = expirations_of(report, chain.underlying, shown.analytics, shown.board, view.frozen_at)
            self.show_page(view, whose, found, shown)
        return False  # else what the expirations say is on its way, and other lines stand until then

    def _as_far_as_it_came(self, scene: Scene, chain: ChainId) -> Scene | None:
        """Return what can be shown; None while it is on its way, and where it fails to come what there is without it.

        A Board is there before what is derived of it.
        """
        if _is_there(scene, chain):
            self._awaited = 0
            return scene
        self._awaited += 1
        return replace(scene, across=None) if self._awaited > _AWAITED else None

    def _keep(self, report: HealthReport | None, view: View, scene: Scene | None) -> None:
        """Take the newest scene, or while the view is frozen stay with the one that was shown then.

        A page that comes on screen while the view is frozen has kept nothing from then, and keeps what it shows first.
        """
        frozen_at, chain = view.frozen_at, view.selected
        if frozen_at is None or report is None or chain is None:
            self._scene, self._frozen = scene, ""
        elif not self._frozen:
            if self._scene is None or not _is_there(self._scene, chain):
                self._scene, frozen_at = scene, report.board.now_s(report.now)
            if self._scene is not None and _is_there(self._scene, chain):
                self._frozen = figures.clock(frozen_at)

    def good_of(self, chain: ChainId) -> LastGood | None:
        """Return the snapshot of a chain that is shown."""
        records = self._scene.board.chains.records if self._scene else ()
        return next((one.last_good for one in records if one.chain == chain), None)

    def on_hide(self) -> None:
        """Forget what was shown: it is outdated when the page comes again."""
        self._scene, self._frozen = None, ""

    def follow(self) -> None:
        """Show the cursor with the next lines."""
        self.panel.follow()

    def show_none(self, view: View, whose: str, words: str) -> None:
        """Say under the title why there is nothing to show."""
        raise NotImplementedError

    def show_page(self, view: View, whose: str, found: tuple[Expiration, ...], scene: Scene) -> None:
        """Show the expirations of the chosen underlying."""
        raise NotImplementedError


def _is_there(scene: Scene, chain: ChainId) -> bool:
    """Return whether a scene holds what the snapshots of a chain's underlying on its Board say together."""
    records = [record for record in scene.board.chains.records if record.chain.underlying == chain.underlying]
    meant = {record.last_good.snapshot.id for record in records if record.last_good is not None}
    return meant == {one.snapshot for one in (scene.across.chains if scene.across else ())}


def explained(words: str, width: int) -> list[Line]:
    """Return why nothing is shown."""
    return [EMPTY, (Span(left(f"   {words}", width), Role.CAUTION),)]


def last_good(found: tuple[Expiration, ...], chain: ChainId | None) -> str:
    """Return when the snapshot of a chain was made that has no current one, as a time of day; else empty."""
    one = next((one for one in found if one.chain == chain), None)
    if one is None or one.analytics is None or not one.is_past:
        return ""
    return figures.clock(one.analytics.grid.snapshot.ts)

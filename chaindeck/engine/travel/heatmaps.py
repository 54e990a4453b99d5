"""The heatmap at an instant of the past: made of the snapshots that were there, for nobody records models."""

from chain.clock import Instant
from chain.errors import ChaindeckError
from chain.model.keys import KeySchema
from chain.monitor.board import Board
from chain.pipeline.heatmap_index import indexed
from mmaker.heatmap.snapshots import SnapshotModel
from mmaker.inputs import inputs_of
from tui.ports.board_source import HeatmapView


class PastHeatmaps:
    """The model of one underlying at one instant after another; of chains that did not change it is kept."""

    def __init__(self) -> None:
        self._of: tuple[str, str] | None = None  # underlying, and the prefix of the Board
        self._model: SnapshotModel | None = None
        self._view: HeatmapView | None = None

    def view(self, board: Board, now: Instant, underlying: str | None) -> HeatmapView | None:
        """Return the heatmap of an underlying as its snapshots give it on a Board; None where none is looked at."""
        if underlying is None:
            self._of = self._model = self._view = None
            return None
        if self._model is None or self._of != (underlying, board.prefix):
            self._of, self._view = (underlying, board.prefix), None
            self._model = SnapshotModel(underlying, KeySchema(board.prefix))
        try:
            model = self._model.of(inputs_of(board, now).values())
        except ChaindeckError as error:
            self._model = None
            return HeatmapView(underlying, fault=str(error))
        if not model.expirations:
            return HeatmapView(underlying, fault="no snapshot of it had been read then")
        held = self._view
        index = indexed(model.tiles, held.model.tiles if held and held.model else {}, held.index if held else None)
        self._view = HeatmapView(underlying, model, index=index)
        return self._view

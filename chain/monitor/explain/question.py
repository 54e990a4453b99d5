"""What can be asked: of which number, and in front of what the reader stands. Frozen, for it crosses threads."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from chain.analytics.measures.gamma import AS_DERIVED, GexConvention
from chain.analytics.measures.measure import Measure
from chain.model.keys import ChainId, KeySchema
from chain.model.placement import Place
from chain.monitor.analytics import DatedBoard
from chain.monitor.board import ChainRecord, LastGood
from chain.pipeline.heatmap import HeatmapModel, Tile
from chain.pipeline.staging import StagedContract, StagingMeta


class Staged(Struct, frozen=True):
    """The staging that a grid is painted from: contracts by ticker, and what they stand on."""

    meta: StagingMeta
    contracts: Mapping[str, StagedContract]

    def at(self, place: Place) -> tuple[str, StagedContract] | None:
        """Return the ticker and the contract at a place."""
        found = self.contracts.items()
        return next((one for one in found if (one[1].strike, one[1].root, one[1].side) == place), None)


class CellOf(Struct, frozen=True):
    """A figure of one contract by its name in `fields`.

    `staged` is what the stream has painted over it; None where the snapshot's own figure is shown. `convention` is that
    of gamma exposure.
    """

    place: Place
    figure: str
    staged: Staged | None = None
    convention: GexConvention = AS_DERIVED


class MeasureOf(Struct, frozen=True):
    """A measure by its name; of one chain, or `across` all expirations of its underlying. `label`: as it is shown.

    `input` names the one of its inputs that is asked about instead, `less` a measure that is taken from it.
    `convention` is that of gamma exposure. `given` is the measure as it is shown, where it is made of more than the
    Board has, of what was seen before; `counted` says what it has used and skipped.
    """

    name: str
    across: bool = False
    input: str = ""
    less: str = ""
    convention: GexConvention = AS_DERIVED
    given: Measure | None = None
    counted: str = "contracts"
    label: str = ""


class StraddleOf(Struct, frozen=True):
    """The straddle at a strike, points; None where the slice has no strike so far from the money."""

    strike: float | None


class TileOf(Struct, frozen=True):
    """A tile of a heatmap model by its name; None where the model has none of that name."""

    model: HeatmapModel
    name: str
    tile: Tile | None


class ChainOf(Struct, frozen=True):
    """What a line of the board says of a chain, and what stands over its grid."""


Subject = CellOf | MeasureOf | StraddleOf | ChainOf | TileOf


class Question(Struct, frozen=True):
    """A number on screen, and what is looked at: the Board, the instant by which it is evaluated, and the snapshot.

    `good` is the snapshot that is shown, which a frozen view keeps while the chain goes on; None where there is none.
    `frozen_at` is epoch seconds; `is_past`: the Board is a recorded one.
    """

    subject: Subject
    chain: ChainId
    moment: DatedBoard
    good: LastGood | None
    frozen_at: float | None = None
    is_past: bool = False

    @property
    def keys(self) -> KeySchema:
        """The keys under the prefix that is watched."""
        return KeySchema(self.moment.board.prefix)

    def of(self, record: ChainRecord) -> "Question":
        """Return the same question of another chain's newest snapshot."""
        return replace(self, chain=record.chain, good=record.last_good, frozen_at=None)

    @property
    def siblings(self) -> tuple["Question", ...]:
        """The same question of each chain of its underlying that has a snapshot, by expiration."""
        records = self.moment.board.chains.records
        mine = [one for one in records if one.chain.underlying == self.chain.underlying and one.last_good]
        return tuple(self.of(one) for one in sorted(mine, key=lambda one: one.chain.expiry))

    @property
    def record(self) -> ChainRecord:
        """What the Board knows of the chain; a blank record where it no longer has it."""
        records = self.moment.board.chains.records
        return next((record for record in records if record.chain == self.chain), ChainRecord(self.chain))

"""What can be asked: of which number, and in front of what the reader stands. Frozen, for it crosses threads."""

from collections.abc import Mapping

from msgspec import Struct

from chain.model.keys import ChainId, KeySchema
from chain.model.placement import Place
from chain.monitor.analytics import DatedBoard
from chain.monitor.board import ChainRecord, LastGood
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
    """A figure of one contract: `figure` is a name of `fields.FIGURES`.

    `staged` is what the stream has painted over it; None where the snapshot's own figure is shown.
    """

    place: Place
    figure: str
    staged: Staged | None = None


Subject = CellOf


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

    @property
    def record(self) -> ChainRecord:
        """What the Board knows of the chain; a blank record where it no longer has it."""
        records = self.moment.board.chains.records
        return next((record for record in records if record.chain == self.chain), ChainRecord(self.chain))

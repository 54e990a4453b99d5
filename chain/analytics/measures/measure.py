"""A derived number with all that a reader needs to trust it, or to see why it is not there."""

import math
from collections import Counter
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from chain.model.keys import SnapshotId

POINTS, FRACTION, RATIO = "points", "fraction", "ratio"
ABSURD = "its contracts carry absurd figures"


class Measure(Struct, frozen=True):
    """One derived number; `value` is None where it cannot be had, and `note` then says why.

    `convention` names method and choices, `inputs` the figures that went into it beside the contracts. `used` counts
    contracts that the value rests on, `skipped` those left out, by reason. `slice_only`: it depends on strikes that the
    snapshot's range cuts off. `snapshots` are those that it was derived from.
    """

    value: float | None
    unit: str
    convention: str
    snapshots: tuple[SnapshotId, ...]
    used: int
    skipped: Mapping[str, int]
    inputs: Mapping[str, float | None]
    slice_only: bool = False
    note: str = ""

    @property
    def oldest(self) -> SnapshotId:
        """The oldest snapshot that went into it."""
        return min(self.snapshots, key=lambda one: one.ts_ms)

    @property
    def finite(self) -> "Measure":
        """The same, without a value where it or an input is beyond every number: one absurd figure can do that."""
        figures = (self.value, *self.inputs.values())
        if all(figure is None or math.isfinite(figure) for figure in figures):
            return self
        inputs = {
            name: each if each is not None and math.isfinite(each) else None for name, each in self.inputs.items()
        }
        note = self.note if self.value is None and self.note else ABSURD
        return replace(self, value=None, note=note, inputs=inputs)


def together(*counts: Mapping[str, int]) -> dict[str, int]:
    """Return the sum of several counts by reason."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)

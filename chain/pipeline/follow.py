"""How a reader keeps a heatmap model up to date from the whole under its key and the diffs on its channel. No I/O.

The whole is written less often than diffs are sent, so it may be older than the diffs that a reader has heard since it
began to listen. A reader listens first, then reads the whole; the diffs heard meanwhile lead from it to the newest
version. Where the whole is older than the first of them, the next one that is written is not.
"""

from collections import deque

from msgspec.structs import replace

from chain.pipeline.heatmap import HeatmapDiff, HeatmapModel

_MOST_KEPT = 64  # diffs that wait for a whole


def apply(diff: HeatmapDiff, model: HeatmapModel) -> HeatmapModel:
    """Return the model that a diff leads to; raise ValueError if it does not lead on from this one."""
    if diff.before != model.version:
        raise ValueError(f"the diff leads on from version {diff.before!r}, and this is {model.version!r}")
    tiles = {**model.tiles, **diff.changed}
    for name in diff.removed:
        tiles.pop(name, None)
    return replace(
        model,
        version=diff.version,
        ts=diff.ts,
        spot=diff.spot,
        atm=diff.atm,
        widths=diff.widths,
        expirations=diff.expirations,
        tiles=tiles,
    )


class HeatmapFollower:
    """A reader's copy of one model. While `behind`, the whole has to be read: now, and again until it is so no more."""

    def __init__(self) -> None:
        self.model: HeatmapModel | None = None
        self.behind = True
        self._waiting: deque[HeatmapDiff] = deque(maxlen=_MOST_KEPT)

    def on_diff(self, diff: HeatmapDiff) -> None:
        """Take a message of the channel, in their order."""
        if not self.behind and self.model and diff.version == self.model.version:
            return  # another has taken over, and made the same
        if not self.behind and self.model and diff.before == self.model.version:
            self.model = apply(diff, self.model)
        else:
            self.behind = True
            self._waiting.append(diff)

    def on_whole(self, model: HeatmapModel) -> None:
        """Take the whole as read after every message that `on_diff` was given."""
        latest = self._waiting[-1].version if self._waiting else model.version
        if model.version != latest:
            for diff in self._waiting:
                if diff.before == model.version:
                    model = apply(diff, model)
        self.behind = model.version != latest
        if not self.behind:
            self._waiting.clear()
        elif self.model and self.model.ts > model.ts:
            return  # older than what is held, and still not the newest
        self.model = model

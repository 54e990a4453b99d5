"""Recorded snapshots as of now, for consumers that know only live names and judge `ts` by their own clock."""

from collections.abc import Sequence

from chain.clock import Clock
from chain.decode.form import decode_plain
from chain.model.keys import SnapshotId
from chain.model.snapshot import PAYLOAD_LIMITS, EncodedSnapshot, Snapshot
from publisher.replay.in_force import Playable


class Restamp:
    """Stamps snapshots with the time of a clock. Their contracts stay as they were, times of quotes included."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, snapshots: Sequence[Playable]) -> Sequence[Playable]:
        """Return the same made now."""
        ts_ns = self._clock.wall_ns()
        return [_made_at(each, ts_ns) if isinstance(each, EncodedSnapshot) else each for each in snapshots]


def _made_at(snapshot: EncodedSnapshot, ts_ns: int) -> Snapshot:
    body = decode_plain(snapshot.raw, PAYLOAD_LIMITS)
    assert isinstance(body, dict), "it was decoded before"
    return Snapshot.at(
        SnapshotId(snapshot.id.chain, ts_ns // 1_000_000),
        ts_ns,
        atm=snapshot.atm,
        range_points=snapshot.range_points,
        contracts=body["contracts"],
    )

"""Recorded chains as a compositor finds them: published, fresh, and read again."""

from pathlib import Path

from chain.model.keys import ChainId, SnapshotId
from chain.model.session import days_to_expiry
from chain.model.snapshot import EncodedSnapshot, Snapshot, decode, encode
from chain.monitor.states import State
from mmaker.inputs import ChainInput
from publisher.capture import CaptureSource


async def recorded_inputs(path: Path, count: int) -> dict[str, list[ChainInput]]:
    """Return the snapshots of the first `count` expirations of a capture's first record, by underlying."""
    source = CaptureSource([path])
    await source.begin_cycle()
    found: dict[str, list[ChainInput]] = {}
    for underlying in source.underlyings:
        survey = await source.survey(underlying)
        for expiry in survey.expirations[:count]:
            window = await source.fetch_window(survey, expiry)
            at = SnapshotId(ChainId(underlying, expiry), int(survey.as_of * 1000))
            made = Snapshot.at(
                at,
                round(survey.as_of * 1e9),
                atm=window.atm,
                range_points=window.range_points,
                contracts=window.contracts,
            )
            raw = encode(made)
            snapshot = EncodedSnapshot.from_received(decode(raw, at), raw)
            dte = days_to_expiry(expiry, survey.as_of)
            each = ChainInput(at.chain, State.FRESH, snapshot=snapshot, kind="capture", spot=survey.spot, dte=dte)
            found.setdefault(underlying, []).append(each)
    return found

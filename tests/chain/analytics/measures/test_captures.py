"""Every recorded chain is measured, whatever its plan lacks, and each measure says what it left out."""

from pathlib import Path

import pytest

from chain.analytics.measures.chain import ChainMeasures, measures_of
from chain.analytics.measures.underlying import underlying_measures
from chain.model.grid import build_grid
from tests.support.places import CAPTURES
from tests.support.recorded_chains import recorded_inputs

FILES = sorted(CAPTURES.glob("*.jsonl.gz"))


async def recorded(path: Path) -> list[ChainMeasures]:
    inputs = await recorded_inputs(path, 12)
    snapshots = [one.snapshot for ones in inputs.values() for one in ones if one.snapshot is not None]
    return [measures_of(build_grid(snapshot.open()), snapshot.ts) for snapshot in snapshots]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
async def test_a_recorded_chain_is_measured(path: Path) -> None:
    chains = await recorded(path)
    assert chains
    for chain in chains:
        listed = len(chain.contracts)
        for measure in chain.measures.values():
            assert measure.value is not None or measure.note
            assert measure.used + sum(measure.skipped.values()) <= listed
        whole = ("put_call_oi", "put_call_volume", "max_pain", "gex_net", "zero_gamma_profile", "greeks_apart")
        for measure in (chain[name] for name in whole):
            assert measure.used + sum(measure.skipped.values()) == listed, measure
    across = underlying_measures(chains)
    assert across.totals["gex_net"].used == sum(chain["gex_net"].used for chain in chains)
    assert len(across.forward_vols) == len(chains)

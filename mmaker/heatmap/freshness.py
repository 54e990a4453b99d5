"""How fresh each expiration of a model is, and which have no place in it, as a Board shows them."""

from collections.abc import Mapping
from typing import NamedTuple

from chain.model.keys import ChainId
from chain.monitor.states import State
from chain.thresholds import NO_EXPIRY_LIFE_MS
from mmaker.heatmap.builder import HeatmapBuilder
from mmaker.inputs import USABLE, ChainInput

_SHORTEST_LIFE_MS = 1_000


def has_place(each: ChainInput) -> bool:
    """Return whether a chain belongs into a model: its snapshot is there, and its session is not over."""
    return not each.over and each.state is not State.MISSING


class Basis(NamedTuple):
    """What a model stands on: how long its snapshots live, ms, and why nothing may be derived of them, if so."""

    life_ms: int
    reason: str = ""


def bring_up_to(builder: HeatmapBuilder, inputs: Mapping[ChainId, ChainInput]) -> Basis:
    """Drop what has no place in a model, and say how fresh the rest is; return what it stands on."""
    life_ms, reasons = 0, list[str]()
    for chain in builder.chains:
        each = inputs.get(chain)
        if each is None or not has_place(each):
            builder.drop(chain.expiry)
            continue
        builder.judge(chain.expiry, each.state, each.dte)
        if each.state in USABLE:
            life_ms = max(life_ms, each.life_ms, _SHORTEST_LIFE_MS)
        else:
            reasons.append(f"{chain.expiry}: {each.reason}")
    if life_ms:
        return Basis(min(life_ms, NO_EXPIRY_LIFE_MS))
    more = f"; {len(reasons) - 1} more are no better" if len(reasons) > 1 else ""
    return Basis(0, f"{reasons[0]}{more}" if reasons else "no snapshot is left")


def lacking(builder: HeatmapBuilder, inputs: Mapping[ChainId, ChainInput]) -> bool:
    """Return whether a chain of its underlying, of which something may be derived, has not come in yet."""
    return any(
        chain.underlying == builder.underlying and chain not in builder.chains and has_place(each) and not each.reason
        for chain, each in inputs.items()
    )

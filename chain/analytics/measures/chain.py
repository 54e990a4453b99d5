"""All measures of one chain, from its strike grid."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from chain.analytics.measures import atm, flip, gamma, interest, wings
from chain.analytics.measures.contracts import ContractCheck, contract_checks, greeks_check
from chain.analytics.measures.measure import Measure
from chain.analytics.slice import ChainSlice, Maturity, slice_of
from chain.model.calendar import RULE, Calendar
from chain.model.grid import StrikeGrid
from chain.model.keys import SnapshotId


class ChainMeasures(Struct, frozen=True):
    """What one snapshot says, measure by measure. `at`: the instant it describes, epoch seconds; `spot` in points.

    `gex` is by the convention that was asked for, `naive` with calls + and puts -, as walls and zero gamma are.
    """

    snapshot: SnapshotId
    at: float
    spot: float | None
    maturity: Maturity | None  # of the root at the money
    measures: Mapping[str, Measure]
    gex: gamma.Exposure
    naive: gamma.Exposure
    profile: flip.Profile
    smile: tuple[wings.SmilePoint, ...]
    straddles: tuple[atm.StrikeStraddle, ...]
    interest: tuple[interest.StrikeInterest, ...]
    contracts: tuple[ContractCheck, ...]

    def __getitem__(self, name: str) -> Measure:
        """The measure of a name."""
        return self.measures[name]

    def told_in(self, convention: gamma.GexConvention) -> "ChainMeasures":
        """Return the same with gamma exposure by another convention, but for what stands for itself in any."""
        scales = gamma.rescaled(self.gex, convention)
        if not scales:
            return self
        gex = gamma.told_in(self.gex, convention)
        contracts = tuple(
            each if each.gex is None else replace(each, gex=each.gex * scales[each.side]) for each in self.contracts
        )
        measures = {**self.measures, "gex_net": gamma.gex_net(gex).finite}
        return replace(self, gex=gex, measures=measures, contracts=contracts)


def measures_of(
    grid: StrikeGrid, at: float, calendar: Calendar = RULE, convention: gamma.GexConvention | None = None
) -> ChainMeasures:
    """Return the measures of a grid that describes the instant `at`, epoch seconds.

    `calendar` says when the expiry closes, `convention` in which unit and with which signs gamma exposure is told.
    """
    chain = slice_of(grid, at, calendar)
    convention = convention or gamma.GexConvention()
    gex, naive = _exposures(chain, convention)
    measures = _at_the_money(chain)
    forward, move = measures["implied_forward"].value, measures["expected_move_iv"].value
    checks = contract_checks(chain, forward, move, convention)
    profile = flip.profile(chain)
    rr25, bf25 = wings.wings(chain, measures["atm_iv"])
    measures |= {
        "rr25": rr25,
        "bf25": bf25,
        "put_call_oi": interest.put_call_oi(chain),
        "put_call_volume": interest.put_call_volume(chain),
        "max_pain": interest.max_pain(chain),
        **exposed(gex, naive, profile),
        "greeks_apart": greeks_check(chain, checks),
    }
    return ChainMeasures(
        snapshot=grid.snapshot.id,
        at=at,
        spot=grid.spot,
        maturity=chain.maturities[chain.atm.root] if chain.atm else None,
        measures={name: measure.finite for name, measure in measures.items()},
        gex=gex,
        naive=naive,
        profile=profile,
        smile=wings.smile(chain, forward, move),
        straddles=atm.straddles(chain),
        interest=interest.by_strike(chain),
        contracts=checks,
    )


def _exposures(chain: ChainSlice, convention: gamma.GexConvention) -> tuple[gamma.Exposure, gamma.Exposure]:
    """Return gamma exposure by a convention, and with the signs by which walls are told."""
    gex = gamma.exposure(chain, convention)
    if convention.signs is gamma.GexSigns.NAIVE:
        return gex, gex
    return gex, gamma.exposure(chain, gamma.GexConvention(convention.unit))


def _at_the_money(chain: ChainSlice) -> dict[str, Measure]:
    straddle, sigma = atm.straddle(chain), atm.atm_iv(chain)
    return {
        "straddle": straddle,
        "expected_move_iv": atm.expected_move_iv(chain, sigma),
        "expected_move_straddle": atm.expected_move_straddle(chain, straddle),
        "implied_forward": atm.implied_forward(chain),
        "atm_iv": sigma,
    }


def exposed(gex: gamma.Exposure, naive: gamma.Exposure, profile: flip.Profile) -> dict[str, Measure]:
    """Return the measures of a gamma exposure, of one expiry or of several."""
    return {
        "gex_net": gamma.gex_net(gex),
        "call_wall": gamma.call_wall(naive),
        "put_wall": gamma.put_wall(naive),
        "zero_gamma_profile": flip.zero_gamma_profile(profile),
        "zero_gamma_cumulative": gamma.zero_gamma_cumulative(naive),
    }

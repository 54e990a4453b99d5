"""What the measures add to a grid: levels at their strikes, bands by deviation, vendor greeks that disagree."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.analytics.measures.chain import ChainMeasures, measures_of
from chain.analytics.measures.gamma import GexConvention, GexSigns, GexUnit
from chain.clock import Instant
from chain.model.grid import StrikeGrid
from chain.model.keys import ChainId
from chain.model.snapshot import Contract
from tests.support.measured import CLOSE, SPOT, WEEK_BEFORE, grid, held_chain, priced
from tests.support.scenes import SPX, SPX_MONTHLY, START_NS, law, record, report
from tui.lines.grid.annotations import INSIDE, TAGS, Annotations, annotations, tag_text
from tui.lines.grid.columns.sets import COLUMN_SETS
from tui.lines.grid.frame import apart_words, deviation_words, grid_foot, grid_levels, grid_title
from tui.lines.grid.rows import grid_table
from tui.lines.line import length, plain

MOVE = 130.52  # points, one standard deviation of the chains here by IV


def noted(*contracts: Contract) -> tuple[StrikeGrid, ChainMeasures, Annotations]:
    made = grid(*contracts)
    measures = measures_of(made, WEEK_BEFORE)
    return made, measures, annotations(made, measures)


def ladder(low: int, high: int, step: int = 10, **how: Any) -> list[Contract]:
    return [priced(strike, side, **how) for strike in range(low, high + 1, step) for side in ("call", "put")]


def by_strike(made: StrikeGrid, told: Any) -> dict[float, Any]:
    return {made.rows[at].strike: what for at, what in told.items()}


def test_each_level_stands_at_the_strike_nearest_to_it_and_none_beyond_the_slice() -> None:
    made, measures, notes = noted(*held_chain())
    assert measures["zero_gamma_profile"].value == pytest.approx(6827.4, abs=0.05)  # outside the strikes
    assert by_strike(made, notes.tags) == {6900: ("PW",), 6930: ("MP", "F"), 6950: ("Zc",), 6960: ("CW",)}
    for width, shown in ((76, "│MP[6930]║│"), (90, "│MP+ [6930]║│"), (96, "│   MP F [6930]║│")):
        [atm] = [plain(line) for line in grid_table(made, width, notes=notes).body if "[6930]" in plain(line)]
        assert shown in atm


def test_the_bands_end_at_one_and_two_standard_deviations() -> None:
    made, _, notes = noted(*ladder(6600, 7260))
    bands = by_strike(made, notes.bands)
    for strike in range(6600, 7261, 10):
        away = abs(strike - SPOT) / MOVE
        inside = INSIDE[0] if away <= 1 else INSIDE[1] if away <= 2 else None
        edge = (away <= 1 < away + 10 / MOVE and "1") or (away <= 2 < away + 10 / MOVE and "2")
        assert bands.get(strike) == (edge or inside), strike
    assert sorted(bands.values()).count("1") == sorted(bands.values()).count("2") == 2


def test_a_band_that_the_slice_cuts_has_no_end_there() -> None:
    made, _, notes = noted(*held_chain())
    assert set(notes.bands.values()) == {INSIDE[0]} and len(notes.bands) == len(made.rows)


def test_without_iv_there_are_no_bands_and_no_forward_without_quotes() -> None:
    bare = ladder(6900, 6960, implied_volatility=None, last_quote=None)
    made, measures, notes = noted(*bare)
    assert not notes.bands and "F" not in {tag for tags in notes.tags.values() for tag in tags}
    assert deviation_words(measures) == ""
    assert "1 SD" not in plain(grid_levels(measures, 200)) and plain(grid_levels(measures, 200)).endswith(" F -")
    assert {length(line) for line in grid_table(made, 100, notes=notes).body} == {100}


def test_of_two_roots_the_one_at_the_money_bears_the_marks() -> None:
    both = [*ladder(6900, 6960, root="SPXW"), *ladder(6900, 6960, root="SPX")]
    made, _, notes = noted(*both)
    assert {made.rows[at].root for at in (*notes.tags, *notes.bands)} == {"SPXW"}


@law
@given(tags=st.lists(st.sampled_from(list(TAGS)), unique=True, max_size=6).map(tuple), width=st.integers(2, 12))
def test_tags_fit_and_say_where_there_are_more(tags: tuple[str, ...], width: int) -> None:
    text = tag_text(tags, width)
    assert len(text) <= width
    assert text == " ".join(tags) or text.endswith("+") or (width == 2 and text == tags[0])


def test_levels_in_figures_say_what_only_the_slice_knows() -> None:
    _, measures, _ = noted(*held_chain())
    assert plain(grid_levels(measures, 120)) == (
        " CW 6960  PW 6900  MP 6930  Zp 6827.40  Zc 6954.87  slice only   F 6930.00  ║ 1 SD 6799-7061"
    )
    for width in range(20, 140):
        assert length(grid_levels(measures, width)) == width
    assert plain(grid_levels(measures, 38)) == " CW 6960  PW 6900  MP 6930  F 6930.00"


def test_a_vendors_greek_far_from_black_scholes_is_marked_and_counted() -> None:
    contracts = held_chain()
    contracts[6]["greeks"] = {**contracts[6]["greeks"], "delta": 0.62}  # the call at 6930
    made, measures, notes = noted(*contracts)
    marked = [plain(line) for line in grid_table(made, 120, notes=notes).body if "~" in plain(line)]
    assert len(marked) == 1 and "[6930]" in marked[0]
    assert "~.62" in marked[0] and marked[0].count("~") == 2  # delta and gamma are of one moment
    assert apart_words(measures) == "~ 1 of 14 greeks off Black-Scholes"
    assert "~ 1 of 14 greeks off Black-Scholes" in plain(grid_foot(made, 120, "", apart_words(measures)))
    assert apart_words(noted(*held_chain())[1]) == ""


@pytest.mark.parametrize(
    ("convention", "heading", "call", "put"),
    [
        (GexConvention(), "GEX$/1%", "+146.8M", "-146.8M"),
        (GexConvention(GexUnit.POINT), "GEX$/pt", "+2.12M", "-2.12M"),
        (GexConvention(GexUnit.SHARES), "GEXsh/pt", "+306", "-306"),
        (GexConvention(signs=GexSigns.UNSIGNED), "GEX$/1%", "+146.8M", "+146.8M"),
    ],
)
def test_gamma_exposure_is_told_by_the_convention_that_is_asked_for(
    convention: GexConvention, heading: str, call: str, put: str
) -> None:
    made, measures, _ = noted(*(priced(6930, side, open_interest=1000) for side in ("call", "put")))
    notes = annotations(made, measures.told_in(convention))
    table = grid_table(made, 120, columns=COLUMN_SETS["flow"], notes=notes)
    assert plain(table.head[0]).count(heading) == 2
    shown = re.findall(r"[+-]\d\S*", plain(table.body[-1]))
    assert shown == [call, put]


def test_a_negative_delta_that_fills_its_column_keeps_its_mark() -> None:
    contracts = held_chain()
    contracts[7]["greeks"] = {**contracts[7]["greeks"], "delta": -0.62}
    made, _, notes = noted(*contracts)
    [marked] = [plain(line) for line in grid_table(made, 77, notes=notes).body if "~" in plain(line)]
    assert "~-.62" in marked


def test_the_foot_says_the_band_only_where_there_is_room() -> None:
    made, measures, _ = noted(*held_chain())
    told = plain(grid_foot(made, 80, band=deviation_words(measures)))
    assert told.endswith("║ 1 SD 6799-7061  strikes 6930 ±50")
    assert plain(grid_foot(made, 45, band=deviation_words(measures))).endswith("rows     strikes 6930 ±50")
    assert plain(grid_foot(made, 45, "* 3 of the stream")) == " * 3 of the stream; 14 contracts in 7 rows"


# The last day


def title(chain: ChainId, at_s: float, *roots: str) -> str:
    made = grid(*(each for root in roots for each in ladder(6920, 6940, chain=chain, root=root)), chain=chain)
    now = Instant(round(at_s * 1e9), 5_000.0)
    [status] = report([record(chain, now)], now).statuses
    return plain(grid_title(made, status, "[MOCK]", 120, now_s=at_s))


@pytest.mark.parametrize(
    ("before_s", "said"),
    [
        (6.5 * 3600, "SPXW PM in 6h30m"),
        (60.0, "SPXW PM in 0h01m"),
        (59.9, "SPXW PM in 0h00m"),
        (0.0, "SPXW PM settled"),
        (-1800.0, "SPXW PM settled"),
    ],
)
def test_on_its_last_day_the_title_says_how_long_a_root_still_runs(before_s: float, said: str) -> None:
    assert said in title(SPX_MONTHLY, CLOSE - before_s, "SPXW")


def test_a_morning_root_is_settled_while_the_afternoons_still_runs() -> None:
    assert "SPX AM settled  SPXW PM in 1h00m" in title(SPX_MONTHLY, CLOSE - 3600, "SPX", "SPXW")
    assert "SPX AM in 0h30m  SPXW PM in 7h00m" in title(SPX_MONTHLY, CLOSE - 7 * 3600, "SPX", "SPXW")


def test_before_its_last_day_days_are_enough() -> None:
    told = title(SPX_MONTHLY, START_NS / 1e9, "SPXW")
    assert "SPXW PM" in told and " in " not in told
    assert SPX.expiry < SPX_MONTHLY.expiry

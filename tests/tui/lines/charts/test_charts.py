"""What each chart says of measures and readings: its unit, sources, convention, and what it cannot say."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.analytics.measures.chain import ChainMeasures, measures_of
from chain.analytics.measures.gamma import GexConvention, GexUnit
from chain.analytics.measures.measure import Measure
from chain.analytics.measures.underlying import UnderlyingMeasures, underlying_measures
from chain.analytics.realised import unrealised
from chain.clock import Instant
from chain.model.keys import ChainId
from chain.model.snapshot import Contract
from chain.monitor.states import State
from chain.thresholds import Thresholds
from tests.chain.analytics.measures.test_laws import any_chain
from tests.support.measured import HELD, SPOT, WEEK_BEFORE, grid, held_chain, measured, priced
from tests.support.scenes import SPX_MONTHLY, START_NS, at_fault, law, record, report
from tui.export.tables.charts import chart_table
from tui.lines import figures
from tui.lines.charts.catalogue import KINDS, ChartChoice, ChartKind, across_and_down, chart_of, on_page, tab_at, tabs
from tui.lines.charts.facts import Facts, Part, facts_of
from tui.lines.charts.gex import profile_chart, strikes_chart
from tui.lines.charts.interest import interest_chart
from tui.lines.charts.plot.chart import Bars, Chart, Curves, Series
from tui.lines.charts.plot.picture import Standing, chart_lines
from tui.lines.charts.smile import smile_chart
from tui.lines.charts.term import term_chart
from tui.lines.charts.timing import NOT_THEN, PLAYED, Clocked, age_chart, cycle_chart, seen_chart
from tui.lines.line import Role, plain
from tui.terminal.symbols import Symbols

NOW = Instant(START_NS, 5_000.0)
LATER = ChainId("SPX", SPX_MONTHLY.expiry + timedelta(days=7))
LAST = ChainId("SPX", SPX_MONTHLY.expiry + timedelta(days=14))


def across(*vols: float, **how: Any) -> UnderlyingMeasures:
    """Return the measures of as many expirations, a week apart, each of one volatility."""
    return underlying_measures(
        [one(chain, vol, **how) for chain, vol in zip((SPX_MONTHLY, LATER, LAST), vols, strict=False)]
    )


def one(chain: ChainId = SPX_MONTHLY, vol: float = 0.136, **how: Any) -> ChainMeasures:
    return measured(*held_chain(chain=chain, vol=vol, **how), chain=chain)


def facts(of: UnderlyingMeasures | None, *past: ChainId, every: bool = True, in_sd: bool = False) -> Facts:
    chains = of.chains if of else ()
    parts = {
        each.snapshot.chain: Part(each.snapshot, 3.0 + at, each.snapshot.chain in past)
        for at, each in enumerate(chains)
    }
    return Facts(of, SPX_MONTHLY, parts, len(chains), every, in_sd)


def after(seconds: int) -> Instant:
    return Instant(NOW.wall_ns + seconds * 10**9, NOW.mono + seconds)


def curves(chart: Chart) -> Curves:
    assert isinstance(chart.picture, Curves)
    return chart.picture


def bars(chart: Chart) -> Bars:
    assert isinstance(chart.picture, Bars)
    return chart.picture


def named(chart: Chart, label: str) -> Series:
    [found] = [series for series in curves(chart).series if series.label == label]
    return found


def test_the_smile_of_one_expiry() -> None:
    chart = smile_chart(facts(across(0.136), every=False))
    [series] = curves(chart).series
    assert [x for x, _ in series.points] == list(HELD)
    assert [y for _, y in series.points] == pytest.approx([13.6] * len(HELD))
    assert (curves(chart).x.unit, curves(chart).y.unit) == ("strike, points", "IV, %")
    assert chart.subject == "SPX 01-16 Fri"
    assert chart.about == "snapshot 10:00:00, 3.0 s old; 7 contracts used"
    assert [mark.label.rpartition(" ")[0] for mark in curves(chart).upright] == [
        "spot",
        "1 SD below",
        "forward",
        "1 SD above",
    ]


def test_a_strike_without_iv_is_a_gap_and_is_counted() -> None:
    items = [priced(strike, side) for strike in HELD for side in ("call", "put")]
    items[4] = priced(6920, "call", implied_volatility=None)
    items[5] = priced(6920, "put", implied_volatility=None)
    chart = smile_chart(facts(underlying_measures([measured(*items)]), every=False))
    assert dict(curves(chart).series[0].points)[6920] is None
    assert chart.about.endswith("6 contracts used, 1 skipped: no IV 1")


def test_the_smiles_of_all_expirations_end_with_the_chosen_one() -> None:
    chart = smile_chart(facts(across(0.13, 0.14, 0.15)))
    assert [series.label for series in curves(chart).series] == ["01-23", "01-30", "01-16"]
    assert [series.role for series in curves(chart).series] == [Role.TEXT, Role.TEXT, Role.ACCENT]
    assert chart.about == "3 snapshots, the oldest 01-30 5.0 s old; 21 contracts used"


def test_a_smile_that_may_be_true_no_longer_is_dim_among_others() -> None:
    chart = smile_chart(facts(across(0.13, 0.14), LATER))
    assert (named(chart, "01-23 LAST GOOD").role, named(chart, "01-16").role) == (Role.DIM, Role.ACCENT)
    assert (chart.last_good, chart.dim) == ("1 of 2 LAST GOOD", False)
    alone = smile_chart(facts(across(0.13), SPX_MONTHLY, every=False))
    assert (alone.last_good, alone.dim) == ("LAST GOOD 10:00:00", True)


def test_strikes_in_standard_deviations() -> None:
    chart = smile_chart(facts(across(0.136), every=False, in_sd=True))
    assert curves(chart).x.unit == "distance from the forward, SD"
    assert [mark.at for mark in curves(chart).upright] == [-1.0, 0.0, 1.0]
    middle = dict(enumerate(x for x, _ in curves(chart).series[0].points))[3]
    assert middle == pytest.approx(0.0, abs=0.01)


def test_two_strikes_with_iv_are_too_few_for_a_line() -> None:
    chart = smile_chart(facts(underlying_measures([one(held={6920: (1, 1), 6930: (1, 1)})]), every=False))
    assert chart.words == "too few strikes with IV for a line: 01-16"


def test_the_term_structure_and_what_holds_between_expirations() -> None:
    of = across(0.13, 0.14, 0.15)
    chart = term_chart(facts(of))
    days = [each.maturity.years * 365 for each in of.chains if each.maturity]
    assert [x for x, _ in named(chart, "ATM IV").points] == days
    assert [y for _, y in named(chart, "ATM IV").points] == pytest.approx([13.0, 14.0, 15.0])
    vols = [figures.in_percent(vol.value) for vol in of.forward_vols if vol.value is not None]
    assert named(chart, "forward vol").points == (
        (days[0], vols[0]),
        (days[1], vols[0]),
        (days[1], None),
        (days[1], vols[1]),
        (days[2], vols[1]),
        (days[2], None),
    )
    assert curves(chart).x.named == tuple(zip(days, ("01-16 7.0d", "01-23 14.0d", "01-30 21.0d"), strict=True))
    assert chart.words == ""
    assert chart.about == "3 snapshots, the oldest 01-30 5.0 s old; 6 contracts used"


def test_what_spot_has_realised_stands_against_what_is_implied() -> None:
    of = across(0.13, 0.14, 0.15)
    last = of.chains[-1].snapshot
    inputs = {"minutes": 30.0, "standard_error": 0.0142}
    known = replace(of, realised=Measure(0.112, "fraction", "", (last,), 30, {}, inputs))
    chart = term_chart(facts(known))
    [mark] = curves(chart).level
    assert mark.at == pytest.approx(11.2) and mark.label == "realised 11.2 %"
    assert chart.figures == "realised 11.2 ±1.4 % of 30 returns of spot over 30 min"
    assert any("realised 11.2 %" in plain(line) for line in chart_lines(chart, Standing(), 90, 20, Symbols.BRAILLE))
    early = term_chart(facts(replace(of, realised=unrealised(last, "3 of 20 returns so far"))))
    assert curves(early).level == () and early.figures == "realised volatility -: 3 of 20 returns so far"
    assert term_chart(facts(of)).figures == ""


def test_a_term_structure_is_always_of_all_expirations() -> None:
    chart = term_chart(facts(across(0.13, 0.14, 0.15), every=False))
    assert chart.subject == "SPX all 3 expirations" and len(named(chart, "ATM IV").points) == 3


def test_no_forward_volatility_where_variance_would_be_negative() -> None:
    chart = term_chart(facts(across(0.13, 0.05, 0.15)))
    assert chart.words == "no forward volatility up to 01-23: negative forward variance"
    assert len(named(chart, "forward vol").points) == 3


def test_two_expirations_are_no_term_structure() -> None:
    assert term_chart(facts(across(0.13, 0.14))).words == "2 expiries have ATM IV: too few for a line"
    assert term_chart(facts(across(0.13))).words == "1 expiry has ATM IV: too few for a line"


def test_total_gex_crosses_zero_where_it_is_said_to() -> None:
    of = across(0.136)
    chart = profile_chart(facts(of, every=False))
    [series] = curves(chart).series
    marks = {mark.sign or mark.label[0].upper(): mark for mark in curves(chart).upright}
    assert marks["S"].label == "spot 6,930.00"
    assert marks["C"].label == "call wall 6,960" and marks["P"].label == "put wall 6,900"
    assert marks["Z"].label == "zero gamma by profile 6,827.40"  # below the slice: named, not drawn
    assert marks["R"].label.startswith("by running sum 6,95")
    at_spot = dict(series.points)[SPOT]
    assert at_spot == pytest.approx(161.68, abs=0.01)
    assert curves(chart).y.unit == "GEX in million dollars per 1 % move"
    assert chart.words == "zero gamma by profile: outside the strikes of the slice"
    assert chart.figures == "total at spot 161.68 million dollars per 1 % move"
    assert "slice only" in chart.convention and chart.convention.endswith("European")


def test_the_root_of_total_gex_is_a_point_of_its_curve() -> None:
    wide = {strike: (count, count) for strike, (count, _) in HELD.items()} | {6700: (0, 9000), 7100: (9000, 0)}
    of = underlying_measures([one(held=wide)])
    root = of.totals["zero_gamma_profile"].value
    assert root is not None
    assert dict(of.curve)[root] == pytest.approx(0.0, abs=1e-3 * max(abs(value) for _, value in of.curve))
    assert of.curve[0][0] == 6700 and of.curve[-1][0] == 7100


def test_zero_is_in_the_chart_where_total_gex_keeps_its_sign() -> None:
    chart = profile_chart(facts(across(0.13, 0.135, 0.15)))
    assert min(value for _, value in curves(chart).series[0].points if value is not None) > 200
    lines = [plain(line) for line in chart_lines(chart, Standing(), 80, 20, Symbols.BRAILLE)]
    assert any(line.strip().startswith("0┤") and "┄" in line for line in lines)


def test_net_gex_stands_on_its_own_side() -> None:
    chart = strikes_chart(facts(across(0.136), every=False))
    by_strike = {bar.label: bar for bar in bars(chart).bars}
    assert [each and round(each, 2) for each in (*by_strike["6960"].left, *by_strike["6960"].right)] == [None, 315.22]
    assert [each and round(each, 2) for each in (*by_strike["6900"].left, *by_strike["6900"].right)] == [-285.26, None]
    assert (by_strike["6960"].note, by_strike["6900"].note, by_strike["6930"].note) == ("call wall", "put wall", "spot")
    assert bars(chart).unit == "million dollars per 1 % move"
    assert chart.figures.startswith("net 161.68 million;  spot 6,930.00;  zero gamma by profile 6,827.40")
    assert chart.convention.startswith("vendor gamma * open interest in dollars per 1 % move, calls +, puts -")


def test_open_interest_mirrors_about_the_strike() -> None:
    chart = interest_chart(facts(across(0.136), every=False))
    by_strike = {bar.label: bar for bar in bars(chart).bars}
    assert [*by_strike["6900"].left, *by_strike["6900"].right] == [
        1200,
        500,
        1200,
        2500,
    ]  # volume, open interest, twice
    assert by_strike["6930"].note == "spot, max pain"
    assert bars(chart).layers == ("volume", "OI") and bars(chart).unit == "contracts"
    assert chart.figures == "spot 6,930.00;  P/C OI 0.91;  P/C volume 1.00;  max pain 6930"


def test_of_one_expiry_spot_is_where_its_own_snapshot_has_it() -> None:
    chains = {SPX_MONTHLY: 6910.0, LATER: 6950.0}
    of = underlying_measures([one(chain, spot=spot) for chain, spot in chains.items()])
    for chain, spot in chains.items():
        for chart in (
            interest_chart(facts(of, every=False)._replace(chain=chain)),
            strikes_chart(facts(of, every=False)._replace(chain=chain)),
        ):
            assert [bar.label for bar in bars(chart).bars if "spot" in bar.note] == [f"{spot:.0f}"]
            assert bars(chart).bars[bars(chart).centre].label == f"{spot:.0f}"
            assert f"spot {spot:,.2f}" in chart.figures


def test_all_expirations_add_up() -> None:
    chart = interest_chart(facts(across(0.13, 0.14)))
    assert {bar.label: bar for bar in bars(chart).bars}["6900"].left == (2400.0, 1000.0)
    assert "max pain" not in chart.figures


def test_what_is_not_known_of_a_side_is_missing() -> None:
    items = [priced(6930, "call", open_interest=None, day=None), priced(6930, "put", open_interest=5)]
    chart = interest_chart(facts(underlying_measures([measured(*items)]), every=False))
    [bar] = bars(chart).bars
    assert [*bar.left, *bar.right] == [None, None, 1200, 5]
    assert "1 skipped: no open interest 1" in chart.about


@pytest.mark.parametrize("kind", [kind for kind in ChartKind if kind.of_measures])
def test_every_chart_says_what_it_rests_on(kind: ChartKind) -> None:
    """Its units, its snapshots with the age of the oldest, its convention, and the contracts used."""
    chart = chart_of(kind, facts(across(0.13, 0.14, 0.15), LATER), clocked())
    lines = [plain(line) for line in chart_lines(chart, Standing("[MOCK]"), 130, 30, Symbols.BRAILLE)]
    assert "1 of 3 LAST GOOD" in lines[0] and lines[0].endswith("[MOCK]")
    assert chart.dim is (kind is not ChartKind.SMILE)  # of smiles only the one; what is summed is all as old as that
    assert any("3 snapshots, the oldest 01-30 5.0 s old" in line and "contracts used" in line for line in lines)
    assert chart.convention and any(chart.convention.split()[0] in line for line in lines[-3:])
    units = ("points", "days to settlement", "contracts", "dollars per 1 % move")
    assert any(unit in line for line in lines for unit in units)


@law
@given(any_chain(), st.booleans(), st.booleans(), st.sampled_from(Symbols))
def test_whatever_a_vendor_sends_is_drawn_or_said(
    made: list[Contract], every: bool, in_sd: bool, symbols: Symbols
) -> None:
    of = facts(underlying_measures([measured(*made)]), every=every, in_sd=in_sd)
    for kind in (kind for kind in ChartKind if kind.of_measures):
        chart = chart_of(kind, of, clocked())
        lines = [plain(line) for line in chart_lines(chart, Standing("[MOCK]"), 80, 19, symbols)]
        assert len(lines) == 19
        assert len("".join(lines[1:9]).strip()) > 0, kind


@pytest.mark.parametrize("kind", [kind for kind in ChartKind if kind.of_measures])
def test_without_measures_a_chart_says_why(kind: ChartKind) -> None:
    assert chart_of(kind, facts(None), clocked()).words == "no snapshot of SPX has been read yet"


def test_nothing_to_draw_is_said_as_the_measures_say_it() -> None:
    items = [priced(strike, side, implied_volatility=None, greeks=None) for strike in HELD for side in ("call", "put")]
    bare = facts(underlying_measures([measured(*items)]))
    assert smile_chart(bare).words == "no contract has IV"
    assert profile_chart(bare).words == "no contract has IV and open interest"
    assert strikes_chart(bare).words == "no contract has gamma and open interest"


def clocked(*ages: tuple[float, float], **parts: Any) -> Clocked:
    made = Clocked(SPX_MONTHLY, Thresholds(), NOW, tuple((NOW.mono - ago, age) for ago, age in ages))
    return made._replace(**parts)


def test_ages_stand_where_they_were_noted() -> None:
    chart = age_chart(clocked((3, 1.0), (2, 2.0), (1, 3.0)), 120)
    assert curves(chart).series[0].points == ((NOW.wall_s - 3, 1.0), (NOW.wall_s - 2, 2.0), (NOW.wall_s - 1, 3.0))
    assert [mark.label for mark in curves(chart).level] == ["warn 22 s", "stale 35 s"]
    assert chart.about == "3 readings"


def test_where_nobody_looked_there_is_a_gap() -> None:
    points = curves(age_chart(clocked((9, 1.0), (8, 2.0), (4.9, 5.0), (3.9, 6.0), (0.9, 9.0)), 120)).series[0].points
    assert [y for _, y in points] == [1.0, 2.0, None, 5.0, 6.0, 9.0]  # 3.1 s are a gap, 3.0 s are none


@pytest.mark.parametrize(("peak", "top"), [(17.4, 22.0), (17.6, 35.0)])
def test_the_stale_threshold_is_in_the_chart_once_an_age_comes_near(peak: float, top: float) -> None:
    assert curves(age_chart(clocked((3, 1.0), (2, peak), (1, 2.0)), 120)).y.ends == (0.0, top)


@pytest.mark.parametrize(
    ("peak", "roles"),
    [
        (22.0, (Role.DIM, Role.DIM)),
        (22.1, (Role.CAUTION, Role.DIM)),
        (35.0, (Role.CAUTION, Role.DIM)),
        (35.1, (Role.CAUTION, Role.ALARM)),
    ],
)
def test_a_threshold_alarms_once_it_is_passed(peak: float, roles: tuple[Role, Role]) -> None:
    chart = age_chart(clocked((3, 1.0), (2, peak), (1, 2.0)), 120)
    assert tuple(mark.role for mark in curves(chart).level) == roles


@pytest.mark.parametrize(("seconds", "until"), [(0, 0), (1, 10), (10, 10), (11, 20)])
def test_the_window_moves_on_by_steps_and_holds_the_newest_reading(seconds: int, until: int) -> None:
    now = after(seconds)
    ages = tuple((now.mono - ago, 1.0) for ago in (200.0, 2.0, 1.0, 0.0))
    chart = age_chart(clocked(now=now, ages=ages), 120)
    assert curves(chart).x.ends == (NOW.wall_s + until - 120, NOW.wall_s + until)
    assert [x for x, _ in curves(chart).series[0].points] == [now.wall_s - ago for ago in (2.0, 1.0, 0.0)]


def test_fewer_than_three_readings_are_said_in_words() -> None:
    assert age_chart(clocked((2, 1.0), (1, 2.0)), 120).words == "2 readings: too few for a chart yet"
    assert seen_chart(clocked(seen=((4999.0, 20.0),)), 600).words == "1 reading: too few for a chart yet"
    assert cycle_chart(clocked(), 600).words == "no reading: too few for a chart yet"


def test_what_was_timed_is_not_of_the_past() -> None:
    assert age_chart(clocked((3, 1.0), (2, 2.0), (1, 3.0), past=True), 120).words == NOT_THEN


def test_the_timestamps_of_a_replay_are_no_latency() -> None:
    three = tuple((NOW.mono - ago, 9e9) for ago in (20.0, 10.0, 0.0))
    chart = seen_chart(clocked(seen=three, played=True), 600)
    assert chart.picture is None and chart.words == PLAYED
    assert age_chart(clocked((3, 1.0), (2, 2.0), (1, 3.0), played=True), 120).picture is not None


def test_what_takes_no_time_stands_at_the_foot() -> None:
    """An axis of times begins at zero and never shows what is below it."""
    none = tuple((NOW.mono - ago, 0.0) for ago in (20.0, 10.0, 0.0))
    lines = [
        plain(line) for line in chart_lines(seen_chart(clocked(seen=none), 600), Standing(), 60, 16, Symbols.ASCII)
    ]
    assert not any(line.lstrip().startswith("-") for line in lines[:10])
    assert any(line.lstrip().startswith("0.0+") and "o" in line for line in lines)


def test_latencies_are_in_ms_and_named_by_publisher() -> None:
    three = tuple((NOW.mono - ago, ms) for ago, ms in ((20.0, 14.0), (10.0, 15.0), (0.0, 13.0)))
    chart = cycle_chart(clocked(cycles={"massive 7": three, "mock_massive 8": three[1:]}), 600)
    assert [series.label for series in curves(chart).series] == ["massive 7", "mock_massive 8"]
    assert curves(chart).y.unit == "cycle, ms" and chart.about == "3 readings"
    assert curves(seen_chart(clocked(seen=three), 600)).y.unit == "seen after ts, ms"


@pytest.mark.parametrize(
    ("width", "height", "shape"),
    [(80, 20, (1, 1)), (120, 36, (1, 2)), (200, 56, (2, 2)), (149, 29, (1, 1)), (150, 30, (2, 2))],
)
def test_how_many_charts_there_is_room_for(width: int, height: int, shape: tuple[int, int]) -> None:
    assert across_and_down(width, height) == shape


@pytest.mark.parametrize("count", [1, 2, 4])
def test_every_chart_is_on_one_page_and_each_page_is_full(count: int) -> None:
    for kind in KINDS:
        page = on_page(kind, count)
        assert kind in page and len(page) == count
        assert all(on_page(other, count) == page for other in page)


def test_a_click_on_a_name_chooses_its_chart() -> None:
    line = "".join(span.text for span in tabs(ChartKind.TERM, 90))
    assert [tab_at(line.index(kind.value)) for kind in KINDS] == list(KINDS)
    assert tab_at(89) is None and tab_at(0) is None


def test_steps_end_at_the_first_and_the_last_chart() -> None:
    choice = ChartChoice()
    choice.step(-1)
    assert choice.kind is KINDS[0]
    choice.step(99)
    assert choice.kind is KINDS[-1]


def test_ages_are_those_of_the_board() -> None:
    """While it still holds the snapshot that is measured; of an older one, since that one was made."""
    of = underlying_measures([one()])
    [measures] = of.chains
    entry = record(SPX_MONTHLY, NOW, contracts=held_chain())
    same = facts_of(of, SPX_MONTHLY, report([entry], after(4)))
    assert same.parts[SPX_MONTHLY] == Part(measures.snapshot, 4.0, False)
    newer = record(SPX_MONTHLY, after(20), contracts=held_chain())
    for seconds, past in ((22, False), (35, False), (36, True)):  # stale is more than 35 s
        frozen = facts_of(of, SPX_MONTHLY, report([newer], after(seconds)))
        assert frozen.parts[SPX_MONTHLY] == Part(measures.snapshot, float(seconds), past)
    lost = facts_of(of, SPX_MONTHLY, report([at_fault(newer, State.MISSING, after(21))], after(22)))
    assert lost.parts[SPX_MONTHLY] == Part(measures.snapshot, 22.0, True)


def test_how_many_of_the_expirations_there_are_is_said() -> None:
    some = facts(across(0.13, 0.14))
    assert some.subject == "SPX all 2 expirations"
    assert some._replace(expected=6).subject == "SPX 2 of 6 expirations"
    assert some._replace(every=False).subject == "SPX 01-16 Fri"


def test_another_underlyings_measures_are_not_shown() -> None:
    entry = record(SPX_MONTHLY, NOW, contracts=held_chain())
    assert facts_of(across(0.13), ChainId("NDX", date(2026, 1, 16)), report([entry], NOW)).across is None


def test_gex_in_another_unit_says_so() -> None:
    shares = measures_of(grid(*held_chain()), WEEK_BEFORE, convention=GexConvention(GexUnit.SHARES))
    chart = strikes_chart(facts(underlying_measures([shares]), every=False))
    assert bars(chart).unit == "shares per point"


def test_a_chart_is_exported_with_what_it_rests_on() -> None:
    table = chart_table((("chaindeck", "x"),), term_chart(facts(across(0.13, 0.14, 0.15))))
    assert table is not None
    assert table.heads == ["days to settlement", "forward vol volatility, %", "ATM IV volatility, %"]
    assert [row[2] for row in table.rows] == pytest.approx([13.0, 14.0, 15.0])
    first, second, third = (row[1] for row in table.rows)
    assert first == second != third  # what holds up to an expiry, and at the first what holds from there
    assert dict(table.about)["chart"] == "TERM STRUCTURE SPX all 3 expirations"
    assert dict(table.about)["rests on"] == "3 snapshots, the oldest 01-30 5.0 s old; 6 contracts used"
    text = table.csv().decode()
    assert text.startswith("# chaindeck,x\r\n") and "# convention," in text


def test_bars_are_exported_by_strike() -> None:
    table = chart_table((), interest_chart(facts(across(0.136), every=False)))
    assert table is not None
    heads = ("calls volume", "calls OI", "puts volume", "puts OI")
    assert table.heads == ["strike, points", *(f"{head}, contracts" for head in heads), "note"]
    assert list(table.rows[0]) == [6900.0, 1200, 500, 1200, 2500, ""]
    assert chart_table((), age_chart(clocked(), 120)) is None

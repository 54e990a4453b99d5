"""Whole charts as a terminal shows them, character by character: whoever changes one sees here what it looks like."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

from chain.analytics.measures.underlying import underlying_measures
from tests.support.measured import held_chain, measured, priced
from tests.support.scenes import SPX_MONTHLY
from tests.tui.lines.charts.test_charts import across, clocked, facts
from tui.lines.charts.gex import profile_chart, strikes_chart
from tui.lines.charts.interest import interest_chart
from tui.lines.charts.plot.chart import Chart
from tui.lines.charts.plot.picture import Standing, chart_lines
from tui.lines.charts.smile import smile_chart
from tui.lines.charts.term import term_chart
from tui.lines.charts.timing import age_chart
from tui.lines.line import plain
from tui.terminal.symbols import Symbols

HELD: Mapping[float, tuple[float, float]] = {6700.0 + 20 * at: (400 + 60 * at, 2000 - 60 * at) for at in range(24)}


class Frame(NamedTuple):
    """A chart, and on which terminal it is drawn."""

    chart: Callable[[], Chart]
    symbols: Symbols
    width: int
    height: int


def smile() -> Chart:
    """A smile without any volatility from 6880 to 6940."""
    items = []
    for strike in HELD:
        bare: dict[str, Any] = {"implied_volatility": None} if 6880 <= strike < 6960 else {}
        items += [priced(strike, side, vol=0.12 + ((strike - 6960) / 2200) ** 2, **bare) for side in ("call", "put")]
    return smile_chart(facts(underlying_measures([measured(*items)]), every=False))


def held(make: Callable[..., Chart]) -> Chart:
    return make(facts(underlying_measures([measured(*held_chain(HELD))]), SPX_MONTHLY, every=False))


FRAMES = {
    "smile": Frame(smile, Symbols.BRAILLE, 64, 16),
    "term": Frame(lambda: term_chart(facts(across(0.13, 0.135, 0.15))), Symbols.ASCII, 64, 16),
    "profile": Frame(lambda: held(profile_chart), Symbols.BLOCK, 64, 17),
    "strikes": Frame(lambda: held(strikes_chart), Symbols.ASCII, 64, 15),
    "interest": Frame(lambda: held(interest_chart), Symbols.BRAILLE, 64, 15),
    "age": Frame(
        lambda: age_chart(clocked(*((float(60 - at), at % 10 + 0.5) for at in range(60) if not 20 < at < 31)), 60),
        Symbols.BRAILLE,
        64,
        15,
    ),
}
EXPECTED = {
    "smile": """
 SMILE SPX 01-16 Fri                                     [MOCK]
 IV, % by strike, points
 14┤                              ┊
   │                              ┊
   │⠑⠢⢄⡀                          ┊
 13┤   ⠈⠑⠒⢄⣀                      ┊
   │        ⠉⠒⠤⢄⡀                 ┊                        ⢀⡠⠤⠒⠉
   │            ⠈⠉⠒⠤⠤⣀⣀⡀          ┊                 ⣀⣀⡠⠤⠔⠒⠉⠁
 12┤                   ⠈⠉         ┊  ⢀⣀⣀⣀⣀⣀⣀⡠⠤⠤⠒⠒⠊⠉⠉
   └┬────────────┬────────────┬───S────────┬───────────┬────────
  6,700        6,800        6,900        7,000       7,100
 S spot 6,930.00
 snapshot 10:00:00, 3.0 s old; 20 contracts used, 4 skipped: no
 IV 4
 vendor's IV of the side out of the money, puts below the
 forward and calls above; no strike without IV
""",
    "term": """
 TERM STRUCTURE SPX all 3 expirations                    [MOCK]
 volatility, % by days to settlement
 18+|                     aaaaaaaaaaaaaaaaaaaaaa a forward vol
   ||
 16+|
   ||                                        bbb b ATM IV
   ||                             bbbbbbbbbbb
 14+aaaaaaaaaaaaaaaaabbbbbbbbbbbbb
   |bbbbbbbbbbbbbbbbb
 12+|
   +^---------------------+--------------------+
01-16 7.0d           01-23 14.0d          01-30 21.0d
 ^ 01-16 Fri 7.00 days, 13.0 %
 3 snapshots, the oldest 01-30 5.0 s old; 6 contracts used
 vendor's IV of ATM call and put, mean; forward volatility
 sqrt((IV2^2 T2 - IV1^2 T1) / (T2 - T1)), from one expiry to th…
""",
    "profile": """
 GEX PROFILE SPX 01-16 Fri  LAST GOOD 10:00:00           [MOCK]
 GEX in billion dollars per 1 % move by level of the underlying…
  2┤               │              │     │            │
   │               │              │     │            │
   │               │              │     │      ▄▄▄▄▀▀▀▀▀▀▀▀▀▀▀▀▀
  0┤───────────────│──────────────│─▄▄▄▀▀▀▀▀▀▀▀──────│──────────
   │               │         ▄▄▄▄▀▀▀    │            │
   │▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▀▀▀▀▀▀▀▀     │     │            │
 -2┤               │              │     │            │
   └┬────────────┬─P──────────┬───S─────Z─┬──────────C─┬────────
  6,700        6,800        6,900       7,000        7,100
 S spot 6,930.00   Z zero gamma by profile 6,979.37
 C call wall 7,080   P put wall 6,820
 total at spot -0.46 billion dollars per 1 % move
 snapshot 10:00:00, 3.0 s old; 48 contracts used
 every gamma by Black-Scholes at each of 18 levels, vendor's IV
 kept, r = 0, calls +, puts -, linear between; slice only; Euro…
""",
    "strikes": """
 GEX BY STRIKE SPX 01-16 Fri  LAST GOOD 10:00:00         [MOCK]
    net        negative strike positive            net
  -5.73               :  6960
 -23.43            ::::  6940
 -40.95          ::::::  6920                          spot
 -57.05       :::::::::  6900
 -70.63     :::::::::::  6880
 -80.83    ::::::::::::  6860
        100.00        0        0        100.00
 million dollars per 1 % move             6860 to 6960: 6 of 24
 net -462.76 million; spot 6,930.00; zero gamma by profile
 6,979.37; call wall 7,080; put wall 6,820
 snapshot 10:00:00, 3.0 s old; 48 contracts used
 vendor gamma * open interest in dollars per 1 % move, calls +,
 puts -; each at its own snapshot's spot; slice only
""",
    "interest": """
 OI AND VOLUME SPX 01-16 Fri  LAST GOOD 10:00:00         [MOCK]
 volume   OI           calls strike puts               OI volume
   1.2k 1.2k    ▄███████████  6980  ███████████      1.2k   1.2k
   1.2k 1.2k     ███████████  6960  ███████████      1.2k   1.2k
   1.2k 1.1k     ▀██████████  6940  ███████████▄     1.3k   1.2k
   1.2k 1.1k     ▀██████████  6920  ███████████▄▄    1.3k   1.2k
   1.2k 1.0k     ▀▀█████████  6900  ███████████▄▄    1.4k   1.2k
   1.2k  940     ▀▀█████████  6880  ███████████▄▄▄   1.5k   1.2k
   1.2k  880     ▀▀▀████████  6860  ███████████▄▄▄   1.5k   1.2k
             1.6k          0        0          1.6k
 contracts   ▀ volume  ▄ OI  █ both       6860 to 6980: 7 of 24
 spot 6,930.00; P/C OI 1.20; P/C volume 1.00; max pain 6960
 snapshot 10:00:00, 3.0 s old; 48 contracts used
 contracts by strike, all roots together; open interest of the
 evening before, volume of the day; slice only
""",
    "age": """
 AGE SPX 01-16 Fri                                       [MOCK]
 age, s by time of day in New York
 40┤┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ stale 35 s
   │
   │
 20┤┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ warn 22 s
   │
   │    ⣀⡠⠒⢆   ⢀⣀⠤⠲⡀           ⣀⡠⠔⢆    ⣀⡠⠒⢆   ⢀⣀⠤⠒
  0┤⣀⠔⠒⠉   ⠘⡤⠔⠒⠁   ⢣        ⠤⠒⠊   ⠘⣄⠔⠒⠉   ⠘⡤⠔⠒⠁
   └┬──────────────────────┬──────────────────────┬
09:59:00               09:59:30               10:00:00

 50 readings
 the worse of two ages, since ts and since it was first seen, as
 this deck noted it every second
""",
}


def drawn(name: str) -> str:
    frame = FRAMES[name]
    lines = chart_lines(frame.chart(), Standing("[MOCK]"), frame.width, frame.height, frame.symbols)
    return "\n".join(plain(line) for line in lines)


@pytest.mark.parametrize("name", FRAMES)
def test_a_chart_looks_as_it_did(name: str) -> None:
    assert drawn(name) == EXPECTED[name].strip("\n")

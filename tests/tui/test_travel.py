"""The past on screen under Pilot: keys, typed times, the mouse, marks and changes, and that none of it looks live."""

from concurrent.futures import Future

import pytest
from msgspec.structs import replace
from textual.widgets._toast import Toast

from chain.clock import Instant
from chain.monitor.analytics import DatedBoard
from chain.monitor.heartbeat import SourceInfo
from chain.monitor.states import State
from tests.support.past import PANELS, history, past_deck
from tests.support.scenes import NDX, SPX, at_fault, board, record
from tests.support.waiting import wait_until_async
from tui.dialogs.typing.time import TimeDialog
from tui.key_bar import KeyBar
from tui.screen.travel import SPEEDS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_a_step_back_says_as_of_on_every_panel_and_l_is_live_again(size: tuple[int, int]) -> None:
    async with past_deck(size) as deck:
        before = {name: deck.lines(name) for name in PANELS}
        assert "AS OF" not in deck.text() and not deck.lines("timeline")
        await deck.press("comma")
        for panel in PANELS:
            if deck.lines(panel):
                assert "AS OF 10:05:50" in "".join(deck.lines(panel)[:1]), panel
        assert "AS OF 10:05:50 ET" in deck.lines("strip")[0]  # once, and as the clock of the present says it
        assert "live 10:06:00 ET" in deck.lines("strip")[0]
        assert "then" in deck.lines("strip")[1] and "live: OK" in deck.lines("strip")[1]
        await deck.press("L")
        assert {name: deck.lines(name) for name in PANELS} == before


def replayed() -> list[DatedBoard]:
    """Return the looks at a replay of another day, 4 h 20 min behind: its clock goes on as ours does."""
    looks = []
    for look in history():
        clock = SourceInfo("replay", as_of=look.now.wall_s - 15_600, speed=1.0, heard_at=look.now.mono)
        records = tuple(replace(one, source=clock) for one in look.board.chains.records)
        chains = replace(look.board.chains, records=records)
        looks.append(DatedBoard(replace(look.board, prefix="massive:replay", chains=chains), look.now))
    return looks


async def test_the_past_of_a_replay_that_is_watched_is_told_by_the_clock_of_the_replay() -> None:
    async with past_deck((140, 40), looks=replayed) as deck:
        await deck.press("t")
        assert "REPLAY" in deck.lines("timeline")[0] and "LIVE" not in deck.lines("timeline")[0]
        await deck.press("comma")
        for panel in PANELS:
            if deck.lines(panel):
                assert "AS OF 05:45:50" in deck.lines(panel)[0], panel
        assert "watched at 10:05:50" in deck.lines("timeline")[0]
        assert "replay 05:46:00 ET" in deck.lines("strip")[0]
        assert "replay: " in deck.lines("strip")[1]
        assert "live" not in "".join(deck.lines("strip"))
        await deck.press("A", "comma", "D")
        await wait_until_async(lambda: "A 05:45:50" in deck.text("grid"))
        assert "B 05:45:40" in deck.text("grid")


async def test_all_times_of_a_replay_that_is_watched_are_those_of_its_clock() -> None:
    async with past_deck((140, 40), looks=replayed) as deck:
        assert "replay 05:46:00 ET" in deck.lines("strip")[0]
        await deck.press("t", "comma", "A")
        head, track = deck.lines("timeline")
        assert track.startswith(" 05:40:00 ") and track.rstrip().endswith(" 05:46:00")
        assert "A 05:45:50" in head and "0:10 ago" in head
        await deck.press("T", *"05:43:07", "enter")
        assert "AS OF 05:43:05" in deck.lines("timeline")[0]
        await deck.press("T", *"-1m", "enter")
        assert "AS OF 05:42:05" in deck.lines("timeline")[0]


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        (["comma", "comma"], "10:05:40"),
        (["comma", "comma", "full_stop"], "10:05:50"),
        (["less_than_sign", "less_than_sign"], "10:03:50"),  # the last look before the gap
        (["less_than_sign", "less_than_sign", "less_than_sign", "greater_than_sign"], "10:03:50"),
        (["N"], "10:03:00"),
        (["N", "N"], "10:02:00"),
        (["N", "N", "n"], "10:03:00"),
        (["comma", "tab", "tab", "tab", "up"], "10:05:45"),
        (["comma", "tab", "tab", "tab", "home"], "10:00:00"),
        (["comma", "tab", "tab", "tab", "home", "pagedown", "end"], "10:06:00"),
    ],
)
async def test_keys_step_by_snapshot_minute_change_and_look(keys: list[str], shown: str) -> None:
    async with past_deck() as deck:
        await deck.press(*keys)
        assert f"AS OF {shown}" in deck.lines("timeline")[0]
        assert "┃" in deck.lines("timeline")[1]


async def test_the_figures_are_those_of_then_and_the_present_goes_on_in_the_strip() -> None:
    async with past_deck() as deck:
        await deck.press("less_than_sign", "less_than_sign", "less_than_sign")
        shown = deck.text("board", "signals", "grid", "timeline")
        assert "6,948" in shown  # the spot of cycle 17
        assert "MISSING" in deck.text("board") and "MISSING" in deck.text("signals")
        broken = board([at_fault(record(SPX, Instant.now(deck.clock)), State.MISSING, Instant.now(deck.clock))],
                       Instant.now(deck.clock))  # fmt: skip
        await deck.live_look(2, broken)
        assert "live 10:06:02 ET" in deck.lines("strip")[0]
        assert deck.lines("strip")[1].endswith("live: CRITICAL 3 signals")
        assert deck.text("board", "signals", "grid") == shown.rpartition("\n AS OF")[0]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_clock_of_the_present_ticks_and_the_log_says_that_it_is_of_now(size: tuple[int, int]) -> None:
    async with past_deck(size, log_lines=lambda: ["something was logged"]) as deck:
        await deck.press("m")
        assert deck.lines("log")[0].startswith(" LOG") and "now" not in deck.lines("log")[0]
        await deck.press("comma")
        assert "LOG of now, not of then" in deck.lines("log")[0]
        seen = []
        for _ in range(3):
            seen.append(deck.lines("strip")[0].split("live")[1])
            await deck.live_look(1)
        assert len(set(seen)) == 3 and all("ET" in one for one in seen)


async def test_before_its_first_snapshot_a_chain_shows_no_figures_of_the_present() -> None:
    async with past_deck() as deck:
        await deck.press("l", "l")
        assert "2026-01-16" in deck.lines("grid")[0] and "[69" in deck.text("grid")
        await deck.press("T", *"10:00", "enter")
        assert "2026-01-16" not in deck.text("grid")  # it was not expected then: the deck turns to one that was
        assert "AS OF 10:00:00" in deck.lines("grid")[0]


@pytest.mark.parametrize(
    ("typed", "shown"), [("10:01", "10:01:00"), ("10:01:07", "10:01:05"), ("-2m", "10:03:50"), ("-90s", "10:03:50")]
)
async def test_a_typed_time_is_gone_to(typed: str, shown: str) -> None:
    async with past_deck() as deck:
        await deck.press("T", *typed, "enter")
        assert f"AS OF {shown}" in deck.lines("grid")[0]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("10:99", "'10:99' is no time"),
        ("soon", "is no time"),
        ("", "'' is no time"),
        ("11:00", "nothing is recorded then: from 10:00:00 to 10:06:00"),
    ],
)
async def test_what_is_no_time_is_said_and_the_dialog_stays(typed: str, said: str) -> None:
    async with past_deck((80, 24)) as deck:
        await deck.press("T", *typed, "enter")
        dialog = deck.app.screen
        assert isinstance(dialog, TimeDialog)
        assert said in str(dialog._told.render())
        await deck.press(*["backspace"] * len(typed), *"10:01", "enter")
        assert deck.app.screen is deck.app.deck
        assert "AS OF 10:01:00" in deck.text("strip")


async def test_the_prompt_says_from_where_a_span_of_time_counts_and_it_does() -> None:
    async with past_deck((80, 24)) as deck:
        await deck.press("T", *"10:02", "enter", "T")
        dialog = deck.app.screen
        assert isinstance(dialog, TimeDialog)
        assert "-5m is from the instant shown" in str(dialog._told.render())
        await deck.press(*"-5s", "enter")
        assert "AS OF 10:01:55" in deck.text("strip")


async def test_escape_leaves_the_dialog_and_the_present_as_they_were() -> None:
    async with past_deck() as deck:
        await deck.press("T", *"10:01", "escape")
        assert deck.app.screen is deck.app.deck
        assert "AS OF" not in deck.text()


async def test_space_plays_and_pauses_and_plus_and_minus_change_the_speed() -> None:
    async with past_deck() as deck:
        await deck.press("T", *"10:00", "enter", "space")
        assert "PLAY 1x" in deck.lines("timeline")[0]
        await deck.press("plus", "plus", "plus")
        assert "PLAY 10x" in deck.lines("timeline")[0]
        deck.travel.tick(2)
        await deck.pilot.pause()
        assert "AS OF 10:00:20  PLAY 10x" in deck.lines("timeline")[0]
        assert "AS OF 10:00:20" in deck.lines("grid")[0]
        await deck.press("space", "minus")
        assert "PAUSED 5x" in deck.lines("timeline")[0]
        deck.travel.tick(2)
        await deck.pilot.pause()
        assert "AS OF 10:00:20" in deck.lines("timeline")[0]
        await deck.press(*["plus"] * 20)
        assert "PAUSED 1000x" in deck.lines("timeline")[0]
        await deck.press(*["minus"] * 20)
        assert "PAUSED 0.1x" in deck.lines("timeline")[0]
    assert SPEEDS[0] == 0.1 and SPEEDS[-1] == 1000


async def test_what_rose_is_marked_by_a_step_on_not_by_one_back_nor_while_the_past_is_played_fast() -> None:
    async with past_deck() as deck:
        await deck.press("T", *"10:01", "enter", "full_stop")
        assert "▴" in deck.text("grid")
        await deck.press("comma")
        assert not set("▴▾") & set(deck.text("grid"))
        await deck.press("plus", "plus", "plus", "space")
        deck.travel.tick(1)
        await deck.pilot.pause()
        assert "AS OF 10:01:10  PLAY 10x" in deck.lines("timeline")[0]
        assert not set("▴▾") & set(deck.text("grid"))


async def test_what_is_frozen_is_let_go_by_a_step_into_the_past() -> None:
    async with past_deck() as deck:
        await deck.press("space")
        assert "FROZEN" in deck.text("strip")
        await deck.press("comma")
        assert "FROZEN" not in deck.text() and "AS OF 10:05:50" in deck.lines("grid")[0]
        await deck.press("L")
        assert "FROZEN" not in deck.text()


async def test_the_mouse_points_drags_and_turns() -> None:
    async with past_deck() as deck:
        await deck.press("t")
        assert "LIVE" in deck.lines("timeline")[0]
        await deck.pilot.mouse_down("#timeline", offset=(10, 1))
        await deck.pilot.pause()
        assert "AS OF 10:00:00" in deck.lines("grid")[0]
        await deck.pilot.hover("#timeline", offset=(60, 0))
        await deck.pilot.pause()
        middle = deck.lines("timeline")[0]
        assert "AS OF 10:03:00" in middle
        await deck.pilot.mouse_up("#timeline", offset=(60, 0))
        await deck.pilot.hover("#timeline", offset=(90, 1))
        await deck.pilot.pause()
        assert deck.lines("timeline")[0] == middle  # the drag has ended


async def test_a_burst_of_steps_ends_where_the_last_one_leads() -> None:
    async with past_deck() as deck:
        await deck.pilot.press(*["comma"] * 12, *["full_stop"] * 2)
        await deck.pilot.pause()
        assert len([move for move in deck.travel.moves if move.startswith("step")]) == 14
        assert "AS OF 10:03:30" in deck.lines("grid")[0]  # twelve back, over the gap, and two on


class Decider:
    """An operator who notes what he was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def _note(self, what: str) -> "Future[str]":
        self.asked.append(what)
        done: Future[str] = Future()
        done.set_result(what)
        return done

    def acknowledge(self) -> "Future[str]":
        return self._note("acknowledged")

    def publish_again(self) -> "Future[str]":
        return self._note("published")


async def test_decisions_are_about_the_present_and_refused_in_the_past() -> None:
    operator = Decider()
    async with past_deck(operator=operator) as deck:
        await deck.press("comma", "s", "p")
        assert operator.asked == []
        assert "AS OF 10:05:50 is the past: L goes back to live" in deck.told()
        await deck.press("L", "s", "p")
        assert operator.asked == ["acknowledged", "published"]


async def test_of_a_tape_the_strip_says_which_and_l_goes_to_its_end() -> None:
    async with past_deck(tape=True) as deck:
        await deck.press("less_than_sign")
        assert "AS OF 10:05:00" in deck.lines("strip")[0]
        assert "TAPE 2026-01-02.tape" in deck.lines("strip")[0]
        assert "live" not in deck.text()
        await deck.press("L")
        assert "AS OF 10:06:00" in deck.lines("grid")[0]
        await deck.press("T", *"12:00", "enter")  # of several tapes it may be on another: the nearest look is shown
        assert "AS OF 10:06:00" in deck.lines("grid")[0]


async def test_a_notice_leaves_the_timeline_and_the_keys_to_be_read() -> None:
    async with past_deck((80, 24), notices=True) as deck:
        await deck.press("comma", "D")
        await wait_until_async(lambda: [*deck.app.screen.query(Toast)])
        [notice] = deck.app.screen.query(Toast)
        assert notice.region.bottom <= deck.app.deck.query_one("#timeline").region.y


@pytest.mark.parametrize("size", [(80, 24), (60, 16), (40, 10), (24, 6)])
async def test_on_a_small_terminal_the_past_cannot_be_taken_for_the_present(size: tuple[int, int]) -> None:
    async with past_deck(size) as deck:
        await deck.press("less_than_sign", "A", "enter", "D", "T", "escape", "escape")
        assert "AS OF" in "".join(deck.lines("timeline")[:1])
        if size[0] >= 40:
            assert "AS OF" in deck.lines("strip")[0]
        assert deck.app.is_running


async def test_without_a_past_its_keys_are_none() -> None:
    async with past_deck() as deck:
        deck.app.deck._travel = None
        before = deck.text()
        await deck.press("t", "comma", "N", "T", "plus", "L", "A", "D")
        assert deck.text() == before
        assert deck.travel.moves == []
        assert "timeline" not in deck.app.deck.query_one(KeyBar).render().plain


async def test_the_key_bar_shows_what_is_needed_there_and_whole_words_only() -> None:
    async with past_deck((80, 24)) as deck:
        bar = deck.app.deck.query_one(KeyBar)
        assert bar.render().plain.rstrip().endswith("q quit")
        await deck.press("comma")
        keys = bar.render().plain
        assert keys.startswith("L live , . step") and keys.rstrip().endswith("? help")
        assert len(keys) <= 80 + 1
        await deck.pilot.click(KeyBar, offset=(1, 0))
        await deck.pilot.pause()
        assert "AS OF" not in deck.text()


# What changed


async def test_marks_and_changes_between_them() -> None:
    async with past_deck((140, 40)) as deck:
        await deck.press("T", *"10:01", "enter", "A", "T", *"10:02", "enter", "B")
        assert " A 10:01:00  B 10:02:00 " in deck.lines("timeline")[0]
        assert "A" in deck.lines("timeline")[1]
        await deck.press("D")
        title, sides, counts, *_ = deck.lines("grid")
        assert "SPX 2026-01-02 CHANGES  AS OF 10:02:00" in title
        assert "A 10:01:00 0.4 s old MOCK  to  B 10:02:00 0.4 s old MOCK" in sides and "1:00 apart" in sides
        assert "spot +6.00  28 contracts by mids" in counts
        row = next(line for line in deck.lines("grid") if " 6930 " in line or "[6930]" in line)
        assert row.split()[-5:] == ["+0.60", "+.012", "+0.60", "+42", "+6"]
        await deck.press("L")  # the marks stay: what is compared does not move with what is shown
        assert "B 10:02:00" in deck.lines("grid")[1] and "AS OF" not in deck.text("grid", "board")
        await deck.press("D")
        assert "CHANGES" not in deck.text("grid") and "[69" in deck.text("grid")


async def test_without_b_what_is_shown_is_compared_and_follows() -> None:
    async with past_deck() as deck:
        await deck.press("D")
        assert "mark an instant first" in deck.told() and "CHANGES" not in deck.text("grid")
        await deck.press("T", *"10:01", "enter", "A", "D")
        assert "0:00 apart" in deck.lines("grid")[1]
        await deck.press("full_stop", "full_stop", "full_stop")
        assert "B 10:01:30" in deck.lines("grid")[1] and "0:30 apart" in deck.lines("grid")[1]
        assert "spot +3.00" in deck.lines("grid")[2]
        await deck.press("T", *"10:01", "enter", "A")
        assert " A " not in deck.lines("timeline")[0]  # unmarked where it stood


async def test_where_the_grid_is_not_shown_the_key_for_changes_says_where_they_are() -> None:
    async with past_deck((80, 24)) as deck:
        await deck.press("comma", "A", "D")
        assert "enter opens it" in deck.told()
        await deck.press("enter", "D", "D")
        assert "enter opens it" not in deck.told() and "CHANGES" in deck.lines("grid")[0]


async def test_o_turns_changes_over_and_sorts_them_by_size() -> None:
    async with past_deck() as deck:
        await deck.press("T", *"10:01", "enter", "A", "L", "D")
        first = deck.lines("grid")[4]
        await deck.press("o")
        assert deck.lines("grid")[4] != first and "by strike" in deck.lines("grid")[2]
        await deck.press("o")
        assert "largest first" in deck.lines("grid")[2]
        await deck.press("o")
        assert "by strike" in deck.lines("grid")[2] and deck.lines("grid")[4] == first


async def test_another_chain_has_its_own_changes_and_a_chain_without_a_snapshot_says_so() -> None:
    async with past_deck() as deck:
        await deck.press("T", *"10:00", "enter", "A", "L", "D", "right_square_bracket")
        assert f"{NDX.underlying} 2026-01-02 CHANGES" in deck.lines("grid")[0]
        await deck.press("left_square_bracket", "l", "l")
        assert "2026-01-16 CHANGES" in deck.lines("grid")[0]
        assert "no valid snapshot of this chain had been read at A" in deck.text("grid")
        assert "A 10:00:00 no snapshot" in deck.lines("grid")[1]

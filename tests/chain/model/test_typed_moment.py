"""Instants as a person types them."""

from datetime import date, datetime
from datetime import time as clock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chain.model.session import NEW_YORK, recorded_moment, typed_moment

DAY = date(2026, 1, 2)
NEAR = datetime(2026, 1, 2, 10, 30, tzinfo=NEW_YORK)


def ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9


def typed(text: str) -> int:
    return typed_moment(text, day=DAY, near_ns=ns(NEAR))


@given(st.times(), st.booleans())
def test_a_time_of_day_is_of_the_day_that_is_shown(time: clock, seconds: bool) -> None:
    said = f"{time:%H:%M:%S}" if seconds else f"{time:%H:%M}"
    meant = datetime(2026, 1, 2, time.hour, time.minute, time.second if seconds else 0, tzinfo=NEW_YORK)
    assert typed(said) == typed(f" {said} ") == ns(meant)


@pytest.mark.parametrize(
    ("text", "seconds"), [("-5m", -300), ("+90s", 90), ("-1h30m", -5400), ("-0s", 0), ("+2h", 7200)]
)
def test_a_distance_counts_from_where_one_stands(text: str, seconds: int) -> None:
    assert typed(text) == ns(NEAR) + seconds * 10**9


@pytest.mark.parametrize(
    ("text", "hour", "minute"), [("+5m", 9, 35), (" +5m", 9, 35), ("-5m", 15, 55), (" -5m", 15, 55), ("10:30", 10, 30)]
)
def test_of_a_recording_plus_counts_from_its_beginning_and_minus_from_its_end(
    text: str, hour: int, minute: int
) -> None:
    begin, end = (datetime(2026, 1, 2, at, 30 * (at < 12), tzinfo=NEW_YORK) for at in (9, 16))
    meant = datetime(2026, 1, 2, hour, minute, tzinfo=NEW_YORK)
    assert recorded_moment(text, begin_ns=ns(begin), end_ns=ns(end)) == ns(meant)


def test_a_date_and_time_stands_for_itself() -> None:
    assert typed("2025-12-31 15:59:30") == ns(datetime(2025, 12, 31, 15, 59, 30, tzinfo=NEW_YORK))
    assert typed("2026-07-01T14:00:00+00:00") == ns(datetime(2026, 7, 1, 10, tzinfo=NEW_YORK))


@given(st.text(max_size=30))
@example("25:00")
@example("10:60")
@example("10:30:61")
@example("5m")
@example("-m")
@example("2026-01-02")
@example("2026-13-01 10:00")
@example("-999999h999999h999999h999999h")
@example("10:30\n\x1b[2J")
@example("٣:٣٠")
def test_what_is_no_time_is_said_in_one_line(text: str) -> None:
    try:
        assert isinstance(typed(text), int)
    except ValueError as error:
        assert str(error).isprintable()
        assert "is no time: 10:30" in str(error)

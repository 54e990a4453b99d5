"""Frames and events a second, as the counts of the stream's writer give them."""

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from chain.monitor.watch.beside.stream_rates import Count, StreamRates
from chain.redis.contract.stream.signs import StreamSigns


def fed(*counts: tuple[float, int | None, int | None]) -> StreamRates:
    rates = StreamRates()
    for at, frames, events in counts:
        rates.on_poll(StreamSigns(frames=frames, events=events), at)
    return rates


def test_a_rate_is_that_of_the_last_seconds() -> None:
    rates = fed(*((float(at), 10 * at, 100 * at) for at in range(60)), (60.0, 590 + 20, 5_900 + 300))
    assert rates.frames_s == (610 - 550) / 5 and rates.events_s == (6_200 - 5_500) / 5


def test_after_one_poll_there_is_no_rate_and_a_count_nobody_keeps_has_none() -> None:
    assert fed((1.0, 5, 50)).events_s is None
    rates = fed((1.0, 5, None), (2.0, 8, None))
    assert (rates.frames_s, rates.events_s) == (3.0, None)


def test_a_count_that_falls_is_another_writers() -> None:
    rates = fed((1.0, 900, 9_000), (2.0, 910, 9_100), (3.0, 4, 40))
    assert (rates.frames_s, rates.events_s) == (None, None)
    rates.on_poll(StreamSigns(frames=6, events=60), 4.0)
    assert (rates.frames_s, rates.events_s) == (2.0, 20.0)


def test_polls_that_lie_far_apart_still_give_a_rate() -> None:
    assert fed((0.0, 0, 0), (30.0, 60, 600)).events_s == 20.0


@given(st.lists(st.tuples(st.floats(0.01, 20), st.integers(0, 10**6)), min_size=1, max_size=40))
def test_no_rate_is_below_zero_and_who_goes_on_from_a_state_says_the_same(steps: list[tuple[float, int]]) -> None:
    rates, at, count = StreamRates(), 100.0, 0
    for step, more in steps:
        again = StreamRates(msgspec.json.decode(msgspec.json.encode(rates.counts), type=tuple[Count, ...]))
        at, count = at + step, count + more
        for each in (rates, again):
            each.on_poll(StreamSigns(frames=count, events=count), at)
        assert rates.counts == again.counts
        assert rates.frames_s is None or rates.frames_s >= 0
        assert all(one.at < other.at for one, other in pairwise(rates.counts))
        assert len(rates.counts) < 3 or rates.counts[0].at >= at - 5.0

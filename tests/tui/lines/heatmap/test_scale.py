"""The scale of a page's debits: shares them out, keeps its bounds as long as they serve."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.scenes import law
from tui.lines.heatmap.scale import Scale, fitted

DEBITS = st.lists(st.floats(0.0, 5_000.0).map(lambda value: round(value, 2)), min_size=1, max_size=400)
STEPS = st.sampled_from([5, 7])


@law
@given(DEBITS, STEPS)
def test_every_debit_has_a_step_and_dearer_is_never_lower(debits: list[float], steps: int) -> None:
    scale = fitted(debits, steps)
    assert len(scale.bounds) < steps
    assert list(scale.bounds) == sorted(set(scale.bounds))
    found = [scale.step(debit) for debit in sorted(debits)]
    assert found == sorted(found)
    assert found[0] == 0
    assert found[-1] == len(scale.bounds)


@law
@given(DEBITS, STEPS)
def test_a_scale_serves_what_it_was_fitted_to(debits: list[float], steps: int) -> None:
    assert fitted(debits, steps).serves(debits, steps)


def test_steps_hold_about_as_many_tiles_each_between_round_numbers() -> None:
    debits = [0.05 * 1.02**n for n in range(350)]
    scale = fitted(debits, 7)
    assert [f"{bound:g}" for bound in scale.bounds] == ["0.12", "0.4", "1", "2.5", "8", "20"]
    counts = [sum(scale.step(debit) == step for debit in debits) for step in range(7)]
    assert max(counts) < 2 * 350 / 7


def test_debits_that_lie_close_together_are_told_apart_too() -> None:
    debits = [1.05 + 0.01 * n for n in range(100)]
    assert len(fitted(debits, 5).bounds) == 4


def test_a_value_on_a_bound_belongs_to_the_upper_step() -> None:
    scale = Scale((1.0, 2.0))
    assert [scale.step(debit) for debit in (0.99, 1.0, 1.99, 2.0)] == [0, 1, 1, 2]


@pytest.mark.parametrize(("factor", "serves"), [(1.0, True), (1.05, True), (3.0, False)])
def test_colours_keep_their_meaning_while_the_market_moves_a_little(factor: float, serves: bool) -> None:
    debits = [0.1 * n for n in range(1, 300)]
    scale = fitted(debits, 7)
    assert scale.serves([debit * factor for debit in debits], 7) is serves


def test_without_debits_there_is_nothing_to_tell_apart() -> None:
    assert fitted([], 7) == Scale()
    assert Scale().serves([], 7)
    assert not Scale().serves([1.0, 2.0], 7)
    assert all(after > before for before, after in pairwise(fitted([0.0, 0.0, 0.01, 3.0], 7).bounds))

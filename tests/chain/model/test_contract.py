"""What of a vendor's item is a number, a block and a price, whatever stands in their places."""

import math

import pytest

from chain.model.contract import MAX_LEVEL, Asset, Greeks, Item, Quote, number, part

JUST_BELOW, JUST_ABOVE = math.nextafter(MAX_LEVEL, 0.0), math.nextafter(MAX_LEVEL, math.inf)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, 1.5),
        (-3, -3.0),
        (0, 0.0),
        (2**53 + 1, float(2**53)),
        (2**1000 - 1, float(2**1000 - 1)),
        (2**1000, None),
        (-(2**1000), None),
        (10**400, None),
        (math.inf, None),
        (-math.inf, None),
        (True, None),
        ("1.5", None),
        ([1.5], None),
        (None, None),
    ],
)
def test_a_number_is_what_a_float_can_hold(value: object, expected: float | None) -> None:
    found = number(value)
    assert found == expected
    assert found is None or type(found) is float


def test_a_number_that_is_none_is_none() -> None:
    assert number(math.nan) is None


@pytest.mark.parametrize(
    ("price", "value", "spot"),
    [
        (231.25, 6931.5, 231.25),
        (None, 6931.5, 6931.5),
        (231.25, None, 231.25),
        (0, 6931.5, 6931.5),
        (-1.5, 6931.5, 6931.5),
        ("231.25", 6931.5, 6931.5),
        (JUST_ABOVE, 6931.5, 6931.5),
        (MAX_LEVEL, 6931.5, MAX_LEVEL),
        (JUST_BELOW, None, JUST_BELOW),
        (JUST_ABOVE, None, None),
        (0.5, 6931.5, 0.5),
        (0.0, 0, None),
        (None, None, None),
    ],
)
def test_the_price_of_the_underlying_is_the_first_that_can_be_one(
    price: float | str | None, value: float | None, spot: float | None
) -> None:
    assert Item(underlying_asset=Asset(price=price, value=value)).spot == spot


@pytest.mark.parametrize("odd", [None, 5, "text", Greeks(delta=0.5)])
def test_a_block_of_another_kind_reads_as_an_empty_one(odd: object) -> None:
    assert part(odd, Quote) == Quote()
    quote = Quote(bid=1.0)
    assert part(quote, Quote) is quote
    assert Item(underlying_asset="SPX").spot is None

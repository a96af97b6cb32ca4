"""The interval of a difference or a ratio from the intervals of its two figures."""

import math

import numpy as np
import pytest

from medidense.stats import wilson
from medidense.stats.mover import difference, ratio_limits
from medidense.values import Estimate


def share(hits: int, n: int) -> Estimate:
    return Estimate(hits / n, *wilson(hits, n))


def test_the_difference_of_strangers_is_square_and_add() -> None:
    """Newcombe 1998, Stat Med 17:873-890, Table II, example (a), method 10: 56/70 and 48/80 by Wilson."""
    one, other = share(56, 70), share(48, 80)
    gap = difference(one, other)
    assert (gap.value, gap.low, gap.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)
    assert difference(one, Estimate(None)).value is None
    assert difference(one, Estimate(0.5)).low is None


def test_a_ratio_of_two_even_intervals_is_fiellers() -> None:
    above, below = (3.0, 0.6), (2.0, 0.5)
    terms = below[0] ** 2 - below[1] ** 2, -2 * above[0] * below[0], above[0] ** 2 - above[1] ** 2
    one, other = (Estimate(value, value - half, value + half) for value, half in (above, below))
    assert ratio_limits(one, other) == pytest.approx(tuple(sorted(np.roots(terms))))


@pytest.mark.parametrize("hits", [(7, 1), (30, 5), (33, 34)])
def test_each_limit_is_the_ratio_whose_difference_just_leaves_nothing(hits: tuple[int, int]) -> None:
    """The equations that Donner and Zou 2012 start from."""
    one, other = (share(number, 34) for number in hits)
    low, high = ratio_limits(one, other)
    for ratio, near, far in ((low, one.low, other.high), (high, one.high, other.low)):
        gap = (one.value - ratio * other.value) ** 2
        assert gap == pytest.approx((one.value - near) ** 2 + (ratio * (other.value - far)) ** 2)
    assert low < one.value / other.value < high
    turned = ratio_limits(other, one)
    assert turned == pytest.approx((1 / high, 1 / low))


def test_a_ratio_of_or_by_nothing_has_one_limit() -> None:
    low, high = ratio_limits(share(10, 10), share(0, 10))
    assert low == pytest.approx(math.sqrt(0.72247 * (2 - 0.72247)) / 0.27753, abs=1e-3)
    assert high == math.inf
    low, high = ratio_limits(share(0, 10), share(10, 10))
    assert low == 0.0
    assert high == pytest.approx(0.27753 / math.sqrt(0.72247 * (2 - 0.72247)), abs=1e-3)
    assert ratio_limits(Estimate(0.5, 0.0, 1.0), Estimate(0.5, 0.0, 1.0))[0] == 0.0
    assert ratio_limits(Estimate(1.0, 1.0, 1.0), Estimate(0.0, 0.0, 0.0)) == (math.inf, math.inf)


def test_without_limits_of_one_there_are_none() -> None:
    assert ratio_limits(Estimate(0.5), share(1, 2)) == (None, None)
    assert ratio_limits(share(1, 2), Estimate(None)) == (None, None)

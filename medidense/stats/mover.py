"""What interval has a difference, or a ratio, of two figures that have one each?

By recovering variances from each figure's own limits (MOVER): the two are taken for independent, which is too
wide where they go up and down together.
"""

import math

from medidense.values import Estimate


def difference(one: Estimate, other: Estimate) -> Estimate:
    """The first minus the second, with an interval from both intervals.

    Square-and-add (Zou and Donner 2008, Stat Med 27:1693-1702).

    >>> difference(Estimate(0.8, 0.7, 0.9), Estimate(0.9, 0.86, 0.93)).text()
    '-0.100 (95% CI -0.204 to 0.008)'
    """
    if one.value is None or other.value is None:
        return Estimate(None)
    gap = one.value - other.value
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return Estimate(gap)
    down = math.hypot(one.value - one.low, other.high - other.value)
    up = math.hypot(one.high - one.value, other.value - other.low)
    return Estimate(gap, gap - down, gap + up)


def ratio_limits(above: Estimate, below: Estimate) -> tuple[float, float] | tuple[None, None]:
    """95 % limits of `above` / `below`, neither of them negative; infinite where `below` may be 0.

    Donner and Zou 2012, Stat Methods Med Res 21:347-359, equation 9: each limit is the ratio at which the
    difference of `above` and so many times `below` just leaves 0. The lower one stands here over its other
    root, so that a `below` of 0 divides nothing. Nones where one of the two has no limits.

    >>> low, high = ratio_limits(Estimate(1.0, 0.7225, 1.0), Estimate(0.0, 0.0, 0.2775))
    >>> round(low, 2), high
    (3.46, inf)
    """
    if above.value is None or above.low is None or above.high is None:
        return None, None
    if below.value is None or below.low is None or below.high is None:
        return None, None
    both = above.value * below.value
    over, under = (limit * (2 * above.value - limit) for limit in (above.low, above.high))
    most, least = (limit * (2 * below.value - limit) for limit in (below.high, below.low))
    down = both + math.sqrt(max(both**2 - over * most, 0.0))
    up = both + math.sqrt(max(both**2 - under * least, 0.0))
    low = over / down if down > 0 else math.inf
    return low if over > 0 else 0.0, up / least if least > 0 else math.inf

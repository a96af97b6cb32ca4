"""How modality values become the values that a network sees."""

import numpy as np
from numpy.typing import NDArray

from medidense.values.input import Intensity, Window


def scaled(values: NDArray[np.float64], rule: Intensity | Window) -> NDArray[np.float32]:
    """Network values, float32 of the same shape; with ``constants`` one channel for each, (C, *shape).

    ``window`` and ``percentiles`` clip and map low..high to -1..1; ``zscore`` subtracts the mean, divides
    by the standard deviation and clips to low..high of them. Where the two percentiles meet (a small
    bright object in a flat picture) the smallest and the largest value take their place; where no value
    differs all become 0.

    >>> scaled(np.array([-1000.0, -300.0, 900.0]), Intensity(rule="window", low=-1000, high=400)).tolist()
    [-1.0, 0.0, 1.0]
    """
    if isinstance(rule, Intensity) and rule.rule == "constants":
        cut = np.clip(values, rule.low, rule.high)
        pairs = zip(rule.mean, rule.deviation, strict=True)
        return np.stack([(cut - mean) / deviation for mean, deviation in pairs]).astype(np.float32)
    kind = rule.rule if isinstance(rule, Intensity) else "window"
    if kind == "zscore":
        spread = float(values.std())
        if spread == 0.0:
            return np.zeros(values.shape, dtype=np.float32)
        return np.clip((values - values.mean()) / spread, rule.low, rule.high).astype(np.float32)
    low, high = rule.low, rule.high
    if kind == "percentiles":
        low, high = (float(x) for x in np.percentile(values, [rule.low, rule.high]))
        if low >= high:
            low, high = float(values.min()), float(values.max())
        if low >= high:
            return np.zeros(values.shape, dtype=np.float32)
    return ((np.clip(values, low, high) - low) / (high - low) * 2.0 - 1.0).astype(np.float32)

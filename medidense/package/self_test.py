"""Does this machine give the scores that the exporting machine gave?

The input is made of whole numbers (a Weyl sequence), so that it is the same on every machine and with every
version of every library; the scores it got at export are stored with the package.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from medidense.nets import covariate_width
from medidense.predict import Example, predict_scores
from medidense.values import Recipe

SEED = 20
TOLERANCE = 1e-5
"""Largest difference of a probability between two machines: other CPUs add in another order (1e-7 was
measured between instruction sets for untrained networks, and trained ones have steeper outputs)."""
GOLDEN = 2654435761
"""2**32 divided by the golden ratio, to the nearest prime (Knuth, TAOCP 3, section 6.4)."""


def synthetic_input(shape: tuple[int, ...], seed: int = SEED) -> NDArray[np.float32]:
    """float32 of this shape in -1..1, spread evenly, without structure.

    >>> synthetic_input((1, 2, 2))[0, 1, 0]
    np.float32(0.19349542)
    """
    count = int(np.prod(shape))
    steps = (np.arange(seed, seed + count, dtype=np.uint64) * np.uint64(GOLDEN)) % np.uint64(2**32)
    return (steps.astype(np.float64) / 2**31 - 1).astype(np.float32).reshape(shape)


def synthetic_scores(nets: Sequence[nn.Module], recipe: Recipe, threads: int, seed: int) -> list[float]:
    """Probabilities of the classes for the synthetic input, and synthetic covariates where there are any."""
    array = synthetic_input((recipe.input.channels, *recipe.input.size), seed)
    widths = [covariate_width(net) for net in nets]
    beside = tuple(synthetic_input((width,), seed) for width in widths)
    given = [Example(array, beside)] if any(widths) else array[None]
    flips = recipe.prediction.flips
    return [float(x) for x in predict_scores(nets, given, device="cpu", threads=threads, flips=flips)[0]]


def expected_scores(nets: Sequence[nn.Module], recipe: Recipe, threads: int) -> dict[str, Any]:
    """What selftest.json holds."""
    return {"seed": SEED, "scores": synthetic_scores(nets, recipe, threads, SEED)}


def difference(scores: Sequence[float], stored: Mapping[str, Any]) -> float | None:
    """Largest difference to the stored scores; None where these are no scores of as many classes."""
    expected = stored.get("scores")
    if not isinstance(expected, list) or len(expected) != len(scores):
        return None
    if not all(isinstance(value, float) for value in expected):
        return None
    return float(np.abs(np.array(scores) - np.array(expected)).max())

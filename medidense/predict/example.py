"""What does a score rest on: an array alone, or an array and what is known beside it?"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from medidense.errors import UsageError
from medidense.nets import covariate_logits, covariate_width


@dataclass(frozen=True, eq=False)
class Example:
    """An array (C, *size) and, for each network, the covariates of the same lesion, float32 (width,), as that
    network's training encoded them."""

    array: NDArray[np.float32]
    covariates: tuple[NDArray[np.float32], ...]


Given = NDArray[np.float32] | Iterable[NDArray[np.float32] | Example]


def arrays_of(given: Given) -> Iterator[tuple[NDArray[np.float32], Example | None]]:
    """Each array with the example that it belongs to, if any."""
    for one in given:
        yield (one.array, one) if isinstance(one, Example) else (one, None)


def beside(nets: Sequence[torch.nn.Module], example: Example | None) -> torch.Tensor:
    """What the covariates add to the logits of the image, float64 (nets, 1, outputs) or 0.

    Raises UsageError where a network takes covariates and there are none of its number.
    """
    widths = [covariate_width(net) for net in nets]
    if example is None and not any(widths):
        return torch.zeros((), dtype=torch.float64)
    found = [] if example is None else [len(vector) for vector in example.covariates]
    if found != widths:
        step = "encode the lesion's covariates for each network"
        raise UsageError("covariates", f"the networks take {widths} numbers", found, step)
    vectors = () if example is None else example.covariates
    return torch.stack(
        [covariate_logits(net, torch.from_numpy(vector)) for net, vector in zip(nets, vectors, strict=True)]
    )[:, None]

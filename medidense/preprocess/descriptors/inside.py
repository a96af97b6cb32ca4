"""How bright is a lesion, and how do its values spread?"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from scipy.stats import kurtosis, skew

from medidense.preprocess.descriptors.patch import Patch

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
CALCIUM = 200.0
"""HU above which a lung nodule is called calcified."""

AERATED = -300.0
"""HU below which tissue holds air: ground glass."""

BIN = 25.0
"""Width of a histogram's bins for the entropy, in modality values."""


def inside_figures(patch: Patch) -> dict[str, float]:
    """Moments, percentiles, shares and the core against the rim, of the lesion's points."""
    values = patch.inside
    percentiles = np.percentile(values, PERCENTILES)
    found = {
        "inside_mean": float(values.mean()),
        "inside_spread": float(values.std()),
        "inside_skewness": _moment(skew, values),
        "inside_kurtosis": _moment(kurtosis, values),
        "inside_middle_half": float(percentiles[4] - percentiles[2]),
        "inside_entropy": _entropy(np.floor(values / BIN)),
        "inside_share_over_200": float((values > CALCIUM).mean()),
        "inside_share_under_minus_300": float((values < AERATED).mean()),
        "inside_brightest_cube": _brightest(patch),
        "inside_core_minus_rim": _core(patch),
    }
    return found | {
        f"inside_p{rank:02d}": float(at) for rank, at in zip(PERCENTILES, percentiles, strict=True)
    }


def _moment(of: object, values: NDArray[np.float64]) -> float:
    """A standardised moment; 0 where all values are equal."""
    return float(of(values)) if callable(of) and np.ptp(values) > 1e-6 else 0.0


def _entropy(bins: NDArray[np.float64]) -> float:
    """Bits of the histogram."""
    share = np.unique(bins, return_counts=True)[1] / len(bins)
    return float(-(share * np.log2(share)).sum())


def _brightest(patch: Patch) -> float:
    """The largest mean of three points cubed that is centred in the lesion."""
    return float(uniform_filter(patch.values, 3, mode="nearest")[patch.lesion].max())


def _core(patch: Patch) -> float:
    """Mean of the deeper half of the points minus that of the others; 0 where all are equally deep."""
    depth = -patch.distance[patch.lesion]
    deep = depth > np.median(depth)
    values = patch.values[patch.lesion]
    return float(values[deep].mean() - values[~deep].mean()) if deep.any() else 0.0

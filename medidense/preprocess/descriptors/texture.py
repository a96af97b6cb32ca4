"""How do neighbouring points of a lesion go together?"""

import numpy as np
from scipy.ndimage import gaussian_laplace, uniform_filter

from medidense.preprocess.descriptors.patch import Patch

SIGMAS = (1.0, 2.0, 3.0)
"""Steps of the Gaussian before the Laplacian."""


def texture_figures(patch: Patch) -> dict[str, float]:
    """Blobs of three sizes (scale-normalised Laplacian of Gaussian: Lindeberg 1998, Int J Comput Vis
    30:79-116), the local spread, and the slopes inside the lesion."""
    found: dict[str, float] = {}
    for sigma in SIGMAS:
        blobs = sigma**2 * gaussian_laplace(patch.values, sigma, mode="nearest")[patch.lesion]
        found[f"texture_blob_mean_{sigma:.0f}"] = float(blobs.mean())
        found[f"texture_blob_spread_{sigma:.0f}"] = float(blobs.std())
    found["texture_local_spread"] = _local_spread(patch)
    found["texture_slope"] = float(np.linalg.norm(patch.gradient[:, patch.lesion], axis=0).mean())
    return found


def _local_spread(patch: Patch) -> float:
    """Mean over the lesion of the standard deviation in three points cubed."""
    centred = patch.values - patch.inside.mean()
    mean = uniform_filter(centred, 3, mode="nearest")
    square = uniform_filter(centred**2, 3, mode="nearest")
    return float(np.sqrt(np.maximum(square - mean**2, 0.0))[patch.lesion].mean())

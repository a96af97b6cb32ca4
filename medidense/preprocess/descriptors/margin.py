"""What does the image do across a lesion's border, and what lies just outside?"""

import numpy as np
from numpy.typing import NDArray

from medidense.preprocess.descriptors.patch import Patch, slopes

SHELLS = {
    "margin_inner_2": (-2.0, -1.0),
    "margin_inner_1": (-1.0, 0.0),
    "margin_outer_1": (0.0, 1.0),
    "margin_outer_2": (1.0, 2.0),
    "margin_outer_4": (2.0, 4.0),
    "margin_outer_7": (4.0, 7.0),
}
"""Layers by their distance to the border in steps, outside positive: the mean of the values in each."""

BAND = 1.5
"""Steps from the border within which slopes are taken."""

FAR = (2.0, 5.0)
"""Surroundings that the lesion is compared with."""


def margin_figures(patch: Patch) -> dict[str, float]:
    """Profile across the border, how steep it is, and how much outside looks like lesion.

    A layer without a point of the image takes the value of its inner neighbour, the lesion's mean at first.
    """
    inside = float(patch.inside.mean())
    around = _within(patch, *FAR)
    outside = around if len(around) else np.array([inside])
    contrast = inside - float(outside.mean())
    return {
        **_profile(patch, inside),
        "margin_contrast": contrast,
        "margin_outer_spread": float(outside.std()),
        "margin_outer_p90": float(np.percentile(outside, 90)),
        **_steepness(patch, contrast),
        "margin_outer_like_lesion": _like_lesion(patch, inside, contrast),
    }


def _within(patch: Patch, nearest: float, farthest: float) -> NDArray[np.float64]:
    """Values of the image's points in a layer."""
    return patch.values[_layer(patch, nearest, farthest)]


def _layer(patch: Patch, nearest: float, farthest: float) -> NDArray[np.bool_]:
    return np.asarray((patch.distance > nearest) & (patch.distance <= farthest) & patch.known)


def _profile(patch: Patch, inside: float) -> dict[str, float]:
    """The mean of each layer, from inside out."""
    found, last = {}, inside
    for name, limits in SHELLS.items():
        layer = _within(patch, *limits)
        last = float(layer.mean()) if len(layer) else last
        found[name] = last
    return found


def _steepness(patch: Patch, contrast: float) -> dict[str, float]:
    """Slopes in the band about the border: their size, their spread, and how far they point outward."""
    band = _layer(patch, -BAND, BAND)
    slope = patch.gradient[:, band]
    size = np.linalg.norm(slope, axis=0)
    outward = slopes(patch.distance, 1.0)[:, band]
    outward = outward / np.maximum(np.linalg.norm(outward, axis=0), 1e-9)
    along = (slope * outward).sum(axis=0)
    steep = float(size.mean())
    return {
        "margin_slope_mean": steep,
        "margin_slope_spread": float(size.std()),
        "margin_slope_p10": float(np.percentile(size, 10)),
        "margin_slope_p90": float(np.percentile(size, 90)),
        "margin_slope_outward": float(along.mean()),
        "margin_slope_outward_spread": float(along.std()),
        "margin_slope_aligned": float((along / np.maximum(size, 1e-9)).mean()),
        "margin_width_mm": abs(contrast) / steep if steep > 0 else 0.0,
    }


def _like_lesion(patch: Patch, inside: float, contrast: float) -> float:
    """Share of the points 1 to 5 steps outside that are nearer to the lesion's mean than to the outside's."""
    around = _within(patch, 1.0, 5.0)
    if not len(around) or contrast == 0:
        return 0.0
    halfway = inside - contrast / 2
    return float(((around - halfway) * np.sign(contrast) > 0).mean())

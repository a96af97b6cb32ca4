"""How large is a lesion, and how far from a ball is its shape?"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from medidense.preprocess.descriptors.patch import Patch

AT_ONCE = 2000
"""Corners of a hull between which all distances are taken; of more, evenly spaced ones."""


def shape_figures(patch: Patch) -> dict[str, float]:
    """Figures of the lesion's surface, hull, axes and inscribed ball, in millimetres."""
    corners, volume, area = _surface(patch)
    hull_volume, hull_area, longest = _hull(corners, volume, area)
    equivalent = (6 * volume / math.pi) ** (1 / 3)
    depth = float(0.5 - patch.distance.min()) * patch.step_mm
    return {
        "shape_log_volume": math.log(volume),
        "shape_log_surface": math.log(area),
        "shape_surface_to_volume": area / volume,
        "shape_sphericity": math.pi * equivalent**2 / area,
        "shape_longest_mm": longest,
        "shape_longest_to_equivalent": longest / equivalent,
        "shape_solidity": volume / hull_volume,
        "shape_hull_roughness": area / hull_area,
        "shape_depth_mm": depth,
        "shape_depth_to_equivalent": 2 * depth / equivalent,
        **_axes(patch),
        **_radii(corners),
    }


def _surface(patch: Patch) -> tuple[NDArray[np.float64], float, float]:
    """Corners (N, 3) in mm of the surface on which half a point is lesion, its volume and its area.

    Marching cubes (Lewiner et al. 2003, J Graph Tools 8:1-15); the volume by the divergence theorem.
    """
    from skimage.measure import marching_cubes, mesh_surface_area

    corners, faces, _, _ = marching_cubes(np.pad(patch.part, 1), 0.5, spacing=(patch.step_mm,) * 3)
    corners = np.asarray(corners, dtype=np.float64)
    a, b, c = (corners[faces[:, one]] - corners.mean(axis=0) for one in range(3))
    volume = abs(float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum())) / 6
    return corners, volume, float(mesh_surface_area(corners, faces))


def _hull(corners: NDArray[np.float64], volume: float, area: float) -> tuple[float, float, float]:
    """Volume and area of the convex hull, and the longest distance between two of its corners."""
    try:
        hull = ConvexHull(corners)
    except QhullError:
        return volume, area, float(pdist(corners[:AT_ONCE]).max())
    outer = corners[hull.vertices]
    outer = outer[:: -(-len(outer) // AT_ONCE)]
    return float(hull.volume), float(hull.area), float(pdist(outer).max())


def _axes(patch: Patch) -> dict[str, float]:
    """Axes of the ellipsoid with the lesion's second moments; a point has the moments of its cube."""
    points = np.argwhere(patch.lesion) * patch.step_mm
    moments = np.cov(points.T, bias=True) if len(points) > 1 else np.zeros((3, 3))
    moments = moments + np.eye(3) * patch.step_mm**2 / 12
    minor, middle, major = np.sqrt(5 * np.linalg.eigvalsh(moments)) * 2
    return {
        "shape_major_mm": float(major),
        "shape_middle_mm": float(middle),
        "shape_minor_mm": float(minor),
        "shape_elongation": float(middle / major),
        "shape_flatness": float(minor / major),
    }


def _radii(corners: NDArray[np.float64]) -> dict[str, float]:
    """How the distance from the surface's centre to its corners spreads: 0 for a ball."""
    radii = np.linalg.norm(corners - corners.mean(axis=0), axis=1)
    spread = radii / radii.mean() - 1
    return {
        "shape_radius_spread": float(spread.std()),
        "shape_radius_largest": float(spread.max()),
    }

"""What shape a nodule has: smooth or spiculated, of a volume that does not tell which.

A nodule is star-shaped: its surface is a radius for each direction. A smooth one is an ellipsoid with
gentle waves; a spiculated one is a round core with some twenty spikes. Both are scaled to the volume of the
ball of their diameter, and both leave that ball by about as much, so that neither the volume nor the mean
inside the mask or the ball gives the kind away.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SPIKES = (16, 20)
SPIKE_LENGTH = (1.0, 1.6)
"""Height of a spike above the core, in core radii."""
SPIKE_SHARPNESS = 45.0
"""Concentration of a spike about its axis (von Mises-Fisher): half its height is left at 10 degrees."""
STRETCH = (1.45, 1.65)
"""Longest over shortest axis of a smooth nodule is the square of this."""
WAVES = 0.04


@dataclass(frozen=True, eq=False)
class Surface:
    """Radius in mm of a star-shaped body for each direction: an ellipsoid times its bumps.

    `axes` (3, 3) takes a unit vector to the ellipsoid's own axes over their lengths; `bumps` (N, 3) are unit
    vectors, `heights` (N,) and `sharpness` say how far and how narrow the surface rises there.
    """

    scale_mm: float
    axes: Floats
    bumps: Floats
    heights: Floats
    sharpness: float

    def radius_mm(self, directions: Floats) -> Floats:
        """Radius (N,) for unit vectors (N, 3)."""
        body = 1.0 / np.sqrt(((directions @ self.axes.T) ** 2).sum(axis=1))
        rise = np.exp(self.sharpness * (directions @ self.bumps.T - 1.0)) @ self.heights
        return np.asarray(self.scale_mm * body * (1.0 + rise))


def surface(kind: str, diameter_mm: float, random: np.random.Generator) -> Surface:
    """A nodule of `kind` (``smooth`` or ``spiculated``) with the volume of a ball of `diameter_mm`."""
    if kind == "spiculated":
        count = int(random.integers(SPIKES[0], SPIKES[1] + 1))
        heights = random.uniform(*SPIKE_LENGTH, size=count)
        shape = Surface(1.0, np.eye(3), _spread(count, random), heights, SPIKE_SHARPNESS)
    else:
        stretch = float(random.uniform(*STRETCH))
        lengths = np.array([stretch, 1.0, 1.0 / stretch])
        turned = _rotation(random) / lengths[:, None]
        shape = Surface(1.0, turned, _spread(6, random), random.uniform(0, 2 * WAVES, size=6), 4.0)
    sphere = _spread(4000, None)
    volume = 4.0 * math.pi / 3.0 * float((shape.radius_mm(sphere) ** 3).mean())
    scale = diameter_mm * (math.pi / 6.0 / volume) ** (1.0 / 3.0)
    return Surface(scale, shape.axes, shape.bumps, shape.heights, shape.sharpness)


def occupancy(body: Surface, offsets_mm: tuple[Floats, Floats, Floats], softness_mm: float) -> Floats:
    """Share of the nodule, 0 to 1, at points given by their offsets from its centre along three axes.

    The edge is `softness_mm` wide, as the point spread of a scanner makes it.
    """
    x, y, z = np.meshgrid(*offsets_mm, indexing="ij", sparse=True)
    distance = np.sqrt(x * x + y * y + z * z)
    radii = body.radius_mm(_spread(1000, None))
    inside = (distance < 0.5 * radii.min()).astype(np.float64)
    shell = (inside == 0.0) & (distance < 1.1 * radii.max() + softness_mm)
    away = distance[shell]
    directions = np.stack([np.broadcast_to(part, distance.shape)[shell] for part in (x, y, z)], axis=1)
    depth = body.radius_mm(directions / away[:, None]) - away
    inside[shell] = np.clip(0.5 + depth / softness_mm, 0.0, 1.0)
    return inside


def _spread(count: int, random: np.random.Generator | None) -> Floats:
    """Unit vectors (count, 3) spread over the sphere by a golden spiral, turned and jittered at random."""
    steps = np.arange(count) + 0.5
    height, angle = 1.0 - 2.0 * steps / count, math.pi * (1.0 + math.sqrt(5.0)) * steps
    ring = np.sqrt(1.0 - height**2)
    points = np.stack([ring * np.cos(angle), ring * np.sin(angle), height], axis=1)
    if random is None:
        return points
    points = points @ _rotation(random) + random.normal(0.0, 0.1, size=points.shape)
    return np.asarray(points / np.sqrt((points**2).sum(axis=1, keepdims=True)))


def _rotation(random: np.random.Generator) -> Floats:
    """A random orthogonal matrix (3, 3)."""
    orthogonal, triangular = np.linalg.qr(random.normal(size=(3, 3)))
    return np.asarray(orthogonal * np.sign(np.diag(triangular)))

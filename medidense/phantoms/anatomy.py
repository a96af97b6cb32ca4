"""What surrounds a nodule: body wall with ribs, two lungs and their vessels, in HU."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

AIR, LUNG, TISSUE, BONE, VESSEL = -1000.0, -850.0, 40.0, 400.0, 30.0
LUNGS = (-0.24, 0.24)
"""Middles of the two lungs along x, as shares of the field of view."""
OUTER, INNER = (0.5, 0.48), (0.46, 0.44)
"""Half axes of the body and of the space for the lungs, along x and y, as shares of the field of view."""
MEDIASTINUM = 0.03
"""Half width of what parts the lungs."""


def body_of(offsets: tuple[Floats, Floats, Floats]) -> tuple[Floats, NDArray[np.bool_]]:
    """HU of air, body wall with ribs, and lungs, and where the lungs are (i, j, k)."""
    x, y, z = np.meshgrid(*offsets, indexing="ij", sparse=True)
    field = 2.0 * float(offsets[0][-1])
    flat = 0.0 * z
    outer = (x / (OUTER[0] * field)) ** 2 + (y / (OUTER[1] * field)) ** 2 + flat
    inner = (x / (INNER[0] * field)) ** 2 + (y / (INNER[1] * field)) ** 2 + flat
    hu = np.where(outer < 1.0, TISSUE, AIR)
    ribs = (outer < 0.97) & (inner > 1.03) & (np.sin((z + 0.25 * y) * 2 * math.pi / 22.0) > 0.6)
    hu[ribs] = BONE
    lungs = (inner < 1.0) & (np.abs(x) > MEDIASTINUM * field)
    hu[lungs] = LUNG
    return hu, lungs


def add_vessel(
    hu: Floats, offsets: tuple[Floats, Floats, Floats], lungs: NDArray[np.bool_], random: np.random.Generator
) -> None:
    """Draw a bright tube of random place, direction, length and width into the lungs."""
    field, depth = 2.0 * float(offsets[0][-1]), 2.0 * float(offsets[2][-1])
    side = LUNGS[int(random.integers(2))] * field
    middle = np.array([side, 0.0, 0.0]) + random.uniform(-0.5, 0.5, 3) * (0.3 * field, 0.6 * field, depth)
    direction = random.normal(size=3)
    direction /= np.sqrt((direction**2).sum())
    half, radius = float(random.uniform(10.0, 25.0)), float(random.uniform(0.7, 1.6))
    reach = np.abs(direction) * half + radius + 1.0
    box = tuple(
        slice(*np.searchsorted(along, (middle[a] - reach[a], middle[a] + reach[a])))
        for a, along in enumerate(offsets)
    )
    if 0 in hu[box].shape:
        return
    near = [along[part] - middle[a] for a, (along, part) in enumerate(zip(offsets, box, strict=True))]
    x, y, z = np.meshgrid(*near, indexing="ij", sparse=True)
    along = x * direction[0] + y * direction[1] + z * direction[2]
    beyond = np.maximum(np.abs(along) - half, 0.0)
    away = np.sqrt(np.maximum(x * x + y * y + z * z - along * along, 0.0) + beyond**2)
    share = np.clip(0.5 + (radius - away), 0.0, 1.0) * lungs[box]
    hu[box] += share * (VESSEL - hu[box])

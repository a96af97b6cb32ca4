"""What would the networks of a run see of its cohort if every lesion were hidden?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from medidense.preprocess import Surroundings, hidden, open_sample, surroundings, widest_hole
from medidense.values import Refused, Sample
from medidense.values.input import Input
from medidense.verbs.cohort_arrays import Arrays, room
from medidense.verbs.progress import Progress

COVERED = 95
"""Percentile of how far lesions reach that the hole is made for."""

MARGIN = 2
"""Voxels of the crop about a lesion that are hidden with it: outlines are drawn to a voxel or two."""

HIDDEN = 0.7
"""Share of what the network looks at that the hole may take: the rest is what the control is about."""


@dataclass(frozen=True, eq=False)
class HiddenLesions:
    """Crops with a hole of one `radius` for all, in the unit of `Surroundings.reach`.

    `balls` are the samples without a mask, whose lesion is taken for a ball of the diameter that is stated.
    """

    crops: dict[str, Surroundings]
    balls: frozenset[str]
    radius: float
    margin: float
    spec: Input

    @property
    def covered(self) -> frozenset[str]:
        """Samples whose lesion lies in the hole; others would tell its size by what sticks out."""
        reached = self.radius - self.margin
        return frozenset(name for name, crop in self.crops.items() if crop.reach <= reached)

    def load(self, sample: Sample) -> tuple[NDArray[np.float32], None]:
        """The network's input without the lesion, float32 (C, *size)."""
        return hidden(self.crops[sample.name], self.radius, self.spec), None


def hide_lesions(
    arrays: Arrays, samples: Sequence[Sample], spec: Input, progress: Progress
) -> HiddenLesions | None:
    """The samples that have a mask or a point with a diameter, their lesions hidden; None where none has."""
    given = [sample for sample in samples if sample.mask_path is not None or sample.marker is not None]
    values = room((len(given), *spec.size), arrays.folder, np.dtype(np.float32))
    crops = {}
    for number, sample in enumerate(given):
        try:
            crop = surroundings(*open_sample(sample), spec)
        except Refused:
            continue  # what cannot be read any more has no part in a control
        values[number] = crop.values
        crops[sample.name] = replace(crop, values=values[number])
        progress("hide lesions", number + 1, len(given))
    if not crops:
        return None
    margin = MARGIN * max(spec.spacing_mm or (1.0,))
    reached = float(np.percentile([crop.reach for crop in crops.values()], COVERED))
    balls = frozenset(sample.name for sample in given if sample.mask_path is None)
    return HiddenLesions(crops, balls, min(reached + margin, widest_hole(spec, HIDDEN)), margin, spec)

"""What is known of a sample beside its image: what the trivial baselines are given."""

import math

import numpy as np

from medidense.preprocess.ball import ball_of
from medidense.preprocess.crop import Prepared
from medidense.preprocess.descriptors import lesion_descriptors
from medidense.values.predictions import SampleFacts
from medidense.values.region import Region
from medidense.values.volume import Volume


def sample_facts(
    name: str, subject_id: str, volume: Volume, region: Region | None, prepared: Prepared
) -> SampleFacts:
    """Volume, mean intensity and descriptors of the lesion, and the percentiles of its crop.

    The volume is that of the mask's voxels, or of a ball of the marker's diameter, in mm3 (in voxels
    where the spacing is unknown); None without a region. The mean is over the same mask or ball, else
    over the whole image, in modality values.
    """
    return SampleFacts(
        sample=name,
        subject_id=subject_id,
        volume_mm3=None if region is None else lesion_volume(volume, region),
        mean_intensity=_mean(volume, region),
        modality=volume.source.modality or "",
        intensity_p01=prepared.p01,
        intensity_p50=prepared.p50,
        intensity_p99=prepared.p99,
        descriptors={} if region is None else lesion_descriptors(volume, region),
        slice_mm=_slice_mm(volume),
    )


def lesion_figures(volume: Volume, region: Region | None) -> dict[str, float]:
    """Those of `sample_facts` that need no crop, by the names of the fields; without what is not known."""
    found = {
        "volume_mm3": None if region is None else lesion_volume(volume, region),
        "mean_intensity": _mean(volume, region),
        "slice_mm": _slice_mm(volume),
    }
    return {name: number for name, number in found.items() if number is not None}


def _slice_mm(volume: Volume) -> float | None:
    return max(volume.spacing_mm) if volume.dims == 3 and volume.spacing_known else None


def lesion_volume(volume: Volume, region: Region) -> float:
    """Of the mask, or of the ball, in mm3; in voxels where the spacing is unknown."""
    voxel = abs(float(np.linalg.det(volume.affine[:3, :3])))
    ball = math.pi / 6.0 * region.extent_mm[0] ** 3
    total = ball if region.mask is None else float(np.count_nonzero(region.mask)) * voxel
    return total if volume.spacing_known else total / voxel


def _mean(volume: Volume, region: Region | None) -> float:
    """Inside the mask, the ball, or the whole image."""
    if region is None:
        return float(volume.array.mean(dtype=np.float64))
    if region.mask is not None:
        return float(volume.array[region.mask].mean(dtype=np.float64))
    box, ball = ball_of(volume, region)
    return float(volume.array[box][ball].mean(dtype=np.float64))

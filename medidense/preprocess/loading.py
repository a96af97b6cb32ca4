"""What a row of a cohort gives the network: reading, region and preparation in one call."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from medidense.io import read_region, read_volume
from medidense.preprocess.crop import Prepared, prepare
from medidense.preprocess.facts import sample_facts
from medidense.values.cohort import Sample
from medidense.values.input import Input
from medidense.values.predictions import SampleFacts
from medidense.values.refusal import Refused
from medidense.values.region import Region
from medidense.values.volume import Volume


def with_spacing(volume: Volume, sample: Sample) -> Volume:
    """The volume with the spacing that the cohort states, where it states one.

    ``unknown`` sets what the file says aside; millimetres give a picture the affine
    diag(-right, -down, 1). Raises Refused CONFLICT for millimetres beside a file that has its own.
    """
    if sample.spacing_known is False:
        return replace(volume, spacing_known=False)
    if sample.spacing_mm is None:
        return volume
    right, down = sample.spacing_mm
    if volume.source.kind != "picture":
        found, step = (
            f"spacing {right:g} x {down:g} mm in the table",
            "empty the cell: the file has a spacing",
        )
        raise Refused("CONFLICT", sample.image, found, "the spacing in the file alone", step)
    affine = np.diag([-right, -down, 1.0, 1.0])
    return replace(volume, affine=affine, spacing_known=True)


def open_sample(sample: Sample) -> tuple[Volume, Region | None]:
    """The image of a sample, and its lesion where the row gives one. Raises Refused as the readers do."""
    volume = with_spacing(read_volume(Path(sample.image_path), series_uid=sample.series_uid), sample)
    return volume, sample_region(sample, volume)


def sample_region(sample: Sample, volume: Volume) -> Region | None:
    """The lesion of a sample on the grid of its image, None where the row gives none. Raises Refused."""
    if sample.mask_path is None and sample.marker is None:
        return None
    mask = None if sample.mask_path is None else Path(sample.mask_path)
    return read_region(volume, mask_path=mask, marker=sample.marker, segment=sample.segment)


def load_sample(sample: Sample, spec: Input) -> tuple[Prepared, SampleFacts]:
    """The network's input of a sample and what is known beside it.

    Where the cohort says that the spacing is unknown, what the file says of it is not used. Raises
    Refused as the readers and `prepare` do, naming the image as the cohort does.
    """
    volume, region = open_sample(sample)
    try:
        prepared = prepare(volume, region, spec)
    except Refused as error:
        why = error.refusal
        raise Refused(why.code, sample.image, why.found, why.expected, why.next_step) from None
    return prepared, sample_facts(sample.name, sample.subject_id, volume, region, prepared)

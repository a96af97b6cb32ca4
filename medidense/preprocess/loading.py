"""What a row of a cohort gives the network: reading, region and preparation in one call."""

from dataclasses import replace
from pathlib import Path

from medidense.io import read_region, read_volume
from medidense.preprocess.crop import Prepared, prepare
from medidense.preprocess.facts import sample_facts
from medidense.values.cohort import Sample
from medidense.values.predictions import SampleFacts
from medidense.values.recipe import Input
from medidense.values.refusal import Refused


def load_sample(sample: Sample, spec: Input) -> tuple[Prepared, SampleFacts]:
    """The network's input of a sample and what is known beside it.

    Where the cohort says that the spacing is unknown, what the file says of it is not used. Raises
    Refused as the readers and `prepare` do, naming the image as the cohort does.
    """
    volume = read_volume(Path(sample.image_path), series_uid=sample.series_uid)
    if sample.spacing_known is False:
        volume = replace(volume, spacing_known=False)
    region = None
    if sample.mask_path is not None or sample.marker is not None:
        mask = None if sample.mask_path is None else Path(sample.mask_path)
        region = read_region(volume, mask_path=mask, marker=sample.marker)
    try:
        prepared = prepare(volume, region, spec)
    except Refused as error:
        why = error.refusal
        raise Refused(why.code, sample.image, why.found, why.expected, why.next_step) from None
    return prepared, sample_facts(sample.name, sample.subject_id, volume, region, prepared)

"""Are the parts of a run's folds apart, counted anew from its files?"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Separation:
    """What was compared, and what stands in two parts of one fold; all counts are added up over the folds.

    `rows` are those of the training, validation and test parts. `subjects_in_two` counts subjects of a fold
    that have rows in two of its parts, `exact_copies` samples of its training or validation part whose image
    is one of its test part. `images` counts the run's different images, None where the run keeps no digest of
    every image: then no image was compared.
    """

    folds: int
    subjects: int
    rows: int
    subjects_in_two: int
    images: int | None
    exact_copies: int

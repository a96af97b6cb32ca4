"""What do the networks of a run see of its cohort, without all of it lying in memory?"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from medidense import durable
from medidense.cohort import (
    CovariateTable,
    Targets,
    label_array,
    problem_at_row,
    read_covariates,
    read_targets,
)
from medidense.errors import CohortError
from medidense.io import free_memory
from medidense.preprocess import ArrayCache
from medidense.rundir import RunDir, code_digest, write_facts, write_groups
from medidense.values import Cohort, Refused, Sample, SampleFacts
from medidense.verbs.progress import Progress

SHARE = 0.5
"""Part of the free memory that the copies of a training part may take; larger ones lie in a file."""

LIBRARIES = ("numpy", "scipy", "scikit-image", "nibabel", "pydicom", "pillow")
"""Whose versions may change a bit of a prepared sample."""


class Crops(Protocol):
    """What has the network's input of a sample, and something beside it."""

    def load(self, sample: Sample) -> tuple[NDArray[np.float32], Any]:
        """Float32 (C, *size). Raises Refused."""


@dataclass(frozen=True, eq=False)
class Arrays:
    """The cohort as the network sees it, in the order of the sorted sample names.

    `labels` int64 (N,), -1 where a row has none (of several labels at once (N, labels)), `row` maps the name
    of a sample to its index, `volumes` float64 (N,) are the lesions' (NaN where unknown). The images,
    (C, *size) each, are read from `cache`.
    """

    table: str
    samples: tuple[Sample, ...]
    cache: Crops
    shape: tuple[int, ...]
    folder: Path
    labels: NDArray[np.int64]
    row: dict[str, int]
    targets: Targets
    volumes: NDArray[np.float64]
    covariates: CovariateTable | None = None

    def rows(self, names: Sequence[str]) -> list[int]:
        """Indices of these samples."""
        return [self.row[name] for name in names]

    def exact(self, rows: Sequence[int]) -> Iterator[NDArray[np.float32]]:
        """The images of these rows one after the other, float32, as every other way to a score has them.

        Raises CohortError where an image can no longer be read.
        """
        for row in rows:
            sample = self.samples[row]
            try:
                yield self.cache.load(sample)[0]
            except Refused as refused:
                raise CohortError.several([problem_at_row(self.table, sample, refused.refusal)]) from None

    def rounded(self, rows: Sequence[int]) -> NDArray[np.float16]:
        """The images of these rows to train on, float16 (len(rows), C, *size): half the memory.

        A value in -1..1 moves by at most 2**-12 (0.00025); no score of a test part is made from them. In
        memory where they fit, else in a file without a name that is mapped.
        Raises CohortError, and WriteError where the disk has no room either.
        """
        images = room((len(rows), *self.shape), self.folder, np.dtype(np.float16))
        for place, image in zip(images, self.exact(rows), strict=True):
            place[:] = image
        return images


def load_arrays(run: RunDir, table: Cohort, progress: Progress) -> Arrays:
    """Preprocess every sample once and write samples.csv.

    One process at a time prepares; those that wait for it find its work. Raises CohortError, a line for each
    refused sample.
    """
    recipe = run.recipe()
    samples = tuple(sorted(table.samples, key=lambda sample: sample.name))
    targets = read_targets(table, recipe.labels, run.positive)
    covariates = read_covariates(table, recipe.input.covariates)
    code = " ".join([code_digest(), *(f"{name}-{version(name)}" for name in LIBRARIES)])
    cache = ArrayCache(run.arrays, recipe.input, code)

    def waiting() -> None:
        progress("wait for another process that preprocesses", 0, None)

    with durable.locked(run.arrays, wait_s=float("inf"), waiting=waiting):
        facts = _prepared(table.name, samples, cache, progress)
    write_facts(facts, run.facts_path)
    write_groups(samples, run.path)
    return Arrays(
        table=table.name,
        samples=samples,
        cache=cache,
        shape=(recipe.input.channels, *recipe.input.size),
        folder=run.arrays,
        labels=label_array(samples, run.classes),
        row={sample.name: number for number, sample in enumerate(samples)},
        targets=targets,
        volumes=np.array([fact.volume_mm3 or np.nan for fact in facts], dtype=np.float64),
        covariates=covariates,
    )


def _prepared(
    table: str, samples: Sequence[Sample], cache: ArrayCache, progress: Progress
) -> list[SampleFacts]:
    """The facts of all samples, whose arrays lie in the cache then."""
    facts, problems = [], []
    for number, sample in enumerate(samples):
        try:
            facts.append(cache.load(sample)[1])
        except Refused as refused:
            problems.append(problem_at_row(table, sample, refused.refusal))
        progress("preprocess", number + 1, len(samples))
    if problems:
        raise CohortError.several(problems)
    return facts


def room(shape: tuple[int, ...], folder: Path, dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array to be filled, in memory or in a file that is gone when nobody uses it any more."""
    size = int(np.prod(shape)) * dtype.itemsize
    if size <= SHARE * free_memory():
        return np.empty(shape, dtype=dtype)
    with durable.writing(folder), tempfile.TemporaryFile(dir=folder) as file:
        os.posix_fallocate(file.fileno(), 0, size)  # a full disk is an error here, not a signal later
        return np.memmap(file, dtype=dtype, mode="r+", shape=shape)

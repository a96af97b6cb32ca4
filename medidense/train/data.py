"""What does a network learn from, and in which portions?"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from medidense.errors import UsageError
from medidense.train.answering import answer_weights

Images = NDArray[np.float32] | NDArray[np.float16]


@dataclass(frozen=True)
class TrainingData:
    """The training part of a fold, and the validation part of a recipe that stops early.

    `images` is float32 or float16 (N, C, *size) with at least two samples; a batch is float32 in either case.
    `labels` is int64 (N,) counting classes or grades from 0; -1 is no label, for rows that teach by a target
    or an auxiliary one. Of several labels at once it is (N, L): 1 shown, 0 not shown, -1 not known. The
    validation arrays have the same form, all labelled, or are both None. Raises UsageError where they do not.

    `targets` float32 (N, classes) are probabilities to train towards in the labels' place. `auxiliary`
    float32 (N, A), NaN where unknown, are further targets of mean 0 and standard deviation 1, whose error
    weighs `auxiliary_weight`. `volumes` float64 (N,) above 0 are for size-paired batches. With `planes` the
    network sees the central planes of cubes; the last `fixed_channels` are no intensities (a mask).
    `covariates` float32 (N, V), finite, enter the head; of the share `covariate_dropout` they do not.
    """

    images: Images
    labels: NDArray[np.int64]
    validation_images: Images | None = None
    validation_labels: NDArray[np.int64] | None = None
    targets: NDArray[np.float32] | None = None
    auxiliary: NDArray[np.float32] | None = None
    auxiliary_weight: float = 0.5
    volumes: NDArray[np.float64] | None = None
    planes: bool = False
    fixed_channels: int = 0
    covariates: NDArray[np.float32] | None = None
    validation_covariates: NDArray[np.float32] | None = None
    covariate_dropout: float = 0.0

    def __post_init__(self) -> None:
        _check("training part", self.images, self.labels, smallest=2)
        unknown = self.labels.reshape(len(self.labels), -1) < 0
        if unknown.all(axis=1).any() and self.targets is None and self.auxiliary is None:
            step = "drop those rows, or give targets"
            raise UsageError("training part", "a row without a label teaches nothing", "label -1", step)
        if (self.validation_images is None) != (self.validation_labels is None):
            step = "give both or neither"
            raise UsageError("validation part", "images and labels belong together", "one of them", step)
        if self.validation_images is not None and self.validation_labels is not None:
            _check("validation part", self.validation_images, self.validation_labels, smallest=1)
            _check_covariates("validation part", self.validation_covariates, self.validation_images)
        _check_covariates("training part", self.covariates, self.images)


def class_weights(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """The weight of each class in the loss, float32 (classes,): samples / (classes x samples of the class).

    So every class weighs as much as any other in the whole of `labels` (the "balanced" rule of
    scikit-learn, after King and Zeng, 2001). A class without a sample gets 0; rows without a label (-1) are
    left out. Of several labels (N, L) it is each label's two sides that weigh the same: float32 (L, 2).

    >>> class_weights(np.array([0, 0, 0, 1]), 2).tolist()
    [0.6666666865348816, 2.0]
    """
    if labels.ndim == 2:
        return answer_weights(labels)
    labelled = labels[labels >= 0]
    counts = np.bincount(labelled, minlength=classes)
    weights = len(labelled) / (classes * np.maximum(counts, 1))
    return np.where(counts > 0, weights, 0.0).astype(np.float32)


def standardized(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each column of (N, A) brought to mean 0 and standard deviation 1, NaN left out and left in.

    A column of one value becomes 0.

    >>> standardized(np.array([[1.0], [3.0], [np.nan]], dtype=np.float32)).ravel().tolist()
    [-1.0, 1.0, nan]
    """
    known = np.isfinite(columns)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, columns, 0).sum(axis=0, dtype=np.float64) / count
    spread = np.sqrt((np.where(known, columns - mean, 0) ** 2).sum(axis=0, dtype=np.float64) / count)
    return ((columns - mean) / np.where(spread > 0, spread, 1)).astype(np.float32)


def count_batches(samples: int, batch_size: int) -> int:
    """The number of optimiser steps in an epoch.

    The samples are dealt out evenly, so batches differ by one sample at most and none is dropped. No batch
    has fewer than two, because batch normalisation needs a spread: where a batch size of two leaves one
    sample over, one batch has three.

    >>> count_batches(33, 16), count_batches(32, 16), count_batches(5, 2)
    (3, 2, 2)
    """
    return max(1, min(-(-samples // batch_size), samples // 2))


def deal(samples: int, batches: int, order: torch.Generator) -> tuple[torch.Tensor, ...]:
    """The indices 0 .. samples - 1 in an order drawn from `order`, as `batches` int64 tensors."""
    return torch.tensor_split(torch.randperm(samples, generator=order), batches)


def _check(where: str, images: Images, labels: NDArray[np.int64], *, smallest: int) -> None:
    if images.dtype not in (np.float32, np.float16) or images.ndim not in (4, 5):
        found = f"{images.dtype} {images.shape}"
        raise UsageError(
            where, "images are float32 or float16 (N, C, *size)", found, "prepare them with the recipe"
        )
    lowest = -1 if smallest > 1 or labels.ndim == 2 else 0
    if (
        labels.ndim not in (1, 2)
        or len(labels) != len(images)
        or labels.dtype != np.int64
        or (labels < lowest).any()
    ):
        found = f"{labels.dtype} {labels.shape} for {len(images)} images"
        raise UsageError(
            where, "labels are int64 (N,) or (N, labels), from 0", found, "give each image its class"
        )
    if len(images) < smallest:
        rule = f"needs at least {smallest} sample{'s' if smallest > 1 else ''}"
        raise UsageError(where, rule, len(images), "use fewer folds or more subjects")


def _check_covariates(where: str, covariates: NDArray[np.float32] | None, images: Images) -> None:
    if covariates is None:
        return
    found = f"{covariates.dtype} {covariates.shape} for {len(images)} images"
    if covariates.dtype != np.float32 or covariates.ndim != 2 or len(covariates) != len(images):
        raise UsageError(where, "covariates are float32 (N, V)", found, "give each image its own")
    if not np.isfinite(covariates).all():
        raise UsageError(where, "covariates are finite numbers", "others", "encode missing ones")

"""What does a package say of an image?"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from medidense.package.covariates import example_of
from medidense.package.files import RECIPE, check_agreement, check_files, read_manifest, read_recipe
from medidense.package.plausible import check_input, check_intensity
from medidense.package.torch_engine import build_networks
from medidense.package.training_digest import TrainingDigest, read_training_digest
from medidense.predict import predict_scores
from medidense.preprocess import prepare
from medidense.values import Manifest, Prediction, Recipe, Region, Volume, calibrate, decision, possible
from medidense.values.covariates import Cells


@dataclass(frozen=True, eq=False)
class Package:
    """A package whose every sum held when it was loaded. `digest` is the sha256 of its manifest.json.

    Networks are built on first use and kept.
    """

    path: Path
    manifest: Manifest
    recipe: Recipe
    digest: str

    def networks(self) -> list[nn.Module]:
        """The folds' networks in the manifest's order, on the CPU, in evaluation mode.

        Raises PackageError when a file was changed since loading, or holds other tensors than the network.
        """
        return list(self._built)

    def predict(
        self, volume: Volume, region: Region | None = None, covariates: Cells | None = None
    ) -> Prediction:
        """Probabilities of the classes (or labels) and what is decided, for one lesion (or one whole image).

        The score is the mean of the networks' probabilities, made by the same preprocessing and the same
        forward pass as in training's cross-validation; calibration leaves it as it is. `covariates` has a
        value for each column of the recipe's ``input.covariates``: text as in a table, a number, None for
        missing; others are passed over. Raises Refused: NO_REGION, MODALITY, NO_COVARIATE, IMPLAUSIBLE, or
        what ``preprocess.prepare`` refuses.
        """
        where = f"{volume.source.kind} image"
        check_input(self.manifest, volume, region, where)
        prepared = prepare(volume, region, self.recipe.input)
        check_intensity(self.manifest.training, prepared, where)
        example = example_of(self.manifest, prepared, covariates, where)
        scores = predict_scores(
            self.networks(),
            prepared.array[None] if example is None else [example],
            device="cpu",
            threads=self.manifest.threads,
            flips=self.recipe.prediction.flips,
        )[0]
        return Prediction(
            self._named(scores), self._decision(scores), self._calibrated(scores), self._possible(scores)
        )

    def training_digest(self) -> TrainingDigest | None:
        """What tells subjects and images of the training again; None in a package of an older version.

        Raises PackageError when the file was changed since loading, or holds something else.
        """
        name = self.manifest.training_digest
        return None if name is None else read_training_digest(self.path / name, self.manifest.files[name])

    @cached_property
    def _built(self) -> tuple[nn.Module, ...]:
        check_files(self.path, self.manifest)
        weights = [self.path / name for name in self.manifest.models]
        return tuple(
            build_networks(self.recipe, len(self.manifest.classes), weights, self.manifest.covariates)
        )

    def _decision(self, scores: NDArray[np.float64]) -> str:
        """What is decided at the manifest's operating point."""
        about = self.manifest
        return decision(about.kind, about.classes, scores, about.positive, about.operating_point)

    def _named(self, scores: NDArray[np.float64]) -> dict[str, float]:
        """Each class's number."""
        return {name: float(score) for name, score in zip(self.manifest.classes, scores, strict=True)}

    def _calibrated(self, scores: NDArray[np.float64]) -> dict[str, float] | None:
        """Probabilities by the manifest's calibration."""
        about = self.manifest
        if about.calibration is None:
            return None
        return self._named(calibrate(about.calibration, scores[None], about.classes.index(about.positive))[0])

    def _possible(self, scores: NDArray[np.float64]) -> tuple[str, ...] | None:
        """The prediction set by the manifest's rule."""
        sets = self.manifest.sets
        return None if sets is None else possible(self.manifest.classes, scores, sets.least)


def load_package(path: Path) -> Package:
    """Read a package and prove it: every file's sha256 is checked before any tensor is read.

    Raises PackageError for a missing or damaged package, an unknown format, engine, key or file.
    """
    folder = Path(path)
    manifest, digest = read_manifest(folder)
    check_files(folder, manifest)
    recipe = read_recipe(folder)
    check_agreement(manifest, recipe, folder / RECIPE)
    return Package(folder, manifest, recipe, digest)

"""Where each file of a run directory lies, and the values in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medidense import durable
from medidense.errors import RunError
from medidense.rundir.asked import Asked
from medidense.rundir.recipes import read_recipe
from medidense.rundir.starts import StartFacts, facts_of
from medidense.rundir.tables import read_epochs, read_facts, read_predictions, read_splits
from medidense.values import EpochRecord, Predictions, Recipe, SampleFacts, Splits


@dataclass(frozen=True)
class FoldDir:
    """``folds/K``: weights, the test part's predictions, the epochs, and fold.json once all are there."""

    path: Path

    @property
    def weights(self) -> Path:
        """The weights that score, safetensors."""
        return self.path / "weights.safetensors"

    @property
    def predictions_path(self) -> Path:
        """Scores of the fold's test part."""
        return self.path / "predictions.csv"

    @property
    def scratch_path(self) -> Path:
        """The same scores of a network that started from random weights, where the recipe compares."""
        return self.path / "predictions_scratch.csv"

    @property
    def epochs_path(self) -> Path:
        """One line an epoch."""
        return self.path / "epochs.csv"

    def epochs(self) -> tuple[EpochRecord, ...]:
        """The epochs. Raises RunError."""
        return read_epochs(self.epochs_path)

    @property
    def done(self) -> bool:
        """True when the fold was finished and its files are those that were written."""
        try:
            sums = json.loads((self.path / "fold.json").read_text())["files"]
            return all(durable.sha256_file(self.path / name) == digest for name, digest in sums.items())
        except (OSError, ValueError, KeyError):
            return False

    def finish(self) -> None:
        """Write fold.json, the last file of a fold, with the sums of the others."""
        files = [self.weights, self.predictions_path, self.epochs_path]
        files += [self.scratch_path] if self.scratch_path.is_file() else []
        sums = {path.name: durable.sha256_file(path) for path in files}
        durable.write_text(self.path / "fold.json", json.dumps({"files": sums}, indent=2) + "\n")


@dataclass(frozen=True)
class RunDir:
    """One cross-validation on disk. Properties name files; methods read them and raise RunError."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def recipe_path(self) -> Path:
        """The recipe that was settled before the first gradient."""
        return self.path / "recipe.yaml"

    @property
    def splits_path(self) -> Path:
        """Who is trained on and tested, fold by fold."""
        return self.path / "splits.csv"

    @property
    def predictions_path(self) -> Path:
        """Out-of-fold scores, one row a sample."""
        return self.path / "predictions.csv"

    @property
    def scratch_path(self) -> Path:
        """Out-of-fold scores of networks that started from random weights, where the recipe compares."""
        return self.path / "predictions_scratch.csv"

    @property
    def start_csv(self) -> Path:
        """What became of each tensor of the weights that training started from, where it did."""
        return self.path / "start.csv"

    @property
    def start_path(self) -> Path:
        """The sums of those weights, and how many parameters were trained."""
        return self.path / "start.json"

    @property
    def facts_path(self) -> Path:
        """Volume, mean intensity and intensity percentiles of each sample."""
        return self.path / "samples.csv"

    @property
    def evaluation_path(self) -> Path:
        """The figures."""
        return self.path / "evaluation.json"

    @property
    def tracking_path(self) -> Path:
        """Which MLflow runs hold this run."""
        return self.path / "tracking.json"

    @property
    def figures(self) -> Path:
        """Folder of PNG figures."""
        return self.path / "figures"

    @property
    def saliency(self) -> Path:
        """Folder of maps and overlays of out-of-fold samples."""
        return self.path / "saliency"

    def fold(self, index: int) -> FoldDir:
        """The folder of one fold."""
        return FoldDir(self.path / "folds" / str(index))

    def recipe(self) -> Recipe:
        """The settled recipe."""
        return read_recipe(self.recipe_path)

    def public_recipe(self) -> Recipe:
        """The recipe as it may leave this machine: weights it starts from by their sums, not by a path."""
        recipe = self.recipe()
        if recipe.start is None:
            return recipe
        sums = " ".join(f"sha256:{digest}" for digest in self.start_facts().sha256)
        return recipe.model_copy(update={"start": recipe.start.model_copy(update={"weights": sums})})

    def start_facts(self) -> StartFacts:
        """start.json."""
        return facts_of(self._json(self.start_path), self.start_path)

    def splits(self) -> Splits:
        """The folds, verified."""
        return read_splits(self.splits_path, self.cohort_digest)

    def predictions(self) -> Predictions:
        """The out-of-fold scores."""
        return read_predictions(self.predictions_path, self.positive)

    def facts(self) -> tuple[SampleFacts, ...]:
        """What is known of each sample beside its image."""
        return read_facts(self.facts_path)

    def evaluation_json(self) -> dict[str, Any]:
        """evaluation.json as it stands."""
        return self._json(self.evaluation_path)

    def about(self) -> dict[str, Any]:
        """run.json: `asked` (the question), `cohort_path`, `classes`, `positive`, `device`, versions."""
        return self._json(self.path / "run.json")

    def save_about(self, about: Mapping[str, object]) -> None:
        """Write run.json."""
        durable.write_text(self.path / "run.json", json.dumps(about, indent=2, sort_keys=True) + "\n")

    @property
    def exists(self) -> bool:
        """True when a run was begun here."""
        return (self.path / "run.json").is_file()

    @property
    def folds(self) -> int:
        """Number of folds."""
        return int(self.about()["asked"]["folds"])

    @property
    def seed(self) -> int:
        """The run's seed."""
        return int(self.about()["asked"]["seed"])

    @property
    def cohort_digest(self) -> str:
        """sha256 of the cohort's rows."""
        return str(self.about()["asked"]["cohort"])

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in the order of the scores."""
        return tuple(self.about()["classes"])

    @property
    def positive(self) -> str:
        """The class that sensitivity and score speak of."""
        return str(self.about()["positive"])

    def require_finished(self) -> None:
        """Raise RunError unless every fold and the pooled predictions are there."""
        if not self.exists:
            step = "give the folder that medidense cv wrote"
            raise RunError(str(self.path), "this is no run directory", "no run.json", step)
        missing = [str(index) for index in range(self.folds) if not self.fold(index).done]
        if missing or not self.predictions_path.is_file():
            found = f"folds {', '.join(missing)} missing" if missing else "no predictions.csv"
            step = "run the same medidense cv command again; it goes on"
            raise RunError(str(self.path), "the run is not finished", found, step)

    def agrees_with(self, asked: Asked) -> None:
        """Raise RunError naming what differs between this run and the question asked now."""
        asked.same_as(self.about()["asked"], self.path)

    def _json(self, path: Path) -> dict[str, Any]:
        """One of our JSON files."""
        try:
            tree: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            step = "give the folder that medidense cv wrote"
            raise RunError(str(path), "cannot be read", error, step) from None
        return tree

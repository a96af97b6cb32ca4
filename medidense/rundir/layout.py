"""Where each file of a run directory lies, and the values in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from medidense import durable
from medidense.errors import RunError
from medidense.rundir.asked import Asked
from medidense.rundir.fold_dir import FoldDir
from medidense.rundir.journal import Journal
from medidense.rundir.recipes import read_recipe, write_recipe
from medidense.rundir.splits import read_inner_splits, read_splits, write_inner_splits, write_splits
from medidense.rundir.starts import StartFacts, facts_of
from medidense.rundir.tables import read_crossings, read_facts, read_predictions
from medidense.rundir.unchanged import ANEW, require_unchanged
from medidense.values import Crossing, Kind, Leakage, Predictions, Recipe, SampleFacts, Splits

RETRAIN = f"{ANEW}; another prevalence: medidense evaluate RUN_DIR --prevalence"
"""What can be done where an edited recipe asks for something else than the run was made for."""


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
    def leaks_path(self) -> Path:
        """Samples on a training side with a copy in the test part; no file where there are none."""
        return self.path / "leaks.csv"

    @property
    def prints_path(self) -> Path:
        """The digest of each sample's image, by which a package knows what it was trained on."""
        return self.path / "prints.csv"

    @property
    def inner_splits_path(self) -> Path:
        """Of a nested split: the inner folds of each outer one."""
        return self.path / "inner_splits.csv"

    @property
    def choices_path(self) -> Path:
        """Of a nested split: what each outer fold chose."""
        return self.path / "choices.csv"

    @property
    def predictions_path(self) -> Path:
        """Out-of-fold scores, one row a sample; of repeated folds the mean of the repeats."""
        return self.path / "predictions.csv"

    def repeat_path(self, repeat: int) -> Path:
        """Out-of-fold scores of one of several repeats."""
        return self.path / f"predictions-{repeat}.csv"

    @property
    def arrays(self) -> Path:
        """Folder of the samples as the network sees them, while folds are trained."""
        return self.path / "arrays"

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
    def controls_path(self) -> Path:
        """What the controls found."""
        return self.path / "controls.json"

    @property
    def report_path(self) -> Path:
        """The page of the run, HTML; its subjects are pseudonyms."""
        return self.path / "report.html"

    @property
    def report_numbers_path(self) -> Path:
        """The numbers of that page, JSON."""
        return self.path / "report.json"

    @property
    def tracking_path(self) -> Path:
        """Which MLflow runs hold this run."""
        return self.path / "tracking.json"

    @property
    def journal(self) -> Journal:
        """Which processes work or worked at the run; no file where it is kept out of MLflow."""
        return Journal(self.path / "journal.jsonl")

    @property
    def figures(self) -> Path:
        """Folder of PNG figures."""
        return self.path / "figures"

    @property
    def saliency(self) -> Path:
        """Folder of maps and overlays of out-of-fold samples."""
        return self.path / "saliency"

    @property
    def shown_path(self) -> Path:
        """Which sample each of those pictures shows."""
        return self.saliency / "shown.csv"

    def fold(self, index: int) -> FoldDir:
        """The folder of one fold."""
        return FoldDir(self.path / "folds" / str(index))

    def recipe(self) -> Recipe:
        """The settled recipe, of the digest that run.json has. Raises RunError, RecipeError."""
        self._unchanged(self.recipe_path, "recipe", RETRAIN)
        return read_recipe(self.recipe_path)

    def save_recipe(self, recipe: Recipe) -> dict[str, object]:
        """Write the recipe, and return what run.json says of it."""
        write_recipe(recipe, self.recipe_path)
        return {"recipe": {"sha256": durable.sha256_file(self.recipe_path)}}

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
        """The folds, built anew and of the digest that was written beside them. Raises RunError."""
        about = self._unchanged(self.splits_path, "splits")
        splits = read_splits(self.splits_path, self.cohort_digest)
        return replace(splits, names=tuple(about.get("names", ())), notes=tuple(about.get("notes", ())))

    def inner_splits(self, outer: int) -> Splits:
        """The inner folds of an outer one, verified in the same way. Raises RunError."""
        self._unchanged(self.inner_splits_path, "inner_splits")
        return read_inner_splits(self.inner_splits_path, outer, self.cohort_digest)

    def save_splits(self, splits: Splits, inner: Mapping[int, Splits] | None = None) -> dict[str, object]:
        """Write the folds (and those inside each), and return what run.json says of them."""
        write_splits(splits, self.splits_path)
        said = {"names": list(splits.names), "notes": list(splits.notes)}
        sums = {"sha256": durable.sha256_file(self.splits_path)}
        about: dict[str, object] = {"folds": len(splits.folds), "splits": sums | said}
        if inner:
            write_inner_splits(inner, self.inner_splits_path)
            about["inner_splits"] = {"sha256": durable.sha256_file(self.inner_splits_path)}
        return about

    def repeated_predictions(self) -> tuple[Predictions, ...]:
        """The out-of-fold scores of each repeat; none where each sample is tested once."""
        if self.repeats < 2:
            return ()
        return tuple(
            read_predictions(self.repeat_path(index), self.positive, self.kind)
            for index in range(self.repeats)
        )

    def predictions(self) -> Predictions:
        """The out-of-fold scores."""
        return read_predictions(self.predictions_path, self.positive, self.kind)

    def crossings(self) -> tuple[Crossing, ...]:
        """Samples on a fold's training side with a copy in its test part."""
        return read_crossings(self.leaks_path)

    def leakage(self) -> Leakage:
        """What was done about copies of test images."""
        crossings = self.crossings()
        dropped = sum(crossing.dropped for crossing in crossings)
        return Leakage(self.recipe().leakage, dropped, len(crossings) - dropped)

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
    def burned_in_allowed(self) -> bool:
        """Whether its owner has said that its pictures carry no name, whatever the modality."""
        return bool(self.about().get("allow_burned_in", False))

    def allow_burned_in(self) -> None:
        """Say so for good; whoever calls holds the run's lock."""
        if not self.burned_in_allowed:
            self.save_about({**self.about(), "allow_burned_in": True})

    @property
    def exists(self) -> bool:
        """True when a run was begun here."""
        return (self.path / "run.json").is_file()

    @property
    def folds(self) -> int:
        """Number of folds, of all repeats."""
        about = self.about()
        return int(about.get("folds") or about["asked"]["folds"])

    @property
    def repeats(self) -> int:
        """How often each sample is tested."""
        return int(self.about()["asked"].get("repeats", 1))

    @property
    def candidates(self) -> tuple[Mapping[str, Any], ...]:
        """Candidate settings of a nested split."""
        return tuple(self.about()["asked"].get("candidates", ()))

    @property
    def missing(self) -> tuple[int, ...]:
        """Folds that are not finished."""
        return tuple(index for index in range(self.folds) if not self.fold(index).done)

    @property
    def seed(self) -> int:
        """The run's seed."""
        return int(self.about()["asked"]["seed"])

    @property
    def cohort_digest(self) -> str:
        """sha256 of the cohort's rows."""
        return str(self.about()["asked"]["cohort"])

    @property
    def code(self) -> str:
        """The digest of the code that the run was begun with."""
        return str(self.about()["asked"]["code"])

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in the order of the scores."""
        return tuple(self.about()["classes"])

    @property
    def kind(self) -> Kind:
        """What a row's truth is."""
        kind: Kind = self.about().get("kind", "classes")
        return kind

    @property
    def positive(self) -> str:
        """The class that sensitivity and score speak of."""
        return str(self.about()["positive"])

    @property
    def pooled(self) -> bool:
        """True when every fold is there, and the scores that were pooled from them."""
        return self.predictions_path.is_file() and not self.missing

    def require_finished(self) -> None:
        """Raise RunError unless every fold and the pooled predictions are there."""
        if not self.exists:
            step = "give the folder that medidense cv wrote"
            raise RunError(str(self.path), "this is no run directory", "no run.json", step)
        missing = [str(index) for index in self.missing]
        if missing or not self.predictions_path.is_file():
            found = f"folds {', '.join(missing)} missing" if missing else "no predictions.csv"
            step = "run the same medidense cv command again; it goes on"
            raise RunError(str(self.path), "the run is not finished", found, step)

    def agrees_with(self, asked: Asked) -> None:
        """Raise RunError naming what differs between this run and the question asked now."""
        asked.same_as(self.about()["asked"], self.path)

    def _unchanged(self, path: Path, name: str, otherwise: str = ANEW) -> dict[str, Any]:
        """What run.json says of a file, which must be as it was written; older runs say nothing."""
        about: dict[str, Any] = self.about().get(name, {})
        require_unchanged(path, about.get("sha256"), otherwise)
        return about

    def _json(self, path: Path) -> dict[str, Any]:
        """One of our JSON files."""
        try:
            tree: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            step = "give the folder that medidense cv wrote"
            raise RunError(str(path), "cannot be read", error, step) from None
        return tree

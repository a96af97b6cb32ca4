"""From a cohort to a run directory: folds by subject, trained, tested out of fold, evaluated, logged."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import yaml

from medidense import durable
from medidense.cohort import ImageFacts, check_images, cut_folds, read_cohort
from medidense.errors import RunError, UsageError
from medidense.package import write_package
from medidense.rundir import (
    Asked,
    RunDir,
    code_digest,
    join_predictions,
    read_predictions,
    read_recipe,
    write_predictions,
    write_recipe,
    write_splits,
)
from medidense.track import log_cross_validation
from medidense.train import Device, choose_device
from medidense.values import Cohort, Evaluation, Recipe, Splits
from medidense.verbs.evaluating import evaluate
from medidense.verbs.exporting import package_contents
from medidense.verbs.fold_training import load_arrays, train_fold
from medidense.verbs.options import CvOptions
from medidense.verbs.planning import propose
from medidense.verbs.progress import Progress, counting, quiet
from medidense.verbs.showing import show_samples


@dataclass(frozen=True)
class CvResult:
    """The run, its figures, and where MLflow holds it (or why it does not) in words."""

    run: Path
    evaluation: Evaluation
    tracking: str
    seconds: float
    resumed: bool

    def to_json(self) -> dict[str, object]:
        """The evaluation's fields beside the run's."""
        own = {"run": str(self.run), "tracking": self.tracking, "seconds": round(self.seconds, 1)}
        return {**own, "resumed": self.resumed, **self.evaluation.to_json()}


def cv(
    cohort: Path,
    *,
    recipe: Path | None = None,
    options: CvOptions | None = None,
    progress: Progress = quiet,
) -> CvResult:
    """Cross-validate a lesion classifier, folds cut by subject, and log it to MLflow.

    Without `recipe` one is planned. The same question finds the same run directory: finished folds are kept.
    Raises CohortError, RecipeError, RunError when `out` holds another run, LockedError, WriteError.
    """
    begun, options = time.monotonic(), options or CvOptions()
    table = read_cohort(Path(cohort))
    given = None if recipe is None else read_recipe(Path(recipe))
    asked = _ask(table, given, options)
    run = RunDir(Path(options.out or Path("runs") / asked.folder_name))
    _refuse_foreign(run.path)
    with durable.locked(run.path):
        resumed = run.exists
        if resumed:
            run.agrees_with(asked)
        if not run.predictions_path.is_file():
            _settle(run, table, _Question(asked, given, options, Path(cohort).resolve()), progress)
            _train(run, table, progress)
        result = evaluate(run.path)
        show_samples(run, table, progress)
        tracking = _track(run, progress)
    return CvResult(run.path, result.evaluation, tracking, time.monotonic() - begun, resumed)


@dataclass(frozen=True)
class _Question:
    """What `_settle` needs of the command."""

    asked: Asked
    given: Recipe | None
    options: CvOptions
    cohort_path: Path


def _ask(table: Cohort, given: Recipe | None, options: CvOptions) -> Asked:
    """The question, with the values of ``--set`` parsed."""
    return Asked(
        cohort_name=table.name,
        cohort=table.digest,
        recipe="" if given is None else durable.sha256_bytes(given.model_dump_json().encode()),
        settings=_parsed(options.settings),
        folds=options.folds,
        seed=options.seed,
        budget=options.budget,
        code=code_digest(),
    )


def _parsed(settings: Mapping[str, object]) -> dict[str, Any]:
    """Values given as text, read as YAML: numbers, lists, true, null."""
    try:
        return {
            key: yaml.safe_load(value) if isinstance(value, str) else value for key, value in settings.items()
        }
    except yaml.YAMLError as error:
        raise UsageError(
            "--set", "a value is YAML", error, "quote it, as in --set 'input.size=[32,32,32]'"
        ) from None


def _refuse_foreign(folder: Path) -> None:
    """Raise RunError where `folder` is in use for something else."""
    if folder.is_dir() and not (folder / "run.json").exists():
        others = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        known = {"recipe.yaml", "splits.csv"}
        if set(others) - known:
            step = "choose an empty or a new --out"
            raise RunError(str(folder), "the folder is not empty and holds no run", others[0], step)


def _settle(run: RunDir, table: Cohort, question: _Question, progress: Progress) -> None:
    """Recipe and splits, decided and written before the first gradient; on a resumed run only verified."""
    if run.exists:
        _same_splits(run, table)
        return
    facts = check_images(table, counting(progress, "check images", len(table.samples)))
    recipe = _recipe(table, facts, question)
    device = choose_device(question.options.device, recipe.training)
    splits = _cut(table, recipe, question.options)
    write_recipe(recipe, run.recipe_path)
    write_splits(splits, run.splits_path)
    about = {
        "asked": question.asked.to_json(),
        "cohort_path": str(question.cohort_path),
        "classes": list(table.classes),
        "positive": _positive(table, recipe),
        "device": asdict(device),
        "torch": torch.__version__,
    }
    run.save_about(about)


def _recipe(table: Cohort, facts: Sequence[ImageFacts], question: _Question) -> Recipe:
    """The given recipe, or the planner's, with ``--set`` on top."""
    options = question.options
    recipe = question.given or propose(
        table, facts, budget=options.budget, folds=options.folds, device=options.device
    )
    return recipe.with_settings(_parsed(options.settings)) if options.settings else recipe


def _cut(table: Cohort, recipe: Recipe, options: CvOptions) -> Splits:
    """The folds of this cohort, seed and recipe."""
    stopping = recipe.training.early_stopping
    share = None if stopping is None else stopping.share
    return cut_folds(table, folds=options.folds, seed=options.seed, validation_share=share)


def _positive(table: Cohort, recipe: Recipe) -> str:
    """The class that sensitivity and score speak of. Raises UsageError when the recipe names no class."""
    positive = recipe.labels.positive or table.classes[-1]
    if positive not in table.classes:
        found = f"{positive!r}, classes are {', '.join(table.classes)}"
        raise UsageError(
            "labels.positive", "the positive class is one of the cohort's labels", found, "correct it"
        )
    return positive


def _same_splits(run: RunDir, table: Cohort) -> None:
    """Raise RunError where the saved folds are not of this cohort's samples and subjects."""
    subject_of = {sample.name: sample.subject_id for sample in table.samples}
    for fold in run.splits().folds:
        if dict(fold.subject_of) != subject_of:
            step = "restore splits.csv, or start anew in another --out"
            raise RunError(
                str(run.splits_path), "the folds are not of this cohort", f"fold {fold.index}", step
            )


def _train(run: RunDir, table: Cohort, progress: Progress) -> None:
    """Every fold that is not done yet, then the pooled predictions."""
    arrays = load_arrays(run, table, progress)
    device = Device(**run.about()["device"])
    for fold in run.splits().folds:
        if not run.fold(fold.index).done:
            train_fold(run, fold, arrays, device, progress)
    places = [run.fold(index) for index in range(run.folds)]
    if all(place.scratch_path.is_file() for place in places):
        scratch = [read_predictions(place.scratch_path, run.positive) for place in places]
        write_predictions(join_predictions(scratch), run.scratch_path)
    parts = [read_predictions(place.predictions_path, run.positive) for place in places]
    write_predictions(join_predictions(parts), run.predictions_path)


def _track(run: RunDir, progress: Progress) -> str:
    """Log the run to MLflow with its model; what went wrong comes back in words and stops nothing."""
    progress("log to MLflow", 0, 1)
    with TemporaryDirectory(prefix="medidense-") as folder:
        package = Path(folder) / "package"
        package.mkdir()
        write_package(package, package_contents(run))
        tracked = log_cross_validation(run, working=Path.cwd(), command="medidense cv", package=package)
    progress("log to MLflow", 1, 1)
    return tracked.words

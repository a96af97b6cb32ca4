"""From a cohort to a run directory: folds by subject, trained, tested out of fold, evaluated, logged."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from medidense import durable
from medidense.cohort import ImageFacts, check_images, find_leaks, read_cohort, read_covariates, training_cost
from medidense.errors import RunError, UsageError, WriteError
from medidense.io import archives_kept
from medidense.preprocess import remove_arrays
from medidense.rundir import (
    Asked,
    Choice,
    RunDir,
    code_digest,
    parsed_settings,
    read_recipe,
    write_crossings,
    write_prints,
)
from medidense.track import Follower
from medidense.train import choose_device
from medidense.values import Cohort, Crossing, Evaluation, Recipe
from medidense.verbs.candidates import check_candidates
from medidense.verbs.classes import classes_of, positive_of
from medidense.verbs.controlling import make_controls
from medidense.verbs.evaluating import evaluate
from medidense.verbs.fold_scattering import require_ray, train_on_ray
from medidense.verbs.fold_sharing import train_missing, wanted_folds
from medidense.verbs.options import CvOptions
from medidense.verbs.planning import Terms, propose
from medidense.verbs.pooling import choices_of, pool
from medidense.verbs.prevalence import stated_before
from medidense.verbs.progress import Progress, counting, quiet
from medidense.verbs.reporting import write_report
from medidense.verbs.run_contents import public_evaluation
from medidense.verbs.showing import show_samples
from medidense.verbs.splitting import cut, splits_for, trained_on
from medidense.verbs.watching import log_finished, watched

SETTLE_S = 3600.0
"""Seconds that a process waits for another one that settles recipe and splits of the same run."""

WHOLE = ".cv.lock"
"""Lock of the one process that pools and evaluates; those that train single folds do not need it."""


@dataclass(frozen=True)
class CvResult:
    """The run, its figures, and where MLflow holds it (or why it does not) in words.

    `trained` are the folds that were trained now, `missing` those that are not finished. `figures` is None
    where single folds were asked for: they follow when `cv` is called without `CvOptions.fold`. `choices` is
    what the outer folds of a nested split chose.
    """

    run: Path
    figures: Evaluation | None
    tracking: str
    seconds: float
    resumed: bool
    trained: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    choices: tuple[Choice, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    """Samples on a fold's training side with a copy in its test part, dropped or not."""
    report: str = ""
    """Path of the page, or why there is none, in words."""

    @property
    def evaluation(self) -> Evaluation:
        """The figures. Raises RunError where only single folds were trained."""
        if self.figures is None:
            step = "run the same command without --fold"
            raise RunError(str(self.run), "single folds were asked for: nothing is evaluated", "", step)
        return self.figures

    @property
    def public(self) -> Evaluation:
        """The figures with a number in place of every word of a cell: what may stand in a log."""
        return public_evaluation(self.evaluation, RunDir(self.run).splits())

    def to_json(self) -> dict[str, object]:
        """The evaluation's fields beside the run's."""
        own: dict[str, object] = {"run": str(self.run), "seconds": round(self.seconds, 1)}
        own |= {"resumed": self.resumed, "trained": list(self.trained), "missing": list(self.missing)}
        if self.figures is None:
            return own
        own["crossings"] = [asdict(crossing) for crossing in self.crossings]
        chosen = {"choices": [asdict(choice) for choice in self.choices]} if self.choices else {}
        return {**own, "tracking": self.tracking, "report": self.report, **chosen, **self.figures.to_json()}


@archives_kept()
def cv(
    cohort: Path,
    *,
    recipe: Path | None = None,
    options: CvOptions | None = None,
    progress: Progress = quiet,
) -> CvResult:
    """Cross-validate a lesion classifier, folds cut by subject, and log it to MLflow.

    Without `recipe` one is planned. The same question finds the same run directory: finished folds are kept.
    Several processes may train folds of one run at once (`CvOptions.fold`); without it the folds that are
    missing are trained or waited for, and the run is pooled, evaluated and logged.
    Raises CohortError, RecipeError, RunError when `out` holds another run, LockedError, WriteError.
    """
    begun, options = time.monotonic(), options or CvOptions()
    if options.folds_on == "ray":
        require_ray()
    given = None if recipe is None else read_recipe(Path(recipe))
    table = read_cohort(Path(cohort), unlabelled=_train_only(given, options))
    asked = _ask(table, given, options)
    run = RunDir(Path(options.out or Path("runs") / asked.folder_name))
    _refuse_foreign(run.path)
    question = _Question(asked, given, options, Path(cohort).resolve())
    if options.fold:
        resumed = _settled(run, table, question, progress)
        wanted = wanted_folds(run, options.fold)
        tracked = options.tracked and not run.pooled  # a finished run stays finished in MLflow
        if run.predictions_path.is_file() and run.missing:  # in this order: another process may pool just now
            with durable.writing(run.predictions_path):
                run.predictions_path.unlink(missing_ok=True)
        with watched(run, tracked=tracked):
            trained = train_missing(run, table, wanted, progress, patient=False)
        return CvResult(run.path, None, "", time.monotonic() - begun, resumed, trained, run.missing)
    with durable.locked(run.path, WHOLE):
        resumed, trained = _settled(run, table, question, progress), ()
        finished = run.pooled
        with watched(run, tracked=options.tracked and not finished) as follower:
            if options.folds_on == "ray" and not finished and run.missing:
                trained = train_on_ray(cv, run, Path(cohort), recipe, options, progress)
            if not finished:
                trained += train_missing(run, table, wanted_folds(run, ()), progress, patient=True)
                pool(run, splits_for(run, table))
            make_controls(run, table, options.controls, progress)
            remove_arrays(run.arrays)
            result = evaluate(run.path, prevalence=stated_before(run))
            show_samples(run, table, progress)
            page = _report(run, result.evaluation)
        tracking = _track(run, follower, progress) if options.tracked else ""
    seconds = time.monotonic() - begun
    return CvResult(
        run=run.path,
        figures=result.evaluation,
        tracking=tracking,
        seconds=seconds,
        resumed=resumed,
        trained=trained,
        choices=choices_of(run),
        crossings=run.crossings(),
        report=page,
    )


def _settled(run: RunDir, table: Cohort, question: "_Question", progress: Progress) -> bool:
    """Settle the run or agree with what is settled, one process at a time; True where it was there before."""

    def waiting() -> None:
        progress("wait for another process that settles the run", 0, None)

    with durable.locked(run.path, wait_s=SETTLE_S, waiting=waiting):
        if not run.exists:
            _settle(run, table, question, progress)
            resumed = False
        else:
            run.agrees_with(question.asked)
            resumed = True
        if question.options.allow_burned_in:
            run.allow_burned_in()
    return resumed


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
        settings=parsed_settings(options.settings),
        folds=options.plan.fold_count,
        seed=options.seed,
        budget=options.budget,
        code=code_digest(),
        split=options.split,
        repeats=options.plan.repeat_count,
        stratify=options.stratify,
        candidates=tuple(parsed_settings(item, "--candidate") for item in options.candidates),
    )


def _train_only(given: Recipe | None, options: CvOptions) -> bool:
    """Whether rows without a label may train."""
    said = parsed_settings(options.settings).get(
        "labels.train_only", given is not None and given.labels.train_only
    )
    return bool(said)


def _refuse_foreign(folder: Path) -> None:
    """Raise RunError where `folder` is in use for something else."""
    if folder.is_dir() and not (folder / "run.json").exists():
        others = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        known = {"recipe.yaml", "splits.csv", "inner_splits.csv", "leaks.csv", "prints.csv"}
        if set(others) - known:
            step = "choose an empty or a new --out"
            raise RunError(str(folder), "the folder is not empty and holds no run", others[0], step)


def _settle(run: RunDir, table: Cohort, question: _Question, progress: Progress) -> None:
    """Recipe and splits, decided and written before the first gradient; run.json comes last."""
    options = question.options
    facts = check_images(table, counting(progress, "check images", len(table.samples)))
    recipe = _recipe(table, facts, question)
    check_candidates(recipe, question.asked.candidates)
    read_covariates(table, recipe.input.covariates)  # whose problems should not wait for the preprocessing
    device = choose_device(options.device, recipe.training, options.devices)
    classes = classes_of(table, recipe)
    about = {
        "asked": question.asked.to_json(),
        "cohort_path": str(question.cohort_path),
        "classes": list(classes),
        "kind": recipe.labels.kind,
        "positive": positive_of(classes, recipe),
        "device": asdict(device),
        "torch": torch.__version__,
    }
    splits, inner, crossings = cut(table, recipe, options.plan, find_leaks(table, facts))
    if crossings:
        write_crossings(crossings, run.leaks_path)
    write_prints({fact.sample: fact.digest for fact in facts}, run.prints_path)
    about["trained_on"] = trained_on(table, splits)
    run.save_about(about | run.save_recipe(recipe) | run.save_splits(splits, inner))


def _recipe(table: Cohort, facts: Sequence[ImageFacts], question: _Question) -> Recipe:
    """The given recipe with ``--set`` on top, or the planner's under it."""
    options, settings = question.options, parsed_settings(question.options.settings)
    if question.given is not None:
        recipe = question.given.with_settings(settings) if settings else question.given
    else:
        folds, times = training_cost(table, options.plan, len(options.candidates))
        share = options.budget if options.budget is None else options.budget / times
        recipe = propose(table, facts, Terms(share, folds, options.device, settings))
    return recipe


def _report(run: RunDir, evaluation: Evaluation) -> str:
    """Write the page; a key of pseudonyms that cannot be had comes back in words and stops nothing."""
    try:
        return str(write_report(run, evaluation).html)
    except (UsageError, WriteError) as error:
        return f"not written: {error.lines[0]}"


def _track(run: RunDir, follower: Follower | None, progress: Progress) -> str:
    """Log the run to MLflow with its model; what went wrong comes back in words and stops nothing."""
    progress("log to MLflow", 0, 1)
    tracked = log_finished(run, "medidense cv", follower)
    progress("log to MLflow", 1, 1)
    return tracked.words

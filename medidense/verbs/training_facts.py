"""What does a package keep of the training: figures, and what its subjects and images are known again by?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from medidense.cohort import check_images, read_cohort
from medidense.errors import MedidenseError, UsageError, WriteError
from medidense.package import TrainingDigest, training_digest
from medidense.rundir import RunDir, read_prints, write_prints
from medidense.stats import SubjectDraws, observed_expected, out_of_fold_scores
from medidense.track import pseudonym_key
from medidense.values import NamedPoint, SampleFacts, Span, Splits, TrainingFacts
from medidense.values.calibration import Method
from medidense.values.manifest import Limits
from medidense.verbs.progress import Progress, counting

NOT_COMPARED = "not in the package, so that they cannot be compared with other cohorts"


def training_facts(folder: RunDir, method: Method | None) -> TrainingFacts:
    """What scoring compares fresh input with, and how good the out-of-fold scores were.

    `out_of_fold` has ``observed_expected``, ``slope``, ``intercept``, ``ece``, ``brier`` and ``log_loss`` of
    the scores calibrated by the `method` of the package (cross-fitted), of raw ones where it has none;
    ``sensitivity`` and ``specificity`` of the decisions; ``coverage`` of the prediction sets.
    """
    facts, figures, recipe = folder.facts(), folder.evaluation_json(), folder.recipe()
    trained = folder.about().get("trained_on") or _tested(folder)
    return TrainingFacts(
        cohort_digest=folder.cohort_digest,
        code_version=str(folder.about()["asked"]["code"]),
        samples=trained["samples"],
        subjects=trained["subjects"],
        class_counts=trained["class_counts"],
        modality=recipe.input.modality,
        dims=recipe.input.dims,
        p01=_span(facts, "intensity_p01"),
        p50=_span(facts, "intensity_p50"),
        p99=_span(facts, "intensity_p99"),
        auroc=figures["auroc"],
        auroc_ci95=tuple(figures["auroc_ci95"]),
        out_of_fold=_out_of_fold(folder, figures, method),
    )


def named_points(figures: Mapping[str, Any]) -> tuple[NamedPoint, ...]:
    """The chosen operating points of evaluation.json; of more than two classes, where none decides, none."""
    if len(figures["classes"]) != 2:
        return ()
    return tuple(
        NamedPoint(
            name=point["name"],
            target=point["target"],
            threshold=point["threshold"],
            sensitivity=_limits(point["metrics"]["sensitivity"]),
            specificity=_limits(point["metrics"]["specificity"]),
        )
        for point in figures.get("operating_points", ())
        if point["name"] != "fixed"
    )


def _limits(figure: Mapping[str, Any]) -> Limits:
    return figure["value"], figure["low"], figure["high"]


def digest_of_training(folder: RunDir, splits: Splits) -> tuple[TrainingDigest | None, tuple[str, ...]]:
    """The digest of all who had a part in the training, and what is missing in it, in words.

    A part has who is trained on or validated with in any fold, and with more than one fold who is tested,
    too: calibration and thresholds come from these scores.
    """
    several = len(splits.folds) > 1
    subject_of: dict[str, str] = {}
    for fold in splits.folds:
        named = (*fold.train, *fold.validation, *(fold.test if several else ()))
        subject_of |= {name: fold.subject_of[name] for name in named}
    notes = []
    try:
        key = pseudonym_key()
    except (UsageError, WriteError) as error:
        key = None
        notes.append(f"Subjects are {NOT_COMPARED}: {error.lines[0]}")
    prints = read_prints(folder.prints_path)
    if prints is None or not subject_of.keys() <= prints.keys():
        prints = None
        notes.append(f"Images are {NOT_COMPARED}: the run keeps no prints.csv and its images were not found.")
    images = None if prints is None else {prints[name] for name in subject_of}
    return training_digest(set(subject_of.values()), images, key), tuple(notes)


def find_prints(folder: RunDir, progress: Progress) -> None:
    """Write the prints.csv that a run of an older version lacks, where its cohort still lies where it was.

    Every image is read once for it; where one is not there any more, nothing is written.
    """
    source = Path(folder.about()["cohort_path"])
    if folder.prints_path.is_file() or not source.is_file():
        return
    try:
        table = read_cohort(source, unlabelled=True)
        facts = check_images(table, counting(progress, "read images", len(table.samples)))
    except MedidenseError:
        return
    write_prints({fact.sample: fact.digest for fact in facts}, folder.prints_path)


def _out_of_fold(folder: RunDir, figures: Mapping[str, Any], method: Method | None) -> dict[str, Limits]:
    """The figures, as far as this run has them."""
    calibration, found = figures.get("calibration"), {}
    if calibration:
        rules = folder.recipe().evaluation
        found = dict(calibration["figures"][method or "raw"])
        found.pop("bins", None)
        predictions = folder.predictions()
        draws = SubjectDraws.of(predictions.subjects, rules.bootstrap, folder.seed)
        if len(predictions.classes) == 2:
            scores = out_of_fold_scores(predictions, method)
            truth = predictions.label == predictions.positive_index
            told = observed_expected(truth, scores[:, predictions.positive_index], draws)
            found["observed_expected"] = {"value": told.value, "low": told.low, "high": told.high}
    wanted = {name: figures["metrics"].get(name) for name in ("sensitivity", "specificity")}
    sets = figures.get("prediction_sets")
    wanted["coverage"] = sets["figures"]["coverage"] if sets else None
    found |= {name: one for name, one in wanted.items() if one}
    return {name: _limits(one) for name, one in found.items()}


def _tested(folder: RunDir) -> dict[str, Any]:
    """Counts of a run that does not state them: there each sample is tested and trained on."""
    predictions = folder.predictions()
    counts = Counter(predictions.classes[index] for index in predictions.label)
    return {
        "samples": len(predictions.samples),
        "subjects": len(set(predictions.subjects)),
        "class_counts": {name: counts[name] for name in predictions.classes},
    }


def _span(facts: Sequence[SampleFacts], column: str) -> Span:
    """Smallest and largest value of a column."""
    values = [float(getattr(fact, column)) for fact in facts]
    return Span(low=min(values), high=max(values))

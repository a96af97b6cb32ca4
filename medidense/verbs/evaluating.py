"""What is a cross-validation worth?"""

import json
from dataclasses import dataclass
from pathlib import Path

from medidense import durable
from medidense.cohort import read_cohort
from medidense.errors import UsageError
from medidense.report import curves_png, roc_png, scores_png
from medidense.rundir import RunDir, read_predictions
from medidense.stats import BaselineScores, evaluate_predictions
from medidense.values import Evaluation, Predictions

FROM_SCRATCH = "the same network from random weights"


@dataclass(frozen=True)
class EvaluateResult:
    """The figures, and the JSON file that holds them."""

    run: Path
    evaluation: Evaluation
    written: Path

    def to_json(self) -> dict[str, object]:
        """The evaluation's fields beside the paths."""
        return {"run": str(self.run), "written": str(self.written), **self.evaluation.to_json()}


def evaluate(run: Path, *, rows: Path | None = None) -> EvaluateResult:
    """Figures with intervals over subjects from the out-of-fold scores of a finished run.

    `rows` is a cohort CSV that names a subset of the run's samples by the same cells; the scores stay those
    of the whole run, and the result goes to ``evaluation-<name>.json``. Without it ``evaluation.json`` and
    the figures are written. Raises RunError, CohortError, UsageError when a row is none of the run's.
    """
    folder = RunDir(Path(run))
    folder.require_finished()
    predictions = folder.predictions()
    name = "all"
    if rows is not None:
        predictions, name = _subset(predictions, Path(rows)), Path(rows).stem
    evaluation = evaluate_predictions(
        predictions,
        folder.facts(),
        folder.recipe().evaluation,
        cohort_digest=folder.cohort_digest,
        rows=name,
        seed=folder.seed,
        rivals=_scratch(folder, predictions),
    )
    target = folder.evaluation_path if rows is None else folder.path / f"evaluation-{name}.json"
    durable.write_text(target, json.dumps(evaluation.to_json(), indent=2) + "\n")
    if rows is None:
        _draw(folder, predictions, evaluation)
    return EvaluateResult(folder.path, evaluation, target)


def _scratch(folder: RunDir, predictions: Predictions) -> tuple[BaselineScores, ...]:
    """The same folds trained from random weights, where the recipe asked for them, on the same rows."""
    if not folder.scratch_path.is_file():
        return ()
    scratch = read_predictions(folder.scratch_path, folder.positive).take(set(predictions.samples))
    return (BaselineScores(FROM_SCRATCH, scratch.scores),)


def _subset(predictions: Predictions, rows: Path) -> Predictions:
    """The run's rows that the subset names."""
    names = {sample.name for sample in read_cohort(rows).samples}
    unknown = sorted(names - set(predictions.samples))
    if unknown:
        rule = f"{len(unknown)} of {len(names)} rows are no samples of this run"
        raise UsageError(str(rows), rule, unknown[0], "use rows of the cohort the run was made from")
    return predictions.take(names)


def _draw(folder: RunDir, predictions: Predictions, evaluation: Evaluation) -> None:
    """The figures of a run, redrawn whole."""
    epochs = [folder.fold(index).epochs() for index in range(folder.folds)]
    pictures = {
        "roc.png": roc_png(predictions, evaluation),
        "scores.png": scores_png(predictions, evaluation),
        "curves.png": curves_png(epochs),
    }
    for name, content in pictures.items():
        durable.write_bytes(folder.figures / name, content)

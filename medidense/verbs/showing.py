"""Saliency of telling out-of-fold samples: the surest right ones and the surest wrong ones."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medidense import durable
from medidense.io import write_map
from medidense.nets import build_for, load_weights
from medidense.preprocess import open_sample, prepare
from medidense.rundir import RunDir, read_encoding
from medidense.saliency import explain as explain_volume
from medidense.saliency import overlay_png
from medidense.values import Cohort, Predictions, Sample
from medidense.verbs.progress import Progress

EACH = 2
"""Samples of each kind that are shown."""


def show_samples(run: RunDir, table: Cohort, progress: Progress) -> None:
    """Write ``saliency/<kind>_<rank>.png`` and ``.nii.gz`` for the surest samples of each kind.

    With two classes the kinds are TP, TN, FP, FN; with more they are right and wrong. The map is the evidence
    for the class decided, by the one model that never saw the subject. Files that are there are kept.
    """
    predictions, samples = run.predictions(), table.by_name()
    picks = surest(predictions, run.recipe().evaluation.operating_point)
    for number, (kind, rank, row) in enumerate(picks):
        target = run.saliency / f"{kind}_{rank}.png"
        if not target.is_file():
            _show(run, samples[predictions.samples[row]], target, (predictions, row))
        progress("saliency", number + 1, len(picks))


def surest(predictions: Predictions, operating_point: float) -> list[tuple[str, int, int]]:
    """(kind, rank from 0, row) of the samples with the highest score of the class decided, per kind."""
    decided = decisions(predictions, operating_point)
    sure = predictions.scores[np.arange(len(decided)), decided]
    kinds = [_kind(predictions, int(decided[row]), row) for row in range(len(decided))]
    picks = []
    for kind in ("TP", "TN", "FP", "FN", "right", "wrong"):
        rows = [row for row in range(len(kinds)) if kinds[row] == kind]
        best = sorted(rows, key=lambda row: (-sure[row], row))[:EACH]
        picks += [(kind, rank, row) for rank, row in enumerate(best)]
    return picks


def decisions(predictions: Predictions, operating_point: float) -> NDArray[np.int64]:
    """Index of the class decided for each row (N,): by operating point with two classes, else the top."""
    if len(predictions.classes) != 2:
        top: NDArray[np.int64] = predictions.scores.argmax(axis=1)
        return top
    positive = predictions.positive_index
    above = predictions.scores[:, positive] >= operating_point
    return np.where(above, positive, 1 - positive).astype(np.int64)


def _kind(predictions: Predictions, decided: int, row: int) -> str:
    right = decided == int(predictions.label[row])
    if len(predictions.classes) != 2:
        return "right" if right else "wrong"
    return ("T" if right else "F") + ("P" if decided == predictions.positive_index else "N")


def _show(run: RunDir, sample: Sample, target: Path, place: tuple[Predictions, int]) -> None:
    """The map of one sample, by the model of the fold that tested it."""
    (predictions, row), recipe = place, run.recipe()
    decided = int(decisions(predictions, recipe.evaluation.operating_point)[row])
    fold = run.fold(int(predictions.fold[row]))
    width = read_encoding(fold.path).width if recipe.input.covariates else 0
    net = build_for(recipe, len(run.classes), covariates=width)
    load_weights(net, fold.weights)
    volume, region = open_sample(sample)
    found = explain_volume([net], recipe.network.name, prepare(volume, region, recipe.input), volume, decided)
    write_map(found, volume, target.with_suffix("").with_suffix(".nii.gz"))
    label, name = predictions.classes[predictions.label[row]], predictions.classes[decided]
    title = f"{target.stem}: label {label}, decided {name} ({predictions.scores[row, decided]:.2f})"
    durable.write_bytes(target, overlay_png(volume, found, region, title))

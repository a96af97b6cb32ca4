"""Where does the network look in out-of-fold samples that tell most: the surest, the hardest?"""

from pathlib import Path

import numpy as np

from medidense import durable
from medidense.io import write_map
from medidense.nets import build_for, load_weights
from medidense.preprocess import open_sample, prepare
from medidense.rundir import RunDir, read_encoding, read_shown, write_shown
from medidense.saliency import explain as explain_volume
from medidense.saliency import overlay_png
from medidense.stats import HARDEST, decides_from, hardest, surest_wrong
from medidense.stats import decided_classes as decisions
from medidense.values import Cohort, Predictions, Sample
from medidense.verbs.progress import Progress

EACH = 2
"""Samples of each kind that are shown at least."""

LISTED = 4
"""Of those decided wrong with most confidence, and of the hardest, all of the first are shown."""


def show_samples(run: RunDir, table: Cohort, progress: Progress) -> None:
    """Write ``saliency/<kind>_<rank>.png`` and ``.nii.gz`` for the surest samples of each kind.

    With two classes the kinds are TP, TN, FP, FN; with more they are right and wrong; beside them hardest, of
    those whose score is nearest to where the decision changes and that have no picture yet. The map is the
    evidence for the class decided, by the one model that never saw the subject. Of several labels at once it
    is the positive one that is shown. ``shown.csv`` says whom each picture shows: one of the sample that is
    wanted is kept, any other is drawn anew, as after a threshold that was settled anew.
    """
    predictions, samples = run.predictions(), table.by_name()
    point = decides_from(predictions, run.recipe().evaluation)[0]
    picks, shown = surest(predictions, point), read_shown(run.shown_path)
    for number, (kind, rank, row) in enumerate(picks):
        target = run.saliency / f"{kind}_{rank}.png"
        name = predictions.samples[row]
        if not target.is_file() or shown.get(target.stem) != name:
            _show(run, samples[name], target, (predictions, row, point))
            shown = {**shown, target.stem: name}
            write_shown(shown, run.shown_path)
        progress("saliency", number + 1, len(picks))


def surest(predictions: Predictions, operating_point: float) -> list[tuple[str, int, int]]:
    """(kind, rank from 0, row) of the samples with the highest score of the class decided, per kind.

    All of the `LISTED` surest wrong ones are among them; then come the `LISTED` hardest ones, each row once.
    """
    if predictions.multi_label:
        place = {name: row for row, name in enumerate(predictions.samples)}
        question = predictions.one_label(predictions.positive)
        return [
            (kind, rank, place[question.samples[row]])
            for kind, rank, row in surest(question, operating_point)
        ]
    decided = decisions(predictions, operating_point)
    sure = predictions.scores[np.arange(len(decided)), decided]
    kinds = [_kind(predictions, int(decided[row]), row) for row in range(len(decided))]
    wrong = set(surest_wrong(predictions, operating_point)[:LISTED].tolist())
    picks = []
    for kind in ("TP", "TN", "FP", "FN", "right", "wrong"):
        rows = [row for row in range(len(kinds)) if kinds[row] == kind]
        each = max(EACH, len(wrong.intersection(rows)))
        best = sorted(rows, key=lambda row: (-sure[row], row))[:each]
        picks += [(kind, rank, row) for rank, row in enumerate(best)]
    near = hardest(predictions, operating_point)[:LISTED].tolist()
    taken = {row for _, _, row in picks}
    return picks + [(HARDEST, rank, row) for rank, row in enumerate(near) if row not in taken]


def _kind(predictions: Predictions, decided: int, row: int) -> str:
    right = decided == int(predictions.label[row])
    if len(predictions.classes) != 2:
        return "right" if right else "wrong"
    return ("T" if right else "F") + ("P" if decided == predictions.positive_index else "N")


def _show(run: RunDir, sample: Sample, target: Path, place: tuple[Predictions, int, float]) -> None:
    """The map of one sample, by the model of the fold that tested it; `place`: as in `_decided`."""
    (predictions, row, _), recipe = place, run.recipe()
    decided, words = _decided(*place)
    fold = run.fold(int(predictions.fold[row]))
    width = read_encoding(fold.path).width if recipe.input.covariates else 0
    net = build_for(recipe, len(run.classes), covariates=width)
    load_weights(net, fold.weights)
    volume, region = open_sample(sample)
    found = explain_volume([net], recipe.network.name, prepare(volume, region, recipe.input), volume, decided)
    write_map(found, volume, target.with_suffix("").with_suffix(".nii.gz"))
    title = f"{target.stem}: {words}"
    durable.write_bytes(target, overlay_png(volume, found, region, title))


def decided_words(predictions: Predictions, row: int, operating_point: float) -> str:
    """What is known and decided of a sample, and the score of that in brackets."""
    return _decided(predictions, row, operating_point)[1]


def _decided(predictions: Predictions, row: int, operating_point: float) -> tuple[int, str]:
    """Column of the score that a map is evidence for, and what is known and decided in words, with it."""
    if predictions.multi_label:
        column = predictions.positive_index
        words = f"label {predictions.positive} {('absent', 'there')[predictions.label[row, column]]}, score"
    else:
        column = int(decisions(predictions, operating_point)[row])
        label, name = predictions.classes[predictions.label[row]], predictions.classes[column]
        words = f"label {label}, decided {name}"
    return column, f"{words} ({predictions.scores[row, column]:.2f})"

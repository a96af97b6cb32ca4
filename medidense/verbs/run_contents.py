"""What of a run directory goes on its page, once every name in it is a pseudonym?"""

import json
import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from medidense.errors import RunError
from medidense.pages import Flow, FoldFlow, Overlay, Ran, RunContents, Size, small_jpeg
from medidense.rundir import RunDir, read_groups, read_prints, separation_of
from medidense.values import Crossing, Evaluation, Fold, Predictions, Splits, public_subgroups
from medidense.values.split_plan import COUNTED
from medidense.values.wording import count
from medidense.verbs.picturing import pictures

Alias = Callable[[str], str]


def run_contents(run: RunDir, evaluation: Evaluation, alias: Alias) -> RunContents:
    """The run as its page shows it. `alias` turns a subject ID or a sample's name into a pseudonym.

    Saliency pictures of modalities that may carry a name in the image are withheld unless the run's
    owner has said that they do not (`RunDir.burned_in_allowed`).
    Raises RunError.
    """
    predictions, splits = run.predictions(), run.splits()
    shown = _overlays(run, predictions, evaluation.operating_point, alias)
    hidden = sum(one.content is None for one in shown)
    withheld = ""
    if hidden:
        withheld = (
            f"{count(hidden, 'picture')} withheld: images of this modality may carry a name in the pixels. "
            "They lie in the run directory; --allow-burned-in puts them here."
        )
    return RunContents(
        evaluation=public_evaluation(evaluation, splits),
        predictions=aliased(predictions, alias),
        recipe=run.public_recipe(),
        ran=_ran(run),
        flow=_flow(run, predictions),
        separation=separation_of(splits, run.facts(), read_prints(run.prints_path)),
        crossings=tuple(_crossing(one, alias) for one in run.crossings()),
        shown=shown,
        withheld=withheld,
        empty_cells=_empty_cells(run),
    )


def _empty_cells(run: RunDir) -> dict[str, int]:
    """Of the covariates that groups.csv has too."""
    extra, rows = run.recipe().input.covariates, read_groups(run.path).values()
    held = {name for cells in rows for name in cells}
    return {
        name: sum(not cells.get(name.lower(), "") for cells in rows)
        for name in (extra.columns if extra else ())
        if name.lower() in held
    }


def public_evaluation(evaluation: Evaluation, splits: Splits) -> Evaluation:
    """The evaluation with a number in place of every word that a cell of the cohort's table holds."""
    folds = tuple(replace(one, note=splits.public_note(one.fold, one.note)) for one in evaluation.folds)
    return replace(evaluation, subgroups=public_subgroups(evaluation.subgroups), folds=folds)


def aliased(predictions: Predictions, alias: Alias) -> Predictions:
    """The same table under pseudonyms, sorted by them; two samples of one pseudonym are told apart."""
    seen: Counter[str] = Counter()
    samples = []
    for name in predictions.samples:
        said = alias(name)
        seen[said] += 1
        samples.append(said if seen[said] == 1 else f"{said}-{seen[said]}")
    order = sorted(range(len(samples)), key=samples.__getitem__)
    rows = np.array(order, dtype=np.int64)
    return replace(
        predictions,
        samples=tuple(samples[row] for row in order),
        subjects=tuple(alias(predictions.subjects[row]) for row in order),
        fold=predictions.fold[rows],
        label=predictions.label[rows],
        scores=predictions.scores[rows],
    )


def _crossing(crossing: Crossing, alias: Alias) -> Crossing:
    return replace(crossing, sample=alias(crossing.sample), twin=alias(crossing.twin))


def _overlays(run: RunDir, predictions: Predictions, point: float, alias: Alias) -> tuple[Overlay, ...]:
    """The pictures that are there, those of the surest samples of each kind, decided from `point` on."""
    return tuple(
        Overlay(one.kind, alias(one.sample), _jpeg(one.path) if one.clean else None)
        for one in pictures(run, predictions, point)
    )


def _jpeg(path: Path) -> bytes:
    """The picture, small. Raises RunError."""
    try:
        return small_jpeg(path.read_bytes())
    except OSError as error:
        raise RunError(str(path), "it is no picture", error, "remove it and run the same cv again") from None


def _flow(run: RunDir, predictions: Predictions) -> Flow:
    splits = run.splits()
    facts = run.facts()
    names = splits.public_names() or ("",) * len(splits.folds)
    everybody = {fact.sample for fact in facts}
    return Flow(
        cohort=Size(len(facts), len({fact.subject_id for fact in facts})),
        unlabelled=_unlabelled(run, splits, everybody),
        tested=Size(len(predictions.samples), len(set(predictions.subjects))),
        folds=tuple(
            _fold(fold, name, predictions, everybody) for fold, name in zip(splits.folds, names, strict=True)
        ),
    )


def _unlabelled(run: RunDir, splits: Splits, everybody: set[str]) -> int | None:
    """How many rows have no label; None where one part was given and the run directory does not tell.

    With several folds every row that has a label is tested. With one given test part the others learn, and
    run.json counts the labels among them; what was dropped there as a copy may have had one or not.
    """
    if len(splits.folds) != 1:
        return len(everybody - splits.tested_in().keys())
    if not run.recipe().labels.train_only:
        return 0
    fold, counted = splits.folds[0], run.about().get("trained_on")
    if counted is None or fold.dropped:
        return None
    learnt = {*fold.train, *fold.validation}
    return len(everybody - learnt - {*fold.test}) + len(learnt) - int(counted["samples"])


def _fold(fold: Fold, name: str, predictions: Predictions, everybody: set[str]) -> FoldFlow:
    inside = set(fold.test)
    rows = [row for row, sample in enumerate(predictions.samples) if sample in inside]
    label = predictions.label[rows]
    counted = (
        (label == 1).sum(axis=0)
        if predictions.multi_label
        else [int((label == index).sum()) for index in range(len(predictions.classes))]
    )
    used = {*fold.train, *fold.validation, *fold.test, *fold.dropped}
    return FoldFlow(
        fold=fold.index,
        name=name,
        train=_size(fold, fold.train),
        validation=_size(fold, fold.validation),
        test=_size(fold, fold.test),
        dropped=len(fold.dropped),
        classes={text: int(number) for text, number in zip(predictions.classes, counted, strict=True)},
        unused=len(everybody - used),
    )


def _size(fold: Fold, names: Sequence[str]) -> Size:
    return Size(len(names), len({fold.subject_of[name] for name in names}))


def _ran(run: RunDir) -> Ran:
    about = run.about()
    asked, device = about["asked"], about.get("device", {})
    facts = {
        "cohort": f"{asked['cohort_name']}.csv, sha256 of its rows {run.cohort_digest}",
        "split": _split_words(run),
        "seed": str(run.seed),
        "keys set by hand": ", ".join(sorted(asked.get("settings", {}))),
        "medidense": str(asked.get("code", "")).partition("+")[0],
        "code": str(asked.get("code", "")),
        "torch": str(about.get("torch", "")),
        "device": ", ".join(f"{key} {value}" for key, value in device.items()),
    }
    return Ran(asked["cohort_name"], run.cohort_digest, _command(run), facts)


def _split_words(run: RunDir) -> str:
    asked = run.about()["asked"]
    kind, repeats = asked.get("split", "kfold"), asked.get("repeats", 1)
    words = f"{kind}: {count(run.folds, 'fold')} by subject"
    if kind in COUNTED:  # the other cuts take the parts as they are
        words += f", alike in {asked.get('stratify', 'label')}"
    return f"{words}, {repeats} repeats" if repeats > 1 else words


def _command(run: RunDir) -> str:
    """The command line that asks the same question of the settled recipe."""
    asked = run.about()["asked"]
    split = asked.get("split", "kfold")
    words = ["medidense", "cv", f"{asked['cohort_name']}.csv", "--recipe", "recipe.yaml"]
    words += ["--split", split] if split != "kfold" else []
    words += ["--folds", str(asked["folds"])] if asked.get("folds") else []
    words += ["--repeats", str(asked["repeats"])] if asked.get("repeats", 1) > 1 else []
    words += ["--stratify", asked["stratify"]] if asked.get("stratify", "label") != "label" else []
    for item in run.candidates:
        words += ["--candidate", ",".join(f"{key}={json.dumps(value)}" for key, value in item.items())]
    return shlex.join([*words, "--seed", str(run.seed)])

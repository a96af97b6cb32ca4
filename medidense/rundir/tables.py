"""The CSV files of a run directory, to and from values. Equal values give equal bytes."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medidense import durable
from medidense.errors import RunError
from medidense.values import Crossing, EpochRecord, Kind, Predictions, SampleFacts

SCORE = "score_"
"""Prefix of the column that holds a class's probability."""

LABEL = "label_"
"""Prefix of the columns of several labels at once: 1, 0, or empty where it is not known."""

DESCRIPTORS = "descriptors"
"""The field of a sample's facts that is many columns."""

CELLS = ("0", "1", "")
"""What they hold for 0, 1 and -1 of `Predictions.label`."""


def write_predictions(predictions: Predictions, target: Path) -> None:
    """predictions.csv: sample, subject_id, fold, label, score_<class>…, sorted by sample, nine decimals.

    Of several labels at once a column label_<name> for each stands in the place of label.
    """
    scores = (SCORE + name for name in predictions.classes)
    columns = ("sample", "subject_id", "fold", *label_columns(predictions), *scores)
    rows = (
        (
            predictions.samples[row],
            predictions.subjects[row],
            str(predictions.fold[row]),
            *label_cells(predictions, row),
            *(f"{score:.9f}" for score in predictions.scores[row]),
        )
        for row in range(len(predictions.samples))
    )
    durable.write_csv(target, columns, rows)


def label_columns(predictions: Predictions) -> tuple[str, ...]:
    """The columns that hold the truth."""
    return tuple(LABEL + name for name in predictions.classes) if predictions.multi_label else ("label",)


def label_cells(predictions: Predictions, row: int) -> tuple[str, ...]:
    """What stands in them for one row."""
    if predictions.multi_label:
        return tuple(CELLS[known] for known in predictions.label[row])
    return (predictions.classes[predictions.label[row]],)


def read_predictions(path: Path, positive: str, kind: Kind = "classes") -> Predictions:
    """The table back as a value; `positive` and `kind` are those of the run. Raises RunError."""
    several = kind == "multi_label"
    rows = read_rows(path, ("sample", "subject_id", "fold", *(() if several else ("label",))))
    classes = tuple(name.removeprefix(SCORE) for name in rows[0] if name.startswith(SCORE))
    try:
        return Predictions(
            classes=classes,
            positive=positive,
            samples=tuple(row["sample"] for row in rows),
            subjects=tuple(row["subject_id"] for row in rows),
            fold=np.array([int(row["fold"]) for row in rows], dtype=np.int64),
            label=_labels(rows, classes) if several else _indices(rows, classes),
            scores=np.array([[float(row[SCORE + name]) for name in classes] for row in rows]),
            kind=kind,
        )
    except (ValueError, KeyError) as error:
        raise RunError(str(path), "the predictions do not hold", error, "run cv again") from None


def _indices(rows: Sequence[dict[str, str]], classes: Sequence[str]) -> NDArray[np.int64]:
    """(N,) indices into the classes. Raises ValueError."""
    return np.array([classes.index(row["label"]) for row in rows], dtype=np.int64)


def _labels(rows: Sequence[dict[str, str]], classes: Sequence[str]) -> NDArray[np.int64]:
    """(N, C) of 1, 0 and -1. Raises ValueError, KeyError."""
    value = {"0": 0, "1": 1, "": -1}
    return np.array([[value[row[LABEL + name]] for name in classes] for row in rows], dtype=np.int64)


def join_predictions(parts: Iterable[Predictions]) -> Predictions:
    """The folds' predictions as one table, sorted by sample."""
    tables = list(parts)
    order = np.argsort(np.array([name for table in tables for name in table.samples], dtype=object))
    samples = [name for table in tables for name in table.samples]
    subjects = [name for table in tables for name in table.subjects]
    return Predictions(
        classes=tables[0].classes,
        positive=tables[0].positive,
        samples=tuple(samples[row] for row in order),
        subjects=tuple(subjects[row] for row in order),
        fold=np.concatenate([table.fold for table in tables])[order],
        label=np.concatenate([table.label for table in tables])[order],
        scores=np.concatenate([table.scores for table in tables])[order],
        kind=tables[0].kind,
    )


def mean_predictions(repeats: Sequence[Predictions]) -> Predictions:
    """One table of several over the same samples: scores are the mean, folds those of the first table."""
    first = repeats[0]
    if any(table.samples != first.samples or (table.label != first.label).any() for table in repeats):
        raise ValueError("repeats: the tables are not of the same samples")
    return replace(first, scores=np.mean([table.scores for table in repeats], axis=0))


def write_facts(facts: Iterable[SampleFacts], target: Path) -> None:
    """samples.csv: what is known of each sample beside its image; empty cells where nothing is.

    A column for each descriptor stands behind the others.
    """
    table = list(facts)
    plain = [item.name for item in fields(SampleFacts) if item.name != DESCRIPTORS]
    described = list(dict.fromkeys(name for fact in table for name in fact.descriptors))
    rows = [
        [
            "" if cell is None else _number(cell)
            for cell in (
                *(getattr(fact, name) for name in plain),
                *(fact.descriptors.get(name) for name in described),
            )
        ]
        for fact in table
    ]
    durable.write_csv(target, [*plain, *described], sorted(rows))


def read_facts(path: Path) -> tuple[SampleFacts, ...]:
    """The table back as values; older runs have no descriptors and no slice_mm. Raises RunError."""
    names = [item.name for item in fields(SampleFacts)]
    needed = [name for name in names if name not in (DESCRIPTORS, "slice_mm")]
    try:
        return tuple(_facts(row, names) for row in read_rows(path, needed))
    except ValueError as error:
        raise RunError(str(path), "the table does not hold", error, "run cv again") from None


def _facts(row: dict[str, str], plain: Sequence[str]) -> SampleFacts:
    def number(name: str) -> float | None:
        return float(row[name]) if row.get(name) else None

    return SampleFacts(
        sample=row["sample"],
        subject_id=row["subject_id"],
        volume_mm3=number("volume_mm3"),
        mean_intensity=number("mean_intensity"),
        modality=row["modality"],
        intensity_p01=float(row["intensity_p01"]),
        intensity_p50=float(row["intensity_p50"]),
        intensity_p99=float(row["intensity_p99"]),
        descriptors={name: float(cell) for name, cell in row.items() if name not in plain and cell},
        slice_mm=number("slice_mm"),
    )


def write_crossings(crossings: Iterable[Crossing], target: Path) -> None:
    """leaks.csv: fold, sample, twin, kind, distance, dropped; a line for each sample with a copy tested."""
    columns = [item.name for item in fields(Crossing)]
    durable.write_csv(target, columns, [[_number(cell) for cell in astuple(one)] for one in crossings])


def read_crossings(path: Path) -> tuple[Crossing, ...]:
    """The table back as values; none where there is no such file. Raises RunError."""
    if not path.exists():
        return ()
    try:
        return tuple(
            Crossing(
                fold=int(row["fold"]),
                sample=row["sample"],
                twin=row["twin"],
                kind=row["kind"],
                distance=float(row["distance"]),
                dropped=row["dropped"] == "True",
            )
            for row in read_rows(path, [item.name for item in fields(Crossing)])
        )
    except ValueError as error:
        raise RunError(str(path), "the table does not hold", error, "run cv again") from None


def write_epochs(records: Iterable[EpochRecord], target: Path) -> None:
    """epochs.csv of a fold: one line an epoch."""
    columns = [item.name for item in fields(EpochRecord)]
    rows = [["" if cell is None else _number(cell) for cell in astuple(record)] for record in records]
    durable.write_csv(target, columns, rows)


def read_epochs(path: Path) -> tuple[EpochRecord, ...]:
    """The table back as records. Raises RunError."""
    rows = read_rows(path, [item.name for item in fields(EpochRecord)])
    return tuple(
        EpochRecord(
            epoch=int(row["epoch"]),
            loss=float(row["loss"]),
            learning_rate=float(row["learning_rate"]),
            seconds=float(row["seconds"]),
            validation_loss=float(row["validation_loss"]) if row["validation_loss"] else None,
        )
        for row in rows
    )


def _number(cell: object) -> str:
    """Floats with nine significant digits, the rest as text."""
    return f"{cell:.9g}" if isinstance(cell, float) else str(cell)


def read_rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """The rows of one of our own tables. Raises RunError where it is missing or lacks a column."""
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(str(path), "cannot be read", error, "finish the run first: medidense cv") from None
    missing = [name for name in needed if not rows or name not in rows[0]]
    if missing:
        raise RunError(str(path), "columns are missing", ", ".join(missing), "run cv again")
    return rows

"""Two runs of one cohort beside each other, and what cannot be compared."""

import csv
import shutil
from pathlib import Path

import pytest

from medidense import verbs
from medidense.errors import RunError, UsageError
from medidense.stats.two_runs import MANY_ROWS
from tests.verbs.conftest import World


def twin(world: World, target: Path, change: dict[str, str] | None = None) -> Path:
    """A copy of the run whose first row of scores (and whatever else) is changed."""
    shutil.copytree(world.run, target)
    path = target / "predictions.csv"
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    scores = [name for name in rows[0] if name.startswith("score_")]
    for row in rows:
        row[scores[0]], row[scores[1]] = row[scores[1]], row[scores[0]]
    rows[0] |= change or {}
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return target


def test_two_runs_of_the_same_samples(here: World, tmp_path: Path) -> None:
    other = twin(here, tmp_path / "other")
    found = verbs.compare(here.run, other).comparison
    assert found.auroc_first.value + found.auroc_second.value == pytest.approx(1.0)
    assert found.difference.value == pytest.approx(found.auroc_first.value - found.auroc_second.value)
    assert found.samples == len(here.cohort.read_text().splitlines()) - 1
    assert found.samples > found.subjects
    assert found.notes == (MANY_ROWS,)


def test_another_label_is_named(here: World, tmp_path: Path) -> None:
    with (here.run / "predictions.csv").open(newline="") as stream:
        row = next(csv.DictReader(stream))
    labels = {name.removeprefix("score_") for name in row if name.startswith("score_")}
    other = twin(here, tmp_path / "other", {"label": (labels - {row["label"]}).pop()})
    with pytest.raises(UsageError, match="another label") as refused:
        verbs.compare(here.run, other)
    assert "line 2 of its predictions.csv" in str(refused.value)
    assert row["sample"] not in str(refused.value)


def test_a_run_that_tested_other_samples_is_refused(here: World, tmp_path: Path) -> None:
    with pytest.raises((RunError, UsageError), match=r"test parts|different samples"):
        verbs.compare(here.run, twin(here, tmp_path / "other", {"sample": "0"}))


def test_a_folder_that_is_no_run_is_refused(here: World, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run directory"):
        verbs.compare(here.run, tmp_path)

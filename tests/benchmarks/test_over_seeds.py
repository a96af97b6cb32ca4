"""Figures over several seeds come from the runs' own tables."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from medidense.rundir import RunDir, write_facts, write_predictions
from medidense.values import Predictions, SampleFacts

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from over_seeds import described

NAMES = tuple(f"s{number:02d}" for number in range(40))


def run_of(folder: Path, scores: np.ndarray, names: tuple[str, ...] = NAMES) -> Path:
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps({"positive": "1", "asked": {}}))
    table = Predictions(
        classes=("0", "1"),
        positive="1",
        samples=names,
        subjects=names,
        fold=np.arange(40) % 4,
        label=np.arange(40) // 20,
        scores=np.stack([1 - scores, scores], axis=1),
    )
    write_predictions(table, RunDir(folder).predictions_path)
    size = np.random.default_rng(0).uniform(1, 2, 40)
    facts = [
        SampleFacts(name, name, volume, volume, "CT", 0, 0, 0)
        for name, volume in zip(names, size, strict=True)
    ]
    write_facts(facts, RunDir(folder).facts_path)
    return folder


def test_the_mean_of_runs_and_their_averaged_scores(tmp_path: Path) -> None:
    label = np.arange(40) // 20
    right, wrong = run_of(tmp_path / "a", 0.9 * label + 0.05), run_of(tmp_path / "b", 0.3 + 0.1 * (1 - label))
    said = described([right, wrong])
    assert said[0] == "40 samples of 40 subjects"
    assert said[1:3] == ["AUROC of each run: 1.000, 0.000", "mean 0.500, standard deviation 0.707"]
    assert said[3] == "scores averaged over the runs: 1.000 (0.899-1.000)"
    rival = float(said[4].rsplit(" ", 1)[1])
    assert 0.2 < rival < 0.8
    assert said[5].startswith(f"paired difference: {1 - rival:.3f}")


def test_runs_of_other_samples_are_not_averaged(tmp_path: Path) -> None:
    other = tuple(f"t{number:02d}" for number in range(40))
    runs = [
        run_of(tmp_path / "a", np.linspace(0, 1, 40)),
        run_of(tmp_path / "b", np.linspace(0, 1, 40), other),
    ]
    with pytest.raises(ValueError, match="different samples"):
        described(runs)

"""A run of each kind as its page shows it, made from scores that were drawn."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from medidense.pages import Flow, FoldFlow, Overlay, Ran, RunContents, Size
from medidense.stats import evaluate_predictions, matched_subset, subgroups
from medidense.values import Kind, Predictions, SampleFacts, Separation, parse_recipe
from medidense.values.recipe import EvaluationRules

N = 48
HOSTILE = "<script>alert(1)</script>&"
INTENSITY = {"rule": "percentiles", "low": 1, "high": 99}


def drawn(kind: str, names: tuple[str, ...]) -> Predictions:
    generator, index = np.random.default_rng(1), np.arange(N)
    samples = tuple(f"S-{row:02d}" for row in index)
    subjects = tuple(f"P-{row // 2:02d}" for row in index)
    if kind == "multi_label":
        label = generator.integers(-1, 2, (N, len(names)))
        scores = generator.uniform(size=(N, len(names)))
    else:
        label = index % len(names)
        scores = generator.dirichlet(np.ones(len(names)), N)
        scores[index, label] += 0.4
        scores /= scores.sum(axis=1, keepdims=True)
    real: Kind = "classes" if kind == "binary" else kind  # type: ignore[assignment]
    return Predictions(names, names[-1], samples, subjects, index // 12, label, scores, real)


@pytest.fixture
def made() -> Callable[..., RunContents]:
    """``made("ordinal")``: the contents of a run of that kind; the names of its classes may be given."""

    def make(kind: str = "binary", names: tuple[str, ...] = ()) -> RunContents:
        names = names or (("benign", "malignant") if kind == "binary" else ("a", "b", "c"))
        table = drawn(kind, names)
        facts = [
            SampleFacts(name, subject, 100.0 + row, 40.0 + row % 7, "CT", 0.0, 1.0, 2.0)
            for row, (name, subject) in enumerate(zip(table.samples, table.subjects, strict=True))
        ]
        tree = {
            "labels": {"kind": table.kind, "positive": names[-1]},
            "input": {"dims": 2, "region": "whole", "size": [32, 32], "intensity": INTENSITY},
            "reasons": {"input.dims": HOSTILE},
        }
        folds = tuple(
            FoldFlow(index, "", Size(36, 18), Size(0, 0), Size(12, 6), 0, dict.fromkeys(names, 4))
            for index in range(4)
        )
        evaluation = evaluate_predictions(table, facts, EvaluationRules(bootstrap=200), cohort_digest="ab")
        cells = {name: {"sex": "FM"[row // 30]} for row, name in enumerate(table.samples)}
        return RunContents(
            evaluation=replace(
                evaluation,
                subgroups=subgroups(table, facts, cells, 200, 0),
                matched=matched_subset(table, facts, 200, 0),
            ),
            predictions=table,
            recipe=parse_recipe(tree, "test"),
            ran=Ran(
                "nodules", "ab" * 32, "medidense cv nodules.csv", {"code": "0.1.0+abc", "split": "kfold"}
            ),
            flow=Flow(Size(N, N // 2), 0, Size(N, N // 2), folds),
            separation=Separation(4, N // 2, 4 * N, 0, N - 1, 0),
            shown=(Overlay("FP", "S-01", b"JPEG"),) if kind == "binary" else (),
        )

    return make

"""Stand-ins for verbs, so that the command line is tested without torch."""

import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import medidense.verbs
from medidense.values import Baseline, Estimate, Evaluation, FoldResult


class Calls(list[tuple[tuple[Any, ...], dict[str, Any]]]):
    """What a stand-in was called with."""


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Calls]:
    """Replace one verb: ``stand_in("scan", result)`` or with an exception to raise, or a function to call."""

    def replace(name: str, outcome: object) -> Calls:
        calls = Calls()

        def verb(*args: object, **options: object) -> object:
            calls.append((args, options))
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome(*args, **options) if callable(outcome) else outcome

        monkeypatch.setitem(medidense.verbs.__dict__, name, verb)
        return calls

    return replace


@pytest.fixture
def result() -> Callable[..., SimpleNamespace]:
    """A verb's result with these fields; ``to_json`` gives `tree`. An `evaluation` has nothing to hide."""

    def build(tree: dict[str, object] | None = None, **fields: object) -> SimpleNamespace:
        if "evaluation" in fields:
            fields.setdefault("public", fields["evaluation"])
        return SimpleNamespace(**fields, to_json=lambda: tree or {"fields": sorted(fields)})

    return build


@pytest.fixture
def evaluation() -> Evaluation:
    """A small evaluation with everything in it."""
    return Evaluation(
        classes=("benign", "malignant"),
        positive="malignant",
        samples=40,
        subjects=30,
        class_counts={"benign": 25, "malignant": 15},
        auroc=Estimate(0.9123, 0.85, 0.96),
        auroc_fold_mean=0.905,
        auroc_definition="malignant against benign",
        operating_point=0.5,
        metrics={"sensitivity": Estimate(0.8, 0.6, 0.95), "specificity": Estimate(0.88, 0.7, 0.97)},
        confusion=((22, 3), (3, 12)),
        folds=(FoldResult(0, 20, 15, 0.93), FoldResult(1, 20, 15, None, "one class only")),
        baselines=(Baseline("lesion volume", Estimate(0.7, 0.6, 0.8), Estimate(0.21, 0.1, 0.3)),),
        interval="bootstrap over subjects, 2000 draws",
        cohort_digest="0" * 64,
        notes=("30 subjects: rough",),
    )


@pytest.fixture
def child() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run Python source in a fresh process: the real streams, signals and exit code."""

    def run(source: str, **options: Any) -> "subprocess.CompletedProcess[str]":
        options = {"capture_output": True, "text": True, "timeout": 120} | options
        return subprocess.run([sys.executable, "-c", source], check=False, **options)

    return run

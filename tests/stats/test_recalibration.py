"""Does recalibration find a known distortion, and judge itself on subjects that it was not fitted on?"""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from medidense.stats import SubjectDraws
from medidense.stats.recalibration import recalibrations
from medidense.values import Predictions


def drawn(n: int, slope: float, intercept: float, each: int = 2) -> Predictions:
    generator = np.random.default_rng(3)
    score = expit(generator.normal(0, 1.5, n))
    label = (generator.random(n) < expit(slope * logit(score) + intercept)).astype(np.int64)
    return Predictions(
        classes=("benign", "malignant"),
        positive="malignant",
        samples=tuple(f"s{row:05d}" for row in range(n)),
        subjects=tuple(f"p{row // each:05d}" for row in range(n)),
        fold=np.zeros(n, dtype=np.int64),
        label=label,
        scores=np.stack([1 - score, score], axis=1),
    )


def draws_of(table: Predictions) -> SubjectDraws:
    return SubjectDraws.of(table.subjects, 50, 0)


def test_a_known_shift_and_a_known_slope_are_found_and_undone() -> None:
    table = drawn(8000, 0.5, 0.8)
    level, both = recalibrations(table, draws_of(table))
    assert (level.name, level.slope) == ("intercept", 1.0)
    odds = logit(table.scores[:, 1])
    whole = LogisticRegression(C=np.inf, tol=1e-9).fit(odds[:, None], table.label)
    assert both.slope == pytest.approx(whole.coef_[0, 0], abs=2e-3)
    assert both.intercept == pytest.approx(whole.intercept_[0], abs=2e-3)
    assert (expit(odds + level.intercept) - table.label).sum() == pytest.approx(0, abs=1e-4)
    assert both.figures is not None
    assert both.figures.slope.value == pytest.approx(1, abs=0.06)
    assert both.figures.intercept.value == pytest.approx(0, abs=0.06)
    assert level.figures is not None
    assert level.figures.slope.value == pytest.approx(0.5, abs=0.06)


def test_the_figures_are_of_parts_that_the_fit_did_not_see() -> None:
    """On noise a fit looks better on its own rows than on those that it did not see."""
    table = drawn(60, 0.0, 0.0)
    _, both = recalibrations(table, draws_of(table))
    own = expit(both.slope * logit(table.scores[:, 1]) + both.intercept)
    own_loss = -np.log(np.where(table.label == 1, own, 1 - own)).mean()
    assert both.figures is not None
    assert both.figures.log_loss.value is not None
    assert both.figures.log_loss.value > own_loss + 0.005
    assert both.parts == 5


def test_with_too_few_subjects_of_a_class_there_are_no_figures() -> None:
    table = drawn(40, 1.0, 0.0, each=40)
    found = recalibrations(table, draws_of(table))
    assert [(one.parts, one.figures) for one in found] == [(0, None), (0, None)]
    one_class = table.take({name for name, label in zip(table.samples, table.label, strict=True) if label})
    assert recalibrations(one_class, draws_of(one_class)) == ()

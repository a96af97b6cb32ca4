import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from medidense.stats.thresholds import at_cost, at_sensitivity, at_specificity, choosers, youden
from medidense.values.recipe import EvaluationRules

TRUTH = np.array([False, False, True, False, True, True])
SCORE = np.array([0.1, 0.2, 0.3, 0.6, 0.7, 0.9])


def test_by_hand() -> None:
    assert at_sensitivity(TRUTH, SCORE, 0.6) == pytest.approx(0.65)  # 0.9 and 0.7 are two of three
    assert at_sensitivity(TRUTH, SCORE, 0.67) == pytest.approx(0.25)
    assert at_specificity(TRUTH, SCORE, 0.6) == pytest.approx(0.25)  # 0.6 is the one false alarm of three
    assert at_specificity(TRUTH, SCORE, 1.0) == pytest.approx(0.65)
    assert youden(TRUTH, SCORE) == pytest.approx(0.65)  # 2/3 + 1; at 0.25 it is 1 + 2/3: the higher one
    assert at_cost(TRUTH, SCORE, 5) == pytest.approx(0.25)  # a false alarm is less than a miss
    assert at_cost(TRUTH, SCORE, 0.5) == pytest.approx(0.65)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=4, max_size=60).filter(
        lambda rows: 0 < sum(truth for truth, _ in rows) < len(rows)
    ),
    st.floats(0.05, 0.95),
)
@settings(max_examples=80, deadline=None)
def test_no_point_of_scikit_learns_curve_does_better(rows: list[tuple[bool, int]], target: float) -> None:
    truth, score = np.array([row[0] for row in rows]), np.array([row[1] / 20 for row in rows])
    fpr, tpr, _ = roc_curve(truth, score, drop_intermediate=False)

    def at(point: float) -> tuple[float, float]:
        called = score >= point
        return float(called[truth].mean()), float((~called)[~truth].mean())

    hit, spared = at(at_sensitivity(truth, score, target))
    assert hit >= target
    assert 1 - spared == pytest.approx(fpr[tpr >= target].min())
    hit, spared = at(at_specificity(truth, score, target))
    reachable = tpr[1 - fpr >= target]
    if score.max() < 1 or spared >= target:  # from a score of 1 on is the highest point there is
        assert hit == pytest.approx(reachable.max())
    best = sum(at(youden(truth, score))) - 1
    assert best == pytest.approx((tpr - fpr)[0 if score.max() < 1 else 1 :].max())
    assert all(0 <= at_cost(truth, score, ratio) <= 1 for ratio in (0.1, 1, 10))


def test_every_rule_of_the_recipe_has_its_way() -> None:
    ways = choosers(EvaluationRules(target_sensitivity=0.6, target_specificity=0.99, cost_ratio=0.5))
    assert {name: way[0] for name, way in ways.items()} == {
        "sensitivity": 0.6,
        "specificity": 0.99,
        "youden": None,
        "cost": 0.5,
    }
    assert [way[1](TRUTH, SCORE) for way in ways.values()] == pytest.approx([0.65] * 4)

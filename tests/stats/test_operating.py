"""PPV and NPV where the positives are another share than in the cohort."""

import numpy as np
import pytest

from medidense.stats import SubjectDraws, wilson
from medidense.stats.mover import ratio_limits
from medidense.stats.operating import at_prevalence
from medidense.values import Estimate


def drawn(rows: int, each: int = 1) -> SubjectDraws:
    return SubjectDraws.of([f"{row // each:03d}" for row in range(rows)], 200, 0)


def test_the_values_are_bayes_rule_by_hand() -> None:
    truth = np.array([True] * 4 + [False] * 10)
    called = np.array([True] * 3 + [False] + [True] + [False] * 9)
    values = at_prevalence(truth, called, 0.1, drawn(14))
    assert values["ppv"].value == pytest.approx(0.75 * 0.1 / (0.75 * 0.1 + 0.1 * 0.9))
    assert values["npv"].value == pytest.approx(0.9 * 0.9 / (0.9 * 0.9 + 0.25 * 0.1))
    assert values["ppv"].low < values["ppv"].value < values["ppv"].high
    assert at_prevalence(truth, called, 4 / 14, drawn(14))["ppv"].value == pytest.approx(3 / 4)
    right, wrong = (Estimate(hits / n, *wilson(hits, n)) for hits, n in ((3, 4), (1, 10)))
    ends = [likelihood / 9 / (1 + likelihood / 9) for likelihood in ratio_limits(right, wrong)]
    assert (values["ppv"].low, values["ppv"].high) == pytest.approx(ends)


def test_ten_of_ten_say_little_where_one_in_a_hundred_is_positive() -> None:
    truth = np.arange(20) < 10
    values = at_prevalence(truth, truth, 0.01, drawn(20))
    assert (values["ppv"].value, values["ppv"].high) == (1.0, 1.0)
    assert values["ppv"].low == pytest.approx(0.034, abs=0.001)  # 3.46 x 0.01 / (3.46 x 0.01 + 0.99)
    assert values["npv"].low == pytest.approx(0.9971, abs=1e-4)
    wrong = at_prevalence(truth, ~truth, 0.01, drawn(20))
    assert (wrong["ppv"].value, wrong["ppv"].low) == (0.0, 0.0)
    assert 0 < wrong["ppv"].high < 0.01


def test_where_a_side_or_every_call_is_missing_there_is_no_value() -> None:
    truth = np.arange(6) < 3
    assert at_prevalence(truth | True, truth, 0.1, drawn(6))["ppv"].value is None
    assert at_prevalence(truth, truth & False, 0.1, drawn(6))["ppv"].value is None
    assert at_prevalence(truth, truth & False, 0.1, drawn(6))["npv"].value == pytest.approx(0.9)


def test_subjects_with_several_rows_are_drawn_unless_no_draw_moves() -> None:
    truth = np.arange(40) < 20
    called = truth & (np.arange(40) % 5 > 0)  # some are missed, none is called wrongly
    once, pairs = (at_prevalence(truth, called, 0.05, drawn(40, each)) for each in (1, 2))
    assert (pairs["ppv"].value, pairs["ppv"].high) == (1.0, 1.0)
    assert 0.05 < pairs["ppv"].low < once["ppv"].low
    called[25] = True
    moved = at_prevalence(truth, called, 0.05, drawn(40, 2))["ppv"]
    found = []
    for weights in np.concatenate(list(drawn(40, 2).weights())):
        hit = weights @ (truth & called) / (weights @ truth)
        wrong = weights @ (called & ~truth) / (weights @ ~truth)
        found.append(hit * 0.05 / (hit * 0.05 + wrong * 0.95))
    assert (moved.low, moved.high) == pytest.approx(tuple(np.percentile(found, [2.5, 97.5])))


@pytest.mark.parametrize(("positives", "negatives"), [(40, 60), (15, 100)])
def test_the_interval_holds_the_truth_as_often_as_it_says(positives: int, negatives: int) -> None:
    """Sensitivity 0.9, specificity 0.98, prevalence 1 %: in a third of them nothing is called wrongly."""
    generator, rows = np.random.default_rng(0), positives + negatives
    truth, draws = np.arange(rows) < positives, SubjectDraws(np.arange(rows), 1, 0)
    expected = {
        "ppv": 0.9 * 0.01 / (0.9 * 0.01 + 0.02 * 0.99),
        "npv": 0.98 * 0.99 / (0.98 * 0.99 + 0.1 * 0.01),
    }
    held = {"ppv": 0, "npv": 0}
    for _ in range(300):
        called = generator.random(rows) < np.where(truth, 0.9, 0.02)
        for name, one in at_prevalence(truth, called, 0.01, draws).items():
            held[name] += one.low <= expected[name] <= one.high
    assert min(held.values()) >= 0.9 * 300

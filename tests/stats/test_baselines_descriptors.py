"""A regression on descriptors beside the network, and both together."""

from dataclasses import replace

import numpy as np
import pytest

from medidense.stats import regression_scores
from medidense.stats.baselines import (
    BOTH,
    DESCRIPTORS,
    DESCRIPTORS_C,
    INTENSITY,
    VOLUME,
    WITH_DESCRIPTORS,
    baseline_scores,
    mean_ranks,
)
from medidense.stats.ranking import auroc
from medidense.values import Predictions, SampleFacts

N = 200


def cohort() -> tuple[Predictions, list[SampleFacts]]:
    """Labels that follow the sum of what only the network and what only the descriptors see."""
    draw = np.random.default_rng(0)
    seen, told = draw.normal(size=(2, N))
    label = (seen + told + draw.normal(0, 0.3, N) > 0).astype(np.int64)
    score = 1 / (1 + np.exp(-seen))
    names = tuple(f"s{row:03d}" for row in range(N))
    table = Predictions(
        ("0", "1"), "1", names, names, np.arange(N) % 5, label, np.stack([1 - score, score], axis=1)
    )
    facts = [
        SampleFacts(
            name, name, 1.0, 2.0, "CT", 0, 0, 0, {"shape_a": 100 + told[row], "inside_b": draw.normal()}
        )
        for row, name in enumerate(names)
    ]
    return table, facts


def test_descriptors_rank_and_the_network_adds_to_them() -> None:
    table, facts = cohort()
    rules, notes = baseline_scores(table, facts)
    by_name = {rule.name: rule.scores for rule in rules}
    assert list(by_name) == [VOLUME, INTENSITY, BOTH, DESCRIPTORS, WITH_DESCRIPTORS]
    assert notes == ()
    assert [rule.name for rule in rules if rule.uses_network] == [WITH_DESCRIPTORS]
    areas = {name: auroc(table.label, scores, 1) for name, scores in by_name.items()}
    network = auroc(table.label, table.scores, 1)
    assert 0.7 < areas[DESCRIPTORS] < 0.95
    assert areas[WITH_DESCRIPTORS] > max(areas[DESCRIPTORS], network) + 0.05


def test_a_fold_is_not_fitted_on_its_own_labels() -> None:
    table, facts = cohort()
    before = {rule.name: rule.scores for rule in baseline_scores(table, facts)[0]}[DESCRIPTORS]
    turned = np.where(table.fold == 0, 1 - table.label, table.label)
    other = Predictions(table.classes, "1", table.samples, table.subjects, table.fold, turned, table.scores)
    after = {rule.name: rule.scores for rule in baseline_scores(other, facts)[0]}[DESCRIPTORS]
    inside = table.fold == 0
    assert after[inside] == pytest.approx(before[inside], abs=1e-12)
    assert abs(after[~inside] - before[~inside]).max() > 1e-3


def without(facts: list[SampleFacts], rows: range) -> list[SampleFacts]:
    return [replace(fact, descriptors={}) if row in rows else fact for row, fact in enumerate(facts)]


def test_a_few_rows_without_descriptors_count_as_the_median_of_the_others() -> None:
    table, facts = cohort()
    rules, notes = baseline_scores(table, without(facts, range(10)))
    found = {rule.name: rule.scores for rule in rules}
    assert notes == (
        "Logistic regression on descriptors: 10 of 200 samples lack some, which count as the median of the "
        "rows that the rule was fitted on.",
    )
    inside = table.fold == 0  # rows 0 and 5 of it lack them
    train = np.array([[*fact.descriptors.values()] for fact in facts[10:]])[~inside[10:]]
    label = table.label[10:][~inside[10:]]
    expected = regression_scores(train, label, np.median(train, axis=0)[None], 2, DESCRIPTORS_C)
    assert found[DESCRIPTORS][[0, 5]] == pytest.approx(np.repeat(expected, 2, axis=0))
    assert auroc(table.label, found[DESCRIPTORS], 1) > 0.7


def test_one_figure_that_a_row_lacks_is_filled_in_alone() -> None:
    table, facts = cohort()
    gap = [replace(facts[0], descriptors={"shape_a": facts[0].descriptors["shape_a"]}), *facts[1:]]
    whole = {rule.name: rule.scores for rule in baseline_scores(table, facts)[0]}[DESCRIPTORS]
    rules, notes = baseline_scores(table, gap)
    found = {rule.name: rule.scores for rule in rules}[DESCRIPTORS]
    assert "1 of 200 samples lack some" in notes[0]
    assert found[0] == pytest.approx(whole[0], abs=0.1)
    assert found[0] != pytest.approx(whole[0], abs=1e-6)


def test_beyond_one_in_twenty_there_is_no_such_rule() -> None:
    table, facts = cohort()
    rules, notes = baseline_scores(table, without(facts, range(11)))
    assert DESCRIPTORS not in {rule.name for rule in rules}
    assert notes == (f"Baseline left out: {DESCRIPTORS} (not known for 11 of {N} samples).",)
    assert baseline_scores(table, without(facts, range(N)))[1] == ()


def test_ranks_are_taken_of_each_class() -> None:
    one, other = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.6, 0.4], [0.7, 0.3]])
    assert mean_ranks(one, other).tolist() == [[1.5, 1.5], [1.5, 1.5]]

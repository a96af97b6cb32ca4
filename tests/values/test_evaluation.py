"""Figures as people write them, and as scripts read them."""

from medidense.values import Estimate, Evaluation


def test_an_estimate_without_a_value_says_so() -> None:
    assert Estimate(None).text() == "not defined"
    assert Estimate(0.5).text() == "0.500"
    assert Estimate(-0.1, -0.2, -0.05).text() == "-0.100 (95% CI -0.200 to -0.050)"


def test_json_has_the_headline_on_top() -> None:
    evaluation = Evaluation(
        classes=("0", "1"),
        positive="1",
        samples=2,
        subjects=2,
        class_counts={"0": 1, "1": 1},
        auroc=Estimate(0.9, 0.8, 1.0),
        auroc_fold_mean=None,
        auroc_definition="",
        operating_point=0.5,
        metrics={"brier": Estimate(0.1)},
        confusion=((1, 0), (0, 1)),
        folds=(),
        baselines=(),
        interval="",
        cohort_digest="",
    )
    tree = evaluation.to_json()
    assert tree["auroc"] == 0.9
    assert tree["auroc_ci95"] == [0.8, 1.0]
    assert tree["metrics"] == {"brier": {"value": 0.1, "low": None, "high": None}}

"""Which kinds of truth a recipe may name, and what goes with each."""

import pytest

from medidense.errors import RecipeError
from medidense.values import parse_recipe

INPUT = {"dims": 2, "region": "whole", "size": [32, 32], "intensity": {"rule": "window", "low": 0, "high": 1}}
SOFT = {"column": "rating", "low": 1, "high": 5}


@pytest.mark.parametrize(
    ("labels", "training", "rule"),
    [
        ({"kind": "grades"}, {}, "'classes', 'multi_label' or 'ordinal'"),
        ({"kind": "ordinal", "soft": SOFT}, {}, "a soft label is for two classes"),
        ({"kind": "multi_label", "soft": SOFT}, {}, "a soft label is for two classes"),
        ({"order": ["a", "b"]}, {}, "an order is for grades"),
        ({"kind": "ordinal", "order": ["a", "b", "a"]}, {}, "names each grade once"),
        ({"kind": "multi_label"}, {"sampling": "balanced"}, "training.sampling: balanced deals out rows"),
        ({"kind": "multi_label"}, {"size_paired": 0.5}, "training.size_paired deals out rows"),
    ],
)
def test_what_does_not_go_together_is_refused(labels, training, rule):
    with pytest.raises(RecipeError) as caught:
        parse_recipe({"input": INPUT, "labels": labels, "training": training}, "r")
    assert rule in str(caught.value)


def test_grades_in_yaml_may_be_numbers():
    labels = {"kind": "ordinal", "order": [3, 2, "1"]}
    assert parse_recipe({"input": INPUT, "labels": labels}, "r").labels.order == ("3", "2", "1")


def test_grades_may_be_dealt_out_like_classes():
    tree = {
        "input": INPUT,
        "labels": {"kind": "ordinal"},
        "training": {"sampling": "balanced", "size_paired": 0.5},
    }
    assert parse_recipe(tree, "r").labels.kind == "ordinal"

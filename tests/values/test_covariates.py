"""What a cell becomes: numbers by the training part's mean, words by its levels, missing ones by a mark."""

import pytest
from pydantic import ValidationError

from medidense.errors import RecipeError
from medidense.values import CovariateEncoding, Refused, parse_recipe
from medidense.values.covariates import Covariates, number_in, text_in

AGE = {"kind": "numeric", "column": "age", "mean": 60.0, "sd": 10.0, "low": 40.0, "high": 80.0}
SEX = {"kind": "categorical", "column": "sex", "levels": ["F", "M"]}
ENCODING = CovariateEncoding.model_validate({"covariates": [AGE, SEX]})
INPUT = {
    "dims": 2,
    "region": "whole",
    "size": [32, 32],
    "intensity": {"rule": "window", "low": 0, "high": 1},
}


@pytest.mark.parametrize(
    ("age", "sex", "vector"),
    [
        ("70", "M", [1, 0, 0, 1, 0]),
        (" 50 ", " F ", [-1, 0, 1, 0, 0]),
        ("", "", [0, 1, 0, 0, 1]),
        (None, "unknown to training", [0, 1, 0, 0, 1]),
        (float("nan"), "M", [0, 1, 0, 1, 0]),
        (60, "M", [0, 0, 0, 1, 0]),
    ],
)
def test_a_lesion_becomes_a_vector(age: object, sex: object, vector: list[float]) -> None:
    found = ENCODING.vector({"age": age, "sex": sex, "other": "passed over"}, "here")
    assert found.tolist() == vector
    assert found.dtype == "float32"
    assert ENCODING.width == len(vector)


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"sex": "F"}, "no age"),
        ({"age": "old", "sex": "F"}, "age 'old'"),
        ({"age": "1e999", "sex": "F"}, "1e999"),
    ],
)
def test_a_column_that_is_not_there_or_no_number_is_refused(cells: dict[str, object], found: str) -> None:
    with pytest.raises(Refused) as caught:
        ENCODING.vector(cells, "scan")
    refusal = caught.value.refusal
    assert (refusal.code, refusal.where) == ("NO_COVARIATE", "scan")
    assert found in refusal.found


def test_an_encoding_is_plain_json_and_checked_on_its_way_in() -> None:
    assert CovariateEncoding.model_validate_json(ENCODING.model_dump_json()) == ENCODING
    for wrong in (
        [],
        [{**AGE, "sd": 0}],
        [{**AGE, "mean": float("inf")}],
        [{**SEX, "levels": [""]}],
        [{**SEX, "levels": ["M", "F"]}],
        [{**SEX, "levels": ["F", "F"]}],
        [{**AGE, "kind": "other"}],
    ):
        with pytest.raises(ValidationError):
            CovariateEncoding.model_validate({"covariates": wrong})


@pytest.mark.parametrize("columns", [[], ["age", "age"], ["label"], ["subject_id"], ["label_mass"]])
def test_what_is_told_or_named_twice_is_no_feature(columns: list[str]) -> None:
    with pytest.raises(ValidationError):
        Covariates.model_validate({"columns": columns})


@pytest.mark.parametrize(
    "labels",
    [
        {"auxiliary": {"columns": ["age"]}},
        {"soft": {"column": "age", "low": 1, "high": 5}},
    ],
)
def test_a_training_target_is_no_feature(labels: dict[str, object]) -> None:
    tree = {"input": {**INPUT, "covariates": {"columns": ["age"]}}, "labels": labels}
    with pytest.raises(RecipeError, match="age is a training target"):
        parse_recipe(tree, "r.yaml")
    assert parse_recipe({"input": tree["input"]}, "r.yaml").input.covariates is not None


def test_an_older_recipe_without_features_is_read() -> None:
    recipe = parse_recipe({"input": INPUT, "labels": {"features": []}}, "r.yaml")
    assert recipe.input.covariates is None
    with pytest.raises(RecipeError, match=r"input\.covariates\.columns now"):
        parse_recipe({"input": INPUT, "labels": {"features": ["age"]}}, "r.yaml")


@pytest.mark.parametrize("text", ["5_8", "٥", "inf", "nan", "5,8"])
def test_only_plain_finite_numbers_are_numbers(text: str) -> None:
    assert number_in(text) is None
    assert text_in(text) == text

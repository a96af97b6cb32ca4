"""A control goes through JSON and comes back the same."""

import json

import pytest

from medidense.values import ControlResult, Estimate


def test_there_and_back():
    one = ControlResult(
        "background only",
        "found",
        "said",
        True,
        Estimate(0.6, 0.55, 0.65),
        {"volume": 0.8, "x": None},
        9,
        10,
        points=4,
    )
    assert ControlResult.from_json(json.loads(json.dumps(one.to_json()))) == one
    assert one.title == "background only, retrained"


def test_one_written_before_points_were_hidden():
    told = ControlResult("background only", "passed", "said").to_json()
    del told["points"]
    assert ControlResult.from_json(told).points == 0


def test_something_else_is_a_type_error():
    with pytest.raises(TypeError):
        ControlResult.from_json({"name": "a", "outcome": "passed", "said": "", "more": 1})

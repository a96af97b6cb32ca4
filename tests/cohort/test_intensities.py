"""Each kind of image gets the rule of its values, said in words."""

import pytest

from medidense.cohort.intensities import choose_intensities


def rule(fp):
    keys = {choice.key.removeprefix("input."): choice for choice in choose_intensities(fp)}
    return tuple(keys[name].value for name in ("intensity.rule", "intensity.low", "intensity.high")), keys


def test_lung_and_soft_tissue_windows(planned):
    assert rule(planned())[0] == ("window", -1000.0, 400.0)
    found, keys = rule(planned(lung=False))
    assert found == ("window", -160.0, 240.0)
    assert "near the lesions there is no aerated lung" in keys["intensity.rule"].reason


def test_assumed_ct_is_said_in_words(planned):
    words = "no file states its modality; the values look like Hounsfield units, so they are taken as CT"
    reason = rule(planned(modality_words=words))[1]["modality"].reason
    assert reason == (
        "No file states its modality; the values look like Hounsfield units, so they are taken as CT. "
        "If they are not CT, set input.modality and input.intensity and train again."
    )
    assert rule(planned())[1]["modality"].reason == "The files state the modality CT."


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"modality": "MR"}, ("zscore", -4.0, 4.0)),
        ({"modality": "US", "whole_numbers_to_255": True}, ("window", 0.0, 255.0)),
        ({"modality": None, "pictures": True, "whole_numbers_to_255": True}, ("window", 0.0, 255.0)),
        ({"modality": None}, ("percentiles", 0.5, 99.5)),
        ({"modality": "DX"}, ("percentiles", 0.5, 99.5)),
        (
            {"modality": None, "two_valued": True, "intensity": {"minimum": 0.0, "maximum": 1.0}},
            ("window", 0.0, 1.0),
        ),
    ],
)
def test_other_images(planned, changes, expected):
    found, keys = rule(planned(**{"modality_words": "none is assumed", **changes}))
    assert found == expected
    assert keys["modality"].value == changes["modality"]

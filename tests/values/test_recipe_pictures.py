import pytest

from medidense.errors import RecipeError
from medidense.values import parse_recipe

CONSTANTS = {"rule": "constants", "low": 0, "high": 255, "mean": [1, 2, 3], "deviation": [4, 5, 6]}
WINDOW = {"rule": "window", "low": 0, "high": 255}


def recipe(intensity=CONSTANTS, augmentation=None, **spec):
    tree = {
        "dims": 2,
        "region": "whole",
        "orientation": "as_stored",
        "size": [32, 32],
        "intensity": intensity,
    }
    return parse_recipe({"input": tree | spec, "training": {"augmentation": augmentation or {}}}, "test")


def test_constants_decide_the_channels():
    assert recipe().input.channels == 3
    assert recipe(CONSTANTS | {"mean": [1], "deviation": [2]}).input.channels == 1
    assert recipe(second_window={"low": 0, "high": 1}).input.channels == 4
    assert recipe(WINDOW).input.channels == 1


@pytest.mark.parametrize(
    "intensity",
    [
        CONSTANTS | {"mean": [1, 2]},
        CONSTANTS | {"mean": [1, 2], "deviation": [1, 2]},
        CONSTANTS | {"mean": [], "deviation": []},
        CONSTANTS | {"deviation": [1, 0, 1]},
        WINDOW | {"mean": [1], "deviation": [1]},
    ],
)
def test_constants_that_do_not_fit(intensity):
    with pytest.raises(RecipeError):
        recipe(intensity)


@pytest.mark.parametrize("flip", [True, False, [0], [1], [0, 1], []])
def test_flips_along_all_no_or_some_axes(flip):
    found = recipe(augmentation={"flip": flip}).training.augmentation.flip
    assert found == (tuple(flip) if isinstance(flip, list) else flip)


def test_settings_on_a_command_line_are_read_as_yaml_has_them():
    assert recipe().with_settings({"training.augmentation.flip": "true"}).training.augmentation.flip is True
    assert recipe().with_settings({"training.augmentation.flip": [1]}).training.augmentation.flip == (1,)


@pytest.mark.parametrize("flip", [[2], [-1], [3], "sideways"])
def test_axes_that_there_are_not(flip):
    with pytest.raises(RecipeError):
        recipe(augmentation={"flip": flip})


@pytest.mark.parametrize("change", [{"crop": 4}, {"cutout": 8}])
def test_crops_and_boxes_of_zeros_are_not_for_planes_or_masks(change):
    assert recipe(augmentation=change)
    with pytest.raises(RecipeError, match="fill with 0"):
        recipe(WINDOW, augmentation=change, region="lesion", mask_channel=True)
    with pytest.raises(RecipeError, match="fill with 0"):
        recipe(WINDOW, augmentation=change, dims=3, size=[32, 32, 32], view="planes")

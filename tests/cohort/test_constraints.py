"""What depends on a key that is set is planned accordingly, and every set key says so."""

import pytest

from medidense.cohort import plan_recipe
from medidense.cohort.smaller_network import RATE, SMALL
from medidense.errors import RecipeError

SET = "Set by --set."


def test_without_settings_nothing_changes(planned):
    assert plan_recipe(planned(), {}) == plan_recipe(planned())


def test_a_key_that_nothing_depends_on_changes_alone(planned):
    free, bound = (
        plan_recipe(planned(masks=True)),
        plan_recipe(planned(masks=True), {"input.mask_channel": False}),
    )
    assert free.input.mask_channel
    assert bound.model_copy(update={"reasons": {}}) == free.with_settings(
        {"input.mask_channel": False}
    ).model_copy(update={"reasons": {}})
    assert bound.reasons["input.mask_channel"] == SET
    assert {key for key in free.reasons if free.reasons[key] != bound.reasons[key]} == {"input.mask_channel"}


def test_a_whole_crop_is_planned_as_one(planned):
    free, bound = plan_recipe(planned(masks=True)), plan_recipe(planned(masks=True), {"input.view": "crop"})
    assert (free.training.sampling, bound.training.sampling) == ("balanced", "shuffled")
    assert (free.training.class_weights, bound.training.class_weights) == ("none", "balanced")
    assert not bound.input.mask_channel
    assert bound.input.second_window is None
    assert "3D" in bound.reasons["network.name"]


def test_spacing_follows_the_size_and_the_shift_too(planned):
    free, bound = plan_recipe(planned()), plan_recipe(planned(), {"input.size": [65, 65, 65]})
    shown = free.input.size[0] * free.input.spacing_mm[0]
    assert bound.input.size == (65, 65, 65)
    assert bound.input.spacing_mm == (pytest.approx(shown / 65, abs=1e-4),) * 3
    assert bound.training.augmentation.shift == 4.1
    assert "with the size that was set" in bound.reasons["input.spacing_mm"]


def test_size_follows_the_spacing_and_stays_odd_for_planes(planned):
    free, bound = plan_recipe(planned()), plan_recipe(planned(), {"input.spacing_mm": [0.5, 0.5, 0.5]})
    shown = free.input.size[0] * free.input.spacing_mm[0]
    side = bound.input.size[0]
    assert side % 2 == 1
    assert abs(side * 0.5 - shown) <= 0.5
    assert bound.reasons["input.spacing_mm"] == SET


def test_a_region_or_a_modality_that_is_set_is_planned_for(planned):
    whole = plan_recipe(planned(masks=True), {"input.region": "whole"})
    assert (whole.input.region, whole.input.view, whole.input.mask_channel) == ("whole", "crop", False)
    assert plan_recipe(planned(), {"input.modality": "MR"}).input.intensity.rule == "zscore"
    flat = plan_recipe(planned(), {"input.dims": 2})
    assert (len(flat.input.size), flat.input.view) == (2, "crop")


def test_weights_of_the_classes_follow_the_batches(planned):
    bound = plan_recipe(planned(), {"training.sampling": "shuffled"})
    assert bound.training.class_weights == "balanced"
    assert bound.reasons["training.sampling"] == SET


def test_the_small_network_brings_its_rate(planned):
    assert plan_recipe(planned(), {"network.name": SMALL}).training.learning_rate == RATE
    both = {"network.name": SMALL, "training.learning_rate": 0.5}
    assert plan_recipe(planned(), both).training.learning_rate == 0.5


def test_a_section_that_is_opened_or_closed_has_one_reason(planned):
    opened = plan_recipe(planned(), {"start.weights": "w.pth"})
    assert opened.reasons["start.weights"] == SET
    assert "start" not in opened.reasons
    closed = plan_recipe(planned(), {"input.second_window": None})
    assert [why for key, why in closed.reasons.items() if "second_window" in key] == [SET]


@pytest.mark.parametrize(
    "settings",
    [{"input.sice": 3}, {"input.size": "large"}, {"input.dims": 7}, {"input.spacing_mm": [0, 1, 1]}],
)
def test_what_does_not_hold_is_an_error_of_the_option(planned, settings):
    with pytest.raises(RecipeError, match="--set"):
        plan_recipe(planned(), settings)

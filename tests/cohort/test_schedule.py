"""How long and how is trained, from the counts and the kind of image."""

import pytest

from medidense.cohort.schedule import choose_schedule


def chosen(fp, size=(32, 32, 32)):
    return {choice.key.removeprefix("training."): choice.value for choice in choose_schedule(fp, size)}


@pytest.mark.parametrize(
    ("samples", "epochs", "batch"), [(391, 29, 16), (44, 60, 8), (60, 60, 16), (5000, 15, 16), (2, 60, 8)]
)
def test_epochs_show_about_as_many_crops(planned, samples, epochs, batch):
    keys = chosen(planned(samples=samples))
    assert (keys["epochs"], keys["batch_size"]) == (epochs, batch)


@pytest.mark.parametrize(
    ("counts", "weights"),
    [({"a": 10, "b": 12}, "none"), ({"a": 10, "b": 13}, "balanced"), ({"a": 9, "b": 9, "c": 20}, "balanced")],
)
def test_weights_follow_the_counts(planned, counts, weights):
    assert chosen(planned(class_counts=counts, region="whole", extent=None))["class_weights"] == weights


def test_batches_of_lesions_are_balanced_and_so_the_loss_is_not(planned):
    keys = chosen(planned(class_counts={"a": 9, "b": 90}))
    assert (keys["sampling"], keys["class_weights"]) == ("balanced", "none")


def test_lesion_crops_turn_freely_and_whole_images_do_not(planned):
    crop, whole = chosen(planned()), chosen(planned(region="whole", extent=None))
    assert (crop["augmentation.flip"], crop["augmentation.rotate"]) == (True, 180.0)
    assert (whole["augmentation.flip"], whole["augmentation.rotate"]) == (False, 15.0)
    ultrasound = chosen(planned(modality="US"))
    assert (ultrasound["augmentation.flip"], ultrasound["augmentation.rotate"]) == (False, 15.0)


def test_shapes_have_no_brightness_to_change(planned):
    shape = chosen(planned(two_valued=True, region="whole", extent=None))
    assert (shape["augmentation.gain"], shape["augmentation.offset"], shape["augmentation.flip"]) == (
        0.0,
        0.0,
        True,
    )


def test_the_shift_grows_with_the_input(planned):
    assert chosen(planned(), (32,) * 3)["augmentation.shift"] == 2.0
    assert chosen(planned(), (224, 224))["augmentation.shift"] == 14.0


def test_nothing_is_chosen_on_a_validation_part(planned):
    assert chosen(planned())["early_stopping"] is None

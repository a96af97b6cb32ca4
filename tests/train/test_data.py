import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from medidense.errors import UsageError
from medidense.train import TrainingData, class_weights
from medidense.train.data import count_batches, deal


@given(st.integers(2, 500), st.integers(2, 64))
def test_every_sample_once_and_no_batch_too_small_or_too_large(samples, size):
    batches = deal(samples, count_batches(samples, size), torch.Generator().manual_seed(0))
    lengths = [len(batch) for batch in batches]
    assert sorted(torch.cat(batches).tolist()) == list(range(samples))
    assert min(lengths) >= 2
    assert max(lengths) - min(lengths) <= 1
    assert max(lengths) <= size + (size == 2)


def test_order_comes_from_its_generator():
    def dealt(seed):
        return torch.cat(deal(50, 4, torch.Generator().manual_seed(seed))).tolist()

    assert dealt(1) == dealt(1)
    assert dealt(1) != dealt(2)


def test_balanced_weights_are_those_of_scikit_learn():
    labels = np.random.default_rng(0).integers(0, 4, 97)
    wanted = compute_class_weight("balanced", classes=np.arange(4), y=labels)
    np.testing.assert_allclose(class_weights(labels, 4), wanted, rtol=1e-6)


def test_a_class_without_a_sample_weighs_nothing():
    assert class_weights(np.array([0, 0, 2]), 3).tolist() == [0.5, 0.0, 1.0]


IMAGES = np.zeros((3, 1, 32, 32), dtype=np.float32)
LABELS = np.array([0, 1, 0])


@pytest.mark.parametrize(
    ("images", "labels", "rule"),
    [
        (IMAGES.astype(np.float64), LABELS, "images are float32"),
        (IMAGES[0], LABELS, "images are float32"),
        (IMAGES, LABELS[:2], "labels are int64"),
        (IMAGES, LABELS.astype(np.float32), "labels are int64"),
        (IMAGES, LABELS - 2, "labels are int64"),
        (IMAGES[:1], LABELS[:1], "needs at least 2 samples"),
    ],
)
def test_wrong_arrays_are_refused(images, labels, rule):
    with pytest.raises(UsageError, match=rule):
        TrainingData(images, labels)


def test_half_a_validation_part_is_refused():
    with pytest.raises(UsageError, match="belong together"):
        TrainingData(IMAGES, LABELS, validation_images=IMAGES)
    with pytest.raises(UsageError, match="validation part: needs at least 1 sample;"):
        TrainingData(IMAGES, LABELS, IMAGES[:0], LABELS[:0])

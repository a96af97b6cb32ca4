"""Which samples stand together."""

import numpy as np
import pytest
import torch

from medidense.train.batches import NEAREST, epoch_batches
from medidense.train.data import TrainingData, count_batches
from medidense.values.training import Training


def drawn(labels, seed=0, volumes=None, batch=8, **settings):
    labels = np.array(labels, dtype=np.int64)
    size = (len(labels), 1, 4, 4)
    targets = np.full((len(labels), 2), 0.5, dtype=np.float32)
    data = TrainingData(np.zeros(size, dtype=np.float32), labels, targets=targets, volumes=volumes)
    rules = Training(batch_size=batch, **settings)
    order = torch.Generator().manual_seed(seed)
    return epoch_batches(data, rules, count_batches(len(labels), batch), order)


def test_shuffled_shows_every_sample_once():
    batches = drawn([0, 1] * 12 + [-1] * 3)
    assert sorted(torch.cat(batches).tolist()) == list(range(27))


def test_balanced_batches_hold_as_many_of_each_class():
    labels = np.array([0] * 60 + [1] * 12 + [2] * 8)
    batches = drawn(labels, batch=12, sampling="balanced")
    assert len(batches) == count_batches(80, 12)
    for batch in batches:
        counts = np.bincount(labels[batch.numpy()], minlength=3)
        assert counts.max() - counts.min() <= 1
    rare = np.bincount(torch.cat(batches).numpy(), minlength=80)[60:]
    assert rare.min() >= 2, "a rare class is dealt through before it is dealt again"
    assert rare[:12].max() - rare[:12].min() <= 1


def test_rows_without_a_label_keep_their_share():
    labels = np.array([0] * 40 + [1] * 20 + [-1] * 20)
    dealt = [torch.cat(drawn(labels, seed=seed, sampling="balanced")).numpy() for seed in range(20)]
    shares = [np.mean(labels[indices] < 0) for indices in dealt]
    assert np.mean(shares) == pytest.approx(0.25, abs=0.02)


def test_a_batch_of_fewer_samples_than_classes_keeps_its_size():
    labels = [grade for grade in range(5) for _ in range(3)] + [-1] * 13
    batches = drawn(labels, batch=4, sampling="balanced")
    assert [len(batch) for batch in batches] == [4] * 7


def test_a_paired_batch_holds_lesions_of_like_volume_and_another_class():
    random = np.random.default_rng(0)
    labels = np.array([0] * 50 + [1] * 50 + [-1] * 9)
    volumes = np.exp(random.normal(5, 1, 109))
    volumes[50:100] = volumes[:50] * 1.01
    for batch in drawn(labels, volumes=volumes, size_paired=1.0):
        first, second = np.split(batch.numpy(), 2)
        assert (labels[batch.numpy()] >= 0).all()
        assert (labels[first] != labels[second]).all()
        apart = np.abs(np.log(volumes[first] / volumes[second]))
        for lesion, distance in zip(first, apart, strict=True):
            others = np.flatnonzero((labels >= 0) & (labels != labels[lesion]))
            ranked = np.sort(np.abs(np.log(volumes[others] / volumes[lesion])))
            assert distance <= ranked[NEAREST - 1] + 1e-12


def test_the_share_of_paired_batches_is_the_recipe_s():
    labels = np.array([0, 1] * 400)
    volumes = np.exp(np.linspace(0, 5, 800))
    plain = drawn(labels, volumes=volumes)
    mixed = drawn(labels, volumes=volumes, size_paired=0.7)
    kept = sum(torch.equal(one, other) for one, other in zip(plain, mixed, strict=True))
    assert 0.15 < kept / len(plain) < 0.45


def test_the_order_alone_decides():
    labels = [0] * 20 + [1] * 9
    for settings in ({}, {"sampling": "balanced"}):
        first, again, other = (drawn(labels, seed=seed, **settings) for seed in (1, 1, 2))
        assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
        assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))

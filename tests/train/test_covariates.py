"""Covariates in the loop: they are learnt, dropped for some samples, and resumed to the last bit."""

import numpy as np
import pytest
import torch

from medidense.errors import UsageError
from medidense.nets import CovariateNetwork, PlanesNetwork, bare, build, network
from medidense.predict import Example, predict_scores
from medidense.train import Regime, TrainingData, Tuning, fit
from medidense.train.covariates import Beside
from medidense.train.objective import Learner
from medidense.values import EpochRecord
from medidense.values.network import Start
from medidense.values.training import Augmentation, EarlyStopping, Training
from tests.train.test_loop import CPU, bits, planted, small
from tests.train.test_state import InMemory

PLAIN = Augmentation(flip=False, rotate=0, scale=0, shift=0, gain=0, offset=0, noise=0)
SETTINGS = Training(epochs=4, batch_size=4, learning_rate=0.01, augmentation=PLAIN)


def data_of(count=12, dropout=0.3, **changes):
    """Images that tell nothing, and a first covariate that tells the class."""
    images, labels = planted(count, 0, strength=0.0)
    covariates = np.random.default_rng(1).normal(size=(count, 3)).astype(np.float32)
    covariates[:, 0] = 2.0 * labels - 1
    return TrainingData(images, labels, covariates=covariates, covariate_dropout=dropout, **changes)


def make(seed=0):
    return CovariateNetwork(small(seed), 3, 2)


def trained(data, settings=SETTINGS, states=None, net=None):
    net = net or make()
    return net, list(fit(net, data, Regime(settings, 0, CPU), states))


def test_a_covariate_that_tells_is_learnt_and_the_image_part_is_kept_in_row_major_order():
    data = data_of(24)
    net, _ = trained(data, SETTINGS.model_copy(update={"epochs": 30, "ema": 0.0}))
    examples = [Example(image, (row,)) for image, row in zip(data.images, data.covariates, strict=True)]
    scores = predict_scores([net], examples, device="cpu", threads=1)
    assert (scores.argmax(1) == data.labels).all()
    difference = net.covariates.weight[1] - net.covariates.weight[0]
    assert difference[0] > 3 * difference[1:].abs().max()


def test_the_share_that_is_dropped_sees_the_image_alone():
    data = data_of(1000, dropout=0.3)
    beside, draws = Beside(data, torch.device("cpu")), torch.Generator().manual_seed(0)
    index = torch.arange(999, -1, -1)
    (batch,) = beside.batch(index, draws)
    blank = ~batch.any(dim=1)
    assert 0.25 < float(blank.float().mean()) < 0.35
    assert torch.equal(batch[~blank], torch.from_numpy(data.covariates)[index][~blank])
    (other,) = beside.batch(index, draws)
    assert not torch.equal(other, batch)
    assert beside.count == 1
    (every,) = Beside(data_of(dropout=0.0), torch.device("cpu")).batch(torch.arange(12), draws)
    assert every.any(dim=1).all()


def test_without_covariates_nothing_is_drawn():
    draws = torch.Generator().manual_seed(0)
    before = draws.get_state()
    beside = Beside(TrainingData(*planted(4, 0)), torch.device("cpu"))
    assert (beside.batch(torch.arange(2), draws), beside.count) == ((), 0)
    assert torch.equal(draws.get_state(), before)


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("auxiliary", [False, True])
def test_broken_off_after_an_epoch_it_ends_with_the_same_bits(accumulate, auxiliary):
    targets = np.random.default_rng(3).normal(size=(12, 2)).astype(np.float32)
    data = data_of(auxiliary=targets if auxiliary else None)
    settings = SETTINGS.model_copy(update={"accumulate": accumulate})
    whole = InMemory()
    net, records = trained(data, settings, whole)
    again, _ = trained(data, settings, InMemory(whole.kept[1]))
    assert bits(again) == bits(net)
    assert bits(trained(data_of(dropout=0.9), settings)[0]) != bits(net)
    assert sum(isinstance(record, EpochRecord) for record in records) == 4


def test_a_state_of_other_covariates_is_not_taken_up():
    states = InMemory()
    trained(data_of(), states=states)
    other = data_of()
    other.covariates[0, 0] += 1
    with pytest.raises(UsageError, match="another training"):
        trained(other, states=InMemory(states.kept[0]))


def test_early_stopping_scores_the_validation_part_with_its_covariates():
    images, labels = planted(6, 5, strength=0.0)
    right = np.zeros((6, 3), dtype=np.float32)
    right[:, 0] = 2.0 * labels - 1
    stopping = SETTINGS.model_copy(update={"epochs": 12, "early_stopping": EarlyStopping(patience=12)})
    losses = {}
    for sign in (1, -1):
        more = {"validation_images": images, "validation_labels": labels}
        data = data_of(24, validation_covariates=sign * right, **more)
        records = trained(data, stopping)[1]
        losses[sign] = [record.validation_loss for record in records if isinstance(record, EpochRecord)][-1]
    assert losses[1] < losses[-1]


def test_auxiliary_targets_are_read_from_the_image_alone():
    net = build("densenet_small", dims=2, channels=1, classes=2, dropout=0.0, seed=0)
    learner = Learner(CovariateNetwork(PlanesNetwork(net), 3, 2), 4).eval()
    cubes = torch.randn(2, 1, 33, 33, 33)
    with torch.no_grad():
        learner.net.covariates.weight.fill_(1.0)
        logits, told = learner(cubes, torch.zeros(2, 3))
        more, same = learner(cubes, torch.ones(2, 3))
    assert learner.auxiliary.in_features == net.class_layers.out.in_features
    assert torch.equal(told, same)
    torch.testing.assert_close(more, logits + 3)


def test_the_head_of_covariates_learns_where_only_the_head_does():
    tuning = Tuning(network("densenet_small"), Start(weights="w", trains="head"), 2)
    inner = build("densenet_small", dims=2, channels=1, classes=2, dropout=0.0, seed=0)
    net = CovariateNetwork(inner, 3, 2)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    images = np.random.default_rng(0).normal(size=(12, 1, 32, 32)).astype(np.float32)
    data = data_of()
    data = TrainingData(images, data.labels, covariates=data.covariates)
    settings = SETTINGS.model_copy(update={"epochs": 2, "ema": 0.0})
    list(fit(net, data, Regime(settings, 0, CPU, tuning)))
    changed = {name for name, tensor in net.state_dict().items() if not torch.equal(before[name], tensor)}
    head = {"image.class_layers.out.weight", "image.class_layers.out.bias"}
    assert changed == {"covariates.weight", *head}
    assert bare(net) is inner


@pytest.mark.parametrize(
    "covariates",
    [
        np.zeros((11, 3), dtype=np.float32),
        np.zeros((12, 3)),
        np.zeros(12, dtype=np.float32),
        np.full((12, 3), np.nan, dtype=np.float32),
    ],
)
def test_covariates_of_another_form_are_refused(covariates):
    with pytest.raises(UsageError, match="covariates are"):
        TrainingData(*planted(12, 0), covariates=covariates)


@pytest.mark.gpu
def test_a_recorded_step_takes_the_covariates_of_its_own_batch():
    from medidense.train import Device

    data = data_of(64, dropout=0.0)
    settings = SETTINGS.model_copy(update={"epochs": 40, "ema": 0.0})
    net = make()
    list(fit(net, data, Regime(settings, 0, Device("cuda", "fp32", 1))))
    examples = [Example(image, (row,)) for image, row in zip(data.images, data.covariates, strict=True)]
    scores = predict_scores([net.to("cpu")], examples, device="cpu", threads=1)
    assert (scores.argmax(1) == data.labels).all()

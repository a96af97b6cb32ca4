"""A training that is broken off after any epoch and taken up again ends with the same bits."""

import numpy as np
import pytest
import torch

from medidense.errors import DivergedError, UsageError
from medidense.nets import PlanesNetwork, add_lora, build, network
from medidense.predict import predict_scores
from medidense.train import Device, Regime, TrainingData, Tuning, fit
from medidense.values import EpochRecord
from medidense.values.network import Start
from medidense.values.training import Augmentation, EarlyStopping, Training
from tests.train.test_loop import CPU, bits, planted, small

AUGMENTED = Augmentation(rotate=20, scale=0.1, shift=1, gain=0.1, offset=0.1, noise=0.1)
SETTINGS = Training(epochs=4, batch_size=4, learning_rate=0.01, augmentation=AUGMENTED)
STOPPING = {"epochs": 9, "early_stopping": EarlyStopping(patience=2)}


class InMemory:
    """Keeps every state, and gives back the one it is told to begin with."""

    def __init__(self, begin=None):
        self.begin, self.kept = begin, []

    def last(self):
        return self.begin

    def keep(self, state):
        self.kept.append(state)


def data_of(size=(8, 8), **changes):
    validation, truth = planted(8, 5, size=size)
    return TrainingData(*planted(9, 0, size=size), validation, 1 - truth, **changes)


def auxiliary():
    targets = np.random.default_rng(3).normal(size=(9, 2)).astype(np.float32)
    targets[2, 1] = np.nan
    return targets


CASES = {
    "adamw": (SETTINGS, data_of(), small),
    "sgd": (SETTINGS.model_copy(update={"optimizer": "sgd"}), data_of(), small),
    "3d": (SETTINGS, data_of((8, 8, 8)), lambda: small(dims=3)),
    "row-major": (SETTINGS.model_copy(update={"channels_last": False}), data_of(), small),
    "no average": (SETTINGS.model_copy(update={"ema": 0.0}), data_of(), small),
    "stopping": (SETTINGS.model_copy(update=STOPPING), data_of(), small),
    "auxiliary": (SETTINGS, data_of(auxiliary=auxiliary()), small),
    "balanced": (SETTINGS.model_copy(update={"sampling": "balanced"}), data_of(), small),
    "pairs": (
        SETTINGS.model_copy(update={"size_paired": 0.5}),
        data_of(volumes=np.linspace(1, 9, 9)),
        small,
    ),
}


def run(case, states=None, seed=0, device=CPU):
    """The network and the epochs' records without their times."""
    settings, data, made = CASES[case]
    net = made()
    records = list(fit(net, data, Regime(settings, seed, device), states))
    epochs = [
        (record.epoch, record.loss, record.learning_rate, record.validation_loss)
        for record in records
        if isinstance(record, EpochRecord)
    ]
    return bits(net), epochs


@pytest.mark.parametrize("case", CASES)
def test_broken_off_after_any_epoch_it_ends_with_the_same_bits(case):
    whole, kept = run(case), InMemory()
    assert run(case, kept) == whole
    assert [state.epoch for state in kept.kept] == [epoch for epoch, *_ in whole[1]]
    for state in kept.kept:
        torch.manual_seed(state.epoch)
        again = InMemory(state)
        assert run(case, again) == whole
        assert [later.epoch for later in again.kept] == [one.epoch for one in kept.kept[state.epoch :]]


def test_a_state_put_back_and_taken_again_is_the_same():
    kept, again = InMemory(), InMemory()
    run("stopping", kept)
    first, second = kept.kept[:2]
    before = {name: array.copy() for name, array in first.tensors.items()}
    again.begin = first
    run("stopping", again)
    taken = again.kept[0]
    assert taken.tensors.keys() == second.tensors.keys()
    assert all(np.array_equal(taken.tensors[name], array) for name, array in second.tensors.items())
    assert all(np.array_equal(first.tensors[name], array) for name, array in before.items())


def test_a_state_holds_average_count_moments_and_random_states():
    kept = InMemory()
    run("auxiliary", kept)
    state = kept.kept[1]
    assert int(state.tensors["average.n_averaged"]) == 6
    assert float(state.tensors["optimizer.0.step"]) == 6
    assert state.part("learner")["auxiliary.weight"].shape == (2, 6)
    assert state.part("random").keys() == {"cpu", "0", "1"}
    assert state.facts["schedule"]["last_epoch"] == 6


def test_a_dense_network_goes_on_too():
    images, labels = planted(5, 0, size=(32, 32, 32))
    settings = Training(epochs=2, batch_size=3)
    nets, kept = [], InMemory()
    for states in (kept, None):
        if states is None:
            states = InMemory(kept.kept[0])
        nets.append(build("densenet_small", dims=3, channels=1, classes=2, dropout=0.1, seed=0))
        list(fit(nets[-1], TrainingData(images, labels), Regime(settings, 0, CPU), states))
    assert bits(nets[0]) == bits(nets[1])


TUNINGS = {
    "gradual": {"unfreeze_epochs": (2, 3), "layer_decay": 0.5},
    "head": {},
    "norm": {},
}


@pytest.mark.parametrize("trains", [*TUNINGS, pytest.param("lora", marks=pytest.mark.slow)])
@pytest.mark.parametrize("planes", [False, True])
def test_a_fine_tuning_goes_on_with_the_same_bits(trains, planes):
    size, record = ((32,) * 3 if planes else (32, 32)), network("densenet_small")
    targets = np.random.default_rng(3).normal(size=(5, 2)).astype(np.float32)
    data = TrainingData(*planted(5, 0, size=size), auxiliary=targets, auxiliary_weight=0.5, planes=planes)
    settings = Training(epochs=3, batch_size=3, learning_rate=0.01)
    tuning = Tuning(record, Start(weights="w", trains=trains, **TUNINGS.get(trains, {})), settings.epochs)

    def trained(states, tuning=tuning):
        net = build("densenet_small", dims=2, channels=1, classes=2, dropout=0.1, seed=0)
        if trains == "lora":
            add_lora(net, record, rank=2, seed=0)
        net = PlanesNetwork(net) if planes else net
        list(fit(net, data, Regime(settings, 0, CPU, tuning), states))
        return bits(net)

    kept = InMemory()
    whole = trained(kept)
    for state in kept.kept[:2]:
        assert trained(InMemory(state)) == whole
    with pytest.raises(UsageError, match="another training"):
        trained(InMemory(kept.kept[0]), None)


@pytest.mark.parametrize("change", ["seed", "device", "settings"])
def test_the_state_of_another_training_is_refused(change):
    kept = InMemory()
    run("adamw", kept)
    given = {"seed": {"seed": 1}, "device": {"device": Device("cpu", "fp32", 2)}}.get(change, {})
    case = "sgd" if change == "settings" else "adamw"
    with pytest.raises(UsageError, match="another training"):
        run(case, InMemory(kept.kept[0]), **given)


def test_a_training_that_diverges_has_handed_over_its_last_good_state(monkeypatch):
    from medidense.train.objective import Objective

    plain, count = Objective.__call__, []

    def poisoned(self, *given):
        count.append(1)
        return plain(self, *given) * (float("nan") if len(count) == 8 else 1)

    monkeypatch.setattr(Objective, "__call__", poisoned)
    kept = InMemory()
    with pytest.raises(DivergedError, match="epoch 3 step 8"):
        run("adamw", kept)
    assert [state.epoch for state in kept.kept] == [1, 2]
    assert all(np.isfinite(array).all() for array in kept.kept[-1].part("learner").values())


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_on_a_gpu_it_goes_on_within_the_tolerance(precision):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    images, labels = planted(24, 0, size=(32, 32, 32))
    settings = Training(epochs=8, batch_size=8, learning_rate=1e-3, augmentation=AUGMENTED)
    nets, kept = [], InMemory()
    for begin in (None, None, 5):
        states = kept if begin is None else InMemory(kept.kept[begin - 1])
        nets.append(build("densenet121", dims=3, channels=1, classes=2, dropout=0.1, seed=0))
        device = Device("cuda", precision, 1)
        list(fit(nets[-1], TrainingData(images, labels), Regime(settings, 0, device), states))
    whole, again, resumed = (
        predict_scores([net], images, device="cuda", threads=1)[:, 1] for net in nets
    )  # kernels of 3D differ from run to run: a whole run is so far from itself
    assert np.abs(resumed - whole).max() < 3 * np.abs(again - whole).max() + 0.05

import numpy as np
import pytest
import torch

from medidense.errors import DivergedError, UsageError
from medidense.nets import build
from medidense.predict import predict_scores
from medidense.train import Device, Regime, TrainingData, fit
from medidense.values import EpochRecord, ShrunkRecord, StepRecord
from medidense.values.training import Augmentation, EarlyStopping, Training

CPU = Device("cpu", "fp32", 1)
QUICK = Training(epochs=2, batch_size=4, learning_rate=0.01)


def planted(count, seed, strength=0.8, size=(8, 8)):
    """Noise, and a brighter middle in the images of class 1."""
    random = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % 2
    images = random.normal(0, 0.3, (count, 1, *size)).astype(np.float32)
    middle = tuple(slice(side // 4, -(side // 4)) for side in size)
    for image, label in zip(images, labels, strict=True):
        image[(0, *middle)] += strength * label
    return images, labels


def small(seed=0, dims=2):
    """A network with all that matters here: convolution, batch norm, dropout, head."""
    conv, norm = (
        (torch.nn.Conv2d, torch.nn.BatchNorm2d) if dims == 2 else (torch.nn.Conv3d, torch.nn.BatchNorm3d)
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return torch.nn.Sequential(
            conv(1, 6, 3), norm(6), torch.nn.ReLU(), torch.nn.Dropout(0.3),
            conv(6, 6, 3), torch.nn.ReLU(), torch.nn.Flatten(2), Mean(), torch.nn.Linear(6, 2),
        )  # fmt: skip


class Mean(torch.nn.Module):
    """The mean over positions."""

    def forward(self, maps):
        return maps.mean(2)


def trained(settings=QUICK, seed=0, data=None, net=None):
    net = net or small()
    records = list(fit(net, data or TrainingData(*planted(9, 0)), Regime(settings, seed, CPU)))
    return net, records


def bits(net):
    return b"".join(value.numpy().tobytes() for value in net.state_dict().values())


def test_densenet_learns_a_toy_set_by_heart_in_a_few_epochs():
    net = build("densenet121", dims=2, channels=1, classes=2, dropout=0.1, seed=0)
    images, labels = planted(24, 0, size=(32, 32))
    settings = Training(epochs=8, batch_size=8, augmentation=Augmentation(rotate=10))
    _, records = trained(settings, data=TrainingData(images, labels), net=net)
    scores = predict_scores([net], images, device="cpu", threads=1)
    assert (scores.argmax(1) == labels).all()
    fresh, truth = planted(12, 1, size=(32, 32))
    assert (predict_scores([net], fresh, device="cpu", threads=1).argmax(1) == truth).mean() > 0.9
    losses = [record.loss for record in records if isinstance(record, EpochRecord)]
    assert losses[-1] < losses[0] / 3


@pytest.mark.parametrize("dims", [2, 3])
def test_same_seed_same_bits_other_seed_other(dims):
    data = TrainingData(*planted(9, 0, size=(8,) * dims))
    torch.manual_seed(1)
    first = bits(trained(data=data, net=small(dims=dims))[0])
    torch.manual_seed(2)
    assert bits(trained(data=data, net=small(dims=dims))[0]) == first
    assert bits(trained(data=data, net=small(dims=dims), seed=1)[0]) != first


@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": "sgd"},
        {"learning_rate": 0.02},
        {"weight_decay": 0.5},
        {"schedule": "cosine"},
        {"warmup": 0.6},
        {"clip_norm": 0.01},
        {"ema": 0.0},
        {"class_weights": "none"},
        {"batch_size": 5},
        {"epochs": 3},
        {"augmentation": Augmentation(flip=False)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_setting_reaches_the_weights(change):
    assert bits(trained(QUICK.model_copy(update=change))[0]) != bits(trained()[0])


def test_records_count_steps_and_epochs():
    _, records = trained()
    steps = [record for record in records if isinstance(record, StepRecord)]
    epochs = [record for record in records if isinstance(record, EpochRecord)]
    assert [(record.epoch, record.step) for record in steps] == [
        (1, 1),
        (1, 2),
        (1, 3),
        (2, 4),
        (2, 5),
        (2, 6),
    ]
    assert [record.epoch for record in epochs] == [1, 2]
    assert records[3] is epochs[0]
    assert epochs[0].loss == pytest.approx(sum(record.loss for record in steps[:3]) / 3)
    assert epochs[1].learning_rate == steps[-1].learning_rate
    assert max(record.learning_rate for record in steps) == steps[2].learning_rate == pytest.approx(0.01)
    assert all(record.seconds > 0 and record.validation_loss is None for record in epochs)


def test_between_records_torch_is_the_callers():
    images, labels = planted(9, 0)
    wanted = bits(trained()[0])
    torch.manual_seed(4)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    net = small()
    for _ in fit(net, TrainingData(images, labels), Regime(QUICK, 0, CPU)):
        assert torch.equal(torch.get_rng_state(), state)
        assert not torch.are_deterministic_algorithms_enabled()
        assert torch.get_num_threads() == threads
        torch.manual_seed(np.random.default_rng().integers(1000))
        state = torch.get_rng_state()
    assert bits(net) == wanted


def test_the_last_weights_are_the_average_of_every_step():
    net, average, count = small(), None, 0
    settings = QUICK.model_copy(update={"ema": 0.4})
    for record in fit(net, TrainingData(*planted(9, 0)), Regime(settings, 0, CPU)):
        if isinstance(record, StepRecord):
            now = {key: value.double() for key, value in net.state_dict().items()}
            kept = min(0.4, (1 + count) / (10 + count)) if average else 0
            average = {key: kept * (average or now)[key] + (1 - kept) * now[key] for key in now}
            count += 1
    for key, value in net.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value.double(), average[key], rtol=0, atol=1e-6)


def test_stopping_to_listen_leaves_nothing_behind():
    state = torch.get_rng_state()
    records = fit(small(), TrainingData(*planted(9, 0)), Regime(QUICK, 0, CPU))
    next(records)
    records.close()
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.are_deterministic_algorithms_enabled()


def test_the_network_comes_back_row_major_and_ready_to_score():
    net, _ = trained(data=TrainingData(*planted(9, 0, size=(8, 8, 8))), net=small(dims=3))
    assert all(parameter.is_contiguous() for parameter in net.parameters())
    assert net[0].weight.stride() == (27, 27, 9, 3, 1)
    assert not any(module.training for module in net.modules())


def test_layout_moves_no_more_than_the_last_bits():
    nets = []
    for choice in (True, False):
        net = small()
        net[3] = torch.nn.Identity()  # dropout masks follow the memory, so they differ between the layouts
        nets.append(
            trained(QUICK.model_copy(update={"channels_last": choice, "optimizer": "sgd"}), net=net)[0]
        )
    for one, other in zip(*(net.state_dict().values() for net in nets), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)


def test_training_data_are_not_changed():
    images, labels = planted(9, 0)
    before = images.copy()
    trained(data=TrainingData(images, labels))
    assert np.array_equal(images, before)


def test_without_early_stopping_the_validation_part_is_not_touched():
    images, labels = planted(9, 0)
    clean = bits(trained(data=TrainingData(images, labels))[0])
    poison = np.full_like(images, np.nan)
    assert bits(trained(data=TrainingData(images, labels, poison, labels))[0]) == clean


def test_a_signal_in_the_validation_part_chooses_an_epoch_and_teaches_nothing():
    noise, labels = planted(16, 0, strength=0.0)
    stopping = QUICK.model_copy(update={"epochs": 6, "early_stopping": EarlyStopping(patience=6)})
    runs = {}
    for name, strength in (("signal", 3.0), ("noise", 0.0)):
        validation = planted(8, 5, strength=strength)
        runs[name] = trained(stopping, data=TrainingData(noise, labels, *validation))
    losses = {
        name: [record.loss for record in records if isinstance(record, StepRecord)]
        for name, (_, records) in runs.items()
    }
    assert losses["signal"] == losses["noise"]
    seen = {
        name: [record.validation_loss for record in records if isinstance(record, EpochRecord)]
        for name, (_, records) in runs.items()
    }
    assert seen["signal"] != seen["noise"]
    plain = QUICK.model_copy(update={"epochs": 6})
    assert losses["noise"] == [
        record.loss
        for record in trained(plain, data=TrainingData(noise, labels))[1]
        if isinstance(record, StepRecord)
    ]


def test_early_stopping_ends_with_the_weights_of_the_best_epoch():
    images, labels = planted(12, 0)
    stopping = QUICK.model_copy(update={"epochs": 9, "early_stopping": EarlyStopping(patience=2)})
    validation = planted(8, 5)[0], 1 - planted(8, 5)[1]
    net, records = trained(stopping, data=TrainingData(images, labels, *validation))
    seen = [record.validation_loss for record in records if isinstance(record, EpochRecord)]
    best = int(np.argmin(seen))
    assert len(seen) == best + 3 < 9
    scores = predict_scores([net], validation[0], device="cpu", threads=1)
    given = np.take_along_axis(scores, validation[1][:, None], axis=1)
    assert -np.log(given).mean() == pytest.approx(seen[best], rel=1e-9)


def test_a_loss_that_is_no_number_names_epoch_and_step():
    images, labels = planted(9, 0)
    images[:] = np.nan
    state = torch.get_rng_state()
    with pytest.raises(DivergedError) as caught:
        trained(data=TrainingData(images, labels))
    assert caught.value.problems[0].where == "training epoch 1 step 1"
    assert "loss nan" in caught.value.lines[0]
    assert caught.value.exit_code == 1
    assert torch.equal(torch.get_rng_state(), state)


def test_a_label_beyond_the_networks_classes_is_refused():
    images, labels = planted(9, 0)
    with pytest.raises(UsageError, match="label 2"):
        trained(data=TrainingData(images, labels + 1))


def test_one_sample_over_makes_no_batch_of_one():
    trained(QUICK.model_copy(update={"batch_size": 2}), data=TrainingData(*planted(5, 0)))
    net = build("densenet121", dims=2, channels=1, classes=2, dropout=0.0, seed=0)
    settings = QUICK.model_copy(update={"batch_size": 2, "epochs": 1})
    trained(settings, data=TrainingData(*planted(3, 0, size=(32, 32))), net=net)


@pytest.mark.gpu
def test_trains_in_bf16_on_a_gpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    net = build("densenet121", dims=3, channels=1, classes=2, dropout=0.1, seed=0)
    data = TrainingData(*planted(16, 0, size=(32, 32, 32)))
    records = list(fit(net, data, Regime(Training(epochs=4), 0, Device("cuda", "bf16", 1))))
    assert records[-1].loss < records[1].loss
    assert np.isfinite(predict_scores([net], data.images[:2], device="cuda", threads=1)).all()


class Cramped(torch.nn.Module):
    """A network whose training passes hold at most `most` samples, as a small GPU's would."""

    def __init__(self, most):
        super().__init__()
        torch.manual_seed(0)
        self.inner = torch.nn.Sequential(torch.nn.AvgPool2d(2), torch.nn.Flatten(), torch.nn.Linear(16, 2))
        self.most = most

    def forward(self, images):
        if self.training and len(images) > self.most:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return self.inner(images)


def test_a_step_that_does_not_fit_is_split_and_training_goes_on():
    cramped, known = Cramped(2), Cramped(99)
    settings = QUICK.model_copy(update={"batch_size": 4})
    _, records = trained(settings, data=TrainingData(*planted(8, 0)), net=cramped)
    split = settings.model_copy(update={"accumulate": 2})
    trained(split, data=TrainingData(*planted(8, 0)), net=known)
    assert [record for record in records if isinstance(record, ShrunkRecord)] == [ShrunkRecord(1, 1, 2)]
    assert bits(cramped) == bits(known)


def test_crops_in_16_bits_train_in_32():
    images, labels = planted(9, 0)
    rounded = images.astype(np.float16)
    wide = trained(data=TrainingData(rounded.astype(np.float32), labels))[0]
    assert bits(trained(data=TrainingData(rounded, labels))[0]) == bits(wide)

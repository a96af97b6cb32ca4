import numpy as np
import pytest
import torch

from medidense.nets import PlanesNetwork, build, network
from medidense.train import Device, Regime, TrainingData, Tuning, fit
from medidense.train.objective import Learner
from medidense.train.schedule import make_optimizer
from medidense.values import EpochRecord
from medidense.values.network import Start
from medidense.values.training import Augmentation, Training

NAME = "densenet_small"
DEVICE = Device(name="cpu", precision="fp32", threads=1)


def tuning(trains, epochs=2, **more):
    return Tuning(network(NAME), Start(weights="w", trains=trains, **more), epochs)


def make():
    return build(NAME, dims=2, channels=1, classes=2, dropout=0.0, seed=0)


def trained(chosen, epochs=2, ema=0.0, device=DEVICE, count=8, **more):
    net = make()
    draw = np.random.default_rng(0)
    data = TrainingData(draw.normal(size=(count, 1, 32, 32)).astype(np.float32), np.arange(count) % 2)
    still = Augmentation(noise=0)
    settings = Training(epochs=epochs, batch_size=4, ema=ema, threads=1, augmentation=still, **more)
    records = list(fit(net, data, Regime(settings, 0, device, chosen)))
    return net, [record for record in records if isinstance(record, EpochRecord)]


def changed(net):
    before = make().state_dict()
    return {key for key, value in net.state_dict().items() if not torch.equal(before[key], value)}


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_the_loop_changes_the_head_alone(ema):
    net, _ = trained(tuning("head"), ema=ema)
    assert changed(net) == {"class_layers.out.weight", "class_layers.out.bias"}


def test_gradual_reaches_one_block_more_at_its_epochs():
    net, _ = trained(tuning("gradual", unfreeze_epochs=(2,)))
    parts = ("features.denseblock3.", "features.norm5.", "class_layers.out.")
    found = changed(net)
    assert {key for key in found if not key.startswith(parts)} == set()
    assert "features.denseblock3.denselayer1.layers.conv1.weight" in found
    net, _ = trained(tuning("gradual", unfreeze_epochs=(3,)))
    assert changed(net) == {"class_layers.out.weight", "class_layers.out.bias"}


def test_gradual_with_momentum_reaches_blocks_that_join_when_others_have_one():
    net, records = trained(tuning("gradual", 3), epochs=3, optimizer="sgd", learning_rate=0.01)
    assert len(records) == 3
    assert "features.denseblock3.denselayer1.layers.conv1.weight" in changed(net)


def test_gradual_by_itself_is_done_in_the_first_half():
    assert tuning("gradual", epochs=40).unfreezing == (6, 11, 16, 21)
    assert tuning("gradual", epochs=3).unfreezing == (2, 3, 4, 5)
    assert tuning("head", epochs=40).unfreezing == ()


def test_each_block_has_its_rate_and_the_head_is_told():
    net, chosen = make(), tuning("everything", layer_decay=0.5)
    optimizer = make_optimizer(net, Training(learning_rate=0.1), chosen.groups(net, net))
    assert [group["lr"] for group in optimizer.param_groups] == [0.1 * 0.5**n for n in range(5)]
    _, slow = trained(chosen)
    _, plain = trained(None)
    assert slow[0].learning_rate == plain[0].learning_rate


def test_everything_without_decay_is_plain_training():
    one, two = trained(tuning("everything"))[0], trained(None)[0]
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_an_auxiliary_head_learns_beside_a_frozen_network():
    net, chosen = make(), tuning("head", layer_decay=0.5)
    learner = Learner(net, 3)
    groups = chosen.groups(net, learner)
    assert [share for share, _ in groups] == [1.0, 1.0]
    assert [id(one) for one in groups[-1][1]] == [id(one) for one in learner.auxiliary.parameters()]
    chosen.begin(net, 1)
    learning = {name for name, parameter in learner.named_parameters() if parameter.requires_grad}
    assert learning == {
        "auxiliary.weight",
        "auxiliary.bias",
        "net.class_layers.out.weight",
        "net.class_layers.out.bias",
    }


@pytest.mark.parametrize("trains", ["gradual", "head"])
def test_planes_learn_in_the_network_that_they_share(trains):
    net, later = PlanesNetwork(make()), (2,) if trains == "gradual" else ()
    chosen = tuning(trains, epochs=3, unfreeze_epochs=later)
    (share, head), *_ = chosen.groups(net, net)
    assert share == 1.0
    assert {id(one) for one in net.plane.class_layers.parameters()} <= {id(one) for one in head}
    for epoch in (1, 2):
        net.train()
        chosen.begin(net, epoch)
        last = net.plane.features.norm5
        assert last.training == last.weight.requires_grad == (trains == "gradual" and epoch == 2)
        assert not net.plane.features.norm0.training


def test_steps_are_recorded_anew_when_a_block_joins(monkeypatch):
    begun = []

    def counted(compute, net, device):
        begun.append({name for name, parameter in net.named_parameters() if parameter.requires_grad})
        return compute

    monkeypatch.setattr("medidense.train.accumulating.quickened", counted)
    trained(tuning("gradual", epochs=3, unfreeze_epochs=(2, 3)), epochs=3)
    assert len(begun) == 3
    assert begun[1] < begun[2] < begun[0]


@pytest.mark.gpu
def test_on_a_gpu_a_block_that_joins_learns_although_steps_were_recorded():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    chosen = tuning("gradual", unfreeze_epochs=(2,))
    net, _ = trained(chosen, device=Device(name="cuda", precision="bf16", threads=1), count=32)
    found = changed(net.cpu())
    assert "features.denseblock3.denselayer1.layers.conv1.weight" in found
    assert not [key for key in found if key.startswith("features.denseblock1.")]

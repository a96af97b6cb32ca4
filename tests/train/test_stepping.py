import pytest
import torch
from torch.nn.functional import cross_entropy

from medidense.errors import DivergedError
from medidense.nets import NETWORKS, build
from medidense.predict import arrange, arranged, channels_last
from medidense.train import Device
from medidense.train.stepping import READ_EVERY, SETTLING, Readings, quickened
from medidense.values import StepRecord

CPU, GPU = Device("cpu", "fp32", 1), Device("cuda", "fp32", 1)


def noted(readings, step, loss, norm=1.0, samples=2):
    values = torch.tensor([loss, norm])
    readings.note((1, step, 0.5), samples, values[0], values[1])
    values += 100  # a later step overwrites what was handed over


def test_a_cpu_tells_each_step_at_once():
    readings = Readings(CPU)
    noted(readings, 1, 0.25)
    assert readings.read() == [StepRecord(1, 1, 0.25, 0.5)]
    assert readings.read() == []
    assert readings.total == 0.5


def test_a_gpu_is_asked_once_for_many_steps_and_at_the_end():
    readings, told = Readings(GPU), []
    count = READ_EVERY["cuda"] + 3
    for step in range(1, count + 1):
        noted(readings, step, step / 4)
        told.append(len(readings.read(all_of_them=step == count)))
    assert [number for number in told if number] == [READ_EVERY["cuda"], 3]
    assert told[-1] == 3
    assert readings.total == 2 * sum(range(1, count + 1)) / 4


@pytest.mark.parametrize(("loss", "norm"), [(float("nan"), 1.0), (1.0, float("inf"))])
def test_the_first_step_that_is_not_finite_is_named(loss, norm):
    readings = Readings(GPU)
    for step in (1, 2, 3):
        noted(readings, step, *((loss, norm) if step > 1 else (1.0, 1.0)))
    with pytest.raises(DivergedError, match="epoch 1 step 2"):
        readings.read(all_of_them=True)


def test_a_cpu_computes_as_it_is():
    net = torch.nn.Linear(1, 1)
    assert quickened(tuple, net, CPU) is tuple


def gradient_maker(net):
    def gradients(images, labels):
        loss = cross_entropy(net(images), labels)
        torch.autograd.backward(loss)
        return (loss.detach(),)

    return gradients


def apart(one, other):
    """How far two gradients lie apart, as a share of the first one's length."""
    return float((one.grad - other.grad).norm() / one.grad.norm().clamp(min=1e-6))


def parameters(nets, first, second):
    return nets[first].parameters(), nets[second].parameters()


@pytest.mark.gpu
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("dims", [2, 3])
def test_a_recorded_step_is_the_step_for_every_network_and_batch_size(name, dims):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    if dims not in NETWORKS[name].dims:
        pytest.skip(f"{name} has no {dims} dimensions")
    nets = [build(name, dims=dims, channels=1, classes=2, dropout=0.0, seed=0).cuda() for _ in range(3)]
    for net in nets:
        arrange(net, last=True)
    plain, recorded = gradient_maker(nets[0]), quickened(gradient_maker(nets[1]), nets[1], GPU)
    again = gradient_maker(nets[2])  # kernels of 3D differ from call to call: so far is plain from itself
    random = torch.Generator("cuda").manual_seed(0)
    side = max(32, NETWORKS[name].smallest_side)
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        for number in range(SETTLING["cuda"] + 3):
            for count in (4, 5):
                images = torch.randn(count, 1, *[side] * dims, generator=random, device="cuda")
                images = arranged(images, channels_last(images.ndim))
                labels = torch.arange(count, device="cuda") % 2
                losses = [step(images, labels)[0].item() for step in (plain, recorded, again)]
                assert losses[0] == pytest.approx(losses[1], rel=1e-4), (number, count)
                own = max(apart(one, other) for one, other in zip(*parameters(nets, 0, 2), strict=True))
                for one, other in zip(*parameters(nets, 0, 1), strict=True):
                    assert apart(one, other) < max(1e-2, 3 * own), (number, count)
                for net in nets:
                    net.zero_grad()
    for one, other in zip(*(net.buffers() for net in nets[:2]), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


@pytest.mark.gpu
def test_dropout_differs_from_replay_to_replay():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    net = torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(64, 2)).cuda()
    step = quickened(gradient_maker(net), net, GPU)
    images, labels = torch.ones(8, 64, device="cuda"), torch.zeros(8, dtype=torch.long, device="cuda")
    losses = []
    for _ in range(SETTLING["cuda"] + 4):
        losses.append(step(images, labels)[0].item())
        net.zero_grad()
    assert len(set(losses[SETTLING["cuda"] :])) == 4

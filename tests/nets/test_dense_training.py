import copy
from types import SimpleNamespace

import pytest
import torch
from torch.nn.functional import cross_entropy

from medidense.nets import build, dense_training, training_passes
from medidense.predict import arrange, arranged, channels_last
from medidense.train import Device
from medidense.train.ranks import Ranks
from tests.nets import plain_passes


def with_norms_of_their_own(net):
    random = torch.Generator().manual_seed(1)
    for module in net.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.weight.data.uniform_(-1, 2, generator=random)
            module.bias.data.normal_(0, 0.3, generator=random)
    return net


def images_of(dims, count=3):
    images = torch.randn(count, 1, *[48, 40, 32][:dims], generator=torch.Generator().manual_seed(2))
    return arranged(images, channels_last(images.ndim))


def gradients(net, images):
    loss = cross_entropy(net(images), torch.arange(len(images)).to(images.device) % 2)
    torch.autograd.backward(loss)
    return loss.detach()


class Counted:
    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *args, **rest):
        self.calls += 1
        return self.function(*args, **rest)


def layers_and_transitions(net):
    return sum(name.endswith((".norm1", ".norm")) for name, _ in net.named_modules())


@pytest.mark.parametrize("name", ["densenet121", "densenet_small"])
@pytest.mark.parametrize("dims", [2, 3])
def test_few_passes_make_the_step_of_the_network(name, dims, monkeypatch):
    """In double precision, so that what differs is a fault and not the order of sums."""
    net = with_norms_of_their_own(build(name, dims=dims, channels=1, classes=2, dropout=0.0, seed=0)).double()
    few, images = copy.deepcopy(net), images_of(dims).double()
    wanted = gradients(net, images)
    monkeypatch.setattr(dense_training, "_can", lambda *_: True)
    monkeypatch.setattr(dense_training, "training_passes", plain_passes)
    monkeypatch.setattr(dense_training, "DTYPE", torch.float64)
    spread = Counted(plain_passes.spread)
    monkeypatch.setattr(plain_passes, "spread", spread)
    torch.testing.assert_close(gradients(few, images), wanted)
    assert spread.calls == layers_and_transitions(net)
    for (key, one), other in zip(net.named_parameters(), few.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-6, msg=key)
    for (key, one), other in zip(net.named_buffers(), few.buffers(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6, msg=key)


def agree(got, wanted, near):
    for number, (one, other) in enumerate(zip(got, wanted, strict=True)):
        apart = float((one.double() - other.double()).norm() / (1 + other.double().norm()))
        assert apart < near, number


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("rows", "channels", "width", "near"), [(300, 96, 128, 2e-2), (129, 64, 32, 2e-2), (2500, 48, 200, 2e-2)]
)
def test_the_kernels_are_their_formulas(rows, channels, width, near):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    kernels_are_formulas("cuda", torch.bfloat16, rows, channels, width, near)


def kernels_are_formulas(device, dtype, rows, channels, width, near):
    random = torch.Generator(device).manual_seed(3)

    def values(*shape):
        return torch.randn(*shape, generator=random, device=device)

    source = (3 + values(rows, channels + 16)).to(dtype)[:, :channels]
    weight, grad = (values(width, channels) / channels**0.5).to(dtype), values(rows, width).to(dtype)
    norm = torch.nn.BatchNorm1d(channels).to(device)
    norm.weight.data.copy_(values(channels).sign())
    norm.bias.data.copy_(values(channels))
    behind, norms = (values(rows, channels) + 0.3).to(dtype), (norm, copy.deepcopy(norm))
    found = []
    for each, norm in ((training_passes, norms[0]), (plain_passes, norms[1])):
        moments, target = torch.empty(2, channels + 5, device=device), torch.empty_like(source)
        each.append(source, target, moments[:, :channels])
        affine = each.fold(moments[:, :channels], norm, rows)
        parts = [moments[:, :channels], target, affine, norm.running_mean, norm.running_var]
        contiguous = source.contiguous()
        done = each.product(source, affine, weight, measured=True)
        parts += [
            *done,
            each.product(source, affine, weight, measured=False)[0],
            each.activate(contiguous, affine),
        ]
        parts += [*each.norm_backward(behind, contiguous, affine), each.weight_gradient(source, affine, grad)]
        for fresh in (True, False):
            owed = torch.ones(2, channels + 3, device=device)[:, :channels]
            total = torch.ones(rows, channels + 8, device=device, dtype=dtype)[:, :channels]
            parts += [each.spread(grad, weight, source, affine, total, owed, fresh=fresh), total, owed]
            parts += [each.settle(total, source, owed)]
        found.append(parts)
    agree(*found, near)


def whole_gradient(net, images, *, narrow):
    with torch.autocast("cuda", torch.bfloat16, enabled=narrow):
        gradients(net, images)
    found = torch.cat([parameter.grad.flatten() for parameter in net.parameters()]).double()
    net.zero_grad()
    return found


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["densenet121", "densenet_small"])
@pytest.mark.parametrize("dims", [2, 3])
def test_on_a_gpu_few_passes_are_as_near_float32_as_autocast_is(name, dims, monkeypatch):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    net = build(name, dims=dims, channels=1, classes=2, dropout=0.0, seed=0).cuda()
    arrange(net, last=True)
    images = images_of(dims, count=16).cuda()
    few, spread = copy.deepcopy(net), Counted(training_passes.spread)
    monkeypatch.setattr(training_passes, "spread", spread)
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        found = whole_gradient(few, images, narrow=True)
        assert spread.calls == layers_and_transitions(net)
        monkeypatch.setattr(dense_training, "_can", lambda *_: False)
        exact, plain = whole_gradient(net, images, narrow=False), whole_gradient(net, images, narrow=True)
    assert (found - exact).norm() < 1.2 * (plain - exact).norm()


def test_a_normalisation_that_shares_its_batch_with_other_ranks_is_left_to_do_so(monkeypatch):
    """`Ranks.share_out` gives the normalisations a forward pass of their own: no block passes it over."""
    ranks = Ranks(Device("cpu", "fp32", 1))
    ranks.count = 2
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda *_: True)
    monkeypatch.setattr(torch, "get_autocast_dtype", lambda *_: torch.bfloat16)
    monkeypatch.setattr(dense_training.importlib.util, "find_spec", lambda name: name)
    net = torch.nn.Sequential(torch.nn.BatchNorm3d(4), torch.nn.Conv3d(4, 4, 1))

    def can():
        here = dense_training._can(SimpleNamespace(is_cuda=True))
        return here and dense_training._usual([net[0]], [net[1]])

    assert can()
    ranks.share_out(net)
    assert not can()
    ranks.part()
    assert can()
    net[0].eval()
    assert not can()

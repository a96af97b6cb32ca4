import pytest
import torch

from medidense.nets import NETWORKS, build
from medidense.nets.fused import FusedDenseNet, fusable

SMALL_STEM = [name for name in NETWORKS if name.startswith("densenet_bc")]
DENSENETS = [name for name in NETWORKS if name.startswith("densenet") and name not in SMALL_STEM]


def plain(source, scale, shift, weight, bias):
    """What the kernel computes, pass by pass."""
    result = torch.relu(source * scale + shift).to(source.dtype) @ weight
    return result if bias is None else torch.relu(result + bias).to(source.dtype)


def trained(name, dims):
    """A network whose batch norms have statistics and weights of their own."""
    net, random = build(name, dims=dims, channels=2, classes=3, dropout=0.2, seed=0), torch.Generator()
    random.manual_seed(1)
    for module in net.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_(0, 0.2, generator=random)
            module.running_var.uniform_(0.5, 2, generator=random)
            module.weight.data.uniform_(-1, 2, generator=random)
            module.bias.data.normal_(0, 0.3, generator=random)
    return net


def images_of(dims, count=2):
    return torch.randn(count, 2, *[48, 40, 32][:dims], generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("name", DENSENETS)
@pytest.mark.parametrize("dims", [2, 3])
def test_fused_is_the_network(name, dims):
    net, images = trained(name, dims), images_of(dims)
    with torch.inference_mode():
        fused = FusedDenseNet(net, torch.float32, plain)(images)
        assert net.training
        torch.testing.assert_close(fused, net.eval()(images), rtol=1e-4, atol=1e-5)


def test_in_16_bits_as_near_as_autocast():
    net, images = trained("densenet121", 2), images_of(2)
    with torch.inference_mode():
        exact = net.eval()(images)
        fused = FusedDenseNet(net, torch.bfloat16, plain)(images)
        assert fused.dtype == torch.float32
        assert (fused - exact).norm() < 1e-2 * exact.norm()


@pytest.mark.parametrize("name", SMALL_STEM)
def test_a_stem_for_small_images_is_left_alone(name):
    assert not fusable(trained(name, 2))


def test_other_networks_are_left_alone():
    assert not fusable(torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3)))
    assert not fusable(torch.nn.Linear(1, 1))


@pytest.mark.gpu
@pytest.mark.parametrize(("dtype", "near"), [(torch.float32, 1e-3), (torch.bfloat16, 1e-2)])
@pytest.mark.parametrize(
    ("rows", "channels", "width", "bias"), [(300, 96, 128, 1), (129, 64, 200, 0), (257, 33, 32, 1)]
)
def test_the_kernel_is_its_formula(dtype, near, rows, channels, width, bias):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    from medidense.nets.pointwise import norm_relu_pointwise

    random = torch.Generator("cuda").manual_seed(3)

    def values(*shape):
        return torch.randn(*shape, generator=random, device="cuda")

    source = values(rows, channels + 7).to(dtype)[:, :channels]
    scale, shift, more = values(channels), values(channels), values(width) if bias else None
    weight = (values(channels, width) / channels**0.5).to(dtype)
    got = norm_relu_pointwise(source, scale, shift, weight, more)
    wanted = plain(source.double(), scale.double(), shift.double(), weight.double(), None)
    wanted = torch.relu(wanted + more) if bias else wanted
    assert (got - wanted).norm() < near * wanted.norm()


@pytest.mark.gpu
@pytest.mark.parametrize("dims", [2, 3])
def test_fused_on_a_gpu_is_the_network(dims):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    net, images = trained("densenet121", dims).cuda().eval(), images_of(dims).cuda()
    with torch.inference_mode():
        exact = net.double()(images.double())
        fused = FusedDenseNet(net.float(), torch.bfloat16)(images)
        assert (fused - exact).norm() < 2e-2 * exact.norm()

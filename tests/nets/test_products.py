import pytest
import torch

from medidense.nets import build
from medidense.nets.products import Pointwise3d, as_products
from medidense.predict import arrange, arranged, channels_last


@pytest.mark.parametrize("last", [True, False])
def test_values_and_gradients_are_those_of_the_convolution(last):
    torch.manual_seed(0)
    plain, product = (torch.nn.Sequential(torch.nn.Conv3d(6, 5, 1, bias=False)) for _ in range(2))
    product.load_state_dict(plain.state_dict())
    as_products(product)
    assert type(product[0]) is Pointwise3d
    image = torch.randn(2, 6, 4, 3, 5)
    found = []
    for net in (plain, product):
        arrange(net, last=last)
        given = (
            arranged(image, channels_last(5) if last else torch.contiguous_format).clone().requires_grad_()
        )
        out = net(given)
        torch.autograd.backward((out**2).sum())
        found.append((out, given.grad, net[0].weight.grad))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)
    layout = torch.channels_last_3d if last else torch.contiguous_format
    assert found[1][0].is_contiguous(memory_format=layout)


@pytest.mark.parametrize(
    "conv",
    [
        torch.nn.Conv3d(4, 4, 1),
        torch.nn.Conv3d(4, 4, 3, bias=False),
        torch.nn.Conv3d(4, 4, 1, bias=False, stride=2),
        torch.nn.Conv3d(4, 4, 1, bias=False, padding=1),
        torch.nn.Conv3d(4, 4, 1, bias=False, groups=2),
        torch.nn.Conv2d(4, 4, 1, bias=False),
    ],
)
def test_other_convolutions_are_left_alone(conv):
    kind = type(conv)
    as_products(torch.nn.Sequential(conv))
    assert type(conv) is kind


def test_networks_in_3d_are_built_so_and_in_2d_not():
    counts = {
        dims: sum(
            isinstance(module, Pointwise3d)
            for module in build(
                "densenet121", dims=dims, channels=1, classes=2, dropout=0.0, seed=0
            ).modules()
        )
        for dims in (2, 3)
    }
    assert counts == {2: 0, 3: 58 + 3}

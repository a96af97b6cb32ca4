import pytest
import torch

from medidense.predict import arrange, arranged, channels_last

SHAPES = [(1, 1, 5, 6, 7), (2, 3, 4, 5, 6), (1, 1, 5, 6), (4, 8, 1, 1), (4, 8, 1, 1, 1), (3, 2)]


@pytest.mark.parametrize("shape", SHAPES)
def test_strides_depend_on_the_shape_alone(shape):
    values = torch.arange(torch.Size(shape).numel(), dtype=torch.float32).view(shape)
    layout = channels_last(len(shape))
    one = arranged(values, layout)
    two = arranged(values.transpose(0, 1).contiguous().transpose(0, 1), layout)
    assert one.stride() == two.stride()
    assert torch.equal(one, values)
    assert torch.equal(two, values)


def test_one_channel_is_laid_out_too():
    # torch's own contiguous() leaves these strides alone, because with one channel both layouts fit them.
    image = arranged(torch.zeros(1, 1, 4, 5, 6), torch.channels_last_3d)
    assert image.stride() == (120, 1, 30, 6, 1)


def test_nothing_is_copied_that_lies_right():
    image = torch.zeros(2, 3, 4, 5)
    assert arranged(image, torch.contiguous_format) is image


def test_there_and_back_leaves_the_network_as_it_was():
    net = torch.nn.Sequential(torch.nn.Conv3d(2, 4, 3), torch.nn.Conv2d(3, 4, 1), torch.nn.Linear(2, 3))
    strides = [parameter.stride() for parameter in net.parameters()]
    values = [parameter.detach().clone() for parameter in net.parameters()]
    arrange(net, last=True)
    assert net[0].weight.stride() == (54, 1, 18, 6, 2)
    assert net[1].weight.stride() == (3, 1, 3, 3)
    arrange(net, last=False)
    assert [parameter.stride() for parameter in net.parameters()] == strides
    assert all(torch.equal(a, b) for a, b in zip(values, net.parameters(), strict=True))


def test_parameters_stay_trainable_under_inference_mode():
    net = torch.nn.Conv2d(2, 2, 3)
    with torch.inference_mode():
        arrange(net, last=True)
    net(torch.zeros(1, 2, 4, 4)).sum().backward()
    assert net.weight.grad is not None

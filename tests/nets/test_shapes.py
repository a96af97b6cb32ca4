import pytest
import torch

from medidense.errors import UsageError
from medidense.nets import build, cam_layer, count_classes

NAME = "densenet121"


@pytest.fixture(scope="module")
def flat():
    return build(NAME, dims=2, channels=1, classes=3, dropout=0.0, seed=0)


@pytest.mark.parametrize(
    ("side", "layer"),
    [(32, "features.denseblock2"), (64, "features.denseblock3"), (128, "features.norm5")],
)
def test_deepest_layer_with_four_cells_a_side(flat, side, layer):
    assert cam_layer(NAME, flat, (1, side, side)) == layer


def test_shortest_side_decides(flat):
    assert cam_layer(NAME, flat, (1, 224, 40)) == "features.denseblock2"


def test_in_three_dimensions():
    net = build(NAME, dims=3, channels=2, classes=2, dropout=0.0, seed=0)
    assert cam_layer(NAME, net, (2, 64, 64, 32)) == "features.denseblock2"
    assert cam_layer(NAME, net, (2, 64, 64, 64)) == "features.denseblock3"


def test_the_map_really_has_that_size(flat):
    maps = []
    handle = flat.get_submodule(cam_layer(NAME, flat, (1, 64, 72))).register_forward_hook(
        lambda _m, _i, out: maps.append(out.shape[2:])
    )
    with torch.no_grad():
        flat.eval()(torch.zeros(1, 1, 64, 72))
    handle.remove()
    assert tuple(maps[0]) == (4, 4)


def test_too_small_an_input_is_refused(flat):
    with pytest.raises(UsageError) as caught:
        cam_layer(NAME, flat, (1, 31, 64))
    assert caught.value.problems[0].found == "31x64 voxels"


def test_network_is_left_as_it_was(flat):
    flat.train()
    before = {key: value.clone() for key, value in flat.state_dict().items()}
    cam_layer(NAME, flat, (1, 32, 32))
    assert flat.training
    assert not any(module._forward_hooks for module in flat.modules())
    assert all(torch.equal(before[key], value) for key, value in flat.state_dict().items())
    assert {parameter.device.type for parameter in flat.parameters()} == {"cpu"}


def test_count_classes(flat):
    assert count_classes(flat, (1, 32, 32)) == 3

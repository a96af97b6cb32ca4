"""A 2D network at the three planes of a cube."""

import pytest
import torch

from medidense.nets import (
    PlanesNetwork,
    StartWeights,
    bare,
    build,
    build_for,
    cam_layer,
    central_planes,
    count_classes,
    count_parameters,
    freeze_all_but,
    network,
    read_tensors,
    save_weights,
    start_from,
    trainable,
)
from medidense.nets.dense_memory import RecomputingBlock
from medidense.values import parse_recipe


@pytest.fixture(scope="module")
def recipe():
    window = {"rule": "window", "low": 0, "high": 1}
    spec = {"dims": 3, "region": "whole", "size": [33] * 3, "intensity": window, "view": "planes"}
    return parse_recipe({"input": spec, "network": {"name": "densenet_small"}}, "test")


def test_each_plane_lies_across_its_axis_in_the_middle():
    places = torch.stack(torch.meshgrid(*[torch.arange(5.0)] * 3, indexing="ij"))[None]
    planes = central_planes(places)
    assert planes.shape == (1, 3, 3, 5, 5)
    for axis in range(3):
        assert (planes[0, axis, axis] == 2).all()
        others = [other for other in range(3) if other != axis]
        assert planes[0, others[0], axis, 4, 0] == 4
        assert planes[0, others[1], axis, 0, 4] == 4


def test_logits_are_the_mean_over_the_planes_of_one_network(recipe):
    net = build_for(recipe, 2, seed=3).eval()
    cube = torch.randn(2, 1, 33, 33, 33)
    planes = central_planes(cube)
    with torch.no_grad():
        alone = torch.stack([net.plane(planes[:, :, axis]) for axis in range(3)])
        torch.testing.assert_close(net(cube), alone.mean(0), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(net(planes), net(cube), rtol=0, atol=0)


def test_what_lies_off_the_planes_changes_nothing(recipe):
    net = build_for(recipe, 2).eval()
    cube = torch.randn(1, 1, 33, 33, 33)
    other = cube.clone()
    other[:, :, :16, :16, :16] += 5
    with torch.no_grad():
        assert torch.equal(net(cube), net(other))
        other[:, :, 16, 3, 3] += 5
        assert not torch.equal(net(cube), net(other))


def test_the_recipe_decides_between_planes_and_the_whole_cube(recipe):
    planes = build_for(recipe, 3)
    assert isinstance(planes, PlanesNetwork)
    assert count_classes(planes, (1, 33, 33, 33)) == 3
    assert cam_layer("densenet_small", planes, (1, 33, 33, 33)).startswith("plane.features.")
    whole = build_for(recipe.with_settings({"input.view": "crop"}), 3)
    assert not isinstance(whole, PlanesNetwork)
    same = build("densenet_small", dims=2, channels=1, classes=3, dropout=0.0, seed=0)
    assert planes.plane.state_dict().keys() == same.state_dict().keys()


def test_the_parameters_are_those_of_the_network_that_planes_share(recipe):
    shared = build("densenet_small", dims=2, channels=1, classes=2, dropout=0.0, seed=0)
    assert count_parameters(recipe, 2) == sum(parameter.numel() for parameter in shared.parameters())


def test_dense_blocks_recompute_in_planes_too(recipe):
    lean = build_for(recipe.with_settings({"network.memory": "recompute"}), 2, seed=3)
    assert sum(isinstance(module, RecomputingBlock) for module in lean.modules()) == 3
    cube = torch.randn(2, 1, 33, 33, 33)
    torch.testing.assert_close(lean(cube), build_for(recipe, 2, seed=3)(cube))


def test_planes_start_from_planes(recipe, tmp_path):
    earlier, net = build_for(recipe, 2, seed=1), build_for(recipe, 2, seed=2)
    save_weights(earlier, tmp_path / "weights.safetensors")
    tensors = read_tensors(tmp_path / "weights.safetensors")
    report = start_from(
        bare(net), network("densenet_small"), StartWeights(tensors, "medidense", same_classes=True)
    )
    assert report.counts["loaded"] == len(net.state_dict())
    assert all(torch.equal(one, net.state_dict()[key]) for key, one in earlier.state_dict().items())


def test_all_but_the_head_can_be_frozen_in_planes(recipe):
    net, record = build_for(recipe, 2), network("densenet_small")
    freeze_all_but(bare(net), trainable(bare(net), record, "head"))
    learning = {name for name, parameter in net.named_parameters() if parameter.requires_grad}
    assert learning == {"plane.class_layers.out.weight", "plane.class_layers.out.bias"}
    assert bare(bare(net)) is net.plane

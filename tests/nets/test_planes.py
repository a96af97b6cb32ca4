"""A 2D network at the three planes of a cube."""

import pytest
import torch

from medidense.nets import PlanesNetwork, build, build_for, cam_layer, central_planes, count_classes
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

import subprocess
import sys

import pytest
import torch

from medidense.errors import RecipeError
from medidense.nets import NETWORKS, build, count_parameters
from medidense.values import parse_recipe

EVERY = [(name, dims) for name, record in NETWORKS.items() for dims in record.dims]


@pytest.mark.parametrize(("name", "dims"), EVERY)
def test_takes_its_smallest_side_any_channels_and_any_classes(name, dims):
    net = build(name, dims=dims, channels=2, classes=5, dropout=0.2, seed=0).eval()
    side = NETWORKS[name].smallest_side
    with torch.no_grad():
        assert net(torch.zeros(1, 2, *[side] * dims)).shape == (1, 5)


@pytest.mark.parametrize("dims", [2, 3])
def test_densenet_breaks_at_28_voxels(dims):
    net = build("densenet121", dims=dims, channels=1, classes=2, dropout=0.0, seed=0).eval()
    with pytest.raises(RuntimeError), torch.no_grad():
        net(torch.zeros(1, 1, *[28] * dims))


@pytest.mark.parametrize(("name", "dims"), EVERY)
def test_candidate_layers_exist(name, dims):
    net = build(name, dims=dims, channels=1, classes=2, dropout=0.0, seed=0)
    modules = dict(net.named_modules())
    assert [layer for layer in NETWORKS[name].cam_layers if layer not in modules] == []


@pytest.mark.parametrize("name", NETWORKS)
def test_blocks_and_head_hold_every_parameter_once(name):
    record = NETWORKS[name]
    with torch.device("meta"):
        net = build(name, dims=2, channels=1, classes=2, dropout=0.0, seed=0)
    parts = [part for block in record.blocks for part in block] + [record.head]
    owners = [[part for part in parts if key.startswith(f"{part}.")] for key, _ in net.named_parameters()]
    assert {len(owner) for owner in owners} == {1}
    assert {owner[0] for owner in owners} == set(parts)
    assert isinstance(net.get_submodule(record.head), torch.nn.Linear)


@pytest.mark.parametrize(
    ("name", "dims", "millions"),
    [
        ("densenet121", 2, 6.95),
        ("densenet121", 3, 11.24),
        ("densenet_small", 3, 0.41),
        ("densenet169", 2, 12.48),
        ("densenet201", 2, 18.09),
        ("resnet18", 2, 11.17),
        ("resnet50", 2, 23.51),
    ],
)
def test_number_of_parameters(name, dims, millions):
    size = [32] * dims
    window = {"rule": "window", "low": 0, "high": 1}
    spec = {"dims": dims, "region": "whole", "size": size, "intensity": window}
    recipe = parse_recipe({"input": spec, "network": {"name": name}}, "test")
    found = count_parameters(recipe, classes=2)
    assert round(found / 1e6, 2) == millions


@pytest.mark.parametrize("name", NETWORKS)
def test_dropout_changes_a_training_pass(name):
    image = torch.rand(2, 1, 32, 32)
    outputs = []
    for rate in (0.0, 0.5):
        net = build(name, dims=2, channels=1, classes=2, dropout=rate, seed=0)
        torch.manual_seed(0)
        with torch.no_grad():
            outputs.append(net.train()(image))
    assert not torch.allclose(outputs[0], outputs[1])


def test_record_is_found_under_its_name():
    assert {record.name for record in NETWORKS.values()} == set(NETWORKS)


def test_registry_cannot_be_changed():
    with pytest.raises(TypeError):
        NETWORKS["other"] = NETWORKS["densenet121"]


def make(seed):
    return build("densenet121", dims=2, channels=1, classes=2, dropout=0.0, seed=seed)


def test_seed_alone_decides_the_weights():
    torch.manual_seed(1)
    first = make(7).state_dict()
    torch.manual_seed(2)
    second, other = make(7).state_dict(), make(8).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert not torch.equal(first["features.conv0.weight"], other["features.conv0.weight"])


def test_global_random_state_is_left_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    make(0)
    assert torch.equal(torch.get_rng_state(), before)


def test_dropout_reaches_the_dense_layers():
    net = build("densenet121", dims=2, channels=1, classes=2, dropout=0.25, seed=0)
    rates = [module.p for module in net.modules() if isinstance(module, torch.nn.Dropout2d)]
    assert len(rates) == 58
    assert set(rates) == {0.25}


def test_unknown_name_names_the_nearest():
    with pytest.raises(RecipeError) as caught:
        build("densnet121", dims=2, channels=1, classes=2, dropout=0.0, seed=0)
    assert "did you mean densenet121?" in caught.value.lines[0]


def test_number_of_axes_that_no_record_offers():
    with pytest.raises(RecipeError) as caught:
        build("densenet121", dims=1, channels=1, classes=2, dropout=0.0, seed=0)
    assert caught.value.problems[0].where == "input.dims"


@pytest.mark.slow
def test_importing_the_room_prints_nothing():
    child = subprocess.run(
        [sys.executable, "-c", "import medidense.nets"], capture_output=True, text=True, check=True
    )
    assert (child.stdout, child.stderr) == ("", "")

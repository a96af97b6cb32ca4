import pytest
import torch

from medidense.errors import RecipeError
from medidense.nets import build_for
from medidense.nets.densenet import DenseNetBC
from medidense.nets.fused import FusedDenseNet
from medidense.values import parse_recipe

SPEC = {
    "dims": 2,
    "region": "whole",
    "orientation": "as_stored",
    "size": [32, 32],
    "intensity": {"rule": "constants", "low": 0, "high": 255, "mean": [0, 0, 0], "deviation": [1, 1, 1]},
}
OWN = ("densenet_bc_100_12", "densenet_bc_40_48")


def made(name, stem, seed=0):
    recipe = parse_recipe({"input": SPEC, "network": {"name": name, "stem": stem}}, "test")
    return build_for(recipe, 10, seed=seed)


def count(net):
    return sum(parameter.numel() for parameter in net.parameters())


def first_map(net, name):
    """The side of the map that enters the first block."""
    seen = []
    block = "layer1" if name.startswith("resnet") else "features.denseblock1"
    net.get_submodule(block).register_forward_pre_hook(lambda _m, inputs: seen.append(inputs[0].shape[-1]))
    with torch.no_grad():
        net.eval()(torch.zeros(1, 3, 32, 32))
    return seen[0]


@pytest.mark.parametrize(
    ("stem", "side"), [("auto", 8), ("standard", 8), ("small", 32), ("small_stride2", 16)]
)
@pytest.mark.parametrize("name", ["densenet121", "densenet_small", "resnet18", "resnet50"])
def test_how_much_of_32_pixels_each_stem_leaves(name, stem, side):
    assert first_map(made(name, stem), name) == side


@pytest.mark.parametrize("name", OWN)
def test_a_densenet_bc_keeps_its_first_block_at_the_size_of_the_image(name):
    assert first_map(made(name, "auto"), name) == 32
    assert first_map(made(name, "small_stride2"), name) == 16
    with pytest.raises(RecipeError, match=r"network\.stem"):
        made(name, "standard")


def test_densenet_bc_of_the_paper_has_exactly_its_number_of_parameters():
    net = made("densenet_bc_100_12", "auto")
    assert count(net) == 769_162
    between = [type(module) for module in net.features[1:4]]
    assert between == [torch.nn.Identity] * 3, "neither normalisation nor ReLU nor pooling after the stem"
    assert [len(net.get_submodule(f"features.denseblock{i}")) for i in (1, 2, 3)] == [16, 16, 16]


def test_depth_and_growth_give_the_shape():
    assert DenseNetBC.of(depth=40, growth=48) == DenseNetBC(stem=96, growth=48, layers=(6, 6, 6))
    assert DenseNetBC.of(depth=250, growth=24).layers == (41, 41, 41)


def test_parameters_of_the_stems():
    assert count(made("densenet_small", "small_stride2")) == 180_714
    assert count(made("densenet_small", "standard")) == 184_554
    assert count(made("resnet18", "small")) == 11_173_962


@pytest.mark.parametrize("name", ["densenet121", "resnet18"])
def test_names_of_tensors_stay_and_all_but_the_first_are_the_same(name):
    own, small = made(name, "auto").state_dict(), made(name, "small").state_dict()
    assert list(own) == list(small)
    differing = [
        key for key in own if own[key].shape != small[key].shape or not torch.equal(own[key], small[key])
    ]
    assert differing == ["conv1.weight" if name == "resnet18" else "features.conv0.weight"]


@pytest.mark.parametrize("name", ["resnet18", "densenet_bc_100_12"])
def test_the_seed_alone_decides_the_stem_and_the_global_state_is_left(name):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = made(name, "small", seed=3)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    two, other = made(name, "small", seed=3), made(name, "small", seed=4)
    first = next(iter(one.state_dict()))
    assert torch.equal(one.state_dict()[first], two.state_dict()[first])
    assert not torch.equal(one.state_dict()[first], other.state_dict()[first])


def test_a_stem_is_drawn_as_he_et_al_do():
    weight = made("resnet50", "small").get_parameter("conv1.weight").detach()
    assert float(weight.std()) == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.05)


def test_three_axes_too():
    recipe = parse_recipe(
        {
            "input": {
                "dims": 3,
                "region": "whole",
                "orientation": "as_stored",
                "size": [32, 32, 32],
                "intensity": {"rule": "window", "low": 0, "high": 1},
            },
            "network": {"name": "densenet_small", "stem": "small"},
        },
        "test",
    )
    net = build_for(recipe, 2)
    assert net.features.conv0.kernel_size == (3, 3, 3)
    with torch.no_grad():
        assert net.eval()(torch.zeros(1, 1, 16, 16, 16)).shape == (1, 2)


@pytest.mark.parametrize("stem", ["standard", "small", "small_stride2"])
def test_the_fused_passes_know_every_stem(stem):
    def plain(source, scale, shift, weight, bias):
        result = torch.relu(source * scale + shift) @ weight
        return result if bias is None else torch.relu(result + bias)

    net, images = made("densenet_small", stem), torch.randn(2, 3, 32, 32)
    net.features.norm0.running_mean.normal_(0, 0.2)
    with torch.inference_mode():
        fused = FusedDenseNet(net, torch.float32, plain)(images)
        torch.testing.assert_close(fused, net.eval()(images), rtol=1e-4, atol=1e-5)

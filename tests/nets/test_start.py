import json
from collections import Counter
from pathlib import Path

import pytest
import torch

from medidense.errors import RecipeError
from medidense.nets import NETWORKS, StartWeights, build, network, start_from
from medidense.nets.start_names import ours, told_by

TABLE = json.loads((Path(__file__).parent / "foreign_names.json").read_text())
FOREIGN = [key for key in TABLE if "/" in key]


def shapes_of(key):
    """Name -> shape in a library's network."""
    shapes = TABLE[key]
    return TABLE["torchvision/" + key.split("/")[1]] if isinstance(shapes, str) else shapes


def foreign(key, channels=3, seed=0):
    """Tensors as that library would save them, drawn at random."""
    draw = torch.Generator().manual_seed(seed)
    found = {}
    for name, shape in shapes_of(key).items():
        if name in ("features.conv0.weight", "conv1.weight"):
            shape = [shape[0], channels, *shape[2:]]
        found[name] = torch.rand(shape, generator=draw) if shape else torch.tensor(7)
    return found


def make(name, dims=2, channels=3, classes=2):
    return build(name, dims=dims, channels=channels, classes=classes, dropout=0.0, seed=0)


def fates(report):
    return {item.tensor or item.found_as: item for item in report.tensors}


@pytest.mark.parametrize("key", FOREIGN)
def test_every_name_of_the_library_is_one_of_ours_with_the_same_shape(key):
    name = key.split("/")[1]
    with torch.device("meta"):
        wanted = {key: list(value.shape) for key, value in make(name, classes=1000).state_dict().items()}
    mapped = {ours(foreign_name): shape for foreign_name, shape in shapes_of(key).items()}
    assert mapped == wanted
    assert len(mapped) == len(shapes_of(key))


def test_names_of_old_files_and_of_monai():
    old = "features.denseblock2.denselayer11.norm.1.running_mean"
    now = "features.denseblock2.denselayer11.layers.norm1.running_mean"
    assert ours(old) == ours(old.replace("norm.1", "norm1")) == ours(now) == now
    assert ours("features.denseblock2.denselayer11.layers.conv.2.weight").endswith(".layers.conv2.weight")


def test_the_source_is_told_by_the_names():
    assert told_by(foreign("timm/densenet121")) == "torchvision"
    assert told_by({**foreign("timm/densenet121"), "op_threshs": 0}) == "torchxrayvision"
    assert told_by(make("densenet121").state_dict()) == "monai"


@pytest.mark.parametrize("name", ["densenet121", "resnet18"])
def test_same_images_same_features(name):
    net, tensors = make(name), foreign(f"torchvision/{name}")
    report = start_from(net, network(name), StartWeights(tensors, "auto", "abc"))
    assert report.source == "torchvision"
    head = NETWORKS[name].head
    skipped = {item.tensor for item in report.tensors if item.fate == "skipped"}
    assert skipped == {f"{head}.weight", f"{head}.bias"}
    assert report.counts["loaded"] == len(tensors) - 2
    state = net.state_dict()
    assert all(
        torch.equal(state[ours(key)], value) for key, value in tensors.items() if ours(key) not in skipped
    )


def test_one_channel_sees_a_grey_picture_as_three_did():
    colour, grey = make("resnet18"), make("resnet18", channels=1)
    tensors = foreign("torchvision/resnet18")
    for net in (colour, grey):
        report = start_from(net, network("resnet18"), StartWeights(tensors, "torchvision"))
    image = torch.rand(1, 1, 32, 32)
    stems = [net.conv1(picture) for net, picture in ((grey, image), (colour, image.expand(1, 3, 32, 32)))]
    torch.testing.assert_close(stems[0], stems[1], rtol=1e-5, atol=1e-4)
    assert fates(report)["conv1.weight"].fate == "summed"
    assert report.counts == {"loaded": 119, "inflated": 0, "summed": 1, "skipped": 2}


def test_more_channels_share_the_sum():
    net, tensors = make("resnet18", channels=9), foreign("torchvision/resnet18")
    report = start_from(net, network("resnet18"), StartWeights(tensors, "torchvision"))
    image = torch.rand(1, 1, 32, 32)
    wanted = torch.nn.functional.conv2d(
        image, tensors["conv1.weight"].sum(1, keepdim=True), stride=2, padding=3
    )
    torch.testing.assert_close(net.conv1(image.expand(1, 9, 32, 32)), wanted, rtol=1e-5, atol=1e-4)
    assert fates(report)["conv1.weight"].reason == "summed over 3 input channels, shared by 9"


def test_in_3d_an_image_that_does_not_change_along_the_third_axis_gives_the_same():
    flat, deep = make("densenet121", channels=1), make("densenet121", dims=3, channels=1)
    tensors = foreign("torchvision/densenet121")
    for net in (flat, deep):
        report = start_from(net, network("densenet121"), StartWeights(tensors, "torchvision"))
    image = torch.rand(1, 1, 32, 32)
    with torch.no_grad():
        two = flat.features.conv0(image)
        three = deep.features.conv0(image[..., None].expand(1, 1, 32, 32, 32))
    torch.testing.assert_close(three[..., 8], two, rtol=1e-5, atol=1e-4)
    assert report.counts["inflated"] == 120
    assert report.counts["skipped"] == 2
    layer = fates(report)["features.denseblock1.denselayer1.layers.conv2.weight"]
    assert (layer.fate, layer.reason) == ("inflated", "repeated 3 times along the third axis")


def test_a_head_of_the_same_classes_is_taken():
    one, two = make("densenet_small"), make("densenet_small")
    torch.nn.init.constant_(one.class_layers.out.bias, 5.0)
    weights = StartWeights(one.state_dict(), "medidense", same_classes=True)
    assert start_from(two, network("densenet_small"), weights).counts["skipped"] == 0
    assert two.class_layers.out.bias.tolist() == [5.0, 5.0]


def test_torchxrayvision_is_scaled_to_our_range_and_its_extras_skipped():
    net, tensors = make("densenet121", channels=1), foreign("torchvision/densenet121", channels=1)
    extra = {**tensors, "op_threshs": torch.rand(18)}
    report = start_from(net, network("densenet121"), StartWeights(extra, "auto"))
    assert report.source == "torchxrayvision"
    assert torch.equal(net.features.conv0.weight, tensors["features.conv0.weight"] * 1024)
    assert fates(report)["op_threshs"].reason == "the network has no such tensor"


def test_what_is_not_finite_or_misshapen_is_skipped_and_said():
    net, tensors = make("resnet18"), foreign("torchvision/resnet18")
    tensors["bn1.weight"] = torch.full((64,), float("nan"))
    tensors["layer1.0.conv1.weight"] = torch.rand(64, 64, 5, 5)
    del tensors["bn1.bias"]
    found = fates(start_from(net, network("resnet18"), StartWeights(tensors, "torchvision")))
    assert found["bn1.weight"].reason == "not all of it are finite real numbers"
    assert found["layer1.0.conv1.weight"].reason == "the shapes differ: 64x64x5x5 and 64x64x3x3"
    assert found["bn1.bias"].reason == "not in the file; it starts as it was drawn"
    assert bool(torch.isfinite(net.bn1.weight).all())


def test_a_start_from_nothing_is_refused_and_changes_nothing():
    net = make("densenet121")
    before = {key: value.clone() for key, value in net.state_dict().items()}
    for tensors in ({}, foreign("torchvision/resnet18")):
        with pytest.raises(RecipeError, match="at least half of the 604 tensors"):
            start_from(net, network("densenet121"), StartWeights(tensors, "auto"))
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())


def test_every_tensor_of_both_sides_is_told_once():
    net, tensors = make("resnet50"), foreign("timm/resnet50")
    report = start_from(net, network("resnet50"), StartWeights(tensors, "timm"))
    assert Counter(item.tensor for item in report.tensors) == Counter(net.state_dict().keys())
    assert sorted(item.found_as for item in report.tensors) == sorted(tensors)

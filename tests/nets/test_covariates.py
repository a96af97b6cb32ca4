"""A share of the logits beside the image's is a linear head on both, whatever the network."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from medidense.nets import (
    CovariateNetwork,
    PlanesNetwork,
    bare,
    build,
    build_for,
    cam_layer,
    count_classes,
    covariate_logits,
    covariate_width,
    head_of,
    image_part,
    load_weights,
    network,
    read_tensors,
    save_weights,
    start_from,
)
from medidense.nets.start import StartWeights
from medidense.predict import Example, predict_scores
from medidense.values import parse_recipe

WIDTH, CLASSES = 5, 3


def recipe(name="densenet_small", kind="classes", **more):
    size = [33, 33, 33] if more else [32, 32]
    tree = {
        "input": {
            "dims": len(size),
            "region": "lesion",
            "spacing_mm": [1.0] * len(size),
            "size": size,
            "intensity": {"rule": "window", "low": 0, "high": 1},
            **more,
        },
        "labels": {"kind": kind},
        "network": {"name": name},
    }
    return parse_recipe(tree, "test")


def joined(net: CovariateNetwork, images: torch.Tensor, covariates: torch.Tensor) -> torch.Tensor:
    """The same logits by one linear layer on image features and covariates side by side."""
    head = [module for module in net.image.modules() if isinstance(module, nn.Linear)][-1]
    seen = []
    hook = head.register_forward_pre_hook(lambda _head, given: seen.append(given[0]))
    net.image(images)
    hook.remove()
    features = seen[0]
    if len(features) != len(images):
        features = features.unflatten(0, (len(images), -1)).mean(dim=1)
    whole = nn.Linear(features.shape[1] + WIDTH, CLASSES)
    with torch.no_grad():
        whole.weight.copy_(torch.cat([head.weight, net.covariates.weight], dim=1))
        whole.bias.copy_(head.bias)
    return whole(torch.cat([features, covariates], dim=1))


@pytest.mark.parametrize(
    ("name", "more"), [("densenet_small", {}), ("resnet18", {}), ("densenet_small", {"view": "planes"})]
)
def test_it_is_one_linear_head_on_features_and_covariates(name, more):
    form = recipe(name, **more)
    net = build_for(form, CLASSES, covariates=WIDTH).eval()
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        net.covariates.weight.copy_(torch.randn(CLASSES, WIDTH, generator=draw))
    images = torch.randn(2, 1, *form.input.size, generator=draw)
    covariates = torch.randn(2, WIDTH, generator=draw)
    logits = net(images, covariates)
    torch.testing.assert_close(logits, joined(net, images, covariates))
    beside = torch.stack([covariate_logits(net, row) for row in covariates])
    torch.testing.assert_close(logits.double(), net.image(images).double() + beside, atol=1e-5, rtol=0)


def test_the_image_part_is_the_network_without_covariates_to_the_last_bit():
    form, before = recipe(), torch.random.get_rng_state()
    plain, more = build_for(form, 2, seed=7), build_for(form, 2, seed=7, covariates=WIDTH)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert image_part(plain) is plain
    for name, tensor in image_part(more).state_dict().items():
        assert torch.equal(tensor, plain.state_dict()[name])
    assert not more.covariates.weight.any()
    assert (covariate_width(plain), covariate_width(more)) == (0, WIDTH)
    assert not covariate_logits(plain, torch.ones(WIDTH)).any()


@pytest.mark.parametrize(("kind", "outputs"), [("classes", 3), ("multi_label", 3), ("ordinal", 2)])
def test_covariates_join_the_logits_before_the_head_makes_scores_of_them(kind, outputs):
    net = build_for(recipe(kind=kind), CLASSES, covariates=WIDTH).eval()
    assert net.covariates.weight.shape == (outputs, WIDTH)
    assert {head_of(one).kind for one in (net, image_part(net), copy.deepcopy(net))} == {kind}
    assert count_classes(net, (1, 32, 32)) == CLASSES
    draw = torch.Generator().manual_seed(0)
    images, covariates = torch.randn(2, 1, 32, 32, generator=draw), torch.randn(2, WIDTH, generator=draw)
    with torch.no_grad():
        net.covariates.weight.copy_(torch.randn(outputs, WIDTH, generator=draw))
        wanted = head_of(net).scores(net(images, covariates).double()).numpy()
    examples = [Example(image.numpy(), (row.numpy(),)) for image, row in zip(images, covariates, strict=True)]
    found = predict_scores([net], examples, device="cpu", threads=1)
    assert found.shape == (2, CLASSES)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_what_looks_at_the_network_sees_its_image_part():
    form = recipe(view="planes")
    net = build_for(form, CLASSES, covariates=WIDTH)
    assert isinstance(image_part(net), PlanesNetwork)
    assert bare(net) is net.image.plane
    assert count_classes(net, (1, 33, 33, 33)) == CLASSES
    assert cam_layer("densenet_small", image_part(net), (1, 33, 33, 33)).startswith("plane.")


def test_weights_come_back_and_another_network_may_start_from_them(tmp_path):
    form = recipe()
    net, again = build_for(form, 2, seed=1, covariates=WIDTH), build_for(form, 2, seed=2, covariates=WIDTH)
    with torch.no_grad():
        net.covariates.weight.fill_(0.5)
    save_weights(net, tmp_path / "w.safetensors")
    load_weights(again, tmp_path / "w.safetensors")
    assert torch.equal(again.covariates.weight, net.covariates.weight)
    plain = build("densenet_small", dims=2, channels=1, classes=2, dropout=0.0, seed=3)
    weights = StartWeights(read_tensors(tmp_path / "w.safetensors"), "medidense", same_classes=True)
    report = start_from(plain, network("densenet_small"), weights)
    assert {fate.fate for fate in report.tensors} == {"loaded"}
    assert torch.equal(plain.class_layers.out.weight, net.image.class_layers.out.weight)

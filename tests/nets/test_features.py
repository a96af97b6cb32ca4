"""Features times the head's weights are the logits, whatever the network."""

import numpy as np
import pytest
import torch

from medidense.nets import NETWORKS, bare, build_for, headless, image_part, network
from medidense.predict import pooled_features
from medidense.values import parse_recipe


def recipe(name="densenet_small", kind="classes", **more):
    size = [33, 33, 33] if more else [32, 32]
    spec = {"dims": len(size), "region": "lesion", "spacing_mm": [1.0] * len(size), "size": size, **more}
    rule = {"rule": "window", "low": 0, "high": 1}
    tree = {"input": spec | {"intensity": rule}, "labels": {"kind": kind}, "network": {"name": name}}
    return parse_recipe(tree, "test")


@pytest.mark.parametrize("name", ["densenet_small", "resnet18"])
@pytest.mark.parametrize("kind", ["classes", "ordinal"])
@pytest.mark.parametrize("more", [{}, {"view": "planes"}], ids=["crop", "planes"])
@pytest.mark.parametrize("covariates", [0, 4])
def test_the_head_makes_the_logits_of_the_features(name, kind, more, covariates):
    plan = recipe(name, kind, **more)
    net = build_for(plan, 3, seed=1, covariates=covariates).eval()
    images = torch.from_numpy(
        np.random.default_rng(0).normal(size=(2, 1, *plan.input.size)).astype(np.float32)
    )
    before = {key: value.clone() for key, value in net.state_dict().items()}
    features = headless(net, network(name)).eval()(images)
    head = bare(net).get_submodule(network(name).head)
    with torch.no_grad():
        torch.testing.assert_close(head(features), image_part(net)(images), rtol=0, atol=1e-5)
    assert net.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


@pytest.mark.parametrize("name", ["densenet121", "densenet_bc_40_48", "resnet50"])
def test_every_kind_of_network_loses_its_head(name):
    plan, record = recipe(name), NETWORKS[name]
    net = build_for(plan, 3)
    head = bare(net).get_submodule(record.head)
    assert headless(net, record)(torch.zeros(2, 1, *plan.input.size)).shape == (2, head.in_features)


def test_a_row_of_features_depends_on_its_own_array_alone():
    plan = recipe()
    net = headless(build_for(plan, 3), network("densenet_small"))
    images = np.random.default_rng(0).normal(size=(3, 1, 32, 32)).astype(np.float32)
    together = pooled_features(net, images, device="cpu", threads=1)
    for row in range(3):
        alone = pooled_features(net, images[row : row + 1], device="cpu", threads=1)
        assert alone.tobytes() == together[row : row + 1].tobytes()
    turned = pooled_features(net, images[:, :, ::-1], device="cpu", threads=1, flips=True)
    np.testing.assert_allclose(
        turned, pooled_features(net, images, device="cpu", threads=1, flips=True), atol=1e-5
    )

"""Scores of networks that take covariates: the same forward pass, a share of the logits beside it."""

import numpy as np
import pytest
import torch

from medidense.errors import UsageError
from medidense.nets import CovariateNetwork, build
from medidense.predict import Example, predict_scores

IMAGES = np.random.default_rng(0).normal(size=(3, 1, 32, 32)).astype(np.float32)
FIRST = np.array([[1, 0], [0, 1], [2, -1]], dtype=np.float32)
SECOND = np.array([[1, 0, 1], [0, 1, 0], [2, -1, 5]], dtype=np.float32)


def make(seed, width):
    net = build("densenet_small", dims=2, channels=1, classes=2, dropout=0.0, seed=seed)
    whole = CovariateNetwork(net, width, 2)
    with torch.no_grad():
        whole.covariates.weight.copy_(torch.arange(2.0 * width).reshape(2, width) / 5)
    return whole


NETS = make(0, 2), make(1, 3)


def score(examples, nets=NETS, **more):
    return predict_scores(nets, examples, device="cpu", threads=1, **more)


def examples():
    return [Example(*row) for row in zip(IMAGES, zip(FIRST, SECOND, strict=True), strict=True)]


def test_each_network_gets_its_own_covariates():
    with torch.no_grad():
        plain = [
            torch.softmax(net.eval()(torch.from_numpy(IMAGES), torch.from_numpy(rows)).double(), 1).numpy()
            for net, rows in zip(NETS, (FIRST, SECOND), strict=True)
        ]
    np.testing.assert_allclose(score(examples()), (plain[0] + plain[1]) / 2, rtol=0, atol=1e-6)


def test_a_row_depends_on_its_own_example_alone():
    together = score(iter(examples()))
    for number in range(3):
        assert score(examples()[number : number + 1]).tobytes() == together[number : number + 1].tobytes()


def test_zeros_give_the_score_of_the_image_to_the_last_bit():
    blank = [
        Example(image, (np.zeros(2, dtype=np.float32), np.zeros(3, dtype=np.float32))) for image in IMAGES
    ]
    plain = predict_scores([net.image for net in NETS], IMAGES, device="cpu", threads=1)
    assert score(blank).tobytes() == plain.tobytes()


def test_flips_turn_the_image_and_leave_the_covariates():
    with torch.no_grad():
        views = [IMAGES[:1], IMAGES[:1, :, ::-1], IMAGES[:1, :, :, ::-1], IMAGES[:1, :, ::-1, ::-1]]
        each = [NETS[0].eval()(torch.from_numpy(view.copy()), torch.from_numpy(FIRST[:1])) for view in views]
        wanted = torch.stack([torch.softmax(logits.double(), 1) for logits in each]).mean(0)
    found = score([Example(IMAGES[0], (FIRST[0],))], NETS[:1], flips=True)
    np.testing.assert_allclose(found, wanted.numpy(), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "given", [IMAGES, [Example(IMAGES[0], (FIRST[0],))], [Example(IMAGES[0], (SECOND[0], FIRST[0]))]]
)
def test_covariates_that_are_missing_or_of_another_number_are_an_error(given):
    with pytest.raises(UsageError, match="covariates"):
        score(given)


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_on_a_gpu_the_fused_passes_stay_and_the_covariates_are_added(precision):
    wanted = score(examples())
    found = predict_scores(NETS, examples(), device="cuda", threads=1, precision=precision)
    for net in NETS:
        net.to("cpu")
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5 if precision == "fp32" else 2e-2)

"""Scores of several labels and of grades come out of the same forward pass."""

import numpy as np
import pytest
import torch

from medidense.nets import HEADS, build, with_head
from medidense.predict import predict_scores


@pytest.fixture
def arrays():
    return np.random.default_rng(0).normal(size=(3, 1, 32, 32)).astype(np.float32)


def nets(kind):
    made = [build("densenet_small", dims=2, channels=1, classes=2, dropout=0.0, seed=n) for n in (0, 1)]
    return [with_head(net.eval(), kind) for net in made]


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("flips", [False, True])
def test_probabilities_are_averaged_over_views_and_networks(kind, flips, arrays):
    found = predict_scores(nets(kind), arrays, device="cpu", threads=1, flips=flips)
    wanted = []
    with torch.no_grad():
        for array in torch.from_numpy(arrays):
            views = [array, array.flip(1), array.flip(2), array.flip((1, 2))][: 4 if flips else 1]
            each = [HEADS[kind].scores(net(torch.stack(views)).double()).mean(0) for net in nets(kind)]
            wanted.append((sum(each) / 2).numpy())
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    if HEADS[kind].sums_to_one:
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-12)
    assert found.shape == (3, 3 if kind == "ordinal" else 2)


@pytest.mark.gpu
@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize(("precision", "near"), [("fp32", 1e-4), ("bf16", 2e-2)])
def test_a_gpu_scores_as_a_cpu_does(kind, precision, near, arrays):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    on_cpu = predict_scores(nets(kind), arrays, device="cpu", threads=1)
    on_gpu = predict_scores(nets(kind), arrays, device="cuda", threads=1, precision=precision)
    np.testing.assert_allclose(on_gpu, on_cpu, rtol=0, atol=near)

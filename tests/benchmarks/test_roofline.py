import importlib.util
import sys
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from medidense.nets import build

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "roofline.py"


@pytest.fixture(scope="module")
def roofline():
    spec = importlib.util.spec_from_file_location("roofline", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["roofline"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["roofline"]


@pytest.mark.parametrize("size", [(64, 48), (40, 32, 32)])
def test_operations_are_those_that_torch_counts(roofline, size):
    net = build("densenet121", dims=len(size), channels=1, classes=2, dropout=0.0, seed=0)
    layers = roofline.layers_of(net, (1, *size))
    with FlopCounterMode(display=False) as counter:
        net.eval()(torch.empty(1, 1, *size, device="meta"))
    assert sum(layer.operations for layer in layers) == counter.get_total_flops()


def test_the_larger_of_the_two_times_counts_and_training_takes_three(roofline):
    ceilings = roofline.Ceilings(copy=1.0, matrix={"fp32": 0.001, "bf16": 0.001})
    moving, computing = roofline.Layer(1, 1e9, 0), roofline.Layer(3e9, 1, 0)
    once = roofline.seconds_for([moving, computing], 2, ceilings, "fp32", training=False)
    assert once == pytest.approx(2 * (4 + 3))
    half = roofline.seconds_for([moving, computing], 2, ceilings, "bf16", training=False)
    assert half == pytest.approx(2 * (2 + 3))
    learning = roofline.seconds_for([moving, computing], 2, ceilings, "fp32", training=True)
    assert learning == pytest.approx(2 * (2 * 4 + 3 * 3))

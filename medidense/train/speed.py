"""How long does a training step take on this machine?"""

import statistics

import numpy as np

from medidense.nets import build, recompute
from medidense.train.data import TrainingData
from medidense.train.device import Device
from medidense.train.loop import fit
from medidense.values import EpochRecord, Recipe

STEPS = 4


def measure_step(recipe: Recipe, classes: int, device: Device) -> float:
    """Seconds per sample of one training step of `recipe`, augmentation and averaging included.

    Four steps of noise through the very loop that trains, one full batch each; the first, which pays for
    setting up, is left out and the median of the others taken.
    """
    size, batch = recipe.input.size, recipe.training.batch_size
    noise = np.random.default_rng(0).normal(size=(batch, 1, *size)).astype(np.float32)
    data = TrainingData(noise, np.arange(batch, dtype=np.int64) % classes)
    settings = recipe.training.model_copy(update={"epochs": STEPS, "early_stopping": None})
    net = build(
        recipe.network.name,
        dims=recipe.input.dims,
        channels=1,
        classes=classes,
        dropout=recipe.network.dropout,
        seed=0,
    )
    if recipe.network.memory == "recompute":
        recompute(net)
    records = fit(net, data, settings, seed=0, device=device)
    seconds = [record.seconds for record in records if isinstance(record, EpochRecord)]
    return statistics.median(seconds[1:]) / batch

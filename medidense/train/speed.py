"""How long does a training step take on this machine?"""

import statistics

import numpy as np

from medidense.nets import build_for, head_of
from medidense.train.data import TrainingData
from medidense.train.device import Device
from medidense.train.loop import fit
from medidense.train.regime import Regime
from medidense.train.stepping import SETTLING
from medidense.values import EpochRecord, Recipe

STEPS = 3


def measure_step(recipe: Recipe, classes: int, device: Device) -> float:
    """Seconds per sample of one training step of `recipe`, augmentation and averaging included.

    Some steps of noise through the very loop that trains, one full batch each; the first ones, which pay for
    setting up, are left out and the median of three taken.
    """
    spec, batch = recipe.input, recipe.training.batch_size
    noise = np.random.default_rng(0).normal(size=(batch, spec.channels, *spec.size)).astype(np.float32)
    net, labels = build_for(recipe, classes), np.arange(batch, dtype=np.int64) % classes
    if head_of(net).kind == "multi_label":
        labels = (np.arange(batch)[:, None] + np.arange(classes)) % 2
    data = TrainingData(noise, labels, planes=spec.view == "planes", fixed_channels=int(spec.mask_channel))
    settling = SETTLING[device.name]
    settings = recipe.training.model_copy(update={"epochs": settling + STEPS, "early_stopping": None})
    records = fit(net, data, Regime(settings, seed=0, device=device))
    seconds = [record.seconds for record in records if isinstance(record, EpochRecord)]
    return statistics.median(seconds[settling:]) / batch

"""How a network learns from a training part, and how fast."""

from medidense.train.augment import Draw, augment, draw
from medidense.train.averaging import average_of
from medidense.train.data import TrainingData, class_weights, standardized
from medidense.train.device import Device, choose_device
from medidense.train.loop import fit
from medidense.train.ranks import joined
from medidense.train.regime import Regime
from medidense.train.speed import measure_step
from medidense.train.state import States
from medidense.train.tuning import Tuning

__all__ = [
    "Device",
    "Draw",
    "Regime",
    "States",
    "TrainingData",
    "Tuning",
    "augment",
    "average_of",
    "choose_device",
    "class_weights",
    "draw",
    "fit",
    "joined",
    "measure_step",
    "standardized",
]

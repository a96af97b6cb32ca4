"""Which networks there are, how one is built, and how its weights are kept."""

from medidense.nets.dense_memory import recompute
from medidense.nets.modes import evaluating
from medidense.nets.registry import NETWORKS, NetworkRecord, build, count_parameters, network
from medidense.nets.shapes import cam_layer, count_classes
from medidense.nets.weights import load_weights, save_weights

__all__ = [
    "NETWORKS",
    "NetworkRecord",
    "build",
    "cam_layer",
    "count_classes",
    "count_parameters",
    "evaluating",
    "load_weights",
    "network",
    "recompute",
    "save_weights",
]

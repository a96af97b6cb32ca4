"""Which networks there are, how one is built, and how its weights are kept."""

from medidense.nets.modes import evaluating
from medidense.nets.planes import PLANES, PlanesNetwork, central_planes
from medidense.nets.registry import (
    NETWORKS,
    NetworkRecord,
    build,
    build_for,
    count_parameters,
    network,
)
from medidense.nets.shapes import cam_layer, count_classes
from medidense.nets.weights import load_weights, save_weights

__all__ = [
    "NETWORKS",
    "PLANES",
    "NetworkRecord",
    "PlanesNetwork",
    "build",
    "build_for",
    "cam_layer",
    "central_planes",
    "count_classes",
    "count_parameters",
    "evaluating",
    "load_weights",
    "network",
    "save_weights",
]

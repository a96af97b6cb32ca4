"""Which networks there are, how one is built, and how its weights are kept."""

from medidense.nets.covariates import (
    CovariateNetwork,
    bare,
    covariate_logits,
    covariate_width,
    image_part,
)
from medidense.nets.dense_memory import recompute
from medidense.nets.features import headless
from medidense.nets.heads import HEADS, Head, Questions, head_of, with_head
from medidense.nets.lora import add_lora, merge_lora
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
from medidense.nets.start import StartWeights, start_from
from medidense.nets.start_files import read_tensors
from medidense.nets.trained_part import freeze_all_but, rate_groups, trainable
from medidense.nets.weights import load_weights, save_weights

__all__ = [
    "HEADS",
    "NETWORKS",
    "PLANES",
    "CovariateNetwork",
    "Head",
    "NetworkRecord",
    "PlanesNetwork",
    "Questions",
    "StartWeights",
    "add_lora",
    "bare",
    "build",
    "build_for",
    "cam_layer",
    "central_planes",
    "count_classes",
    "count_parameters",
    "covariate_logits",
    "covariate_width",
    "evaluating",
    "freeze_all_but",
    "head_of",
    "headless",
    "image_part",
    "load_weights",
    "merge_lora",
    "network",
    "rate_groups",
    "read_tensors",
    "recompute",
    "save_weights",
    "start_from",
    "trainable",
    "with_head",
]

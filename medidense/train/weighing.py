"""How much does each class weigh in the loss?"""

import numpy as np
import torch
from numpy.typing import NDArray

from medidense.errors import UsageError
from medidense.nets import count_classes, head_of
from medidense.train.data import TrainingData, class_weights
from medidense.values.training import Training


def loss_weights(net: torch.nn.Module, data: TrainingData, settings: Training) -> NDArray[np.float32]:
    """The weight of each class of `net` in the loss, float32 (classes,); of labels (L, 2), of no and yes.

    Raises UsageError where the labels are not of the network's kind or more than it has classes.
    """
    classes = count_classes(net, data.images.shape[1:])
    kind = head_of(net).kind
    if (kind == "multi_label") != (data.labels.ndim == 2):
        step = "build the network for this kind of labels"
        raise UsageError("training part", f"the network is for labels.kind {kind}", data.labels.shape, step)
    several = data.labels.ndim == 2
    largest = data.labels.shape[1] - 1 if several else int(data.labels.max())
    if largest >= classes or (several and largest + 1 != classes):
        rule = f"the network tells {classes} classes apart, counted from 0"
        raise UsageError("training part", rule, f"label {largest}", "build the network for all classes")
    if settings.class_weights == "none":
        return np.ones((classes, 2) if several else classes, dtype=np.float32)
    return class_weights(data.labels, classes)

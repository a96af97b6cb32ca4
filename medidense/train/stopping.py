"""When does a training that looks at a validation part end, and which weights does it keep?"""

import copy
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from medidense.errors import UsageError
from medidense.predict import Example, predict_scores
from medidense.train.answering import held_out_loss
from medidense.train.data import Images, TrainingData
from medidense.train.device import Device
from medidense.train.ranks import Ranks
from medidense.values.training import Training


class Stopping:
    """Early stopping where the recipe asks for it; otherwise it never looks and never stops.

    `best` holds the weights of the epoch with the `lowest` validation loss, or None; `waited` counts the
    epochs since. Raises UsageError when the validation part is missing.
    """

    def __init__(
        self, data: TrainingData, settings: Training, weights: NDArray[np.float32], device: Device
    ) -> None:
        self.best: dict[str, torch.Tensor] | None = None
        self.lowest, self.waited = float("inf"), 0
        self._rule, self._epochs = settings.early_stopping, settings.epochs
        self._data, self._weights, self._ranks = data, weights, Ranks(device)
        if self._rule and data.validation_labels is None:
            step = "cut one by subject out of the training part, or remove training.early_stopping"
            raise UsageError("training.early_stopping", "needs a validation part", "none", step)

    def epochs(self, *, after: int) -> Iterator[int]:
        """The epochs after epoch `after`, until as many as the recipe allows brought no lower loss."""
        for epoch in range(after + 1, self._epochs + 1):
            if self._rule is not None and self.waited >= self._rule.patience:
                return
            yield epoch

    def look(self, net: torch.nn.Module) -> float | None:
        """The weighted cross entropy of `net` on the validation part, or None without early stopping.

        Of several labels it is that of the cells that are known. The scores are made as everywhere else, in
        the precision that the network trains in. Several ranks believe the first one's, lest the last bit of
        a GPU's sum divide them.
        """
        images, labels = self._data.validation_images, self._data.validation_labels
        if self._rule is None or images is None or labels is None:
            return None
        loss = self._ranks.by_first(lambda: self._loss(net, images, labels))
        self.waited = 0 if loss < self.lowest else self.waited + 1
        if loss < self.lowest:
            self.lowest, self.best = loss, copy.deepcopy(net.state_dict())
        return loss

    def _loss(self, net: torch.nn.Module, images: Images, labels: NDArray[np.int64]) -> float:
        """The weighted cross entropy of `net` on these images."""
        device, beside = self._ranks.device, self._data.validation_covariates
        shown = images if beside is None else map(Example, images, ((row,) for row in beside))
        scores = predict_scores(
            [net], shown, device=device.name, threads=device.threads, precision=device.precision
        )
        if labels.ndim == 2:
            return held_out_loss(scores, labels, self._weights.astype(np.float64))
        given = np.take_along_axis(scores, labels[:, None], axis=1)[:, 0]
        weight = np.where(self._weights > 0, self._weights, 1)[labels].astype(np.float64)
        return float(np.average(-np.log(np.maximum(given, np.finfo(np.float64).tiny)), weights=weight))

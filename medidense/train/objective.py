"""What is a training step to make smaller?"""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from medidense.nets import PLANES
from medidense.train.data import TrainingData


class Learner(nn.Module):
    """A network with a second, linear head for auxiliary targets that is thrown away after training.

    The head reads what enters the last linear layer of `net`. Gives (logits, auxiliary outputs).
    """

    def __init__(self, net: nn.Module, outputs: int) -> None:
        super().__init__()
        head = [module for module in net.modules() if isinstance(module, nn.Linear)][-1]
        self.net = net
        self.auxiliary = nn.Linear(head.in_features, outputs)
        self._head = (head,)  # in a tuple, so that it is no second submodule

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (N, classes) and auxiliary outputs (N, A)."""
        seen: list[torch.Tensor] = []
        hook = self._head[0].register_forward_pre_hook(lambda _head, inputs: seen.append(inputs[0]))
        try:
            logits: torch.Tensor = self.net(images)
        finally:
            hook.remove()
        (features,) = seen
        if len(features) != len(logits):  # a network that shares its weights between planes
            features = features.unflatten(0, (len(logits), PLANES)).mean(dim=1)
        return logits, self.auxiliary(features)


class Objective:
    """The loss of a batch: cross entropy of the classes, and the error of the auxiliary targets beside it.

    `weights` is the weight of each class, float32 (classes,). Rows without a label and without a target take
    part in the auxiliary error alone.
    """

    def __init__(self, data: TrainingData, weights: torch.Tensor, device: torch.device) -> None:
        self._weights = weights.to(device)
        self._labels = torch.from_numpy(data.labels).to(device)
        self._targets, self._auxiliary = (
            None if array is None else torch.from_numpy(array).to(device)
            for array in (data.targets, data.auxiliary)
        )
        self._share = data.auxiliary_weight

    def __call__(
        self, outputs: torch.Tensor | tuple[torch.Tensor, torch.Tensor], index: torch.Tensor
    ) -> torch.Tensor:
        """The mean loss of the samples `index`, whose outputs these are."""
        logits, auxiliary = outputs if isinstance(outputs, tuple) else (outputs, None)
        loss = self._of_classes(logits, index)
        if auxiliary is None or self._auxiliary is None:
            return loss
        wanted = self._auxiliary[index]
        known = torch.isfinite(wanted)
        error = (auxiliary - torch.where(known, wanted, 0.0)) * known
        return loss + self._share * (error**2).sum() / known.sum().clamp(min=1)

    def _of_classes(self, logits: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        if self._targets is None:
            labels = self._labels[index]
            if bool((labels < 0).all()):  # the mean over none would be no number
                return logits.sum() * 0
            return cross_entropy(logits, labels, self._weights, ignore_index=-1)
        return cross_entropy(logits, self._targets[index], self._weights)

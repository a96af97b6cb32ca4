"""What is a training step to make smaller?"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import cross_entropy, one_hot

from medidense.nets import HEADS, PLANES, Head, image_part
from medidense.train.answering import answer_loss, cell_weights
from medidense.train.data import TrainingData
from medidense.values.training import Training


class Learner(nn.Module):
    """A network with a second, linear head for auxiliary targets that is thrown away after training.

    The head reads what enters the last linear layer of `net`, the features of the image alone: covariates
    tell no auxiliary target. Gives (logits, auxiliary outputs).
    """

    def __init__(self, net: nn.Module, outputs: int) -> None:
        super().__init__()
        head = [module for module in image_part(net).modules() if isinstance(module, nn.Linear)][-1]
        self.net = net
        self.auxiliary = nn.Linear(head.in_features, outputs)
        self._head = (head,)  # in a tuple, so that it is no second submodule

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (N, classes) and auxiliary outputs (N, A)."""
        seen: list[torch.Tensor] = []
        hook = self._head[0].register_forward_pre_hook(lambda _head, inputs: seen.append(inputs[0]))
        try:
            logits: torch.Tensor = self.net(*inputs)
        finally:
            hook.remove()
        (features,) = seen
        if len(features) != len(logits):  # a network that shares its weights between planes
            features = features.unflatten(0, (len(logits), PLANES)).mean(dim=1)
        return logits, self.auxiliary(features)


class Objective:
    """The loss of a batch: that of the classes, and the error of the auxiliary targets beside it.

    `weights` is the weight of each class, float32 (classes,). The loss of the classes is cross entropy or the
    focal loss (Lin et al., ICCV 2017, equation 5), with the smoothed targets of Szegedy et al. (CVPR 2016,
    section 7). Rows without a label and without a target take part in the auxiliary error alone. Where the
    network's `head` asks yes-or-no questions, it is that of their answers: see `answer_loss`.
    """

    def __init__(
        self,
        data: TrainingData,
        weights: torch.Tensor,
        settings: Training,
        device: torch.device,
        head: Head = HEADS["classes"],
    ) -> None:
        self._weights = weights.to(device)
        classes: list[NDArray[Any]] = [data.labels if data.targets is None else data.targets]
        questions = head.questions(data.labels, head.outputs(len(weights)))
        if questions is not None:
            each = cell_weights(head, data.labels, questions, weights.numpy())
            classes = [np.maximum(questions, 0).astype(np.float32), each]
        self._own = len(classes)
        arrays = classes if data.auxiliary is None else [*classes, data.auxiliary]
        self._truth = [torch.from_numpy(array).to(device) for array in arrays]
        self._partly = data.targets is None and bool((data.labels < 0).any())
        self._share, self._smoothing = data.auxiliary_weight, settings.label_smoothing
        self._gamma = settings.focal_gamma if settings.loss == "focal" else 0.0

    def truth(self, index: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What the samples `index` should give: labels, probabilities or answers with their weights, and
        auxiliary targets if any."""
        return tuple(tensor[index] for tensor in self._truth)

    def __call__(
        self, outputs: torch.Tensor | tuple[torch.Tensor, torch.Tensor], *truth: torch.Tensor
    ) -> torch.Tensor:
        """The mean loss of samples with these outputs and this truth; nothing waits for the device."""
        own = truth[: self._own]
        if not isinstance(outputs, tuple):
            return self._of_classes(outputs, *own)
        logits, auxiliary = outputs
        known = torch.isfinite(truth[-1])
        error = (auxiliary - torch.where(known, truth[-1], 0.0)) * known
        beside = (error**2).sum() / known.sum().clamp(min=1)
        return self._of_classes(logits, *own) + self._share * beside

    def _of_classes(
        self, logits: torch.Tensor, wanted: torch.Tensor, weights: torch.Tensor | None = None
    ) -> torch.Tensor:
        if weights is not None:
            return answer_loss(logits, wanted, weights, smoothing=self._smoothing, gamma=self._gamma)
        labels = wanted.ndim == 1
        by_torch = not labels or self._smoothing == 0  # with both, torch waits for the GPU in each step
        if self._gamma == 0 and not self._partly and by_torch:
            return cross_entropy(logits, wanted, self._weights, label_smoothing=self._smoothing)
        targets = one_hot(wanted.clamp(min=0), logits.shape[1]).to(logits) if labels else wanted
        targets = targets * (1 - self._smoothing) + self._smoothing / logits.shape[1]
        logs = torch.log_softmax(logits, dim=1)
        each = -targets * self._weights * (1 - logs.exp()) ** self._gamma * logs
        counts = self._weights[wanted.clamp(min=0)] * (wanted >= 0) if labels else torch.ones_like(each[:, 0])
        total = each.sum(dim=1) * (wanted >= 0) if labels else each.sum(dim=1)
        return total.sum() / counts.sum().clamp(min=torch.finfo(logits.dtype).tiny)

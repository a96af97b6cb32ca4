"""What enters the head beside the images of a batch?"""

import torch

from medidense.train.data import TrainingData


class Beside:
    """The covariates of the training part, on the device; nothing where the network takes none.

    In each batch the share of samples that the recipe says is drawn: their head sees the image alone, so that
    it is not passed over for what a table says.
    """

    def __init__(self, data: TrainingData, device: torch.device) -> None:
        self._rows = None if data.covariates is None else torch.from_numpy(data.covariates).to(device)
        self._dropout = data.covariate_dropout

    @property
    def count(self) -> int:
        """How many tensors `batch` gives: 1 or 0."""
        return int(self._rows is not None)

    def batch(self, index: torch.Tensor, draws: torch.Generator) -> tuple[torch.Tensor, ...]:
        """float32 (len(index), width) of the samples `index`, int64 on the device; `draws` on the CPU."""
        if self._rows is None:
            return ()
        kept = torch.rand(len(index), generator=draws) >= self._dropout
        return (self._rows[index] * kept.to(self._rows.device)[:, None],)

"""What does one optimiser step do, and what must stand ready for it?"""

from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import LightningEnvironment
from lightning_fabric.strategies import DDPStrategy
from numpy.typing import NDArray

from medidense.nets import head_of
from medidense.predict import arrange, arranged, channels_last
from medidense.train.accumulating import Accumulating
from medidense.train.augment import Draw, augment
from medidense.train.averaging import average_of
from medidense.train.covariates import Beside
from medidense.train.data import TrainingData
from medidense.train.device import Device
from medidense.train.objective import Learner, Objective
from medidense.train.ranks import Ranks
from medidense.train.regime import Regime
from medidense.train.resident import Resident
from medidense.train.schedule import make_optimizer, make_schedule

PRECISION = {"fp32": "32-true", "bf16": "bf16-mixed"}
"""The recipe's words in Fabric's."""


class OptimiserStep:
    """A network on its device with data, loss, optimiser, schedule and running average: ``gradients`` and
    then ``apply`` make a step, of which a training has `steps`.

    To be made, and used, where torch's global state is the training's own (`Setting.held`). `weights` is the
    weight of each class in the loss, float32 (classes,).
    """

    def __init__(
        self,
        net: torch.nn.Module,
        data: TrainingData,
        regime: Regime,
        weights: NDArray[np.float32],
        steps: int,
    ) -> None:
        settings, device, tuning = regime.settings, regime.device, regime.tuning
        self._net, self._data, self._tuning, self.ranks = net, data, tuning, Ranks(device)
        self._fabric = _fabric(device, partly=tuning is not None)
        self.learner = net if data.auxiliary is None else Learner(net, data.auxiliary.shape[1])
        self.learner.to(self._fabric.device)
        arrange(self.learner, last=settings.channels_last)
        groups = tuning.groups(net, self.learner) if tuning else None
        self.optimizer = make_optimizer(self.learner, settings, groups)
        self.schedule = make_schedule(self.optimizer, settings, steps)
        self.average = average_of(net, settings.ema)
        fused = torch.compile(self.learner, dynamic=False) if settings.compile else self.learner
        self.ranks.share_out(self.learner)
        self._model, self._stepper = self._fabric.setup(fused, self.optimizer)
        self._clip_norm = settings.clip_norm
        self._images = Resident(data.images, self._fabric.device)
        self._beside = Beside(data, self._fabric.device)
        self._objective = Objective(
            data, torch.from_numpy(weights), settings, self._fabric.device, head_of(net)
        )
        self._layout = channels_last(data.images.ndim) if settings.channels_last else torch.contiguous_format
        self._learn = Accumulating(self._share, self._clip, self.learner, self.ranks, settings.accumulate)
        self.shrunk = self._learn.shrunk

    @property
    def rate(self) -> float:
        """The learning rate of the step that ``apply`` makes next."""
        return float(self.schedule.get_last_lr()[0])

    def begin(self, epoch: int) -> None:
        """To be called before the first step of an epoch, counted from 1."""
        self._model.train()
        if self._tuning:
            self._tuning.begin(self._net, epoch)
            if epoch in self._tuning.unfreezing:  # a recording holds gradients of what learnt before
                self._learn.record_anew()

    def gradients(self, part: torch.Tensor, change: Draw, draws: torch.Generator) -> tuple[torch.Tensor, ...]:
        """Loss and gradient norm of the samples `part`, int64 on the CPU, with these changes of their images.

        `draws` says whose covariates are left out, for the whole batch, whichever rank has a sample. The
        gradients, clipped, are left in the parameters. Raises RecipeError where no two samples fit into
        memory.
        """
        index = part.to(self._fabric.device, non_blocking=True)
        rows = self.ranks.rows(len(part), self._learn.parts)
        crops = self._images.batch(*((part, index) if rows is None else (part[rows], index[rows.to(index)])))
        data = self._data
        batch = augment(crops, change, planes=data.planes, fixed_channels=data.fixed_channels, rows=rows)
        beside = self._beside.batch(index, draws)
        own = beside if rows is None else tuple(tensor[rows.to(index)] for tensor in beside)
        return self._learn(arranged(batch, self._layout), *own, *self._objective.truth(index))

    def apply(self) -> None:
        """Change the weights by the gradients, and take them into the average."""
        self._stepper.step()
        self._stepper.zero_grad()
        self.schedule.step()
        self.average.update_parameters(self._net)

    def finish(self) -> None:
        """To be called after the last step: the network is a plain one again."""
        self.ranks.part()

    def _share(self, share: float, last: bool, *tensors: torch.Tensor) -> torch.Tensor:
        """Add the gradients of a micro-batch that is `share` of a batch; returns that share of the loss.

        `tensors` are this rank's images and covariates, if any, and the truth of all ranks' samples.
        Every rank has the loss of all ranks' samples; its gradients are averaged over the ranks after the
        `last` micro-batch, where their sum is wanted.
        """
        ranks, given = self.ranks, 1 + self._beside.count
        inputs, truth = tensors[:given], tensors[given:]
        ranks.size = len(truth[0])
        with self._fabric.no_backward_sync(self._model, enabled=ranks.count > 1 and not last):
            outputs = self._model(*inputs)
            several = isinstance(outputs, tuple)
            whole: Any = tuple(map(ranks.whole, outputs)) if several else ranks.whole(outputs)
            loss = self._objective(whole, *truth) * share
            self._fabric.backward(loss * ranks.count if ranks.count > 1 else loss)
        return loss.detach()

    def _clip(self) -> torch.Tensor:
        """Limit the gradients to the recipe's norm; returns the norm before."""
        return self._fabric.clip_gradients(
            self._model, self._stepper, max_norm=self._clip_norm, error_if_nonfinite=False
        )


def _fabric(device: Device, *, partly: bool) -> Fabric:
    """One device, or this process's of several; `partly`: some epochs leave weights without a gradient."""
    precision = PRECISION[device.precision]
    if device.devices == 1:
        return Fabric(accelerator=device.name, devices=1, precision=precision)
    strategy = DDPStrategy(
        cluster_environment=LightningEnvironment(), find_unused_parameters=partly, forward_sync_buffers=False
    )
    fabric = Fabric(accelerator=device.name, devices=device.devices, precision=precision, strategy=strategy)
    fabric.launch()
    return fabric

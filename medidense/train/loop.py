"""How does a network learn? One loop, read from top to bottom."""

import math
from collections.abc import Iterator
from time import perf_counter

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from medidense.errors import DivergedError, UsageError
from medidense.nets import count_classes
from medidense.predict import arrange, arranged, channels_last
from medidense.train.augment import augment, draw
from medidense.train.averaging import average_of
from medidense.train.data import TrainingData, class_weights, count_batches, deal
from medidense.train.device import Device, Setting
from medidense.train.schedule import make_optimizer, make_schedule
from medidense.train.stopping import Stopping
from medidense.train.tuning import Tuning
from medidense.values import EpochRecord, Record, StepRecord
from medidense.values.recipe import Training

PRECISION = {"fp32": "32-true", "bf16": "bf16-mixed"}
"""The recipe's words in Fabric's."""


def fit(
    net: torch.nn.Module,
    data: TrainingData,
    settings: Training,
    *,
    seed: int,
    device: Device,
    tuning: Tuning | None = None,
) -> Iterator[Record]:
    """Train `net` and tell each optimiser step and each epoch as it ends, both counted from 1.

    When the iterator is exhausted `net` holds the weights that score, row-major, in evaluation mode: the
    average over the steps after the last epoch or, where the recipe stops early, the average at the epoch
    with the lowest validation loss. Nothing else looks at the validation part. On a CPU the weights depend
    on the initial ones, data, settings, `seed` (from 0) and the device's threads alone, to the last bit;
    between two records torch's global state is the caller's.

    `tuning` holds back some of the weights; None trains them all.

    Raises UsageError when the recipe stops early and there is no validation part or a label is no class of
    the network, DivergedError when loss or gradients stop being finite numbers.
    """
    order_seed, change_seed, dropout_seed = (int(s) for s in np.random.SeedSequence(seed).generate_state(3))
    order, changes = torch.Generator().manual_seed(order_seed), torch.Generator().manual_seed(change_seed)
    steps = count_batches(len(data.labels), settings.batch_size)
    weights = _loss_weights(net, data, settings)
    stopping = Stopping(data, settings, weights, device)
    setting = Setting(device, dropout_seed)
    with setting.held():
        fabric = Fabric(accelerator=device.name, devices=1, precision=PRECISION[device.precision])
        net.to(fabric.device)
        arrange(net, last=settings.channels_last)
        optimizer = make_optimizer(net, settings, tuning.groups(net) if tuning else None)
        schedule = make_schedule(optimizer, settings, steps * settings.epochs)
        average = average_of(net, settings.ema)
        model, stepper = fabric.setup(net, optimizer)
        images, labels, weight = (
            torch.from_numpy(array).to(fabric.device) for array in (data.images, data.labels, weights)
        )
        layout = channels_last(images.ndim) if settings.channels_last else torch.contiguous_format

    step = 0
    for epoch in range(1, settings.epochs + 1):
        model.train()
        if tuning:
            tuning.begin(net, epoch)
        total, seconds, rate = 0.0, 0.0, 0.0
        for index in deal(len(labels), steps, order):
            with setting.held():
                begun, step = perf_counter(), step + 1
                change = draw(settings.augmentation, len(index), images.ndim - 2, changes)
                batch = arranged(augment(images[index], change), layout)
                loss = cross_entropy(model(batch), labels[index], weight)
                fabric.backward(loss)
                norm = fabric.clip_gradients(
                    model, stepper, max_norm=settings.clip_norm, error_if_nonfinite=False
                )
                mean = loss.item()
                if not math.isfinite(mean + norm.item()):
                    raise _diverged(epoch, step, mean, norm.item())
                rate = float(schedule.get_last_lr()[0])
                stepper.step()
                stepper.zero_grad()
                schedule.step()
                average.update_parameters(net)
                seconds += perf_counter() - begun
            total += mean * len(index)
            yield StepRecord(epoch, step, mean, rate)
        with setting.held():
            validation_loss = stopping.look(average.module)
        yield EpochRecord(epoch, total / len(labels), rate, seconds, validation_loss)
        if stopping.enough:
            break

    net.load_state_dict(stopping.best or average.module.state_dict())
    arrange(net, last=False)
    net.eval()


def _loss_weights(net: torch.nn.Module, data: TrainingData, settings: Training) -> NDArray[np.float32]:
    """The weight of each class of `net` in the loss, float32 (classes,)."""
    classes = count_classes(net, data.images.shape[1:])
    largest = int(data.labels.max())
    if largest >= classes:
        rule = f"the network tells {classes} classes apart, counted from 0"
        raise UsageError("training part", rule, f"label {largest}", "build the network for all classes")
    if settings.class_weights == "none":
        return np.ones(classes, dtype=np.float32)
    return class_weights(data.labels, classes)


def _diverged(epoch: int, step: int, loss: float, norm: float) -> DivergedError:
    where = f"training epoch {epoch} step {step}"
    found = f"loss {loss:.4g}, gradient norm {norm:.4g}"
    next_step = "lower training.learning_rate, or check the images for extreme values"
    return DivergedError(where, "loss and gradients must be finite", found, next_step)

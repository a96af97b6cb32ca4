"""How does a network learn? One loop, read from top to bottom."""

from collections.abc import Iterator
from time import perf_counter

import numpy as np
import torch
from lightning_fabric import Fabric

from medidense.nets import head_of
from medidense.predict import arrange, arranged, channels_last
from medidense.train.accumulating import Accumulating
from medidense.train.augment import augment, draw
from medidense.train.averaging import average_of
from medidense.train.batches import epoch_batches
from medidense.train.data import TrainingData, count_batches
from medidense.train.device import Device, Setting
from medidense.train.objective import Learner, Objective
from medidense.train.resident import Resident
from medidense.train.schedule import make_optimizer, make_schedule
from medidense.train.state import Running, States, hand_over, identity, take_up
from medidense.train.stepping import Readings
from medidense.train.stopping import Stopping
from medidense.train.tuning import Tuning
from medidense.train.weighing import loss_weights
from medidense.values import EpochRecord, Record
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
    states: States | None = None,
    tuning: Tuning | None = None,
) -> Iterator[Record]:
    """Train `net` and tell each optimiser step and each epoch as it ends, both counted from 1.

    When the iterator is exhausted `net` holds the weights that score, row-major, in evaluation mode: the
    average over the steps after the last epoch or, where the recipe stops early, the average at the epoch
    with the lowest validation loss. Nothing else looks at the validation part. Auxiliary targets are learnt
    by a second head that is gone at the end. On a CPU the weights depend on the initial ones, data, settings,
    `seed` (from 0) and the device's threads alone, to the last bit; between two records torch's global state
    is the caller's. `states` is given the training's state at the end of each epoch. Where it has one already
    the epochs before are told, not done again, and what follows is as if nothing had happened between.
    `tuning` holds back some of the weights; None trains them all.

    `settings.accumulate` micro-batches make a step, twice as many from the step on that finds too little
    memory on the GPU.

    Raises UsageError when the recipe stops early and there is no validation part or a label is no class of
    the network, DivergedError when loss or gradients stop being finite numbers, RecipeError when no two
    samples fit into memory.
    """
    order_seed, change_seed, dropout_seed = (int(s) for s in np.random.SeedSequence(seed).generate_state(3))
    order, changes = torch.Generator().manual_seed(order_seed), torch.Generator().manual_seed(change_seed)
    steps = count_batches(len(data.labels), settings.batch_size)
    weights = loss_weights(net, data, settings)
    stopping = Stopping(data, settings, weights, device)
    setting = Setting(device, dropout_seed, deterministic=settings.deterministic)
    with setting.held():
        fabric = Fabric(accelerator=device.name, devices=1, precision=PRECISION[device.precision])
        learner = net if data.auxiliary is None else Learner(net, data.auxiliary.shape[1])
        learner.to(fabric.device)
        arrange(learner, last=settings.channels_last)
        optimizer = make_optimizer(learner, settings, tuning.groups(net, learner) if tuning else None)
        schedule = make_schedule(optimizer, settings, steps * settings.epochs)
        average = average_of(net, settings.ema)
        fused = torch.compile(learner, dynamic=False) if settings.compile else learner
        model, stepper = fabric.setup(fused, optimizer)
        images = Resident(data.images, fabric.device)
        objective = Objective(data, torch.from_numpy(weights), settings, fabric.device, head_of(net))
        layout = channels_last(images.ndim) if settings.channels_last else torch.contiguous_format

    def gradients(share: float, batch: torch.Tensor, *truth: torch.Tensor) -> torch.Tensor:
        loss = objective(model(batch), *truth) * share
        fabric.backward(loss)
        return loss.detach()

    def clip() -> torch.Tensor:
        return fabric.clip_gradients(model, stepper, max_norm=settings.clip_norm, error_if_nonfinite=False)

    of = identity(data, settings, seed=seed, device=device, tuning=tuning)
    running = Running(learner, average, optimizer, schedule, stopping, setting, (order, changes), of)
    yield from take_up(running, states)
    learn = Accumulating(gradients, clip, learner, device, settings.accumulate)
    readings, step = Readings(device), steps * running.epoch
    for epoch in stopping.epochs(after=running.epoch):
        model.train()
        if tuning:
            tuning.begin(net, epoch)
            if epoch in tuning.unfreezing:  # a recording holds the gradients of those that learnt before
                learn.record_anew()
        seen, seconds, rate, readings.total = 0, 0.0, 0.0, 0.0
        for part in epoch_batches(data, settings, steps, order):
            with setting.held():
                begun, step, seen = perf_counter(), step + 1, seen + len(part)
                change = draw(settings.augmentation, len(part), images.ndim - 2, changes)
                index = part.to(fabric.device, non_blocking=True)
                crops = images.batch(part, index)
                batch = augment(crops, change, planes=data.planes, fixed_channels=data.fixed_channels)
                loss, norm = learn(arranged(batch, layout), *objective.truth(index))
                rate = float(schedule.get_last_lr()[0])
                readings.note((epoch, step, rate), len(part), loss, norm)
                told: list[Record] = [
                    *learn.shrunk(epoch, step),
                    *readings.read(all_of_them=step == steps * epoch),
                ]
                stepper.step()
                stepper.zero_grad()
                schedule.step()
                average.update_parameters(net)
                seconds += perf_counter() - begun
            yield from told
        with setting.held():
            validation_loss = stopping.look(average.module)
        record = EpochRecord(epoch, readings.total / seen, rate, seconds, validation_loss)
        yield hand_over(running, record, states)

    net.load_state_dict(stopping.best or average.module.state_dict())
    arrange(net, last=False)
    net.eval()

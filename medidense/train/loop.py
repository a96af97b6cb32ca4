"""How does a network learn? One loop, read from top to bottom."""

from collections.abc import Iterator
from time import perf_counter

import torch

from medidense.predict import arrange
from medidense.train.augment import draw
from medidense.train.batches import epoch_batches
from medidense.train.data import TrainingData, count_batches
from medidense.train.device import Setting
from medidense.train.optimiser_step import OptimiserStep
from medidense.train.regime import Regime
from medidense.train.state import Running, States, hand_over, identity, take_up
from medidense.train.stepping import Readings
from medidense.train.stopping import Stopping
from medidense.train.weighing import loss_weights
from medidense.values import EpochRecord, Record


def fit(
    net: torch.nn.Module, data: TrainingData, regime: Regime, states: States | None = None
) -> Iterator[Record]:
    """Train `net` and tell each optimiser step and each epoch as it ends, both counted from 1.

    When the iterator is exhausted `net` holds the weights that score, row-major, in evaluation mode: the
    average over the steps after the last epoch or, where the recipe stops early, the average at the epoch
    with the lowest validation loss. Nothing else looks at the validation part. Auxiliary targets are learnt
    by a second head that is gone at the end. On a CPU the weights depend on the initial ones, the data, and
    the regime's settings, seed and threads alone, to the last bit; between two records torch's global state
    is the caller's. `states` is given the training's state at the end of each epoch. Where it has one already
    the epochs before are told, not done again, and what follows is as if nothing had happened between.

    `settings.accumulate` micro-batches make a step, twice as many from the step on that finds too little
    memory on the GPU. Where the regime's device is several, this is called in a process for each (`joined`);
    all of them tell the same records and end with the same weights.

    Raises UsageError when the recipe stops early and there is no validation part or a label is no class of
    the network, DivergedError when loss or gradients stop being finite numbers, RecipeError when no two
    samples fit into memory.
    """
    settings, steps = regime.settings, count_batches(len(data.labels), regime.settings.batch_size)
    order_seed, change_seed, dropout_seed = regime.seeds
    order, changes = torch.Generator().manual_seed(order_seed), torch.Generator().manual_seed(change_seed)
    weights = loss_weights(net, data, settings)
    stopping = Stopping(data, settings, weights, regime.device)
    setting = Setting(regime.device, dropout_seed, deterministic=settings.deterministic)
    with setting.held():
        step = OptimiserStep(net, data, regime, weights, steps * settings.epochs)
    step.ranks.require_samples(len(data.labels) // steps)
    running = Running(step, stopping, setting, (order, changes), identity(data, regime))
    yield from take_up(running, states)
    readings, number = Readings(regime.device), steps * running.epoch
    for epoch in stopping.epochs(after=running.epoch):
        step.begin(epoch)
        seen, seconds, rate, readings.total = 0, 0.0, 0.0, 0.0
        for part in epoch_batches(data, settings, steps, order):
            with setting.held():
                begun, number, seen = perf_counter(), number + 1, seen + len(part)
                change = draw(settings.augmentation, len(part), data.images.ndim - 2, changes)
                loss, norm = step.gradients(part, change, changes)
                rate = step.rate
                readings.note((epoch, number, rate), len(part), loss, norm)
                last = number == steps * epoch
                told: list[Record] = [*step.shrunk(epoch, number), *readings.read(all_of_them=last)]
                step.apply()
                seconds += perf_counter() - begun
            yield from told
        with setting.held():
            validation_loss = stopping.look(step.average.module)
        record = EpochRecord(epoch, readings.total / seen, rate, seconds, validation_loss)
        yield hand_over(running, record, states)

    step.finish()
    net.load_state_dict(stopping.best or step.average.module.state_dict())
    arrange(net, last=False)
    net.eval()

"""What of a running training must be kept so that it goes on to the last bit, and how is it put back?"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from medidense.errors import UsageError
from medidense.train.data import TrainingData
from medidense.train.device import Setting
from medidense.train.optimiser_step import OptimiserStep
from medidense.train.regime import Regime
from medidense.train.stopping import Stopping
from medidense.values import EpochRecord, TrainingState


class States(Protocol):
    """Who keeps the states of a training."""

    def last(self) -> TrainingState | None:
        """The state to go on from; None begins at the first epoch."""

    def keep(self, state: TrainingState) -> None:
        """Take note of the state at the end of an epoch, before its record is told."""


@dataclass(frozen=True, eq=False)
class Running:
    """All parts of a training that change from step to step, at the end of an epoch.

    `step` has the weights, their average, optimiser and schedule; `generators` draw the batches and the
    changes of crops. Gradients, losses and decks of cards do not outlive an epoch. `of` tells the training
    from others.
    """

    step: OptimiserStep
    stopping: Stopping
    setting: Setting
    generators: Sequence[torch.Generator]
    of: str
    records: list[EpochRecord] = field(default_factory=list)

    @property
    def epoch(self) -> int:
        """The number of epochs that are done."""
        return len(self.records)


def take_up(running: Running, states: States | None) -> tuple[EpochRecord, ...]:
    """Go on from the last of `states`, if there is one; returns the records of the epochs that are done."""
    state = None if states is None else states.last()
    if state is not None:
        put_back(running, state)
    return tuple(running.records)


def hand_over(running: Running, record: EpochRecord, states: States | None) -> EpochRecord:
    """Close an epoch with its record, and give the state to whoever keeps states."""
    running.records.append(record)
    if states is not None:
        states.keep(snapshot(running))
    return record


def snapshot(running: Running) -> TrainingState:
    """The state of `running`; later steps do not change it."""
    step, stopping = running.step, running.stopping
    parts: dict[str, Mapping[str, torch.Tensor]] = {
        "learner": step.learner.state_dict(),
        "average": step.average.state_dict(),
        "best": stopping.best or {},
        "random": running.setting.randomness()
        | {str(number): generator.get_state() for number, generator in enumerate(running.generators)},
    }
    for number, parameter in enumerate(_parameters(step.optimizer)):
        kept = step.optimizer.state.get(parameter, {})
        parts[f"optimizer.{number}"] = {key: one for key, one in kept.items() if torch.is_tensor(one)}
    schedule = {key: value for key, value in step.schedule.state_dict().items() if key != "lr_lambdas"}
    return TrainingState(
        tensors={f"{part}.{name}": _array(one) for part, held in parts.items() for name, one in held.items()},
        facts={
            "of": running.of,
            "records": [asdict(record) for record in running.records],
            "rates": [group["lr"] for group in step.optimizer.param_groups],
            "schedule": schedule,
            "waited": stopping.waited,
            "lowest": stopping.lowest if stopping.best else None,
        },
    )


def put_back(running: Running, state: TrainingState) -> None:
    """Make `running`, fresh from the same settings and seed, what it was when `state` was taken.

    Tensors keep the memory layout of the running ones, because sums and dropout follow it. Raises UsageError
    for the state of another training.
    """
    facts, step, stopping = state.facts, running.step, running.stopping
    if facts["of"] != running.of:
        remedy = "remove the files of the state; the training then begins anew"
        raise UsageError("training state", "belongs to another training", f"epoch {state.epoch}", remedy)
    step.learner.load_state_dict(_tensors(state.part("learner")))
    step.average.load_state_dict(_tensors(state.part("average")))
    for number, parameter in enumerate(_parameters(step.optimizer)):
        kept = state.part(f"optimizer.{number}")
        step.optimizer.state[parameter] = {key: _beside(parameter, one) for key, one in kept.items()}
    for group, rate in zip(step.optimizer.param_groups, facts["rates"], strict=True):
        group["lr"] = rate
    step.schedule.load_state_dict({"lr_lambdas": [None] * len(facts["rates"]), **facts["schedule"]})
    best = state.part("best")
    if best:
        stopping.best, stopping.lowest = _tensors(best), facts["lowest"]
    stopping.waited = facts["waited"]
    random = _tensors(state.part("random"))
    for number, generator in enumerate(running.generators):
        generator.set_state(random.pop(str(number)))
    running.setting.go_on_from(random)
    running.records[:] = [EpochRecord(**record) for record in facts["records"]]


def identity(data: TrainingData, regime: Regime) -> str:
    """A digest of what a state belongs to: settings, tuning, seed, device, labels and shape of the data."""
    digest = hashlib.sha256(regime.settings.model_dump_json().encode())
    digest.update(f"{regime.seed} {regime.device} {data.images.shape}".encode())
    digest.update(data.labels.tobytes())
    if data.covariates is not None:
        digest.update(data.covariates.tobytes() + str(data.covariate_dropout).encode())
    if regime.tuning is not None:
        digest.update(regime.tuning.start.model_dump_json().encode())
    return digest.hexdigest()


def _parameters(optimizer: torch.optim.Optimizer) -> list[torch.nn.Parameter]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _array(tensor: torch.Tensor) -> NDArray[Any]:
    """A row-major copy."""
    return np.array(tensor.detach().cpu().numpy(), order="C", copy=True)


def _tensors(arrays: Mapping[str, NDArray[Any]]) -> dict[str, torch.Tensor]:
    """Copies, which may be changed and are aligned as torch's own."""
    return {name: torch.from_numpy(array).clone() for name, array in arrays.items()}


def _beside(parameter: torch.nn.Parameter, array: NDArray[Any]) -> torch.Tensor:
    """A copy on the parameter's device, and laid out as the parameter where the shapes are the same.

    The fused optimisers walk through parameter and moments as they lie in memory.
    """
    given = torch.from_numpy(array)
    if given.shape != parameter.shape:
        return given.clone().to(parameter.device)
    return torch.empty_like(parameter.detach(), dtype=given.dtype).copy_(given)

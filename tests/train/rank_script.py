"""One training, alone or as one of several ranks: `python rank_script.py CASE RANK RANKS FOLDER`."""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from medidense.nets import CovariateNetwork, build, network, recompute
from medidense.train import Device, Regime, TrainingData, Tuning, fit, joined
from medidense.values import EpochRecord, StepRecord
from medidense.values.network import Start
from medidense.values.training import Augmentation, EarlyStopping, Training

QUICK = Training(epochs=2, batch_size=5, optimizer="sgd", learning_rate=0.003)


def data(count: int = 11, side: int = 32, **more: object) -> TrainingData:
    random = np.random.default_rng(0)
    labels = np.arange(count, dtype=np.int64) % 3 // 2
    images = random.normal(0, 0.5, (count, 1, side, side)).astype(np.float32)
    images[:, :, 8:24, 8:24] += labels[:, None, None, None]
    return TrainingData(images, labels, **more)


def small(dropout: float = 0.3) -> torch.nn.Module:
    return build("densenet_small", dims=2, channels=1, classes=2, dropout=dropout, seed=0)


def case(name: str) -> tuple[torch.nn.Module, TrainingData, Training, Tuning | None]:
    """The network, data, settings and tuning of one test."""
    plain = data()
    auxiliary = np.random.default_rng(1).normal(size=(11, 2)).astype(np.float32)
    changed = Augmentation(rotate=20, noise=0.2)
    gradual = Tuning(network("densenet_small"), Start(weights="x", trains="gradual"), 4)
    stopping = QUICK.model_copy(update={"early_stopping": EarlyStopping(patience=1), "epochs": 3})
    slow = QUICK.model_copy(update={"epochs": 4})
    beside = np.random.default_rng(2).normal(size=(11, 3)).astype(np.float32)
    known = data(covariates=beside, covariate_dropout=0.4, auxiliary=auxiliary)
    lean = small()
    recompute(lean)
    return {
        "plain": (small(), plain, QUICK, None),
        "parts": (small(), plain, QUICK.model_copy(update={"accumulate": 2}), None),
        "auxiliary": (small(), data(auxiliary=auxiliary), QUICK.model_copy(update={"loss": "focal"}), None),
        "changed": (small(), plain, QUICK.model_copy(update={"augmentation": changed}), None),
        "rows": (small(), plain, QUICK.model_copy(update={"channels_last": False}), None),
        "gradual": (small(0.0), plain, slow, gradual),
        "stopping": (small(), data(
            validation_images=plain.images[:5], validation_labels=plain.labels[:5]), stopping, None),
        "lean": (lean, plain, QUICK, None),
        "covariates": (CovariateNetwork(small(), 3, 2), known, QUICK.model_copy(
            update={"accumulate": 2}), None),
        "tiny": (small(), plain, QUICK.model_copy(update={"batch_size": 2}), None),
    }[name]  # fmt: skip


def train(name: str, rank: int, ranks: int, folder: Path) -> None:
    """Train and leave weights and losses in `folder`."""
    net, given, settings, tuning = case(name)
    regime = Regime(settings, 0, Device("cpu", "fp32", 1, ranks), tuning)
    records = list(fit(net, given, regime))
    losses = [record.loss for record in records if isinstance(record, StepRecord | EpochRecord)]
    state = {key: value.contiguous() for key, value in net.state_dict().items()}
    save_file({**state, "losses": torch.tensor(losses, dtype=torch.float64)}, folder / f"{ranks}-{rank}.st")


if __name__ == "__main__":
    what, number, count, place = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    if count == 1:
        train(what, number, count, place)
    else:
        with joined(Device("cpu", "fp32", 1, count), number, place / "meeting"):
            train(what, number, count, place)

"""How much more memory does a cross-validation of 2,000 samples need than one of 200?

Each size is a process of its own: it checks and prepares a cohort of NIfTI images (64^3, one channel), trains
one epoch of one fold of five and scores its test part, by the verb itself. The network is a mean and a linear
layer, because a network's own memory is the same for both. The figure is the peak resident set of the
process; its reading workers are not in it.

    python benchmarks/memory.py --sizes 200 2000
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import nibabel
import numpy as np
import torch
from turns import Bar, print_bars

SIDE = 64
BAR_GIB = 1.5


def write_cohort(folder: Path, samples: int) -> Path:
    """Images of noise, brighter for label 1, and their table."""
    random = np.random.default_rng(samples)
    rows = ["subject_id,image,label"]
    for number in range(samples):
        values = random.normal(100 * (number % 2), 100, (SIDE,) * 3).astype(np.int16)
        nibabel.Nifti1Image(values, np.eye(4)).to_filename(folder / f"{number:05d}.nii")
        rows.append(f"S{number:05d},{number:05d}.nii,{number % 2}")
    table = folder / "cohort.csv"
    table.write_text("\n".join(rows) + "\n")
    return table


def write_recipe(folder: Path) -> Path:
    """One channel of the whole image, one epoch."""
    path = folder / "recipe.yaml"
    size = [SIDE] * 3
    tree = {
        "input": {
            "dims": 3,
            "region": "whole",
            "spacing_mm": [1.0] * 3,
            "size": size,
            "intensity": {"rule": "window", "low": -400, "high": 400},
        },
        "training": {"epochs": 1, "threads": 1, "ema": 0.0},
    }
    path.write_text(json.dumps(tree))  # JSON is YAML
    return path


def tiny(_recipe: object, classes: int, *, seed: int = 0, covariates: int = 0) -> torch.nn.Module:
    """A network that costs nothing."""
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.AdaptiveAvgPool3d(1), torch.nn.Flatten(), torch.nn.Linear(1, classes))


def child(folder: Path) -> None:
    """The run; prints its peak in bytes as JSON."""
    from medidense import verbs
    from medidense.verbs import fold_training

    fold_training.build_for = tiny
    options = verbs.CvOptions(folds=5, device="cpu", out=folder / "run", fold=(0,))
    verbs.cv(folder / "cohort.csv", recipe=folder / "recipe.yaml", options=options)
    print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))


def peak(samples: int) -> int:
    """Peak resident set of a run of so many samples, in bytes."""
    with tempfile.TemporaryDirectory(prefix="medidense-memory-") as name:
        folder = Path(name)
        write_cohort(folder, samples)
        write_recipe(folder)
        command = [sys.executable, __file__, "--child", str(folder)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(json.loads(said.splitlines()[-1]))


def main(words: Sequence[str] | None = None) -> None:
    """Print a line for each size and the difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs=2, default=(200, 2000))
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(words)
    if asked.child:
        child(asked.child)
        return
    peaks = [peak(samples) / 2**30 for samples in asked.sizes]
    for samples, gib in zip(asked.sizes, peaks, strict=True):
        print(f"  {samples:>6} samples of {SIDE}^3: peak RSS {gib:6.3f} GiB", flush=True)
    print_bars([Bar("difference, GiB", peaks[1] - peaks[0], BAR_GIB)])


if __name__ == "__main__":
    main()

"""CIFAR-10 on a machine without MLflow: the recipes of ``medidense benchmark cifar10`` by themselves.

The same functions as the command, without its page and its tracking; what is measured is in the JSON, seed by
seed, as soon as a seed ends. Seeds that the folder holds are not trained again.

    python benchmarks/cifar10_gpu.py --data DIR --out cifar10-fast            # one GPU, some minutes
    python benchmarks/cifar10_gpu.py --data DIR --out tiny --tiny             # shows on a CPU that it runs
"""

import argparse
import json
from pathlib import Path

import numpy as np

from medidense.benchmark.experiment import Images, load_images
from medidense.benchmark.running import Plan, run
from medidense.benchmark.stated import STATED, named_recipe
from medidense.rundir import parsed_settings
from medidense.train import choose_device

TINY = {"training.epochs": 1, "training.batch_size": 8, "training.compile": False}


def noise(count: int) -> Images:
    """Images without content, to show that everything runs."""
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
    return Images(images, np.arange(count) % 10, images, np.arange(count) % 10)


def told(step: str, done: int, total: int | None, note: str = "") -> None:
    """A line an epoch."""
    print(f"{step}: {done} of {total} {note}", flush=True)


def main() -> None:
    """Train, test, print the verdict."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="the folder of CIFAR-10")
    parser.add_argument("--recipe", default="cifar10-fast", help=", ".join(STATED))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--set", dest="changes", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--against", metavar="NETWORK", help="train another network by the same recipe too")
    parser.add_argument("--watch", action="store_true", help="test after each epoch too")
    parser.add_argument("--tiny", action="store_true", help="a few images of noise, one epoch")
    parser.add_argument("--json", type=Path, help="write the result here too")
    given = parser.parse_args()
    changes = parsed_settings(dict(pair.split("=", 1) for pair in given.changes))
    recipe, stated = named_recipe(given.recipe)
    changes |= TINY if given.tiny else {}
    recipe = recipe.with_settings(changes) if changes else recipe
    images = noise(16) if given.tiny else load_images(given.data)
    device = choose_device("cpu" if given.tiny else "auto", recipe.training)
    plan = Plan(given.recipe, recipe, stated, device, tuple(range(given.seeds)), given.watch, changes)
    outcomes = [run(plan, images, given.out, told)]
    if given.against:
        outcomes.append(run(plan.against(given.against), images, given.out / given.against, told))
    for outcome in outcomes:
        for seed in outcome.seeds:
            speed = f"{seed.train_seconds:.1f} s of training, {seed.images_per_second:,.0f} images/s"
            print(f"{outcome.plan.name} seed {seed.seed}: {seed.accuracy:.2%}, {speed}, {seed.reached}")
        print(outcome.costs, outcome.machine)
        print(outcome.verdict)
    if given.json:
        given.json.write_text(json.dumps([outcome.to_json() for outcome in outcomes], indent=1) + "\n")


if __name__ == "__main__":
    main()

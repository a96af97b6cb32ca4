"""Which recipes travel with the package, what does each promise, and what is known from elsewhere?"""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from medidense.errors import UsageError
from medidense.rundir import read_recipe
from medidense.values import Recipe


@dataclass(frozen=True)
class Stated:
    """`bound` is the least mean test accuracy over `seeds` seeds (None: none is stated), `on` the machine.

    `published` is the test accuracy of the recipe's model in the paper, with its place.
    """

    bound: float | None
    on: str
    seeds: int = 3
    published: float | None = None
    source: str = ""


STATED = {
    "cifar10-smoke": Stated(0.66, "two CPU cores, at most 100,000 training images seen"),
    "cifar10-fast": Stated(
        0.94,
        "one GPU, under 10 minutes",
        published=0.9601,
        source="Wide-DenseNet-BC L=40 k=48 after 300 epochs (repository of Huang et al.)",
    ),
    "cifar10-paper": Stated(
        0.9549,
        "one GPU, hours",
        published=0.9549,
        source="DenseNet-BC L=100 k=12, C10+ (Huang et al., CVPR 2017, table 2)",
    ),
    "cifar10-finetune": Stated(None, "one GPU; depends on the weights that are given"),
}
"""Each recipe by its name."""


def named_recipe(name: str) -> tuple[Recipe, Stated | None]:
    """The recipe of that name, or of the YAML file at that path, and what is stated for it (None for a file).

    Raises UsageError for neither, RecipeError for a file that does not hold.
    """
    if name in STATED:
        return read_recipe(Path(str(files("medidense") / "recipes" / f"{name}.yaml"))), STATED[name]
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return read_recipe(path), None
    step = f"choose one of {', '.join(STATED)}, or give a YAML file"
    raise UsageError("--recipe", "no recipe of that name", name, step)

"""The face of the package: what it offers, and that naming it costs nothing."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import medidense
import medidense.verbs

HEAVY = ("torch", "monai", "mlflow", "sklearn", "matplotlib", "scipy")
VERBS = [name for name in medidense.verbs.__all__ if name[0].islower()]


GLANCES = (
    "import medidense",
    "import medidense; dir(medidense); medidense.MedidenseError",
    "import medidense.values, medidense.errors, medidense.durable",
)
COMMAND_LINES = (
    "",
    "--help",
    "--version",
    "frobnicate",
    "cv --help",
    "cv no-such-cohort.csv",
    "cv . --folds 1",
    "cv . --set epochs",
    "plan . --out r.yaml --budget -1",
    "score no-such-package . --out x",
    "demo --seed one",
    "benchmark",
    "benchmark cifar10 --help",
    "benchmark cifar10 --seeds 0",
    "benchmark cifar10 --set epochs",
)
CHILD = """
import sys
heavy = {heavy!r}
def loaded():
    return sorted(name for name in heavy if name in sys.modules)
told = []
for source in {glances!r}:
    exec(source)
    told.append(f"{{source}}: {{loaded()}}")
from medidense.cli.app import main
for line in {lines!r}:
    main(line.split())
    told.append(f"medidense {{line}}: {{loaded()}}")
print(*told, sep="\\n", file=sys.__stderr__)
"""


def test_a_glance_and_a_refused_argument_load_nothing_heavy() -> None:
    """One child process does them all, one after the other; the first line with a name in it is to blame."""
    program = CHILD.format(heavy=HEAVY, glances=GLANCES, lines=COMMAND_LINES)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    told = [line for line in done.stderr.splitlines() if line.endswith("]")]
    assert len(told) == len(GLANCES) + len(COMMAND_LINES)
    assert [line for line in told if not line.endswith(": []")] == []


def test_the_face_is_sorted_complete_and_small() -> None:
    names = medidense.__all__
    assert list(names) == sorted(set(names))
    assert len(set(names) - set(VERBS)) <= 20
    assert set(VERBS) <= set(names)
    assert {name for name in names if not hasattr(medidense, name)} == set()
    assert set(dir(medidense)) >= set(names)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="frobnicate"):
        _ = medidense.frobnicate
    with pytest.raises(AttributeError, match="frobnicate"):
        _ = medidense.verbs.frobnicate


def test_every_verb_is_callable_at_the_top_after_all_submodules_are_imported() -> None:
    for module in pkgutil.walk_packages(medidense.__path__, "medidense."):
        importlib.import_module(module.name)
    for name in VERBS:
        assert callable(getattr(medidense, name)), name
        assert getattr(medidense, name) is getattr(medidense.verbs, name)


def test_no_submodule_bears_the_name_of_a_verb() -> None:
    rooms = {module.name for module in pkgutil.iter_modules(medidense.__path__)}
    rooms |= {module.name for module in pkgutil.iter_modules(medidense.verbs.__path__)}
    assert rooms.isdisjoint(medidense.__all__)


def test_every_public_function_and_class_has_a_docstring() -> None:
    bare = [
        name
        for name in medidense.__all__
        if callable(getattr(medidense, name)) and not (getattr(medidense, name).__doc__ or "").strip()
    ]
    assert bare == []

"""The stories of workflows/ as modules, and one tiny run that the stories about runs share."""

import contextlib
import importlib.util
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

import medidense
from medidense.phantoms import PhantomOptions, write_cohort

TINY = {"training.epochs": 1, "training.threads": 1, "evaluation.bootstrap": 200}

Story = Callable[[str], ModuleType]


@pytest.fixture(scope="session")
def story(root: Path) -> Story:
    """Load a workflow by its name."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"story_{name}", root / "workflows" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@contextlib.contextmanager
def _living_in(folder: Path) -> Iterator[None]:
    """Run inside `folder`: the tracking store and the user's configuration lie there too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield


@pytest.fixture(autouse=True)
def _home(tmp_path: Path) -> Iterator[None]:
    with _living_in(tmp_path):
        yield


@dataclass(frozen=True)
class Trained:
    """What train_lesion_classifier.py made of eight phantom subjects, and what it printed."""

    cohort: Path
    recipe: Path
    run: Path
    printed: str


@pytest.fixture(scope="session")
def trained(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The tiny run: two folds, one epoch."""
    home = tmp_path_factory.mktemp("trained")
    printed = io.StringIO()
    with _living_in(home), contextlib.redirect_stdout(printed):
        cohort = write_cohort(home / "phantoms", PhantomOptions(subjects=8))
        options = medidense.CvOptions(folds=2, device="cpu", settings=TINY)
        run = story("train_lesion_classifier").main(cohort, home / "recipe.yaml", options=options)
    return Trained(cohort, home / "recipe.yaml", home / run, printed.getvalue())


@pytest.fixture(scope="session")
def tiny() -> dict[str, object]:
    """Recipe settings that make a fold train in seconds."""
    return dict(TINY)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

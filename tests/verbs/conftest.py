"""One small run that every verb's test reads: made once a session, by the verbs themselves."""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from medidense import verbs
from medidense.phantoms import PhantomOptions, write_cohort, write_fresh

SMALL = {
    "training.epochs": 1,
    "training.threads": 1,
    "evaluation.bootstrap": 200,
    "evaluation.calibration": "platt",  # of eight subjects it harms, and one that is not named is left out
}


@dataclass(frozen=True)
class World:
    """A folder with a cohort of phantoms, a finished two-fold run of one epoch, and fresh scans."""

    folder: Path
    cohort: Path
    run: Path
    package: Path
    fresh: Path
    lesions: Path


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        cohort = write_cohort(folder / "phantoms", PhantomOptions(subjects=8, seed=3))
        fresh, lesions = write_fresh(folder / "fresh", count=2, seed=4)
        options = verbs.CvOptions(folds=2, seed=1, device="cpu", out=folder / "run", settings=SMALL)
        run = verbs.cv(cohort, options=options).run
        package = verbs.export(run, out=folder / "package").package
    return World(folder, cohort, run, package, fresh, lesions)


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The world, with its folder as the working one and its key as the user's.

    Its store is every test's, so a test that trains changes to a folder of its own first.
    """
    monkeypatch.chdir(world.folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(world.folder / "config"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    before = cross_validations(world)
    yield world
    assert cross_validations(world) == before, "this test logged a run into the store that all tests read"


def cross_validations(world: World) -> int:
    """How many the world's store has."""
    with contextlib.closing(sqlite3.connect(world.folder / "mlruns" / "mlflow.db")) as store:
        wanted = "SELECT COUNT(*) FROM tags WHERE key = 'medidense.kind' AND value = 'cv'"
        return int(store.execute(wanted).fetchone()[0])

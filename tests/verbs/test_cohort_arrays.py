"""One preparation for all folds and processes; exact for scores, rounded for training."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from medidense import durable
from medidense.cohort import read_cohort
from medidense.errors import CohortError
from medidense.preprocess import cache, load_sample
from medidense.rundir import RunDir
from medidense.values import Cohort, Refused
from medidense.verbs import cohort_arrays
from medidense.verbs.cohort_arrays import Arrays, load_arrays
from medidense.verbs.progress import quiet
from tests.verbs.conftest import World


@pytest.fixture
def table(here: World) -> Cohort:
    return read_cohort(here.cohort)


@pytest.fixture
def run(here: World, tmp_path: Path) -> RunDir:
    shutil.copytree(here.run, tmp_path / "run")
    return RunDir(tmp_path / "run")


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []

    def counted(sample, spec):  # type: ignore[no-untyped-def]
        names.append(sample.name)
        return load_sample(sample, spec)

    monkeypatch.setattr(cache, "load_sample", counted)
    return names


def test_images_are_decoded_once_and_exact(run: RunDir, table: Cohort, decoded: list[str]) -> None:
    facts = run.facts_path.read_bytes()
    run.facts_path.unlink()
    arrays = load_arrays(run, table, quiet)
    assert decoded == sorted(table.by_name())
    assert run.facts_path.read_bytes() == facts
    again = load_arrays(run, table, quiet)
    spec = run.recipe().input
    for name, row in again.row.items():
        (image,) = again.exact([row])
        assert image.tobytes() == load_sample(table.by_name()[name], spec)[0].array.tobytes()
        assert image.tobytes() == next(arrays.exact([row])).tobytes()
    assert len(decoded) == len(table.samples)
    assert np.array_equal(arrays.volumes, again.volumes)


@pytest.mark.parametrize("share", [0.5, 0.0])
def test_training_copies_are_rounded_in_memory_or_in_a_file(
    run: RunDir, table: Cohort, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    monkeypatch.setattr(cohort_arrays, "SHARE", share)
    arrays = load_arrays(run, table, quiet)
    rows = [2, 0, 1]
    before = set(run.arrays.iterdir())
    copies = arrays.rounded(rows)
    assert isinstance(copies, np.memmap) == (share == 0.0)
    assert copies.dtype == np.float16
    assert set(run.arrays.iterdir()) == before
    for copy, image in zip(copies, arrays.exact(rows), strict=True):
        assert np.array_equal(copy, image.astype(np.float16))
        assert np.abs(copy.astype(np.float32) - image).max() <= 2.0**-12


def test_an_image_that_has_gone_is_a_line_of_the_cohort(run: RunDir, table: Cohort) -> None:
    arrays = load_arrays(run, table, quiet)
    for path in run.arrays.glob("*.safetensors"):
        path.unlink()
    shutil.rmtree(run.arrays)
    run.arrays.mkdir()

    def gone(_sample: object) -> None:
        raise Refused("NO_ACCESS", "a.nii.gz", "no such file", "a file", "put it back")

    arrays.cache.load = gone  # type: ignore[method-assign, assignment]
    with pytest.raises(CohortError, match=f"row {arrays.samples[1].row}"):
        list(arrays.exact([1]))


def test_a_second_process_waits_and_finds_the_work_done(
    run: RunDir, table: Cohort, decoded: list[str]
) -> None:
    said: list[str] = []
    waits = threading.Event()
    results: list[Arrays] = []

    def progress(step: str, *_: object) -> None:
        said.append(step)
        if step.startswith("wait"):
            waits.set()

    with durable.locked(run.arrays):
        other = threading.Thread(target=lambda: results.append(load_arrays(run, table, progress)))
        other.start()
        assert waits.wait(60)
        assert decoded == []
    other.join(600)
    assert said[0] == "wait for another process that preprocesses"
    assert len(results[0].row) == len(decoded) == len(table.samples)


def test_a_finished_run_keeps_no_images(here: World) -> None:
    assert not RunDir(here.run).arrays.exists()

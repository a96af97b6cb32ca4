"""The benchmark as a whole: small, and as it is promised."""

import json
import re
from pathlib import Path

import mlflow
import pytest

from medidense.errors import OutputExistsError, RecipeError, UsageError
from medidense.rundir import benchmark_folder
from medidense.verbs.benchmarking import BenchmarkOptions, benchmark_cifar10

TINY = {"training.batch_size": "8", "training.augmentation.flip": "[1]"}


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.chdir(tmp_path)


def options(**changes: object) -> BenchmarkOptions:
    return BenchmarkOptions(**{"settings": TINY, "seeds": 2, "first": 16, "device": "cpu", **changes})  # type: ignore[arg-type]


def test_a_try_has_figures_a_page_and_a_run_but_no_verdict(cifar10_data: Path) -> None:
    steps = []
    result = benchmark_cifar10(
        cifar10_data,
        options=options(seeds=1, against="densenet_small", watch=True),
        progress=lambda step, done, total, note="": steps.append(step),
    )
    tree = json.loads(json.dumps(result.to_json()))
    assert 0 <= tree["accuracy"] <= 1
    assert len(tree["accuracies"]) == 1
    assert tree["passed"] is None
    assert result.out == benchmark_folder("cifar10-smoke")
    assert [each["network"] for each in tree["against"]] == ["densenet_small"]
    page = result.page.read_text()
    for words in (
        "NO VERDICT",
        "Confusion matrix",
        "180,714",
        "airplane",
        "data:image/png;base64,",
    ):
        assert words in page
    assert not re.search(r"(src|href)=\"(?!data:)", page), "the page needs nothing beside it"
    assert steps[0] == "read CIFAR-10"
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{Path.cwd()}/mlruns/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("cifar10").experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.metrics["test/accuracy"] == pytest.approx(tree["accuracy"])
    assert run.data.params["network"] == "densenet_small"
    assert {item.path for item in client.list_artifacts(run.info.run_id)} >= {"report.html", "maps.png"}
    again = benchmark_cifar10(cifar10_data, options=options(seeds=1, against="densenet_small", watch=True))
    assert again.to_json()["accuracies"] == tree["accuracies"]
    assert len(client.search_runs([run.info.experiment_id])) == 1
    more = options(seeds=1, settings={**TINY, "training.learning_rate": 0.1})
    with pytest.raises(OutputExistsError):
        benchmark_cifar10(cifar10_data, options=more)


def test_files_that_are_not_the_official_ones_are_said(python_copy: Path) -> None:
    with pytest.warns(UserWarning, match="are not the official ones"):
        result = benchmark_cifar10(python_copy, options=options(seeds=1))
    assert "are not the official ones" in result.notes[0]


@pytest.fixture
def python_copy(cifar10_data: Path) -> Path:
    folder = cifar10_data / "cifar-10-batches-py"
    if not folder.is_dir():
        pytest.skip("this copy has no Python version")
    return folder


def test_no_data_no_benchmark(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="add --download"):
        benchmark_cifar10(options=options())
    with pytest.raises(UsageError, match="no folder"):
        benchmark_cifar10(tmp_path / "missing", options=options())
    assert not (tmp_path / "runs").exists()


def test_wrong_recipes_and_settings_are_told_before_data_are_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no recipe of that name"):
        benchmark_cifar10(tmp_path, options=options(recipe="cifar100"))
    with pytest.raises(RecipeError, match=r"did you mean training\.epochs"):
        benchmark_cifar10(tmp_path, options=options(settings={"training.epoch": "1"}))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_smoke_recipe_holds_its_bound(cifar10_data: Path) -> None:
    found = benchmark_cifar10(cifar10_data, options=BenchmarkOptions(seeds=3, device="cpu"))
    assert found.passed is True
    assert min(found.to_json()["accuracies"]) > 0.6
    assert all(seed["images_seen"] <= 100_000 for seed in found.to_json()["seeds"])

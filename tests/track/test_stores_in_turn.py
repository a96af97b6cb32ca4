"""A run that is logged into one store, into another, and into the first again stands once in each."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from medidense.rundir import Picture, RunDir
from medidense.track import log_cross_validation, promote_run
from tests.track.growing import everything


@pytest.fixture
def stores(tmp_path: Path, empty_store: Path) -> list[str]:
    """Addresses of two empty stores."""
    found = []
    for name in "ab":
        (tmp_path / name).mkdir()
        found.append(f"sqlite:///{shutil.copy(empty_store, tmp_path / name / 'mlflow.db')}")
    return found


def inventory(uri: str) -> dict[str, Any]:
    """All runs with their histories, how many rows the tables have, and the files."""
    database = Path(uri.removeprefix("sqlite:///"))
    tables = ("runs", "metrics", "params", "tags", "inputs", "logged_models", "logged_model_metrics")
    tables += ("model_versions", "registered_models", "registered_model_aliases", "datasets")
    with sqlite3.connect(database) as base:
        rows = {name: base.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
    files = sorted(str(path) for path in (database.parent / "artifacts").rglob("*") if path.is_file())
    return {"rows": rows, "files": files, **everything(uri)}


def test_nothing_stands_twice_after_another_store_had_it(
    run: RunDir,
    package: Path,
    pictures: tuple[Picture, ...],
    stores: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def log(uri: str) -> str:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        told = log_cross_validation(
            run, working=tmp_path, command="medidense cv", package=package, pictures=pictures
        )
        assert told.problem == ""
        return told.run_id

    first, other = stores
    parent = log(first)
    before = inventory(first)
    assert len(before["runs"]) == 3
    assert before["rows"]["model_versions"] == before["rows"]["logged_models"] == 1
    assert log(other) != parent
    assert inventory(other)["rows"] == before["rows"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", first)
    promoted = promote_run(run, tmp_path)
    assert (promoted.version, promoted.before) == ("1", "")
    before = inventory(first)
    for uri in (first, f"{first}?timeout=60", first):
        assert log(uri) == parent
        assert inventory(first) == before
